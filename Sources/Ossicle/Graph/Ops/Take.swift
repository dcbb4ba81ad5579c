/// Elements of one axis by computed numbers: Core ML's `gather`. Inputs: x, and indices (int32) of any shape, which
/// takes the axis' place. With `batchAxes` the first axes of both belong together.
///
/// Negative indices count from the end; what then still lies outside is clamped, so nothing is read beyond x.
public struct Take: Operation {
    public var axis: Int
    public var batchAxes: Int

    public init(axis: Int, batchAxes: Int = 0) {
        self.axis = axis
        self.batchAxes = batchAxes
    }

    public var name: String { "take" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 2...2)
        try elementType([inputs[0]])
        try expect(inputs[1], type: .int32, "indices")
        try expect(axis, of: inputs[0])
        let (x, indices) = (inputs[0].shape, inputs[1].shape)
        guard (0...min(axis, indices.count)).contains(batchAxes), x[..<batchAxes] == indices[..<batchAxes]
        else {
            throw OssicleError(
                .shapeMismatch,
                "the first \(batchAxes) axes of \(x.text) and of indices \(indices.text) must be the same")
        }
        let shape: [Dim] = Array(x[..<axis]) + Array(indices[batchAxes...]) + Array(x[(axis + 1)...])
        return [ValueType(shape, inputs[0].dataType)]
    }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        try requireWholeSignal(axis, of: node.inputs[0])
        return StreamingForm(self, latency: node.latency)
    }
}

/// y[…, j, …] = x[…, index[…, j, …], …]: Core ML's `gather_along_axis`, PyTorch's `gather`. Inputs: x, and indices
/// (int32) of the same shape but along the axis. Indices outside are treated as by `Take`.
public struct TakeAlong: Operation {
    public var axis: Int
    public init(axis: Int) { self.axis = axis }

    public var name: String { "take_along" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 2...2)
        try elementType([inputs[0]])
        try expect(inputs[1], type: .int32, "indices")
        try expect(axis, of: inputs[0])
        try expectSameButAlong(axis, inputs[0], inputs[1], "indices")
        return [ValueType(inputs[1].shape, inputs[0].dataType)]
    }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        try requireWholeSignal(axis, of: node.inputs[0])
        return StreamingForm(self, latency: node.latency)
    }
}

extension Operation {
    /// - Throws: `shapeMismatch` when `other` differs from `type` in more than the extent of `axis`.
    func expectSameButAlong(_ axis: Int, _ type: ValueType, _ other: ValueType, _ what: String) throws {
        var shape = type.shape
        if shape.count == other.rank { shape[axis] = other.shape[axis] }
        guard shape == other.shape else {
            throw OssicleError(
                .shapeMismatch,
                "\(what): expected the shape \(type.shape.text) but for axis \(axis), found \(other.shape.text)"
            )
        }
    }
}
