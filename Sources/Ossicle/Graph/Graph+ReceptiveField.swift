extension Graph {
    /// Past input frames that an output frame of a streaming graph depends on; nil when a recurrent state remembers all.
    var receptiveField: Int? {
        // For each value: frames it looks back, and how many input frames one of its own stands for.
        var reach: [ValueID: (past: Int, step: Double)] = [:]
        for port in inputs { reach[port.value] = (0, 1) }
        for node in nodes {
            if let recurrent = node.operation as? Recurrent, recurrent.keepsState { return nil }
            let reader = node.operation as? any HistoryReader
            let found = node.inputs.enumerated().compactMap { i, id -> (past: Int, step: Double)? in
                guard let (past, step) = reach[id] else { return nil }
                return (past + Int((Double(reader?.past(ofInput: i) ?? 0) * step).rounded(.up)), step)
            }
            guard let past = found.map(\.past).max(), let step = found.first?.step else { continue }
            for id in node.outputs { reach[id] = (past, step * rate(from: node.inputs[0], to: id)) }
        }
        return outputs.compactMap { reach[$0.value]?.past }.max() ?? 0
    }

    /// Input frames for each output frame.
    private func rate(from input: ValueID, to output: ValueID) -> Double {
        let length = 1 << 20
        func frames(_ id: ValueID) -> Double {
            Double(type(of: id).shape.first { !$0.isFixed }?.evaluate(length) ?? length)
        }
        return frames(input) / max(frames(output), 1)
    }
}
