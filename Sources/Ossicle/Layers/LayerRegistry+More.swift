extension LayerRegistry {
    static let norms: [String: Maker] = [
        "BatchNorm1d": { a in
            a.ignore("momentum")
            guard try a.bool("track_running_stats", default: true) else {
                throw OssicleError(.unsupported, "BatchNorm1d: inference needs track_running_stats")
            }
            return try BatchNorm1D(
                numFeatures: a.int("num_features"), eps: a.float("eps", default: 1e-5),
                affine: a.bool("affine", default: true))
        },
        "InstanceNorm1d": { a in
            a.ignore("momentum")
            let features = try a.int("num_features"), eps = try a.float("eps", default: 1e-5)
            let affine = try a.bool("affine", default: false)
            if try a.bool("track_running_stats", default: false) {
                return try BatchNorm1D(
                    numFeatures: features, eps: eps, affine: affine, module: "InstanceNorm1d")
            }
            return try GroupNorm(
                numGroups: features, numChannels: features, eps: eps, affine: affine, module: "InstanceNorm1d"
            )
        },
        "GroupNorm": { a in
            try GroupNorm(
                numGroups: a.int("num_groups"), numChannels: a.int("num_channels"),
                eps: a.float("eps", default: 1e-5),
                affine: a.bool("affine", default: true))
        },
        "LayerNorm": { a in
            try LayerNorm(
                normalizedShape: a.ints("normalized_shape"), eps: a.float("eps", default: 1e-5),
                affine: a.bool("elementwise_affine", default: true), bias: a.bool("bias", default: true))
        },
        "RMSNorm": { a in
            try RMSNorm(
                normalizedShape: a.ints("normalized_shape"), eps: a.optionalFloat("eps"),
                affine: a.bool("elementwise_affine", default: true))
        },
        "PReLU": { a in
            a.ignore("init")
            return try PReLU(numParameters: a.int("num_parameters", default: 1))
        },
        "Softmax": { a in SoftmaxLayer(dim: try a.int("dim")) },
        "LogSoftmax": { a in SoftmaxLayer(dim: try a.int("dim"), isLogarithm: true) },
        "GLU": { a in GLU(dim: try a.int("dim", default: -1)) },
    ]

    static let sampling: [String: Maker] = [
        "MaxPool1d": { a in
            guard try !a.bool("return_indices", default: false) else {
                throw OssicleError(.unsupported, "MaxPool1d: return_indices is not supported")
            }
            return try Pool1D(
                .max, kernelSize: a.int("kernel_size"), stride: a.optionalInt("stride"),
                padding: a.int("padding", default: 0), dilation: a.int("dilation", default: 1),
                ceilMode: a.bool("ceil_mode", default: false))
        },
        "AvgPool1d": { a in
            try Pool1D(
                .average, kernelSize: a.int("kernel_size"), stride: a.optionalInt("stride"),
                padding: a.int("padding", default: 0), ceilMode: a.bool("ceil_mode", default: false),
                countIncludePad: a.bool("count_include_pad", default: true))
        },
        "AdaptiveAvgPool1d": { a in try AdaptivePool1D(.average, outputSize: a.int("output_size")) },
        "AdaptiveMaxPool1d": { a in try AdaptivePool1D(.max, outputSize: a.int("output_size")) },
        "Upsample": { a in
            let word = try a.string("mode", default: "nearest")
            guard let mode = ["nearest": Resize.Mode.nearest, "linear": .linear][word] else {
                throw OssicleError(.unsupported, "Upsample: mode '\(word)' is neither 'nearest' nor 'linear'")
            }
            let size = try a.optionalInt("size"), factor = try a.optionalDouble("scale_factor")
            guard (size == nil) != (factor == nil) else {
                throw OssicleError(
                    .invalidArgument, "Upsample: exactly one of size and scale_factor must be given")
            }
            return try Upsample(
                mode, size.map { .extent($0) } ?? .factor(factor!),
                alignCorners: a.bool("align_corners", default: false),
                recomputesFactor: a.bool("recompute_scale_factor", default: false))
        },
        "ZeroPad1d": padding("ZeroPad1d", .zeros),
        "ConstantPad1d": padding("ConstantPad1d", .zeros),
        "ReflectionPad1d": padding("ReflectionPad1d", .reflect),
        "ReplicationPad1d": padding("ReplicationPad1d", .replicate),
        "CircularPad1d": padding("CircularPad1d", .circular),
    ]

    private static func padding(_ module: String, _ mode: PaddingMode) -> Maker {
        { a in
            let amounts = try a.ints("padding")
            guard 1...2 ~= amounts.count else {
                throw OssicleError(
                    .invalidArgument, "\(module): padding takes one or two numbers, found \(amounts)")
            }
            let value = module == "ConstantPad1d" ? try a.float("value", default: 0) : 0
            return try Pad1D(module, mode, begin: amounts[0], end: amounts.last!, value: value)
        }
    }
}
