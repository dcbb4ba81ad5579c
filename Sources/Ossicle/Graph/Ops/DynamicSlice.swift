/// A window of x that begins where the run says: Core ML's `slice_by_size`. Inputs: x, and begin (int32, one number for
/// each axis). A negative begin counts from the end; then the window is moved to lie inside x.
public struct DynamicSlice: Operation {
    public var sizes: [Dim]
    public init(sizes: [Dim]) { self.sizes = sizes }

    public var name: String { "dynamic_slice" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 2...2)
        try elementType([inputs[0]])
        try expectBegin(inputs[1], inputs[0])
        try expectWindow(sizes, in: inputs[0])
        return [ValueType(sizes, inputs[0].dataType)]
    }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        for axis in sizes.indices { try requireWholeSignal(axis, of: node.inputs[0]) }
        return StreamingForm(self, latency: node.latency)
    }
}

/// x with a window replaced: Core ML's `slice_update`. Inputs: x, the new window, and without `range` begin (int32),
/// which is treated as by `DynamicSlice`.
public struct UpdateSlice: Operation {
    /// Where the window begins and how far apart its elements are, where that is known beforehand.
    public struct Range: Hashable, Sendable {
        public var begin: [Int]
        public var step: [Int]

        public init(begin: [Int], step: [Int]) {
            self.begin = begin
            self.step = step
        }
    }

    public var range: Range?
    public init(_ range: Range? = nil) { self.range = range }

    public var name: String { "update_slice" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: range == nil ? 3...3 : 2...2)
        let type = try elementType(Array(inputs[..<2]))
        let (x, window) = (inputs[0], inputs[1])
        guard window.rank == x.rank else {
            throw OssicleError(.shapeMismatch, "window \(window.shape.text) is no window of \(x.shape.text)")
        }
        if let range {
            guard range.begin.count == x.rank, range.step.count == x.rank else {
                throw OssicleError(
                    .invalidArgument, "begin and step need one number for each axis of \(x.shape.text)")
            }
            for (axis, begin) in range.begin.enumerated() {
                let extent = x.shape[axis], count = window.shape[axis]
                if count == extent, begin == 0, range.step[axis] == 1 { continue }
                guard let extent = extent.fixedValue, let count = count.fixedValue, count > 0, begin >= 0,
                    begin < extent, (0..<extent).contains(begin + (count - 1) * range.step[axis])
                else {
                    throw OssicleError(
                        .shapeMismatch,
                        "\(window.shape.text) from \(begin) step \(range.step[axis]) does not fit axis \(axis) of \(x.shape.text)"
                    )
                }
            }
        } else {
            try expectBegin(inputs[2], x)
            try expectWindow(window.shape, in: x)
        }
        return [ValueType(x.shape, type)]
    }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        for axis in node.inputs[0].shape.indices { try requireWholeSignal(axis, of: node.inputs[0]) }
        return StreamingForm(self, latency: node.latency)
    }
}

extension Operation {
    fileprivate func expectBegin(_ begin: ValueType, _ x: ValueType) throws {
        try expect(begin, type: .int32, "begin")
        try expect(begin, shape: [.fixed(x.rank)], "begin")
    }

    fileprivate func expectWindow(_ sizes: [Dim], in x: ValueType) throws {
        let fits =
            sizes.count == x.rank
            && zip(sizes, x.shape).allSatisfy { size, extent in
                if size == extent { return true }
                guard let size = size.fixedValue, let extent = extent.fixedValue else { return false }
                return (1...max(1, extent)).contains(size)
            }
        guard fits else {
            throw OssicleError(.shapeMismatch, "a window of \(sizes.text) does not fit into \(x.shape.text)")
        }
    }
}
