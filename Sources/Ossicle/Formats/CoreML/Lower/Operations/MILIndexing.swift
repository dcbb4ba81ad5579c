/// Elements by number (coremltools `scatter_gather.py`, `tensor_operation.py`).
enum MILIndexing {
    static let rules: [String: MILLowering.Rule] = [
        "gather": gather,
    ]

    private static func gather(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        guard try call.integer("batch_dims", default: 0) == 0 else {
            throw OssicleError(.unsupported, "batch_dims")
        }
        return [.tensor(try call.gathered(x, call.tensor("indices"), axis: call.axis("axis", default: 0, of: x)))]
    }
}

extension MILCall {
    /// `x[…, indices, …]`: the axes of the indices stand in place of `axis`. Negative indices count from the end.
    func gathered(_ x: ValueID, _ indices: ValueID, axis: Int) throws -> ValueID {
        var shape = shape(x)
        let extent = shape[axis]
        shape.replaceSubrange(axis...axis, with: self.shape(indices))
        if let known = lowering.graph.constant(indices)?.ints() {
            let positions = known.map { $0 < 0 ? $0 + extent : $0 }
            guard positions.allSatisfy((0..<extent).contains) else {
                throw OssicleError(.malformed, "indices \(known) of an axis of \(extent) elements")
            }
            if positions.count == 1 { return try reshape(slice(x, axis: axis, start: positions[0], count: 1), shape) }
            return try reshape(apply(Gather(axis: axis, indices: positions), x), shape)
        }
        throw OssicleError(.unsupported, "indices")
    }

    func scattered(into data: ValueID, _ indices: ValueID, _ updates: ValueID, axis: Int) throws -> ValueID {
        throw OssicleError(.unsupported, "scatter")
    }
}
