/// Convolutions (coremltools `ops/defs/iOS15/conv.py`).
enum MILConvolutions {
    static let rules: [String: MILLowering.Rule] = ["conv": conv, "conv_transpose": transposed]

    private static func conv(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let (weight, groups) = (try call.tensor("weight"), try call.integer("groups", default: 1))
        var axes: [ConvolutionAxis] = []
        try call.require(
            call.isKnown("weight", "bias") + [
                {
                    axes = try call.windows(kernel: Array(call.shape(weight).dropFirst(2)), of: x)
                    return nil
                }
            ])
        guard groups > 0 else { throw OssicleError(.malformed, "groups must be positive, found \(groups)") }
        let bias = try call.optionalTensor("bias")
        let convolution = Convolution(axes: axes, groups: groups, hasBias: bias != nil)
        return [.tensor(try call.add(convolution, [x, weight] + [bias].compactMap { $0 })[0])]
    }

    /// The full result is (n - 1) · stride + span long; `pad` crops it, and `output_shape` says how long it is.
    private static func transposed(_ call: MILCall) throws -> [MILLowered] {
        let (x, weight) = (try call.tensor("x"), try call.tensor("weight"))
        let (shape, kernel) = (call.shape(x), Array(call.shape(weight).dropFirst(2)))
        try call.require(
            call.isKnown("weight", "bias") + [
                {
                    (1...2).contains(kernel.count) && shape.count == kernel.count + 2
                        ? nil : "an input of shape \(shape) with a weight of shape \(call.shape(weight))"
                }
            ])
        let groups = try call.integer("groups", default: 1)
        guard groups > 0, shape[1] == call.shape(weight)[0], shape[1] % groups == 0 else {
            throw OssicleError(
                .malformed, "\(groups) groups of \(shape[1]) channels, weight \(call.shape(weight))")
        }
        let bias = try call.optionalTensor("bias")
        let croppings = try croppings(call, shape, kernel)
        let (axes, extra) = (croppings.map(\.axis), croppings.map(\.extra))
        if axes.count == 2 {
            return [
                .tensor(
                    try call.lowering.graph.transposedConvolution2D(
                        x, weight: weight, bias: bias, axes: axes, outputPadding: extra, groups: groups,
                        name: call.name))
            ]
        }
        let operation = TransposedConvolution(
            axis: axes[0], outputPadding: extra[0], groups: groups, hasBias: bias != nil)
        return [.tensor(try call.add(operation, [x, weight] + [bias].compactMap { $0 })[0])]
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
    func windows(kernel: [Int], of id: ValueID) throws -> [ConvolutionAxis] {
        let shape = shape(id)
        let spatial = shape.count - 2
        guard (1...2).contains(spatial), kernel.count == spatial,
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
