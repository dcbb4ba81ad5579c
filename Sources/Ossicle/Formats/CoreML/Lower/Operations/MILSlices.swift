/// Parts of tensors (coremltools `ops/defs/iOS15/tensor_transformation.py`, `iOS18/tensor_transformation.py`).
enum MILSlices {
    static let rules: [String: MILLowering.Rule] = [
        "slice_by_index": byIndex,
        "slice_by_size": bySize,
        "crop": crop,
        "split": split,
        "slice_update": update,
    ]

    private static func byIndex(_ call: MILCall) throws -> [MILLowered] {
        var x = try call.tensor("x")
        guard call.isConstant("begin"), call.isConstant("end") else { return try moving(call) }
        let ranges = try call.ranges(of: x)
        for (axis, range) in ranges.enumerated() {
            x = try call.slice(x, axis: axis, start: range.start, count: range.count, step: range.step)
        }
        return [.tensor(try call.reshape(x, ranges.filter { !$0.isSqueezed }.map(\.count)))]
    }

    /// A slice that begins where an input says. How long it is has to be declared, or follow from the masks.
    private static func moving(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let shape = call.shape(x)
        let squeezed = try call.bools("squeeze_mask", count: shape.count)
        let (fromStart, toEnd) = (
            try call.bools("begin_mask", count: shape.count), try call.bools("end_mask", count: shape.count)
        )
        let steps = try call.integers("stride", default: shape.map { _ in 1 })
        let begin = try call.tensor("begin")
        guard var declared = call.operation.outputs.first?.type.dimensions else {
            throw OssicleError(.malformed, "the result is no tensor")
        }
        for axis in shape.indices where squeezed[axis] {
            declared.insert(.fixed(1), at: min(axis, declared.count))
        }
        guard declared.count == shape.count else {
            throw OssicleError(
                .malformed, "the declared shape has \(declared.count) axes, expected \(shape.count)")
        }
        let counts = shape.indices.compactMap { axis -> Int? in
            if case .fixed(let count) = declared[axis] { return count }
            let isWhole = toEnd[axis] && (fromStart[axis] || call.element(axis, of: begin) == 0)
            return isWhole ? shape[axis] : nil
        }
        guard counts.count == shape.count, steps.allSatisfy({ $0 == 1 }) else {
            throw OssicleError(
                .unsupported, "begin or end depends on the inputs, and the size is not declared")
        }
        var y = x
        for axis in shape.indices where counts[axis] != shape[axis] || squeezed[axis] {
            if fromStart[axis] {
                y = try call.slice(y, axis: axis, start: 0, count: counts[axis])
            } else if toEnd[axis], !squeezed[axis] {
                y = try call.slice(y, axis: axis, start: shape[axis] - counts[axis], count: counts[axis])
            } else {
                y = try call.window(y, axis: axis, count: counts[axis], begin: begin)
            }
        }
        return [.tensor(try call.reshape(y, shape.indices.filter { !squeezed[$0] }.map { counts[$0] }))]
    }

    private static func bySize(_ call: MILCall) throws -> [MILLowered] {
        var x = try call.tensor("x")
        let shape = call.shape(x)
        let sizes = try call.expect("size", call.integers("size"), count: shape.count)
        guard call.isConstant("begin") else {
            let begin = try call.tensor("begin")
            for (axis, size) in sizes.enumerated() where size != shape[axis] {
                guard size > 0 else {
                    throw OssicleError(.unsupported, "the size of axis \(axis) depends on the inputs")
                }
                x = try call.window(x, axis: axis, count: size, begin: begin)
            }
            return [.tensor(x)]
        }
        let begins = try call.expect("begin", call.integers("begin"), count: shape.count)
        for axis in shape.indices {
            let start = begins[axis] < 0 ? begins[axis] + shape[axis] : begins[axis]
            x = try call.slice(
                x, axis: axis, start: start, count: sizes[axis] == -1 ? shape[axis] - start : sizes[axis])
        }
        return [.tensor(x)]
    }

    /// What is left of the last two axes when this much is taken off their ends.
    private static func crop(_ call: MILCall) throws -> [MILLowered] {
        var x = try call.tensor("x")
        let rank = call.rank(x)
        for (axis, parameter) in [(rank - 2, "crop_height"), (rank - 1, "crop_width")] {
            let ends = try call.expect(parameter, call.integers(parameter), count: 2)
            guard rank >= 2, ends.allSatisfy({ $0 >= 0 }) else {
                throw OssicleError(.malformed, "\(parameter) \(ends) for \(call.shape(x))")
            }
            x = try call.slice(x, axis: axis, start: ends[0], count: call.shape(x)[axis] - ends[0] - ends[1])
        }
        return [.tensor(x)]
    }

    private static func split(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let axis = try call.axis(call.integer("axis"), rank: call.rank(x))
        let extent = call.shape(x)[axis]
        var sizes: [Int]
        if call.has("split_sizes") {
            sizes = try call.integers("split_sizes")
        } else {
            let count = try call.integer("num_splits")
            guard (1...max(extent, 1)).contains(count), extent % count == 0 else {
                throw OssicleError(.malformed, "\(extent) elements in \(count) parts")
            }
            sizes = [Int](repeating: extent / count, count: count)
        }
        guard sizes.allSatisfy({ (0...extent).contains($0) }), sizes.reduce(0, +) == extent else {
            throw OssicleError(.malformed, "parts of \(sizes) do not make up \(extent) elements")
        }
        var start = 0
        return try sizes.map { size in
            defer { start += size }
            return .tensor(try call.slice(x, axis: axis, start: start, count: size))
        }
    }

    /// `x` with a part replaced.
    private static func update(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        guard call.isConstant("begin"), call.isConstant("end") else {
            // Only where the window begins may depend on the inputs; the update says how large it is.
            let masks = try ["begin_mask", "end_mask", "squeeze_mask"].flatMap {
                try call.integers($0, default: [])
            }
            guard try call.integers("stride", default: [1]).allSatisfy({ $0 == 1 }), !masks.contains(1),
                call.rank(try call.tensor("update")) == call.rank(x)
            else {
                throw OssicleError(.unsupported, "begin or end depends on the inputs, with masks or strides")
            }
            return [.tensor(try call.apply(UpdateSlice(), x, call.tensor("update"), call.tensor("begin")))]
        }
        let ranges = try call.ranges(of: x)
        let part = try call.reshape(call.tensor("update"), ranges.map(\.count))
        let range = UpdateSlice.Range(begin: ranges.map(\.start), step: ranges.map(\.step))
        return [.tensor(try call.apply(UpdateSlice(range), x, part))]
    }
}

/// `start`, `start + step`, … of one axis.
struct MILRangeOfAxis {
    var start: Int
    var count: Int
    var step: Int
    /// The axis goes away; it has one element.
    var isSqueezed: Bool
}

extension MILCall {
    func isConstant(_ parameter: String) -> Bool {
        guard let id = try? tensor(parameter) else { return false }
        return lowering.graph.constant(id) != nil
    }

    /// An element of a vector that is known though others depend on the inputs: one that was joined to them.
    func element(_ index: Int, of vector: ValueID) -> Int? {
        if let tensor = lowering.graph.constant(vector) {
            return index < tensor.count ? tensor.ints()[index] : nil
        }
        guard let node = lowering.graph.producer(of: vector), node.operation is Concat else { return nil }
        var index = index
        for part in node.inputs {
            let count = shape(part).reduce(1, *)
            if index < count { return element(index, of: part) }
            index -= count
        }
        return nil
    }

    /// begin, end, stride and their masks as ranges, by NumPy's rules: negative positions count from the end, and
    /// what lies outside is cut off.
    func ranges(of x: ValueID) throws -> [MILRangeOfAxis] {
        let shape = shape(x)
        let begins = try expect("begin", integers("begin"), count: shape.count)
        let ends = try expect("end", integers("end"), count: shape.count)
        let steps = try expect(
            "stride", integers("stride", default: shape.map { _ in 1 }), count: shape.count)
        let beginMask = try bools("begin_mask", count: shape.count)
        let endMask = try bools("end_mask", count: shape.count)
        let squeezeMask = try bools("squeeze_mask", count: shape.count)
        return try shape.indices.map { axis in
            // One element that is picked lies in no direction.
            let (extent, step) = (shape[axis], squeezeMask[axis] ? 1 : steps[axis])
            guard step != 0 else { throw OssicleError(.malformed, "a stride of 0") }
            let limits = step > 0 ? (low: 0, high: extent) : (low: -1, high: extent - 1)
            func position(_ value: Int, _ masked: Bool, _ open: Int) -> Int {
                masked ? open : min(max(value < 0 ? value + extent : value, limits.low), limits.high)
            }
            let start = position(begins[axis], beginMask[axis], step > 0 ? 0 : extent - 1)
            if squeezeMask[axis] {
                guard (0..<extent).contains(start) else {
                    throw OssicleError(.malformed, "element \(begins[axis]) of axis \(axis) of \(shape)")
                }
                return MILRangeOfAxis(start: start, count: 1, step: 1, isSqueezed: true)
            }
            let end = position(ends[axis], endMask[axis], step > 0 ? extent : -1)
            let count = step > 0 ? (end - start + step - 1) / step : (start - end - step - 1) / -step
            guard count > 0 else {
                throw OssicleError(
                    .unsupported,
                    "an empty slice: \(begins[axis])..<\(ends[axis]) of axis \(axis) of \(shape)")
            }
            return MILRangeOfAxis(start: start, count: count, step: step, isSqueezed: false)
        }
    }

    /// Part of one axis; the value itself when that is all of it.
    func slice(_ x: ValueID, axis: Int, start: Int, count: Int, step: Int = 1) throws -> ValueID {
        let extent = shape(x)[axis]
        if step == 1, start == 0, count == extent { return x }
        guard start >= 0, count > 0, count <= extent, abs(step) <= extent || count == 1 else {
            throw OssicleError(.malformed, "\(count) elements from \(start) of axis \(axis) of \(shape(x))")
        }
        return try apply(
            Slice(axis: axis, start: start, count: .fixed(count), step: count == 1 ? 1 : step), x)
    }

    /// `count` elements of an axis from where element `axis` of `begin` says, negative ones counted from the end.
    func window(_ x: ValueID, axis: Int, count: Int, begin: ValueID) throws -> ValueID {
        let first = try slice(begin, axis: 0, start: axis, count: 1)
        let indices = try apply(Binary(.add), first, constant(Array(0..<count), [count]))
        return try gathered(x, indices, axis: axis)
    }
}
