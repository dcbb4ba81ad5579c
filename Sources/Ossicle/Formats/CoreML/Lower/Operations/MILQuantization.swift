/// Quantisation of values while the model runs (coremltools `ops/defs/iOS17/quantization_ops.py`). Constants are
/// expanded by `MILDecompression`.
enum MILQuantization {
    static let rules: [String: MILLowering.Rule] = ["quantize": quantize, "dequantize": dequantize]

    /// clip(round(input / scale) + zero_point).
    private static func quantize(_ call: MILCall) throws -> [MILLowered] {
        let input = try call.tensor("input")
        let (scale, zero) = try parameters(call, of: input)
        let kind = try call.string("output_dtype")
        guard let range = MILElementType(spelling: kind)?.integerRange else {
            throw OssicleError(.unsupported, "output_dtype \(Quoting.quoted(kind))")
        }
        var value = try call.apply(Unary(Activation(.round)), call.apply(Binary(.divide), input, scale))
        if let zero { value = try call.apply(Binary(.add), value, zero) }
        let clipped = Activation(.hardtanh, alpha: Float(range.lowerBound), beta: Float(range.upperBound))
        return [.tensor(try call.cast(call.apply(Unary(clipped), value), to: .int32))]
    }

    /// scale · (input - zero_point).
    private static func dequantize(_ call: MILCall) throws -> [MILLowered] {
        var value = try call.cast(call.tensor("input"), to: .float32)
        let (scale, zero) = try parameters(call, of: value)
        if let zero { value = try call.apply(Binary(.subtract), value, zero) }
        return [.tensor(try call.apply(Binary(.multiply), value, scale))]
    }

    /// Scale and zero point, one number or one for each index of `axis`, in a shape that broadcasts.
    private static func parameters(
        _ call: MILCall, of id: ValueID
    ) throws -> (scale: ValueID, zero: ValueID?) {
        func shaped(_ parameter: String) throws -> ValueID {
            let values = try call.constant(parameter).floats()
            if values.count == 1 { return try call.constant(values[0]) }
            let axis = try call.axis(call.integer("axis"), rank: call.rank(id))
            let trailing = [Int](repeating: 1, count: call.rank(id) - axis - 1)
            return try call.constant(values, [values.count] + trailing)
        }
        return (try shaped("scale"), call.has("zero_point") ? try shaped("zero_point") : nil)
    }
}
