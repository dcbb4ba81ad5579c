/// Convolutions (coremltools `ops/defs/iOS15/conv.py`).
enum MILConvolutions {
    static let rules: [String: MILLowering.Rule] = ["conv": conv, "conv_transpose": transposed]

    private static func conv(_ call: MILCall) throws -> [MILLowered] {
        let (x, weight) = (try call.tensor("x"), try call.tensor("weight"))
        let groups = try call.groups()
        let axes = try call.windows(kernel: Array(call.shape(weight).dropFirst(2)), of: x, upTo: 3)
        let isFixed = axes.count < 3 && call.isConstant("weight")
        return try withBias(call, fuses: isFixed) { bias in
            guard isFixed else { return try product(call, x, weight, axes, groups: groups) }
            let convolution = Convolution(axes: axes, groups: groups, hasBias: bias != nil)
            return try call.add(convolution, [x, weight] + [bias].compactMap { $0 })[0]
        }
    }

    /// The full result is (n - 1) · stride + span long; `pad` crops it, and `output_shape` says how long it is.
    private static func transposed(_ call: MILCall) throws -> [MILLowered] {
        let (x, weight) = (try call.tensor("x"), try call.tensor("weight"))
        let (shape, kernel) = (call.shape(x), Array(call.shape(weight).dropFirst(2)))
        let groups = try call.groups()
        guard (1...3).contains(kernel.count), shape.count == kernel.count + 2, !kernel.contains(0) else {
            throw OssicleError(
                .unsupported, "an input of shape \(shape) with a weight of shape \(call.shape(weight))")
        }
        guard shape[1] == call.shape(weight)[0], shape[1] % groups == 0 else {
            throw OssicleError(
                .malformed, "\(groups) groups of \(shape[1]) channels, weight \(call.shape(weight))")
        }
        let croppings = try croppings(call, shape, kernel)
        let (axes, extra) = (croppings.map(\.axis), croppings.map(\.extra))
        let isFixed = axes.count < 3 && call.isConstant("weight")
        return try withBias(call, fuses: isFixed) { bias in
            guard isFixed else {
                return try transposedProduct(call, x, weight, axes, extra: extra, groups: groups)
            }
            if axes.count == 2 {
                return try call.lowering.graph.transposedConvolution2D(
                    x, weight: weight, bias: bias, axes: axes, outputPadding: extra, groups: groups,
                    name: call.name)
            }
            let operation = TransposedConvolution(
                axis: axes[0], outputPadding: extra[0], groups: groups, hasBias: bias != nil)
            return try call.add(operation, [x, weight] + [bias].compactMap { $0 })[0]
        }
    }

    /// What `convolve` gives and the bias: a constant one may go along, any other is added.
    private static func withBias(
        _ call: MILCall, fuses: Bool, _ convolve: (_ bias: ValueID?) throws -> ValueID
    ) throws -> [MILLowered] {
        guard let bias = try call.optionalTensor("bias") else { return [.tensor(try convolve(nil))] }
        if fuses, call.isConstant("bias") { return [.tensor(try convolve(bias))] }
        let y = try convolve(nil)
        let ones = [Int](repeating: 1, count: call.rank(y) - 2)
        guard call.shape(bias) == [call.shape(y)[1]] else {
            throw OssicleError(
                .malformed, "a bias of shape \(call.shape(bias)) for \(call.shape(y)[1]) channels")
        }
        return [.tensor(try call.apply(Binary(.add), y, call.reshape(bias, call.shape(bias) + ones)))]
    }

    /// What is taken off the full result along each axis, or put behind it.
    private static func croppings(
        _ call: MILCall, _ shape: [Int], _ kernel: [Int]
    ) throws -> [(axis: ConvolutionAxis, extra: Int)] {
        let count = kernel.count
        let strides = try call.positive("strides", count: count)
        let dilations = try call.positive("dilations", count: count)
        let kind = try call.string("pad_type", default: "valid")
        let pad = kind == "custom" ? try call.pads(count: count) : [Int](repeating: 0, count: 2 * count)
        let stated = try call.has("output_shape") ? call.integers("output_shape") : nil
        if let stated, stated.count != count, stated.count != shape.count {
            throw OssicleError(.malformed, "output_shape \(stated) for an input of shape \(shape)")
        }
        return try (0..<count).map { i in
            var axis = ConvolutionAxis(stride: strides[i], dilation: dilations[i])
            let full = (shape[2 + i] - 1) * axis.stride + axis.span(kernel[i])
            var length =
                kind.hasPrefix("same") ? shape[2 + i] * axis.stride : full - pad[2 * i] - pad[2 * i + 1]
            if let stated { length = stated[stated.count - count + i] }
            guard (1...CoreMLLimits.elements).contains(length) else {
                throw OssicleError(.malformed, "axis \(2 + i) would have \(length) elements")
            }
            let spare = max(full - length, 0)
            switch kind {
            case "custom", "valid": axis.padBegin = pad[2 * i]
            case "same": axis.padBegin = spare / 2
            case "same_lower": axis.padBegin = spare - spare / 2
            default: throw OssicleError(.unsupported, "pad_type \(Quoting.quoted(kind))")
            }
            let rest = full - axis.padBegin - length
            axis.padEnd = max(rest, 0)
            return (axis, max(-rest, 0))
        }
    }
}

extension MILCall {
    fileprivate func groups() throws -> Int {
        let groups = try integer("groups", default: 1)
        guard groups > 0 else { throw OssicleError(.malformed, "groups must be positive, found \(groups)") }
        return groups
    }

    /// One number for each spatial axis, 1 where nothing is said.
    func positive(_ parameter: String, count: Int) throws -> [Int] {
        let values = try expect(
            parameter, integers(parameter, default: [Int](repeating: 1, count: count)), count: count)
        guard values.allSatisfy({ (1...CoreMLLimits.window).contains($0) }) else {
            throw OssicleError(
                .malformed, "parameter \(Quoting.quoted(parameter)) must be positive, found \(values)")
        }
        return values
    }

    /// Pairs of paddings, front to back.
    func pads(count: Int) throws -> [Int] {
        let pads = try expect(
            "pad", integers("pad", default: [Int](repeating: 0, count: 2 * count)), count: 2 * count)
        guard pads.allSatisfy({ (0...CoreMLLimits.window).contains($0) }) else {
            throw OssicleError(.malformed, "parameter 'pad' must not be negative, found \(pads)")
        }
        return pads
    }

    /// The windows of a convolution or pooling over the axes of `id` behind the second.
    func windows(kernel: [Int], of id: ValueID, upTo rank: Int = 2) throws -> [ConvolutionAxis] {
        let shape = shape(id)
        let spatial = shape.count - 2
        guard (1...rank).contains(spatial), kernel.count == spatial,
            kernel.allSatisfy({ (1...CoreMLLimits.window).contains($0) })
        else {
            throw OssicleError(.unsupported, "a window of \(kernel) over an input of shape \(shape)")
        }
        let strides = try positive("strides", count: spatial)
        let dilations = try positive("dilations", count: spatial)
        let kind = try string("pad_type", default: "valid")
        let pads = kind == "custom" ? try pads(count: spatial) : [Int](repeating: 0, count: 2 * spatial)
        return try (0..<spatial).map { i in
            var axis = ConvolutionAxis(
                stride: strides[i], dilation: dilations[i], padBegin: pads[2 * i], padEnd: pads[2 * i + 1])
            let outputs = (shape[2 + i] + axis.stride - 1) / axis.stride
            let total = max((outputs - 1) * axis.stride + axis.span(kernel[i]) - shape[2 + i], 0)
            switch kind {
            case "custom", "valid": break
            case "same": (axis.padBegin, axis.padEnd) = (total / 2, total - total / 2)
            case "same_lower": (axis.padBegin, axis.padEnd) = (total - total / 2, total / 2)
            default: throw OssicleError(.unsupported, "pad_type \(Quoting.quoted(kind))")
            }
            return axis
        }
    }
}
