/// Elements of one axis by number.
public struct Gather: Operation {
    public var axis: Int
    public var indices: [Int]

    public init(axis: Int, indices: [Int]) {
        self.axis = axis
        self.indices = indices
    }

    public var name: String { "gather" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...1)
        try expect(axis, of: inputs[0])
        guard let extent = inputs[0].shape[axis].fixedValue, !indices.isEmpty,
            indices.allSatisfy((0..<extent).contains)
        else {
            throw OssicleError(
                .invalidArgument,
                "indices \(indices) do not lie inside axis \(axis) of \(inputs[0].shape.text)")
        }
        var shape = inputs[0].shape
        shape[axis] = .fixed(indices.count)
        return [ValueType(shape, inputs[0].dataType)]
    }
}

/// Turns axes round: PyTorch's `flip`.
public struct Reverse: Operation {
    public var axes: [Int]
    public init(axes: [Int]) { self.axes = axes }
    public var name: String { "reverse" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...1)
        guard Set(axes).count == axes.count else {
            throw OssicleError(.invalidArgument, "axes \(axes) must be different ones")
        }
        for axis in axes { try expect(axis, of: inputs[0]) }
        return inputs
    }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        for axis in axes { try requireWholeSignal(axis, of: node.inputs[0]) }
        return StreamingForm(self, latency: node.latency)
    }
}
