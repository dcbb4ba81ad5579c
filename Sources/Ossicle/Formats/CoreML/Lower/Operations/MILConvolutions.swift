/// Convolutions (coremltools `ops/defs/iOS15/conv.py`).
enum MILConvolutions {
    static let rules: [String: MILLowering.Rule] = ["conv": conv, "conv_transpose": transposed]

    private static func conv(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let (weight, groups) = (try call.tensor("weight"), try call.integer("groups", default: 1))
        let axes = try call.windows(kernel: Array(call.shape(weight).dropFirst(2)), of: x)
        guard groups > 0 else { throw OssicleError(.malformed, "groups must be positive, found \(groups)") }
        let bias = try call.optionalTensor("bias")
        let convolution = Convolution(axes: axes, groups: groups, hasBias: bias != nil)
        return [.tensor(try call.add(convolution, [x, weight] + [bias].compactMap { $0 })[0])]
    }

    /// The full result is (n - 1) · stride + span long; `pad` crops it, and `output_shape` says how long it is.
    private static func transposed(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let weight = try call.constant("weight")
        let (shape, kernel) = (call.shape(x), Array(weight.shape.dropFirst(2)))
        let spatial = shape.count - 2
        guard spatial == 1, kernel.count == spatial else {
            throw OssicleError(.unsupported, "\(spatial) spatial axes with a weight of shape \(weight.shape)")
        }
        let strides = try call.positive("strides", count: spatial)
        let dilations = try call.positive("dilations", count: spatial)
        let groups = try call.integer("groups", default: 1)
        guard groups > 0 else { throw OssicleError(.malformed, "groups must be positive, found \(groups)") }
        let kind = try call.string("pad_type", default: "valid")
        let pad = kind == "custom" ? try call.pads(count: spatial) : [Int](repeating: 0, count: 2 * spatial)
        let stated = try call.has("output_shape") ? call.integers("output_shape") : nil
        if let stated, stated.count != spatial, stated.count != shape.count {
            throw OssicleError(.malformed, "output_shape \(stated) for an input of shape \(shape)")
        }
        var axes: [ConvolutionAxis] = []
        var extra: [Int] = []
        for i in 0..<spatial {
            var axis = ConvolutionAxis(stride: strides[i], dilation: dilations[i])
            let full = (shape[2 + i] - 1) * axis.stride + axis.span(kernel[i])
            var length = full - pad[2 * i] - pad[2 * i + 1]
            if kind.hasPrefix("same") { length = shape[2 + i] * axis.stride }
            if let stated { length = stated[stated.count - spatial + i] }
            guard length > 0 else { throw OssicleError(.malformed, "axis \(2 + i) would have \(length) elements") }
            switch kind {
            case "custom", "valid": axis.padBegin = pad[2 * i]
            case "same": axis.padBegin = max(full - length, 0) / 2
            case "same_lower": axis.padBegin = (max(full - length, 0) + 1) / 2
            default: throw OssicleError(.unsupported, "pad_type \(Quoting.quoted(kind))")
            }
            let rest = full - axis.padBegin - length
            axis.padEnd = max(rest, 0)
            extra.append(max(-rest, 0))
            axes.append(axis)
        }
        let bias = try call.optionalTensor("bias")
        let inputs = [x, try call.tensor("weight")] + [bias].compactMap { $0 }
        let operation = TransposedConvolution(
            axis: axes[0], outputPadding: extra[0], groups: groups, hasBias: bias != nil)
        return [.tensor(try call.add(operation, inputs)[0])]
    }
}

extension MILCall {
    /// One number for each spatial axis, 1 where nothing is said.
    func positive(_ parameter: String, count: Int) throws -> [Int] {
        let values = try expect(
            parameter, integers(parameter, default: [Int](repeating: 1, count: count)), count: count)
        guard values.allSatisfy({ $0 > 0 }) else {
            throw OssicleError(.malformed, "parameter \(Quoting.quoted(parameter)) must be positive, found \(values)")
        }
        return values
    }

    /// Pairs of paddings, front to back.
    func pads(count: Int) throws -> [Int] {
        let pads = try expect("pad", integers("pad", default: [Int](repeating: 0, count: 2 * count)), count: 2 * count)
        guard pads.allSatisfy({ $0 >= 0 }) else {
            throw OssicleError(.malformed, "parameter 'pad' must not be negative, found \(pads)")
        }
        return pads
    }

    /// The windows of a convolution or pooling over the axes of `id` behind the second.
    func windows(kernel: [Int], of id: ValueID) throws -> [ConvolutionAxis] {
        let shape = shape(id)
        let spatial = shape.count - 2
        guard (1...2).contains(spatial), kernel.count == spatial, kernel.allSatisfy({ $0 > 0 }) else {
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
