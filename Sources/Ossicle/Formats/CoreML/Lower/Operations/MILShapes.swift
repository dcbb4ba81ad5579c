/// Operations that only move or name elements (coremltools `tensor_transformation.py` and `tensor_operation.py`).
enum MILShapes {
    static let rules: [String: MILLowering.Rule] = [
        "identity": { [try $0.one("x")] },
        "transpose": transpose,
        "reshape": reshape,
        "reshape_like": { [.tensor(try $0.reshape($0.tensor("x"), $0.likeShape()))] },
        "expand_dims": expandDims,
        "squeeze": squeeze,
        "flatten2d": flatten,
        "concat": concat,
        "stack": { [.tensor(try stack($0.tensors("values"), axis: $0.integer("axis"), $0))] },
        "tile": tile,
        "reverse": { call in
            let x = try call.tensor("x")
            let axes = try call.axes(of: x)
            return [.tensor(axes.isEmpty ? x : try call.apply(Reverse(axes: axes), x))]
        },
        "shape": { call in
            let shape = call.shape(try call.tensor("x"))
            return [.tensor(try call.constant(shape, [shape.count]))]
        },
        "pad": pad,
        "fill": { try [.tensor($0.filled(shape: $0.integers("shape")))] },
        "fill_like": { try [.tensor($0.filled(shape: $0.shape($0.tensor("ref_tensor"))))] },
        "range_1d": range,
        "band_part": { call in
            let (lower, upper) = (
                try call.integer("lower", default: -1), try call.integer("upper", default: -1)
            )
            let x = try call.tensor("x")
            return [.tensor(try call.lowering.graph.bandPart(x, lower: lower, upper: upper, name: call.name))]
        },
        "sliding_windows": slidingWindows,
        "depth_to_space": { try blocks($0, "block_size", split: [.block, .block, .channels], down: false) },
        "pixel_shuffle": {
            try blocks($0, "upscale_factor", split: [.channels, .block, .block], down: false)
        },
        "space_to_depth": { try blocks($0, "block_size", split: [.block, .block, .channels], down: true) },
        "pixel_unshuffle": {
            try blocks($0, "downscale_factor", split: [.channels, .block, .block], down: true)
        },
        "space_to_batch": spaceToBatch,
        "batch_to_space": batchToSpace,
    ]

    private static func transpose(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let order = try call.integers("perm").map { try call.axis($0, rank: call.rank(x)) }
        return [.tensor(try call.transpose(x, order))]
    }

    /// 0 keeps the extent at its place, counted from the end since iOS 17 and 1 where there is none; one -1 is what is
    /// left.
    private static func reshape(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let old = call.shape(x)
        var shape = try call.integers("shape")
        let shift = call.lowering.opset < .ios17 ? 0 : old.count - shape.count
        for i in shape.indices where shape[i] == 0 {
            if old.indices.contains(i + shift) {
                shape[i] = old[i + shift]
            } else if shift < 0 {
                shape[i] = 1
            }
        }
        if let open = shape.firstIndex(of: -1) {
            shape[open] = 1
            let rest = try CoreMLShape.count(shape)
            shape[open] = rest == 0 ? 0 : try CoreMLShape.count(old) / rest
        }
        return [.tensor(try call.reshape(x, shape))]
    }

    private static func expandDims(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        var shape = call.shape(x)
        let axes = try call.integers("axes")
        let rank = shape.count + axes.count
        for axis in try axes.map({ try call.axis($0, rank: rank) }).sorted() {
            guard axis <= shape.count else { throw OssicleError(.malformed, "axes \(axes) repeat") }
            shape.insert(1, at: axis)
        }
        return [.tensor(try call.reshape(x, shape))]
    }

    /// As PyTorch: an axis of more than one element stays.
    private static func squeeze(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let shape = call.shape(x)
        let axes = try call.axes(of: x).filter { shape[$0] == 1 }
        return [.tensor(try call.reshape(x, shape.indices.filter { !axes.contains($0) }.map { shape[$0] }))]
    }

    private static func flatten(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let shape = call.shape(x)
        let given = try call.integer("axis", default: 1)
        let axis = given == shape.count ? given : try call.axis(given, rank: shape.count)
        return [.tensor(try call.reshape(x, [shape[..<axis].reduce(1, *), shape[axis...].reduce(1, *)]))]
    }

    private static func concat(_ call: MILCall) throws -> [MILLowered] {
        // Scalars join as vectors of one element.
        let values = try call.tensors("values").map { call.rank($0) == 0 ? try call.reshape($0, [1]) : $0 }
        guard let first = values.first else { throw OssicleError(.malformed, "nothing to join") }
        let axis = try call.axis(call.integer("axis"), rank: call.rank(first))
        if try call.bool("interleave", default: false), values.count > 1 {
            // [… i …] of each value in turn: a new axis behind, folded into the old one.
            let stacked = try stack(values, axis: axis + 1, call)
            var shape = call.shape(first)
            shape[axis] *= values.count
            return [.tensor(try call.reshape(stacked, shape))]
        }
        return [.tensor(try call.joined(values, axis: axis))]
    }

    static func stack(_ values: [ValueID], axis: Int, _ call: MILCall) throws -> ValueID {
        guard let first = values.first else { throw OssicleError(.malformed, "nothing to stack") }
        let axis = try call.axis(axis, rank: call.rank(first) + 1)
        let slices = try values.map { id in
            var shape = call.shape(id)
            guard axis <= shape.count else { throw OssicleError(.malformed, "axis \(axis) of \(shape)") }
            shape.insert(1, at: axis)
            return try call.reshape(id, shape)
        }
        return try call.joined(slices, axis: axis)
    }

    /// A count below 1 leaves its axis as it is: converters write PyTorch's `expand(…, -1)` as -1 over the axis' extent.
    private static func tile(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let shape = call.shape(x)
        let times = try call.expect("reps", call.integers("reps"), count: shape.count).map { max($0, 1) }
        _ = try CoreMLShape.count(zip(shape, times).map { $0 * $1 })
        return [.tensor(times.allSatisfy { $0 == 1 } ? x : try call.apply(Tile(times), x))]
    }

    /// Pairs for the last axes, front to back.
    private static func pad(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let (shape, amounts) = (call.shape(x), try call.integers("pad"))
        guard amounts.count % 2 == 0, amounts.count <= 2 * shape.count else {
            throw OssicleError(.malformed, "pad \(amounts) for an input of shape \(shape)")
        }
        let first = shape.count - amounts.count / 2
        let pads = (0..<(amounts.count / 2)).map {
            AxisPadding(axis: first + $0, begin: amounts[2 * $0], end: amounts[2 * $0 + 1])
        }.filter { $0.begin != 0 || $0.end != 0 }
        if pads.isEmpty { return [.tensor(x)] }
        let mode: PaddingMode
        switch try call.string("mode", default: "constant") {
        case "constant": mode = .zeros
        case "reflect": mode = .reflect
        case "replicate": mode = .replicate
        case let other: throw OssicleError(.unsupported, "mode \(Quoting.quoted(other))")
        }
        let value = try call.float("constant_val", default: 0)
        return [.tensor(try call.apply(Pad(pads, mode: mode, value: value), x))]
    }

    private static func range(_ call: MILCall) throws -> [MILLowered] {
        let isInteger = try call.constant("start").dataType == .int32
        // Beyond 2²⁴ an integer is no float.
        func known(_ parameter: String) throws -> Double {
            isInteger ? Double(try call.integer(parameter)) : Double(try call.float(parameter))
        }
        let (start, end, step) = (try known("start"), try known("end"), try known("step"))
        guard step != 0 else { throw OssicleError(.malformed, "step is 0") }
        // How many floats there are depends on how the quotient is rounded: in their type, as coremltools does.
        let steps = isInteger ? (end - start) / step : Double((Float(end) - Float(start)) / Float(step))
        let extent = max(0, steps.rounded(.up))
        guard extent <= Double(CoreMLLimits.elements) else {
            throw OssicleError(.malformed, "a range of \(extent) elements")
        }
        let count = Int(extent)
        try call.lowering.spend(count * 4)
        if isInteger {
            return [.tensor(try call.constant((0..<count).map { Int(start) + $0 * Int(step) }, [count]))]
        }
        return [
            .tensor(try call.constant((0..<count).map { Float(start) + Float($0) * Float(step) }, [count]))
        ]
    }

    /// All windows of `size` elements along an axis, on a new axis behind it.
    private static func slidingWindows(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let axis = try call.axis(call.integer("axis"), rank: call.rank(x))
        let (size, step) = (try call.integer("size"), try call.integer("stride", default: 1))
        var shape = call.shape(x)
        guard size > 0, step > 0, size <= shape[axis] else {
            throw OssicleError(.malformed, "windows of \(size) every \(step) along axis \(axis) of \(shape)")
        }
        let count = (shape[axis] - size) / step + 1
        _ = try CoreMLShape.count([count, size])
        let indices = (0..<count).flatMap { window in (0..<size).map { window * step + $0 } }
        shape.replaceSubrange(axis...axis, with: [count, size])
        return [.tensor(try call.reshape(call.apply(Gather(axis: axis, indices: indices), x), shape))]
    }

    private enum Part { case block, channels }

    /// Channels to blocks of b · b places (or back, `down`); `split` says how the channels are counted.
    private static func blocks(
        _ call: MILCall, _ parameter: String, split: [Part], down: Bool
    ) throws -> [MILLowered] {
        let (x, b) = (try call.tensor("x"), try call.integer(parameter))
        let s = call.shape(x)
        guard s.count == 4, b > 0, b <= 1 << 15, down ? s[2] % b == 0 && s[3] % b == 0 : s[1] % (b * b) == 0
        else {
            throw OssicleError(.malformed, "blocks of \(b) do not divide \(s)")
        }
        let first = split[0] == .block
        if down {
            let parts = try call.reshape(x, [s[0], s[1], s[2] / b, b, s[3] / b, b])
            let turned = try call.transpose(parts, first ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4])
            return [.tensor(try call.reshape(turned, [s[0], s[1] * b * b, s[2] / b, s[3] / b]))]
        }
        let channels = s[1] / (b * b)
        let parts = try call.reshape(
            x, [s[0]] + (first ? [b, b, channels] : [channels, b, b]) + [s[2], s[3]])
        let turned = try call.transpose(parts, first ? [0, 3, 4, 1, 5, 2] : [0, 1, 4, 2, 5, 3])
        return [.tensor(try call.reshape(turned, [s[0], channels, s[2] * b, s[3] * b]))]
    }

    private static func spaceToBatch(_ call: MILCall) throws -> [MILLowered] {
        var x = try call.tensor("x")
        let b = try call.expect("block_shape", call.integers("block_shape"), count: 2)
        let p = try call.expect("paddings", call.integers("paddings"), count: 4)
        guard call.rank(x) == 4, b.allSatisfy({ $0 > 0 }), p.allSatisfy({ $0 >= 0 }) else {
            throw OssicleError(.malformed, "blocks of \(b), paddings \(p) for \(call.shape(x))")
        }
        let pads = [
            AxisPadding(axis: 2, begin: p[0], end: p[1]), AxisPadding(axis: 3, begin: p[2], end: p[3]),
        ]
        if p.contains(where: { $0 > 0 }) { x = try call.apply(Pad(pads), x) }
        let s = call.shape(x)
        guard s[2] % b[0] == 0, s[3] % b[1] == 0 else {
            throw OssicleError(.malformed, "blocks of \(b) do not divide \(s)")
        }
        let parts = try call.reshape(x, [s[0], s[1], s[2] / b[0], b[0], s[3] / b[1], b[1]])
        let turned = try call.transpose(parts, [3, 5, 0, 1, 2, 4])
        return [.tensor(try call.reshape(turned, [s[0] * b[0] * b[1], s[1], s[2] / b[0], s[3] / b[1]]))]
    }

    private static func batchToSpace(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let b = try call.expect("block_shape", call.integers("block_shape"), count: 2)
        let c = try call.expect("crops", call.integers("crops"), count: 4)
        let s = call.shape(x)
        guard s.count == 4, b.allSatisfy({ $0 > 0 && $0 < 1 << 15 }), s[0] % (b[0] * b[1]) == 0,
            c.allSatisfy({ $0 >= 0 })
        else { throw OssicleError(.malformed, "blocks of \(b), crops \(c) for \(s)") }
        let batch = s[0] / (b[0] * b[1])
        let parts = try call.reshape(x, [b[0], b[1], batch, s[1], s[2], s[3]])
        let turned = try call.transpose(parts, [2, 3, 4, 0, 5, 1])
        var y = try call.reshape(turned, [batch, s[1], s[2] * b[0], s[3] * b[1]])
        for (axis, crop) in [(2, c[0...1]), (3, c[2...3])] where crop.contains(where: { $0 > 0 }) {
            y = try call.slice(
                y, axis: axis, start: crop.first!, count: call.shape(y)[axis] - crop.reduce(0, +))
        }
        return [.tensor(y)]
    }
}

extension MILCall {
    func joined(_ values: [ValueID], axis: Int) throws -> ValueID {
        values.count == 1 ? values[0] : try add(Concat(axis: axis), values)[0]
    }

    func filled(shape: [Int]) throws -> ValueID {
        guard has("value") else { return try zeros(shape, .float32) }
        let value = try constant("value")
        guard value.count == 1 else { throw OssicleError(.malformed, "value has \(value.count) elements") }
        return try filled(shape: shape, with: value)
    }

    /// A constant of one value.
    func filled(shape: [Int], with value: Tensor) throws -> ValueID {
        let count = try CoreMLShape.count(shape)
        let bytes = value.bytes
        try lowering.spend(count * bytes.count)
        let storage = try Storage.make(byteCount: count * bytes.count) { target in
            for i in 0..<count {
                UnsafeMutableRawBufferPointer(rebasing: target[(i * bytes.count)...]).copyMemory(from: bytes)
            }
        }
        return lowering.graph.constant(
            "\(name).constant", try Tensor(shape: shape, dataType: value.dataType, storage: storage))
    }

    /// The shape `reshape_like` makes: ranges of axes of `x` replaced by ranges of axes of the references.
    func likeShape() throws -> [Int] {
        let (x, references) = (try tensor("x"), try tensors("ref_tensors"))
        let begins = try integers("begins"), ends = try integers("ends")
        let endMasks = try bools("end_masks", count: begins.count)
        guard begins.count == references.count, ends.count == references.count else {
            throw OssicleError(.malformed, "begins and ends for \(references.count) references")
        }
        var shape: [Int] = []
        for (i, reference) in references.enumerated() {
            let extents = self.shape(reference)
            let end = endMasks[i] ? extents.count : ends[i] < 0 ? ends[i] + extents.count : ends[i]
            let begin = begins[i] < 0 ? begins[i] + extents.count : begins[i]
            guard begin >= 0, begin <= end, end <= extents.count else {
                throw OssicleError(.malformed, "axes \(begin)..<\(end) of \(extents)")
            }
            shape += extents[begin..<end]
        }
        guard try CoreMLShape.count(shape) == CoreMLShape.count(self.shape(x)) else {
            throw OssicleError(.malformed, "\(self.shape(x)) cannot be reshaped to \(shape)")
        }
        return shape
    }
}
