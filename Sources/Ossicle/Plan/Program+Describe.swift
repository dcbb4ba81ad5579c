extension Program {
    /// The plan for a person: steps with kernels and FLOPs, buffers, bytes.
    public func describe() -> String {
        let width = steps.map(\.node.utf8.count).max() ?? 0
        var lines = [header]
        for (i, step) in steps.enumerated() {
            let flops = step.flops > 0 ? "  \(Self.count(step.flops))FLOP" : ""
            lines.append(
                "\(Self.pad("\(i)", 4)) \(Self.pad(step.node, width))  \(step.backend)  \(step.label)\(flops)"
            )
        }
        lines.append(
            "buffers: \(bufferStats.bufferCount) of \(bufferStats.naiveCount), \(bufferStats.allocatedBytes) bytes "
                + "instead of \(bufferStats.naiveBytes); scratch: \(bufferStats.scratchBytes) bytes")
        lines.append("state: \(stateByteCount) bytes; packed weights and tables: \(memory.byteCount) bytes")
        if !isRealtimeSafe { lines.append("not real-time safe: a GPU or a system library takes part") }
        lines.append("total: \(Self.count(steps.reduce(0) { $0 + $1.flops }))FLOP a run")
        return lines.joined(separator: "\n")
    }

    private var header: String {
        let ports = { (ports: [Port]) in
            ports.map { "\($0.name) \(self.graph.type(of: $0.value))" }.joined(separator: ", ")
        }
        let kind: String
        switch mode {
        case .fixed: kind = "whole tensors"
        case .dynamic(let length): kind = "whole tensors up to T = \(length)"
        case .stream(let block): kind = "stream, T ≤ \(block), latency \(latency)"
        }
        return "\(kind): \(ports(graph.inputs)) → \(ports(graph.outputs))"
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.utf8.count))
    }

    /// 12345 → "12.3 k".
    private static func count(_ value: Int) -> String {
        for (limit, unit) in [(1_000_000_000, "G"), (1_000_000, "M"), (1000, "k")] where value >= limit {
            let tenths = value * 10 / limit
            return "\(tenths / 10).\(tenths % 10) \(unit)"
        }
        return "\(value) "
    }
}

extension Model {
    /// The plan of a stream of 64 frames, or of one run where the model cannot stream.
    public var planText: String {
        if let program = try? program(
            .stream(maxBlock: 64 * max(1, (try? streaming().graph.granularity) ?? 1)))
        {
            return program.describe()
        }
        if let session = try? session() { return session.program.describe() }
        return graph.nodes.map { "\($0.name)  \($0.operation.name)" }.joined(separator: "\n")
    }
}
