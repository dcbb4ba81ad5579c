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

    /// A slice that begins or ends where an input says. How long it is has to be declared, or to follow from the masks
    /// or from how far apart both are.
    private static func moving(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let shape = call.shape(x)
        let squeezed = try call.bools("squeeze_mask", count: shape.count)
        let begins = try call.positions("begin", mask: "begin_mask", count: shape.count)
        let ends = try call.positions("end", mask: "end_mask", count: shape.count)
        let steps = try call.strides(count: shape.count)
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
        var y = x
        for (axis, extent) in shape.enumerated() {
            let (begin, end, step) = (begins[axis], ends[axis], steps[axis])
            if begin == nil || begin?.known != nil,
                squeezed[axis] || end == nil || end?.known != nil
            {
                let range = try MILRangeOfAxis(
                    axis, of: shape, begin: begin?.known, end: end?.known, step: step,
                    isSqueezed: squeezed[axis])
                y = try call.slice(y, axis: axis, start: range.start, count: range.count, step: range.step)
                continue
            }
            let length: Int
            if case .fixed(let stated) = declared[axis] {
                length = stated
            } else if let begin, let distance = end?.distance(from: begin), (distance > 0) == (step > 0) {
                length = (Int(min(distance.magnitude, 1 << 32)) + abs(step) - 1) / abs(step)
            } else {
                throw OssicleError(
                    .unsupported,
                    "begin or end depends on the inputs, and the size of axis \(axis) is not declared")
            }
            guard (1...max(extent, 1)).contains(length) else {
                throw OssicleError(.malformed, "\(length) elements of axis \(axis) of \(shape)")
            }
            if begin == nil {
                let start = step > 0 ? 0 : extent - 1
                y = try call.slice(y, axis: axis, start: start, count: length, step: step)
            } else if end == nil, step == 1, !squeezed[axis] {
                y = try call.slice(y, axis: axis, start: extent - length, count: length)
            } else {
                y = try call.window(y, axis: axis, count: length, step: step, begin: call.tensor("begin"))
            }
        }
        let kept = shape.indices.filter { !squeezed[$0] }
        return [.tensor(try call.reshape(y, kept.map { call.shape(y)[$0] }))]
    }

    private static func bySize(_ call: MILCall) throws -> [MILLowered] {
        var x = try call.tensor("x")
        let shape = call.shape(x)
        let begins = try call.positions("begin", count: shape.count)
        let sizes = try call.positions("size", count: shape.count)
        for (axis, extent) in shape.enumerated() {
            guard let size = sizes[axis]?.known else {
                throw OssicleError(.unsupported, "the size of axis \(axis) depends on the inputs")
            }
            if let begin = begins[axis]?.known {
                let start = begin < 0 ? begin + extent : begin
                x = try call.slice(x, axis: axis, start: start, count: size == -1 ? extent - start : size)
            } else if size != extent {
                guard size > 0 else {
                    throw OssicleError(.unsupported, "the size of axis \(axis) depends on the inputs")
                }
                x = try call.window(x, axis: axis, count: size, begin: call.tensor("begin"))
            }
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
    let start: Int
    let count: Int
    let step: Int
    /// The axis goes away; it has one element.
    let isSqueezed: Bool

    /// By NumPy's rules: negative positions count from the end, what lies outside is cut off, nil is an open end.
    init(_ axis: Int, of shape: [Int], begin: Int?, end: Int?, step: Int, isSqueezed: Bool) throws {
        let extent = shape[axis]
        // One element that is picked lies in no direction.
        let step = isSqueezed ? 1 : step
        let limits = step > 0 ? (low: 0, high: extent) : (low: -1, high: extent - 1)
        func position(_ value: Int?, _ open: Int) -> Int {
            value.map { min(max($0 < 0 ? $0 + extent : $0, limits.low), limits.high) } ?? open
        }
        self.isSqueezed = isSqueezed
        start = position(begin, step > 0 ? 0 : extent - 1)
        if isSqueezed {
            guard (0..<extent).contains(start) else {
                throw OssicleError(.malformed, "element \(begin ?? start) of axis \(axis) of \(shape)")
            }
            (count, self.step) = (1, step)
            return
        }
        let stop = position(end, step > 0 ? extent : -1)
        count = step > 0 ? (stop - start + step - 1) / step : (start - stop - step - 1) / -step
        self.step = step
        guard count > 0 else {
            throw OssicleError(
                .unsupported, "an empty slice: \(start)..<\(stop) of axis \(axis) of \(shape)")
        }
    }
}

extension MILCall {
    func isConstant(_ parameter: String) -> Bool {
        guard let id = try? tensor(parameter) else { return false }
        return lowering.graph.constant(id) != nil
    }

    /// The elements of a vector of positions, nil where a mask leaves the axis open.
    fileprivate func positions(_ parameter: String, mask: String? = nil, count: Int) throws -> [MILPosition?]
    {
        let isOpen = try mask.map { try bools($0, count: count) }
        let places = try tensors(parameter).flatMap { value in
            (0..<min(try CoreMLShape.count(shape(value)), count + 1)).map { (value, $0) }
        }
        return try expect(parameter, places, count: count).enumerated().map { axis, place in
            isOpen?[axis] == true ? nil : MILPosition(place.1, of: place.0, in: lowering.graph)
        }
    }

    fileprivate func strides(count: Int) throws -> [Int] {
        let steps = try expect(
            "stride", integers("stride", default: [Int](repeating: 1, count: count)), count: count)
        guard !steps.contains(0) else { throw OssicleError(.malformed, "a stride of 0") }
        return steps
    }

    /// begin, end, stride and their masks as ranges.
    fileprivate func ranges(of x: ValueID) throws -> [MILRangeOfAxis] {
        let shape = shape(x)
        let begins = try expect("begin", integers("begin"), count: shape.count)
        let ends = try expect("end", integers("end"), count: shape.count)
        let steps = try strides(count: shape.count)
        let beginMask = try bools("begin_mask", count: shape.count)
        let endMask = try bools("end_mask", count: shape.count)
        let squeezeMask = try bools("squeeze_mask", count: shape.count)
        return try shape.indices.map { axis in
            try MILRangeOfAxis(
                axis, of: shape, begin: beginMask[axis] ? nil : begins[axis],
                end: endMask[axis] ? nil : ends[axis], step: steps[axis], isSqueezed: squeezeMask[axis])
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

    /// `count` elements of an axis, `step` apart, from where element `axis` of `begin` says; negative ones count from the
    /// end.
    func window(_ x: ValueID, axis: Int, count: Int, step: Int = 1, begin: ValueID) throws -> ValueID {
        let first = try slice(begin, axis: 0, start: axis, count: 1)
        // A step beyond the axis moves along with it; its elements are clamped either way.
        let steps = (0..<count).map { $0 * max(min(step, shape(x)[axis]), -shape(x)[axis]) }
        return try gathered(x, apply(Binary(.add), first, constant(steps, [count])), axis: axis)
    }
}
