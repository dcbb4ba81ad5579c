/// Functions that need no operation of their own.
extension Graph {
    /// PyTorch's `GLU`: first half · sigmoid(second half) along an axis. Behind a convolution it fuses into it.
    ///
    /// - Throws: `shapeMismatch` when the axis does not halve.
    public mutating func glu(_ x: ValueID, axis: Int, name: String = "glu") throws -> ValueID {
        let shape = type(of: x).shape
        guard shape.indices.contains(axis), let extent = shape[axis].fixedValue, extent % 2 == 0 else {
            throw OssicleError(.shapeMismatch, "\(name): axis \(axis) of \(shape.text) does not halve")
        }
        let half = Dim.fixed(extent / 2)
        let value = try apply(Slice(axis: axis, start: 0, count: half), x, name: "\(name).value")
        let gate = try apply(Slice(axis: axis, start: extent / 2, count: half), x, name: "\(name).gate")
        let open = try apply(Unary(.sigmoid), gate, name: "\(name).sigmoid")
        return try apply(Binary(.multiply), value, open, name: name)
    }

    /// PyTorch's `PReLU`: x where positive, else weight · x, with one weight or one for each channel.
    ///
    /// - Throws: `shapeMismatch` when `weight` is not `[1]` or `[channels]`.
    public mutating func prelu(
        _ x: ValueID, weight: ValueID, axis: Int, name: String = "prelu"
    ) throws -> ValueID {
        let shape = type(of: x).shape, parameters = type(of: weight).shape
        if parameters == [.fixed(1)] {
            if let slope = constant(weight)?.floats().first {
                // As an activation it fuses into what stands in front of it.
                return try apply(Unary(Activation(.leakyRelu, alpha: slope)), x, name: name)
            }
            return try apply(Binary(.prelu), x, weight, name: name)
        }
        guard shape.indices.contains(axis), parameters == [shape[axis]] else {
            throw OssicleError(
                .shapeMismatch,
                "\(name): weight \(parameters.text) is neither [1] nor the channels of \(shape.text)")
        }
        let ones = [Dim](repeating: .fixed(1), count: shape.count - axis - 1)
        let slopes = try apply(Reshape(parameters + ones), weight, name: "\(name).weight")
        return try apply(Binary(.prelu), x, slopes, name: name)
    }

    /// `x[begin:end:stride]` on every axis, by Python's rules: negative positions count from the end, others are
    /// clamped, nil is the outermost one.
    ///
    /// - Throws: `invalidArgument` where nothing is left, a stride is 0 or a range of a dynamic axis is asked for.
    public mutating func slice(
        _ x: ValueID, begin: [Int?], end: [Int?], stride: [Int], name: String = "slice"
    ) throws -> ValueID {
        let shape = type(of: x).shape
        guard begin.count == shape.count, end.count == shape.count, stride.count == shape.count else {
            throw OssicleError(
                .invalidArgument,
                "\(name): begin, end and stride must have one entry for each axis of \(shape.text)")
        }
        var value = x
        for axis in shape.indices {
            if begin[axis] == nil, end[axis] == nil, stride[axis] == 1 { continue }
            guard let extent = shape[axis].fixedValue else {
                throw OssicleError(.unsupported, "\(name): axis \(axis) of \(shape.text) is dynamic")
            }
            guard stride[axis] != 0 else {
                throw OssicleError(.invalidArgument, "\(name): a stride of 0 along axis \(axis)")
            }
            let forward = stride[axis] > 0
            func position(_ index: Int?, _ otherwise: Int) -> Int {
                guard let index else { return otherwise }
                let absolute = index < 0 ? index + extent : index
                return forward ? min(max(absolute, 0), extent) : min(max(absolute, -1), extent - 1)
            }
            let first = position(begin[axis], forward ? 0 : extent - 1)
            let last = position(end[axis], forward ? extent : -1)
            let span = forward ? last - first : first - last
            let count = max(0, (span + abs(stride[axis]) - 1) / abs(stride[axis]))
            guard count > 0 else {
                throw OssicleError(
                    .invalidArgument, "\(name): nothing is left of axis \(axis) of \(shape.text)")
            }
            if first == 0, count == extent, stride[axis] == 1 { continue }
            value = try apply(
                Slice(axis: axis, start: first, count: .fixed(count), step: stride[axis]), value,
                name: "\(name).\(axis)")
        }
        return value
    }

    /// Joins values of one shape along a new axis.
    public mutating func stack(_ values: [ValueID], axis: Int, name: String = "stack") throws -> ValueID {
        let parts = try values.enumerated().map { i, value in
            let shape = type(of: value).shape
            guard (0...shape.count).contains(axis) else {
                throw OssicleError(.invalidArgument, "\(name): axis \(axis) is not a place in \(shape.text)")
            }
            return try apply(
                Reshape(shape[..<axis] + [.fixed(1)] + shape[axis...]), value, name: "\(name).\(i)")
        }
        return try add(Concat(axis: axis), parts, name: name)[0]
    }

    /// Parts of these sizes along an axis.
    public mutating func split(
        _ x: ValueID, sizes: [Int], axis: Int, name: String = "split"
    ) throws -> [ValueID] {
        let shape = type(of: x).shape
        guard shape.indices.contains(axis), shape[axis] == .fixed(sizes.reduce(0, +)) else {
            throw OssicleError(
                .shapeMismatch, "\(name): parts of \(sizes) do not make up axis \(axis) of \(shape.text)")
        }
        var start = 0
        return try sizes.enumerated().map { i, size in
            defer { start += size }
            return try apply(
                Slice(axis: axis, start: start, count: .fixed(size)), x, name: "\(name).\(i)")
        }
    }

    /// |x| of integers.
    public mutating func integerMagnitude(_ x: ValueID, name: String = "abs") throws -> ValueID {
        let zero = constant("\(name).zero", try Tensor([Int32(0)], shape: []))
        let negated = try apply(Binary(.subtract), zero, x, name: "\(name).negated")
        return try apply(Binary(.maximum), x, negated, name: name)
    }

    /// log Σ eˣ along axes, with the largest element taken off first so that nothing overflows.
    public mutating func logSumExp(
        _ x: ValueID, axes: [Int], keepsAxes: Bool, name: String = "log_sum_exp"
    ) throws -> ValueID {
        let top = try apply(Reduce(.max, axes: axes, keepsAxes: true), x, name: "\(name).max")
        // An infinite top would give ∞ - ∞.
        let bound = Unary(
            Activation(.hardtanh, alpha: -.greatestFiniteMagnitude, beta: .greatestFiniteMagnitude))
        let finite = try apply(bound, top, name: "\(name).finite")
        let off = try apply(Binary(.subtract), x, finite, name: "\(name).off")
        let terms = try apply(Unary(Activation(.exp)), off, name: "\(name).exp")
        let sum = try apply(Reduce(.sum, axes: axes, keepsAxes: true), terms, name: "\(name).sum")
        let log = try apply(Unary(Activation(.log)), sum, name: "\(name).log")
        let result = try apply(Binary(.add), log, finite, name: keepsAxes ? name : "\(name).kept")
        if keepsAxes { return result }
        let shape = type(of: result).shape.indices.filter { !axes.contains($0) }.map {
            type(of: result).shape[$0]
        }
        return try apply(Reshape(shape), result, name: name)
    }

    /// Keeps the diagonals from `lower` below to `upper` above the main one of the last two axes, with zeros elsewhere;
    /// negative numbers keep all: Core ML's `band_part`.
    public mutating func bandPart(
        _ x: ValueID, lower: Int, upper: Int, name: String = "band_part"
    ) throws -> ValueID {
        let tail = type(of: x).shape.suffix(2).compactMap(\.fixedValue)
        guard tail.count == 2 else {
            throw OssicleError(
                .shapeMismatch, "\(name): \(type(of: x).shape.text) does not end in a fixed matrix")
        }
        let mask = (0..<tail[0]).flatMap { i in
            (0..<tail[1]).map { j in (lower < 0 || i - j <= lower) && (upper < 0 || j - i <= upper) }
        }
        let kept = constant("\(name).mask", try Tensor(mask, shape: tail))
        let zero = try constantZero(type(of: x).dataType, name: "\(name).zero")
        return try add(Select(), [kept, x, zero], name: name)[0]
    }

    private mutating func constantZero(_ type: DataType, name: String) throws -> ValueID {
        switch type.computed {
        case .int32: constant(name, try Tensor([0] as [Int32], shape: []))
        case .bool: constant(name, try Tensor([false], shape: []))
        default: constant(name, try Tensor([0] as [Float], shape: []))
        }
    }

    /// `[N, C·r², H, W]` to `[N, C, H·r, W·r]`: PyTorch's `PixelShuffle`.
    ///
    /// - Throws: `shapeMismatch` when the channels are no multiple of r².
    public mutating func pixelShuffle(_ x: ValueID, factor: Int, name: String = "pixel_shuffle") throws
        -> ValueID
    {
        let shape = type(of: x).shape
        guard shape.count == 4, factor > 0, let channels = shape[1].fixedValue,
            channels % (factor * factor) == 0
        else {
            throw OssicleError(
                .shapeMismatch, "\(name): expected [N, C·\(factor)², H, W], found \(shape.text)")
        }
        let (c, r) = (Dim.fixed(channels / (factor * factor)), Dim.fixed(factor))
        let split = try apply(Reshape([shape[0], c, r, r, shape[2], shape[3]]), x, name: "\(name).split")
        let ordered = try apply(Transpose([0, 1, 4, 2, 5, 3]), split, name: "\(name).order")
        return try apply(Reshape([shape[0], c, shape[2] * r, shape[3] * r]), ordered, name: name)
    }
}
