/// Reorders axes: output axis i is input axis `order[i]`.
public struct Transpose: Operation {
    public var order: [Int]
    public init(_ order: [Int]) { self.order = order }
    public var name: String { "transpose" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...1)
        guard order.sorted() == Array(0..<inputs[0].rank) else {
            throw OssicleError(
                .invalidArgument, "\(order) does not reorder the axes of \(inputs[0].shape.text)")
        }
        return [ValueType(order.map { inputs[0].shape[$0] }, inputs[0].dataType)]
    }
}

/// The same elements under another shape.
public struct Reshape: Operation {
    public var shape: [Dim]
    public init(_ shape: [Dim]) { self.shape = shape }
    public var name: String { "reshape" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...1)
        guard inputs[0].shape.product == shape.product else {
            throw OssicleError(.shapeMismatch, "\(inputs[0].shape.text) cannot be reshaped to \(shape.text)")
        }
        return [ValueType(shape, inputs[0].dataType)]
    }

    /// Axes of one element that come or go leave the time axis what it is: a block's, whose length the streaming graph
    /// writes another way than the whole signal's.
    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        var form = self
        let (time, place) = (
            node.inputs[0].shape.filter { !$0.isFixed }, shape.indices.filter { !shape[$0].isFixed }
        )
        let fixed = { (shape: [Dim]) in shape.filter(\.isFixed).product }
        if time.count == 1, place.count == 1, fixed(node.inputs[0].shape) == fixed(shape) {
            form.shape[place[0]] = time[0]
        }
        return StreamingForm(form, latency: node.latency)
    }
}

/// Joins values along an axis.
public struct Concat: Operation {
    public var axis: Int
    public init(axis: Int) { self.axis = axis }
    public var name: String { "concat" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...4096)
        let type = try elementType(inputs)
        var shape = inputs[0].shape
        guard shape.indices.contains(axis) else {
            throw OssicleError(.invalidArgument, "axis \(axis) is not one of \(shape.text)")
        }
        for input in inputs.dropFirst() {
            var rest = input.shape
            guard rest.count == shape.count else {
                throw OssicleError(.shapeMismatch, "cannot join \(shape.text) and \(rest.text)")
            }
            let extent = rest[axis]
            rest[axis] = shape[axis]
            guard rest == shape, let a = shape[axis].fixedValue, let b = extent.fixedValue else {
                throw OssicleError(
                    .shapeMismatch, "cannot join \(shape.text) and \(input.shape.text) along axis \(axis)")
            }
            shape[axis] = .fixed(a + b)
        }
        return [ValueType(shape, type)]
    }
}

/// A range of one axis: `start`, `start + step`, … (`count` elements). The step may be negative.
public struct Slice: Operation {
    public var axis: Int
    public var start: Int
    public var count: Dim
    public var step: Int

    public init(axis: Int, start: Int, count: Dim, step: Int = 1) {
        self.axis = axis
        self.start = start
        self.count = count
        self.step = step
    }

    public var name: String { "slice" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...1)
        var shape = inputs[0].shape
        guard shape.indices.contains(axis) else {
            throw OssicleError(.invalidArgument, "axis \(axis) is not one of \(shape.text)")
        }
        if let extent = shape[axis].fixedValue, let count = count.fixedValue {
            let last = start + (count - 1) * step
            guard count >= 0, start >= 0, count == 0 || (0..<extent).contains(last) else {
                throw OssicleError(
                    .shapeMismatch,
                    "slice \(start)…\(last) step \(step) does not fit axis \(axis) of \(shape.text)")
            }
        }
        shape[axis] = count
        return [ValueType(shape, inputs[0].dataType)]
    }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        try requireWholeSignal(axis, of: node.inputs[0])
        return StreamingForm(self, latency: node.latency)
    }
}

/// The value stretched to `shape` as NumPy's `broadcast_to` does it.
public struct Expand: Operation {
    public var shape: [Dim]
    public init(_ shape: [Dim]) { self.shape = shape }
    public var name: String { "expand" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...1)
        guard try broadcast(inputs[0].shape, shape) == shape else {
            throw OssicleError(.shapeMismatch, "\(inputs[0].shape.text) cannot be stretched to \(shape.text)")
        }
        return [ValueType(shape, inputs[0].dataType)]
    }
}

/// The value repeated along its axes: NumPy's `tile`, with one number for each axis.
public struct Tile: Operation {
    public var repeats: [Int]
    public init(_ repeats: [Int]) { self.repeats = repeats }
    public var name: String { "tile" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...1)
        guard repeats.count == inputs[0].rank, repeats.allSatisfy({ $0 > 0 }) else {
            throw OssicleError(
                .invalidArgument,
                "expected a positive number for each axis of \(inputs[0].shape.text), found \(repeats)")
        }
        // Each repeated axis is walked as two.
        guard repeats.count + repeats.filter({ $0 > 1 }).count <= Graph.maxRank else {
            throw OssicleError(
                .unsupported, "too many axes of \(inputs[0].shape.text) are repeated: \(repeats)")
        }
        return [ValueType(zip(inputs[0].shape, repeats).map { $0 * .fixed($1) }, inputs[0].dataType)]
    }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        for (axis, count) in repeats.enumerated() where count > 1 {
            try requireWholeSignal(axis, of: node.inputs[0])
        }
        return StreamingForm(self, latency: node.latency)
    }
}
