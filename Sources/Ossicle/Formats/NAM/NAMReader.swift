/// Reads `.nam` files: JSON with one flat list of weights.
///
/// Source of the layout and the order of weights: NeuralAmpModelerCore at commit daae2d0 (MIT), checked against the
/// output of that program.
struct NAMReader {
    let file: String
    let options: LoadOptions
    var weights: FlatWeights
    var budget = HistoryBudget()

    /// - Throws: `malformed`, `weights` or `unsupported`, naming the file and the path in it.
    static func read(_ root: JSON, file: String, options: LoadOptions = LoadOptions()) throws -> NAMModel {
        try naming(file) { try model(root, file: file, options: options) }
    }

    /// The model at `root`, which may be part of another one.
    static func model(_ root: JSON, file: String, options: LoadOptions) throws -> NAMModel {
        let version = try checkedVersion(root.required("version"))
        let name = try root.required("architecture")
        let config = try root.required("config")
        let sampleRate = try root.optional("sample_rate").map(hertz)
        let list = try root.required("weights").floats()
        // Nested models say which of the file's lists a number belongs to.
        let label = root.path.isEmpty ? file : "\(file): \(root.path)"
        var reader = NAMReader(
            file: file, options: options, weights: FlatWeights(list, file: label, options: options))
        let network: NAMModel.Network =
            switch try name.string() {
            case "Linear": .linear(try reader.linear(config))
            case "ConvNet": .convNet(try reader.convNet(config))
            case "LSTM": .lstm(try reader.lstm(config))
            case "WaveNet": .waveNet(try reader.waveNet(config, sampleRate: sampleRate))
            case "SlimmableContainer": .sizes(try reader.sizes(config))
            case let other:
                throw OssicleError(
                    .unsupported, "\(name.path): architecture \(Quoting.quoted(other)) is not supported")
            }
        try reader.weights.finish()
        let metadata = try root.optional("metadata").map(metadata)
        return NAMModel(
            version: version, network: network, sampleRate: sampleRate, metadata: metadata ?? NAMMetadata())
    }

    /// 0.5.0 up to any 0.7: a new minor version may change the meaning of what we read.
    private static func checkedVersion(_ json: JSON) throws -> String {
        let text = try json.string()
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in
            part.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(part) : nil
        }
        guard parts.count == 3, numbers.count == 3 else { throw json.expected("a version such as \"0.5.4\"") }
        guard numbers[0] == 0, (5...7).contains(numbers[1]) else {
            throw OssicleError(
                .unsupported, "\(json.path): expected 0.5.0 to 0.7, found \(Quoting.quoted(text))")
        }
        return text
    }

    private static func hertz(_ json: JSON) throws -> Double {
        let rate = try json.double()
        guard (1...1e7).contains(rate) else { throw json.expected("a sample rate in hertz") }
        return rate
    }

    private static func metadata(_ json: JSON) throws -> NAMMetadata {
        var metadata = NAMMetadata(
            loudness: try json.optional("loudness")?.double(), gain: try json.optional("gain")?.double(),
            inputLevel: try json.optional("input_level_dbu")?.double(),
            outputLevel: try json.optional("output_level_dbu")?.double())
        for (key, value) in try json.members() {
            if case .string(let text) = value.value { metadata.texts.append((key, text)) }
        }
        return metadata
    }
}

// MARK: The simple architectures

extension NAMReader {
    /// The weights are the impulse response, its newest tap first, then the bias.
    fileprivate mutating func linear(_ config: JSON) throws -> FileConvolution {
        let taps = try config.int("receptive_field", in: FileLimits.kernel)
        for key in ["in_channels", "out_channels"] {
            if let channels = try config.optional(key)?.int(in: FileLimits.width), channels != 1 {
                throw OssicleError(
                    .unsupported, "\(config.path).\(key): expected 1 channel for Linear, found \(channels)")
            }
        }
        let response = try weights.take(taps, as: "impulse response")
        return FileConvolution(
            inputs: 1, outputs: 1, kernel: taps, weight: response.reversed(),
            bias: try config.bool("bias") ? try weights.take(1, as: "bias") : nil)
    }

    fileprivate mutating func convNet(_ config: JSON) throws -> NAMConvNet {
        let inputs = try config.optional("in_channels")?.int(in: FileLimits.width) ?? 1
        let outputs = try config.optional("out_channels")?.int(in: FileLimits.width) ?? 1
        let channels = try config.int("channels", in: FileLimits.width)
        let dilations = try config.required("dilations").ints(
            in: FileLimits.dilation, atMost: FileLimits.layers)
        guard !dilations.isEmpty else {
            throw try config.required("dilations").failure("expected at least one block")
        }
        let hasNorm = try config.bool("batchnorm")
        let groups = try config.optional("groups")?.int(in: FileLimits.width) ?? 1
        let activation = try self.activation(config.required("activation"), channels: channels)
        var blocks: [NAMConvNet.Block] = []
        for (i, dilation) in dilations.enumerated() {
            let name = "blocks[\(i)]"
            let convolution = try self.convolution(
                "\(name).conv", i == 0 ? inputs : channels, channels, kernel: 2, dilation: dilation,
                groups: groups, hasBias: !hasNorm)
            let norm = hasNorm ? try self.norm("\(name).batchnorm", channels) : nil
            blocks.append(NAMConvNet.Block(convolution: convolution, norm: norm))
        }
        return NAMConvNet(blocks: blocks, activation: activation, head: try head(channels, outputs))
    }

    private mutating func norm(_ name: String, _ channels: Int) throws -> FileBatchNorm {
        let norm = FileBatchNorm(
            channels: channels, mean: try weights.take(channels, as: "\(name).running_mean"),
            variance: try weights.take(channels, as: "\(name).running_var"),
            gamma: try weights.take(channels, as: "\(name).weight"),
            beta: try weights.take(channels, as: "\(name).bias"),
            epsilon: try weights.take(1, as: "\(name).eps")[0])
        try norm.check(name)
        return norm
    }

    /// Each layer: one matrix `[4H, inputs + H]` (gates i f g o) over input and hidden state side by side, one bias,
    /// and the state to start from.
    fileprivate mutating func lstm(_ config: JSON) throws -> NAMLSTM {
        let inputs = try config.int("input_size", in: FileLimits.width)
        let channels = try config.optional("in_channels")?.int(in: FileLimits.width) ?? 1
        guard channels == inputs else {
            throw config.failure("expected input_size to be in_channels (\(channels)), found \(inputs)")
        }
        let outputs = try config.optional("out_channels")?.int(in: FileLimits.width) ?? 1
        let hidden = try config.int("hidden_size", in: FileLimits.width)
        var layers: [FileRecurrent] = []
        for i in 0..<(try config.int("num_layers", in: 1...FileLimits.layers)) {
            let name = "layers[\(i)]"
            let width = i == 0 ? inputs : hidden
            let matrix = try weights.take(shape: [4 * hidden, width + hidden], as: "\(name).weight")
            var layer = FileRecurrent(
                cell: .lstm, inputs: width, hidden: hidden, weightIH: [], weightHH: [],
                biasIH: try weights.take(4 * hidden, as: "\(name).bias"),
                biasHH: [Float](repeating: 0, count: 4 * hidden))
            layer.h0 = try weights.take(hidden, as: "\(name).h0")
            layer.c0 = try weights.take(hidden, as: "\(name).c0")
            for row in stride(from: 0, to: matrix.count, by: width + hidden) {
                layer.weightIH += matrix[row..<(row + width)]
                layer.weightHH += matrix[(row + width)..<(row + width + hidden)]
            }
            layers.append(layer)
        }
        return NAMLSTM(layers: layers, head: try head(hidden, outputs))
    }

    private mutating func head(_ inputs: Int, _ outputs: Int) throws -> FileLinear {
        FileLinear(
            inputs: inputs, outputs: outputs,
            weight: try weights.take(shape: [outputs, inputs], as: "head.weight"),
            bias: try weights.take(outputs, as: "head.bias"))
    }

    fileprivate func sizes(_ config: JSON) throws -> [(maxValue: Double, model: NAMModel)] {
        let list = try config.required("submodels")
        var sizes: [(maxValue: Double, model: NAMModel)] = []
        for entry in try list.elements(atMost: 256) {
            let model = try NAMReader.model(entry.required("model"), file: file, options: options)
            let maxValue = try entry.double("max_value")
            guard sizes.last.map({ $0.maxValue < maxValue }) ?? true else {
                throw entry.failure("expected ascending max_value, found \(maxValue)")
            }
            guard
                sizes.first.map({ $0.model.inputs == model.inputs && $0.model.outputs == model.outputs })
                    ?? true
            else { throw entry.failure("expected the same channels in all sizes") }
            sizes.append((maxValue, model))
        }
        guard let last = sizes.last, last.maxValue >= 1 else {
            throw list.failure("expected a last size with max_value 1")
        }
        return sizes
    }
}

// MARK: Parts

extension NAMReader {
    /// Takes weight `[outputs, inputs / groups, kernel]`, then the bias.
    mutating func convolution(
        _ name: String, _ inputs: Int, _ outputs: Int, kernel: Int = 1, dilation: Int = 1, groups: Int = 1,
        hasBias: Bool
    ) throws -> FileConvolution {
        guard inputs % groups == 0, outputs % groups == 0 else {
            throw OssicleError(
                .malformed,
                "\(name): \(inputs) inputs and \(outputs) outputs do not divide into \(groups) groups")
        }
        let convolution = FileConvolution(
            inputs: inputs, outputs: outputs, kernel: kernel, dilation: dilation, groups: groups,
            weight: try weights.take(shape: [outputs, inputs / groups, kernel], as: "\(name).weight"),
            bias: hasBias ? try weights.take(outputs, as: "\(name).bias") : nil)
        try budget.charge(convolution, name)
        return convolution
    }

    /// A name, or an object of a type and its parameters, for `channels` channels.
    func activation(_ json: JSON, channels: Int) throws -> FileActivation {
        let isObject = if case .object = json.value { true } else { false }
        let type = isObject ? try json.required("type") : json
        func parameter(_ key: String, _ standard: Float) throws -> Float {
            isObject ? try json.optional(key)?.float() ?? standard : standard
        }
        switch try type.string() {
        case "Tanh": return .function(.tanh)
        case "Hardtanh": return .function(Activation(.hardtanh, alpha: -1, beta: 1))
        case "Fasttanh": return .namFastTanh
        case "ReLU": return .function(.relu)
        case "LeakyReLU":
            return .function(Activation(.leakyRelu, alpha: try parameter("negative_slope", 0.01)))
        case "PReLU": return .prelu(try slopes(isObject ? json : nil, channels: channels))
        case "Sigmoid": return .function(.sigmoid)
        case "SiLU": return .function(Activation(.silu))
        case "Hardswish": return .function(Activation(.hardswish))
        case "LeakyHardtanh", "LeakyHardTanh":
            return .leakyHardtanh(
                min: try parameter("min_val", -1), max: try parameter("max_val", 1),
                minSlope: try parameter("min_slope", 0.01), maxSlope: try parameter("max_slope", 0.01))
        case "Softsign": return .function(Activation(.softsign))
        case let other:
            throw OssicleError(
                .unsupported, "\(type.path): activation \(Quoting.quoted(other)) is not supported")
        }
    }

    private func slopes(_ json: JSON?, channels: Int) throws -> [Float] {
        if let slope = try json?.optional("negative_slope") { return [try slope.float()] }
        guard let list = try json?.optional("negative_slopes") else { return [0.01] }
        let slopes = try list.floats()
        guard slopes.count == channels, slopes.allSatisfy(\.isFinite) else {
            throw list.failure(
                "expected \(channels) finite slopes, one for each channel, found \(slopes.count)")
        }
        return slopes
    }
}
