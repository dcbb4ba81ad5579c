/// Running sums along an axis, float32 or int32: NumPy's `cumsum`, and Core ML's variants of it. Sums of floats are
/// kept in float64.
public struct CumulativeSum: Operation {
    public var axis: Int
    /// Whether an element's own value is left out of its sum.
    public var isExclusive: Bool
    /// Whether sums run from the end.
    public var isReversed: Bool

    public init(axis: Int, isExclusive: Bool = false, isReversed: Bool = false) {
        self.axis = axis
        self.isExclusive = isExclusive
        self.isReversed = isReversed
    }

    public var name: String { "cumulative_sum" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...1)
        let type = try elementType(inputs, of: [.float32, .int32])
        try expect(axis, of: inputs[0])
        return [ValueType(inputs[0].shape, type)]
    }

    public func flops(_ inputs: [[Int]], _ outputs: [[Int]]) -> Int { outputs[0].reduce(1, *) }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        try requireWholeSignal(axis, of: node.inputs[0])
        return StreamingForm(self, latency: node.latency)
    }
}

/// Where along an axis the largest or smallest element stands (int32): PyTorch's `argmax` and `argmin`. Of equal ones
/// the first; NaN wins.
public struct ArgReduce: Operation {
    public enum Kind: Sendable, CaseIterable { case max, min }

    public var kind: Kind
    public var axis: Int
    public var keepsAxis: Bool

    public init(_ kind: Kind, axis: Int, keepsAxis: Bool) {
        self.kind = kind
        self.axis = axis
        self.keepsAxis = keepsAxis
    }

    public var name: String { "arg\(kind)" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...1)
        try elementType(inputs, of: [.float32, .int32])
        try expect(axis, of: inputs[0])
        var shape = inputs[0].shape
        if keepsAxis { shape[axis] = .fixed(1) } else { shape.remove(at: axis) }
        return [ValueType(shape, .int32)]
    }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        try requireWholeSignal(axis, of: node.inputs[0])
        return StreamingForm(self, latency: node.latency)
    }
}

/// The `count` largest (or smallest) elements along an axis, in order, and where they stood (int32): Core ML's `topk`.
/// Equal ones keep their order; NaN counts as largest.
public struct TopK: Operation {
    public var count: Int
    public var axis: Int
    public var isAscending: Bool

    public init(_ count: Int, axis: Int, isAscending: Bool = false) {
        self.count = count
        self.axis = axis
        self.isAscending = isAscending
    }

    public var name: String { "top_k" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...1)
        let type = try elementType(inputs, of: [.float32, .int32])
        try expect(axis, of: inputs[0])
        guard let extent = inputs[0].shape[axis].fixedValue, (1...max(1, extent)).contains(count), extent > 0
        else {
            throw OssicleError(
                .invalidArgument,
                "there are no \(count) elements along axis \(axis) of \(inputs[0].shape.text)")
        }
        var shape = inputs[0].shape
        shape[axis] = .fixed(count)
        return [ValueType(shape, type), ValueType(shape, .int32)]
    }
}

/// Where the elements along an axis stood before sorting (int32): Core ML's `argsort`. Equal ones keep their order;
/// NaN counts as largest.
public struct ArgSort: Operation {
    public var axis: Int
    public var isAscending: Bool

    public init(axis: Int, isAscending: Bool = true) {
        self.axis = axis
        self.isAscending = isAscending
    }

    public var name: String { "arg_sort" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...1)
        try elementType(inputs, of: [.float32, .int32])
        try expect(axis, of: inputs[0])
        return [ValueType(inputs[0].shape, .int32)]
    }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        try requireWholeSignal(axis, of: node.inputs[0])
        return StreamingForm(self, latency: node.latency)
    }
}
