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
        let shape = call.shape(x)
        let cuts = try call.cuts(rank: shape.count)
        for (axis, cut) in cuts.enumerated() {
            if cut.isKnown {
                let range = try MILRangeOfAxis(axis, of: shape, cut)
                x = try call.slice(x, axis: axis, start: range.start, count: range.count, step: range.step)
            } else {
                x = try moving(call, x, axis, of: shape, cuts)
            }
        }
        let kept = shape.indices.filter { !cuts[$0].isSqueezed }
        return [.tensor(try call.reshape(x, kept.map { call.shape(x)[$0] }))]
    }

    /// An axis cut where an input says. How much stays has to be declared, or to follow from the masks or from how far
    /// apart both ends are.
    private static func moving(
        _ call: MILCall, _ x: ValueID, _ axis: Int, of shape: [Int], _ cuts: [MILAxisCut]
    ) throws -> ValueID {
        let (cut, extent, step) = (cuts[axis], shape[axis], cuts[axis].step)
        let length: Int
        if case .fixed(let stated) = try declared(call, cuts)[axis] {
            length = stated
        } else if let begin = cut.begin, let distance = cut.end?.distance(from: begin),
            (distance > 0) == (step > 0)
        {
            length = (Int(min(distance.magnitude, 1 << 32)) + abs(step) - 1) / abs(step)
        } else {
            throw OssicleError(
                .unsupported,
                "begin or end depends on the inputs, and the size of axis \(axis) is not declared")
        }
        guard (1...max(extent, 1)).contains(length) else {
            throw OssicleError(.malformed, "\(length) elements of axis \(axis) of \(shape)")
        }
        if cut.begin == nil {
            let start = step > 0 ? 0 : extent - 1
            return try call.slice(x, axis: axis, start: start, count: length, step: step)
        }
        if cut.end == nil, step == 1, !cut.isSqueezed {
            return try call.slice(x, axis: axis, start: extent - length, count: length)
        }
        return try call.window(x, axis: axis, count: length, step: step, begin: call.tensor("begin"))
    }

    /// What the program says of the result, squeezed axes among it.
    private static func declared(_ call: MILCall, _ cuts: [MILAxisCut]) throws -> [MILDimension] {
        guard var declared = call.operation.outputs.first?.type.dimensions else {
            throw OssicleError(.malformed, "the result is no tensor")
        }
        for (axis, cut) in cuts.enumerated() where cut.isSqueezed {
            declared.insert(.fixed(1), at: min(axis, declared.count))
        }
        guard declared.count == cuts.count else {
            throw OssicleError(
                .malformed, "the declared shape has \(declared.count) axes, expected \(cuts.count)")
        }
        return declared
    }

    private static func bySize(_ call: MILCall) throws -> [MILLowered] {
        var x = try call.tensor("x")
        let shape = call.shape(x)
        let begins = try call.positions("begin", count: shape.count)
        let sizes = try call.positions("size", count: shape.count)
        for (axis, extent) in shape.enumerated() {
            guard let size = sizes[axis].known else {
                throw OssicleError(.unsupported, "the size of axis \(axis) depends on the inputs")
            }
            if let begin = begins[axis].known {
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
        let ranges = try call.cuts(rank: call.rank(x)).enumerated().map {
            try MILRangeOfAxis($0, of: call.shape(x), $1)
        }
        let part = try call.reshape(call.tensor("update"), ranges.map(\.count))
        let range = UpdateSlice.Range(begin: ranges.map(\.start), step: ranges.map(\.step))
        return [.tensor(try call.apply(UpdateSlice(range), x, part))]
    }
}

/// How one axis is cut; an end that a mask leaves open is nil.
private struct MILAxisCut {
    let begin: MILPosition?
    let end: MILPosition?
    let step: Int
    /// The axis goes away; it has one element.
    let isSqueezed: Bool

    /// Whether no input has a say.
    var isKnown: Bool {
        (begin == nil || begin?.known != nil) && (isSqueezed || end == nil || end?.known != nil)
    }
}

/// `start`, `start + step`, … of one axis.
private struct MILRangeOfAxis {
    let start: Int
    let count: Int
    let step: Int

    /// Of a cut that is known, by NumPy's rules: negative positions count from the end, what lies outside is cut off.
    init(_ axis: Int, of shape: [Int], _ cut: MILAxisCut) throws {
        let (extent, begin, end) = (shape[axis], cut.begin?.known, cut.end?.known)
        // One element that is picked lies in no direction.
        let step = cut.isSqueezed ? 1 : cut.step
        let limits = step > 0 ? (low: 0, high: extent) : (low: -1, high: extent - 1)
        func position(_ value: Int?, _ open: Int) -> Int {
            value.map { min(max($0 < 0 ? $0 + extent : $0, limits.low), limits.high) } ?? open
        }
        self.step = step
        start = position(begin, step > 0 ? 0 : extent - 1)
        if cut.isSqueezed {
            guard (0..<extent).contains(start) else {
                throw OssicleError(.malformed, "element \(begin ?? start) of axis \(axis) of \(shape)")
            }
            count = 1
            return
        }
        let stop = position(end, step > 0 ? extent : -1)
        count = step > 0 ? (stop - start + step - 1) / step : (start - stop - step - 1) / -step
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

    /// The elements of a vector of positions.
    fileprivate func positions(_ parameter: String, count: Int) throws -> [MILPosition] {
        let values = try tensors(parameter)
        let counts = try values.map { try CoreMLShape.count(shape($0)) }
        guard counts.reduce(0, +) == count else {
            throw wrongCount(parameter, expected: count, found: counts.reduce(0, +))
        }
        return zip(values, counts).flatMap { value, count in
            (0..<count).map { MILPosition($0, of: value, in: lowering.graph) }
        }
    }

    /// begin, end, stride and their masks, axis by axis.
    fileprivate func cuts(rank: Int) throws -> [MILAxisCut] {
        let (begins, ends) = (try positions("begin", count: rank), try positions("end", count: rank))
        let steps = try expect(
            "stride", integers("stride", default: [Int](repeating: 1, count: rank)), count: rank)
        guard !steps.contains(0) else { throw OssicleError(.malformed, "a stride of 0") }
        let fromStart = try bools("begin_mask", count: rank)
        let toEnd = try bools("end_mask", count: rank)
        let squeezed = try bools("squeeze_mask", count: rank)
        return (0..<rank).map {
            MILAxisCut(
                begin: fromStart[$0] ? nil : begins[$0], end: toEnd[$0] ? nil : ends[$0], step: steps[$0],
                isSqueezed: squeezed[$0])
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
    fileprivate func window(_ x: ValueID, axis: Int, count: Int, step: Int = 1, begin: ValueID) throws
        -> ValueID
    {
        let first = try slice(begin, axis: 0, start: axis, count: 1)
        let steps = (0..<count).map { $0 * step }
        return try gathered(x, apply(Binary(.add), first, constant(steps, [count])), axis: axis)
    }
}
