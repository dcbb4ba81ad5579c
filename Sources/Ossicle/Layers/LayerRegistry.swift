/// PyTorch's modules by class name. `1D` may be written for `1d`.
enum LayerRegistry {
    typealias Maker = @Sendable (inout LayerArguments) throws -> any Layer

    /// - Throws: `unsupported` for an unknown class, `invalidArgument` naming the argument.
    static func make(_ module: String, _ arguments: String?) throws -> any Layer {
        let name = module.hasSuffix("1D") ? module.dropLast(2) + "1d" : module
        guard let maker = makers[name] else {
            throw OssicleError(
                .unsupported,
                "there is no module '\(module)'; known are \(makers.keys.sorted().joined(separator: ", "))")
        }
        var reader: LayerArguments
        do {
            reader = try LayerArguments(module: name, json: JSON.parse(arguments ?? "{}"))
        } catch let error as OssicleError {
            throw OssicleError(.invalidArgument, "\(module): arguments: \(error.message)")
        }
        let layer = try maker(&reader)
        try reader.finish()
        return layer
    }

    private static let makers: [String: Maker] = {
        var all: [String: Maker] = [:]
        for group in [weighted, activations, shapes, norms, sampling] { all.merge(group) { $1 } }
        return all
    }()

    private static let weighted: [String: Maker] = [
        "Linear": { a in
            try Linear(
                inFeatures: a.int("in_features"), outFeatures: a.int("out_features"),
                bias: a.bool("bias", default: true))
        },
        "LSTM": { a in
            let sizes = try recurrent(&a)
            return try LSTM(
                inputSize: sizes.0, hiddenSize: sizes.1, numLayers: sizes.2, bias: sizes.3,
                bidirectional: sizes.4)
        },
        "GRU": { a in
            let sizes = try recurrent(&a)
            return try GRU(
                inputSize: sizes.0, hiddenSize: sizes.1, numLayers: sizes.2, bias: sizes.3,
                bidirectional: sizes.4)
        },
        "Conv1d": { a in
            let padding: Conv1D.Padding
            switch try a.intOrString("padding", default: 0) {
            case (let count?, _): padding = .frames(count)
            case (_, "same"): padding = .same
            case (_, "causal"): padding = .causal
            case (_, "valid"): padding = .frames(0)
            case (_, let word):
                throw OssicleError(
                    .invalidArgument, "Conv1d: padding '\(word ?? "")' is none of 'valid', 'same', 'causal'")
            }
            let word = try a.string("padding_mode", default: "zeros")
            let modes: [String: PaddingMode] = [
                "zeros": .zeros, "reflect": .reflect, "replicate": .replicate, "circular": .circular,
            ]
            guard let mode = modes[word] else {
                throw OssicleError(
                    .invalidArgument,
                    "Conv1d: padding_mode '\(word)' is none of 'zeros', 'reflect', 'replicate', 'circular'")
            }
            return try Conv1D(
                inChannels: a.int("in_channels"), outChannels: a.int("out_channels"),
                kernelSize: a.int("kernel_size"),
                stride: a.int("stride", default: 1), padding: padding,
                dilation: a.int("dilation", default: 1),
                groups: a.int("groups", default: 1), bias: a.bool("bias", default: true), paddingMode: mode)
        },
        "ConvTranspose1d": { a in
            guard try a.string("padding_mode", default: "zeros") == "zeros" else {
                throw OssicleError(.invalidArgument, "ConvTranspose1d: only padding_mode 'zeros' exists")
            }
            return try ConvTranspose1D(
                inChannels: a.int("in_channels"), outChannels: a.int("out_channels"),
                kernelSize: a.int("kernel_size"),
                stride: a.int("stride", default: 1), padding: a.int("padding", default: 0),
                outputPadding: a.int("output_padding", default: 0), groups: a.int("groups", default: 1),
                bias: a.bool("bias", default: true), dilation: a.int("dilation", default: 1))
        },
    ]

    private static func recurrent(_ a: inout LayerArguments) throws -> (Int, Int, Int, Bool, Bool) {
        guard try a.bool("batch_first", default: true) else {
            throw OssicleError(.invalidArgument, "\(a.module): only batch_first=True is supported")
        }
        guard try a.int("proj_size", default: 0) == 0 else {
            throw OssicleError(.invalidArgument, "\(a.module): proj_size is not supported")
        }
        a.ignore("dropout")
        return try (
            a.int("input_size"), a.int("hidden_size"), a.int("num_layers", default: 1),
            a.bool("bias", default: true),
            a.bool("bidirectional", default: false)
        )
    }

    private static let shapes: [String: Maker] = [
        "Flatten": { a in
            try Flatten(startDim: a.int("start_dim", default: 1), endDim: a.int("end_dim", default: -1))
        },
        "Permute": { a in Permute(dims: try a.ints("dims")) },
        "Identity": { _ in Identity() },
        "Dropout": { a in
            a.ignore("p", "inplace")
            return Identity("Dropout")
        },
    ]

    private static func plain(_ module: String, _ kind: Activation.Kind) -> Maker {
        { a in
            a.ignore("inplace")
            return ActivationLayer(module, Activation(kind))
        }
    }

    private static let activations: [String: Maker] = [
        "ReLU": plain("ReLU", .relu), "SELU": plain("SELU", .selu), "Sigmoid": plain("Sigmoid", .sigmoid),
        "Tanh": plain("Tanh", .tanh), "SiLU": plain("SiLU", .silu), "Softsign": plain("Softsign", .softsign),
        "Mish": plain("Mish", .mish), "Hardsigmoid": plain("Hardsigmoid", .hardsigmoid),
        "Hardswish": plain("Hardswish", .hardswish), "FastTanh": plain("FastTanh", .fastTanh),
        "ReLU6": { a in
            a.ignore("inplace")
            return ActivationLayer("ReLU6", Activation(.hardtanh, alpha: 0, beta: 6))
        },
        "LeakyReLU": { a in
            a.ignore("inplace")
            return ActivationLayer(
                "LeakyReLU", Activation(.leakyRelu, alpha: try a.float("negative_slope", default: 0.01)))
        },
        "ELU": { a in
            a.ignore("inplace")
            return ActivationLayer("ELU", Activation(.elu, alpha: try a.float("alpha", default: 1)))
        },
        "GELU": { a in
            switch try a.string("approximate", default: "none") {
            case "none": return ActivationLayer("GELU", Activation(.gelu))
            case "tanh": return ActivationLayer("GELU", Activation(.geluTanh))
            case let word:
                throw OssicleError(
                    .invalidArgument, "GELU: approximate '\(word)' is neither 'none' nor 'tanh'")
            }
        },
        "Softplus": { a in
            ActivationLayer(
                "Softplus",
                Activation(
                    .softplus, alpha: try a.float("beta", default: 1),
                    beta: try a.float("threshold", default: 20)))
        },
        "Hardtanh": { a in
            a.ignore("inplace")
            let (low, high) = (try a.float("min_val", default: -1), try a.float("max_val", default: 1))
            guard low < high else {
                throw OssicleError(.invalidArgument, "Hardtanh: min_val \(low) is not below max_val \(high)")
            }
            return ActivationLayer("Hardtanh", Activation(.hardtanh, alpha: low, beta: high))
        },
    ]
}
