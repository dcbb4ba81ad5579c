/// Activation functions with MIL's parameters and defaults (coremltools `ops/defs/iOS15/activation.py`).
enum MILActivations {
    static let rules: [String: MILLowering.Rule] = [
        "relu": { try $0.activation(.relu) },
        "relu6": { try $0.activation(Activation(.hardtanh, alpha: 0, beta: 6)) },
        "leaky_relu": { try $0.activation(Activation(.leakyRelu, alpha: $0.float("alpha", default: 0.01))) },
        "elu": { try $0.activation(Activation(.elu, alpha: $0.float("alpha", default: 1))) },
        "sigmoid": { try $0.activation(.sigmoid) },
        "silu": { try $0.activation(Activation(.silu)) },
        "softplus": { try $0.activation(Activation(.softplus, alpha: 1, beta: 20)) },
        "softsign": { try $0.activation(Activation(.softsign)) },
        "tanh": { try $0.activation(.tanh) },
        "clip": clip,
        "clamped_relu": {
            try $0.activation(Activation(.clampedRelu, alpha: $0.float("alpha"), beta: $0.float("beta")))
        },
        "gelu": gelu,
        "linear_activation": {
            try $0.activation(
                Activation(.linear, alpha: $0.float("alpha"), beta: $0.float("beta", default: 0)))
        },
        "prelu": prelu,
        "scaled_tanh": {
            try $0.activation(
                Activation(
                    .scaledTanh, alpha: $0.float("alpha", default: 1), beta: $0.float("beta", default: 1)))
        },
        "sigmoid_hard": sigmoidHard,
        "softmax": {
            [
                .tensor(
                    try $0.apply(
                        Softmax(axis: $0.axis("axis", default: -1, of: $0.tensor("x"))), $0.tensor("x")))
            ]
        },
        "softplus_parametric": softplusParametric,
        "threshold": { call in
            let (x, low) = try call.alike(call.tensor("x"), call.tensor("alpha"))
            return [.tensor(try call.apply(Binary(.maximum), x, low))]
        },
        "thresholded_relu": {
            try $0.activation(Activation(.thresholdedRelu, alpha: $0.float("alpha", default: 1)))
        },
    ]

    private static func clip(_ call: MILCall) throws -> [MILLowered] {
        let (low, high) = (try call.float("alpha"), try call.float("beta"))
        // A bound that nothing reaches is how tools write "at least" and "at most".
        if low == -.infinity, high == .infinity { return [.tensor(try call.tensor("x"))] }
        if low == 0, high == .infinity { return try call.activation(.relu) }
        return try call.activation(Activation(.hardtanh, alpha: low, beta: high))
    }

    private static func gelu(_ call: MILCall) throws -> [MILLowered] {
        switch try call.string("mode", default: "EXACT") {
        case "EXACT": try call.activation(Activation(.gelu))
        case "TANH_APPROXIMATION": try call.activation(Activation(.geluTanh))
        case "SIGMOID_APPROXIMATION": try call.activation(Activation(.geluSigmoid))
        case let mode: throw OssicleError(.unsupported, "mode \(Quoting.quoted(mode))")
        }
    }

    /// x where positive, else alpha of its channel (axis 1) times x.
    private static func prelu(_ call: MILCall) throws -> [MILLowered] {
        let (x, alpha) = (try call.tensor("x"), try call.constant("alpha").floats())
        if let first = alpha.first, alpha.allSatisfy({ $0 == first }) {
            return try call.activation(Activation(.leakyRelu, alpha: first))
        }
        return [.tensor(try call.apply(Binary(.prelu), x, call.perChannel(alpha, of: x)))]
    }

    /// min(max(alpha · x + beta, 0), 1).
    private static func sigmoidHard(_ call: MILCall) throws -> [MILLowered] {
        let (alpha, beta) = (try call.float("alpha", default: 0.2), try call.float("beta", default: 0.5))
        if abs(alpha - 1 / 6) < 1e-7, beta == 0.5 { return try call.activation(Activation(.hardsigmoid)) }
        return try call.activation(Activation(.clampedLinear, alpha: alpha, beta: beta))
    }

    /// alpha · log(1 + e^(beta · x)), alpha and beta of the channel (axis 1).
    private static func softplusParametric(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let alpha = try call.perChannel(call.constant("alpha").floats(), of: x)
        let beta = try call.perChannel(call.constant("beta").floats(), of: x)
        let inner = try call.apply(Binary(.multiply), x, beta)
        let soft = try call.apply(Unary(Activation(.softplus, alpha: 1, beta: 20)), inner)
        return [.tensor(try call.apply(Binary(.multiply), soft, alpha))]
    }
}

extension MILCall {
    /// Functions of integers are computed in float32, exact up to 2²⁴.
    func activation(_ activation: Activation) throws -> [MILLowered] {
        let x = try tensor("x")
        let y = try apply(Unary(activation), cast(x, to: .float32))
        return [.tensor(try cast(y, to: dataType(x)))]
    }

    /// Numbers for the channels (axis 1) of `id`, in a shape that broadcasts over it.
    func perChannel(_ values: [Float], of id: ValueID) throws -> ValueID {
        let shape = shape(id)
        guard shape.count > 1, values.count == shape[1] else {
            throw OssicleError(.malformed, "\(values.count) numbers for the channels of \(shape)")
        }
        return try constant(values, [values.count] + [Int](repeating: 1, count: shape.count - 2))
    }
}
