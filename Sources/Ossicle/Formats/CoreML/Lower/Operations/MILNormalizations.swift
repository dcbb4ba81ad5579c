/// Normalisations (coremltools `ops/defs/iOS15/normalization.py`).
enum MILNormalizations {
    static let rules: [String: MILLowering.Rule] = [
        "batch_norm": batchNorm,
        "instance_norm": instanceNorm,
        "layer_norm": layerNorm,
        "l2_norm": l2Norm,
        "local_response_norm": localResponseNorm,
    ]

    private static func batchNorm(_ call: MILCall) throws -> [MILLowered] {
        let (weight, bias) = (try call.optionalTensor("gamma"), try call.optionalTensor("beta"))
        let norm = BatchNormalization(
            axis: 1, epsilon: try call.float("epsilon", default: 1e-5), hasWeight: weight != nil,
            hasBias: bias != nil)
        let inputs = [try call.tensor("x"), try call.tensor("mean"), try call.tensor("variance")]
        return [.tensor(try call.add(norm, inputs + [weight, bias].compactMap { $0 })[0])]
    }

    private static func instanceNorm(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        guard call.rank(x) > 2 else { throw OssicleError(.malformed, "an input of shape \(call.shape(x))") }
        let (weight, bias) = (try call.optionalTensor("gamma"), try call.optionalTensor("beta"))
        let norm = GroupNormalization(
            axis: 1, groups: call.shape(x)[1], epsilon: try call.float("epsilon", default: 1e-5),
            hasWeight: weight != nil, hasBias: bias != nil)
        return [.tensor(try call.add(norm, [x] + [weight, bias].compactMap { $0 })[0])]
    }

    private static func layerNorm(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let axes = try call.axes(of: x)
        guard var first = axes.first else { throw OssicleError(.malformed, "no axes") }
        // Axes that are not neighbours become the last ones meanwhile.
        var order = Array(0..<call.rank(x))
        if axes != Array(first..<(first + axes.count)) {
            order = order.filter { !axes.contains($0) } + axes
            first = order.count - axes.count
        }
        let (weight, bias) = (try call.optionalTensor("gamma"), try call.optionalTensor("beta"))
        let norm = LayerNormalization(
            axes: first..<(first + axes.count), epsilon: try call.float("epsilon", default: 1e-5),
            hasWeight: weight != nil, hasBias: bias != nil)
        let inputs = [try call.transpose(x, order)] + [weight, bias].compactMap { $0 }
        let y = try call.add(norm, inputs)[0]
        return [.tensor(try call.transpose(y, order.indices.map { order.firstIndex(of: $0)! }))]
    }

    /// x / √(Σ x² + ε) over the last three axes.
    private static func l2Norm(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let rank = call.rank(x)
        let axes = Array(max(rank - 3, 0)..<rank)
        let sum = try call.apply(Reduce(.sumOfSquares, axes: axes, keepsAxes: true), x)
        let root = try call.apply(
            Unary(Activation(.sqrt)), call.scaled(sum, by: 1, plus: call.float("epsilon", default: 1e-6)))
        return [.tensor(try call.apply(Binary(.divide), x, root))]
    }

    /// x / (k + alpha / size · Σ x²)^beta, the sum over `size` neighbouring channels (axis 1).
    private static func localResponseNorm(_ call: MILCall) throws -> [MILLowered] {
        let (x, size) = (try call.tensor("x"), try call.integer("size"))
        let shape = call.shape(x)
        guard shape.count > 2, size > 0 else {
            throw OssicleError(.malformed, "size \(size) for an input of shape \(shape)")
        }
        let squares = try call.reshape(
            call.apply(Binary(.multiply), x, x), [shape[0], 1, shape[1], shape[2...].reduce(1, *)])
        let window = ConvolutionAxis(padBegin: size / 2, padEnd: (size - 1) / 2)
        let mean = try call.apply(
            Pool(.average, kernel: [size, 1], axes: [window, ConvolutionAxis()], countsPadding: true), squares
        )
        let base = try call.scaled(
            call.reshape(mean, shape), by: call.float("alpha", default: 1e-4),
            plus: call.float("k", default: 1))
        let power = try call.apply(Binary(.power), base, call.constant(call.float("beta", default: 0.75)))
        return [.tensor(try call.apply(Binary(.divide), x, power))]
    }
}
