/// x with some of its elements changed: Core ML's `scatter`. Inputs: x, indices (int32) and updates, shaped as `Take`
/// would take them from x. Where indices repeat, updates apply in order.
///
/// Negative indices count from the end; what then still lies outside is clamped, so nothing is written beyond x.
public struct Scatter: Operation {
    public enum Mode: Int32, Sendable, CaseIterable {
        case add, subtract, multiply, divide, maximum, minimum, update
    }

    public var axis: Int
    public var mode: Mode

    public init(axis: Int, mode: Mode = .add) {
        self.axis = axis
        self.mode = mode
    }

    public var name: String { "scatter_\(mode)" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 3...3)
        try elementType([inputs[0], inputs[2]], of: [.float32, .int32])
        try expect(inputs[1], type: .int32, "indices")
        try expect(axis, of: inputs[0])
        let x = inputs[0].shape
        let shape: [Dim] = Array(x[..<axis]) + inputs[1].shape + Array(x[(axis + 1)...])
        try expect(inputs[2], shape: shape, "updates")
        return [ValueType(x, inputs[0].dataType)]
    }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        try requireWholeSignal(axis, of: node.inputs[0])
        return StreamingForm(self, latency: node.latency)
    }
}

/// x[…, index[…, j, …], …] changed by update[…, j, …]: Core ML's `scatter_along_axis`. Inputs: x, indices (int32) and
/// updates, both of x's shape but along the axis. Indices outside are treated as by `Scatter`.
public struct ScatterAlong: Operation {
    public var axis: Int
    public var mode: Scatter.Mode

    public init(axis: Int, mode: Scatter.Mode = .add) {
        self.axis = axis
        self.mode = mode
    }

    public var name: String { "scatter_along_\(mode)" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 3...3)
        try elementType([inputs[0], inputs[2]], of: [.float32, .int32])
        try expect(inputs[1], type: .int32, "indices")
        try expect(axis, of: inputs[0])
        try expectSameButAlong(axis, inputs[0], inputs[1], "indices")
        try expect(inputs[2], shape: inputs[1].shape, "updates")
        return [ValueType(inputs[0].shape, inputs[0].dataType)]
    }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        try requireWholeSignal(axis, of: node.inputs[0])
        return StreamingForm(self, latency: node.latency)
    }
}
