/// Reads RTNeural's JSON models and AIDA-X's extension of them.
///
/// `{"in_shape": […, inputs], "layers": [{"type", "activation", "shape": […, outputs], "weights": […]}, …]}`; the
/// weights are Keras's `get_weights()`. Source of the format: RTNeural's `model_loader.h` and
/// `python/model_utils.py`; of the keys in_skip, in_gain, out_gain, samplerate, input_batch and output_batch:
/// AIDA-X's loader.
struct RTNeuralReader {
    private let checker: WeightCheck
    private var budget = HistoryBudget()

    /// - Throws: `malformed`, `weights` or `unsupported`, naming the file and the path in it.
    static func read(_ root: JSON, file: String, options: LoadOptions = LoadOptions()) throws -> LayerChain {
        var reader = RTNeuralReader(checker: WeightCheck(file: file, options: options))
        return try naming(file) { try reader.chain(root) }
    }

    private init(checker: WeightCheck) { self.checker = checker }

    private mutating func chain(_ root: JSON) throws -> LayerChain {
        let inputs = try lastExtent(root.required("in_shape"))
        var chain = LayerChain(inputs: inputs, layers: [])
        let layers = try root.required("layers").elements(atMost: FileLimits.layers)
        guard !layers.isEmpty else {
            throw try root.required("layers").failure("expected at least one layer")
        }
        for json in layers { chain.layers += try layer(json, inputs: chain.outputs) }
        try readAIDA(root, into: &chain)
        return chain
    }

    private mutating func layer(_ json: JSON, inputs: Int) throws -> [LayerChain.Layer] {
        let type = try json.required("type")
        let outputs = try lastExtent(json.required("shape"))
        let weights = try json.required("weights").elements(atMost: 16)
        let activation = try self.activation(json, channels: outputs)
        switch try type.string() {
        case "dense", "time-distributed-dense":
            return [.linear(try dense(json, weights, inputs, outputs))] + activation
        case "conv1d":
            return [.convolution(try convolution(json, weights, inputs, outputs))] + activation
        case "lstm": return [.recurrent(try lstm(json, weights, inputs, outputs))]
        case "gru": return [.recurrent(try gru(json, weights, inputs, outputs))]
        case "batchnorm":
            try expectSame(json, inputs, outputs)
            return [.batchNorm(try batchNorm(json, weights, outputs))]
        case "prelu":
            try expectSame(json, inputs, outputs)
            return [.activation(.prelu(try prelu(json, weights, outputs)), channels: outputs)]
        case "activation":
            try expectSame(json, inputs, outputs)
            try expect(weights, 0...0, of: json)
            guard !activation.isEmpty else { throw json.failure("an activation layer without activation") }
            return activation
        case let other:
            throw OssicleError(
                .unsupported, "\(type.path): layer type \(Quoting.quoted(other)) is not supported")
        }
    }

    /// The activation behind a layer; none for "".
    private func activation(_ json: JSON, channels: Int) throws -> [LayerChain.Layer] {
        guard let field = try json.optional("activation") else { return [] }
        let type = try json.string("type")
        let name = try field.string()
        if type == "lstm" || type == "gru" {
            // Keras names the output nonlinearity here; RTNeural always computes tanh.
            guard ["", "tanh"].contains(name) else {
                throw OssicleError(
                    .unsupported,
                    "\(field.path): a recurrent layer with \(Quoting.quoted(name)) is not supported")
            }
            return []
        }
        let activation: FileActivation
        switch name {
        case "": return []
        case "tanh": activation = .function(.tanh)
        case "relu": activation = .function(.relu)
        case "sigmoid": activation = .function(.sigmoid)
        case "elu": activation = .function(Activation(.elu, alpha: 1))
        case "softmax": activation = .softmax
        default: throw OssicleError(.unsupported, "\(field.path): \(Quoting.quoted(name)) is not supported")
        }
        return [.activation(activation, channels: channels)]
    }
}

// MARK: Layers

extension RTNeuralReader {
    private func dense(_ json: JSON, _ weights: [JSON], _ inputs: Int, _ outputs: Int) throws -> FileLinear {
        try expect(weights, 1...2, of: json)
        let kernel = try tensor(weights[0], [inputs, outputs])
        return FileLinear(
            inputs: inputs, outputs: outputs, weight: kernel.transposed(inputs, outputs),
            bias: weights.count == 2 ? try tensor(weights[1], [outputs]) : nil)
    }

    /// Keras's kernel is `[kernel, inputs / groups, outputs]`, correlated as PyTorch's.
    private mutating func convolution(
        _ json: JSON, _ weights: [JSON], _ inputs: Int, _ outputs: Int
    ) throws -> FileConvolution {
        try expect(weights, 1...2, of: json)
        let kernel = try lastInt(json.required("kernel_size"), in: FileLimits.kernel)
        let dilation = try json.optional("dilation").map { try lastInt($0, in: FileLimits.dilation) } ?? 1
        let groups = try json.optional("groups")?.int(in: FileLimits.width) ?? 1
        // Keras's, causal: outputs at frames 0, stride, 2 · stride …
        let stride = try json.optional("strides").map { try lastInt($0, in: FileLimits.kernel) } ?? 1
        guard inputs % groups == 0, outputs % groups == 0 else {
            throw json.failure("\(inputs) inputs and \(outputs) outputs do not divide into \(groups) groups")
        }
        let taps = try tensor(weights[0], [kernel, inputs / groups, outputs])
        let convolution = FileConvolution(
            inputs: inputs, outputs: outputs, kernel: kernel, stride: stride, dilation: dilation,
            groups: groups,
            weight: taps.transposed(kernel * (inputs / groups), outputs).swappedTaps(
                outputs, kernel, inputs / groups),
            bias: weights.count == 2 ? try tensor(weights[1], [outputs]) : nil)
        try budget.charge(convolution, json.path)
        return convolution
    }

    /// Keras's gates are i f c o as PyTorch's i f g o; its kernels are transposed and it has one bias.
    private func lstm(_ json: JSON, _ weights: [JSON], _ inputs: Int, _ hidden: Int) throws -> FileRecurrent {
        try expect(weights, 3...3, of: json)
        let gates = 4 * hidden
        return FileRecurrent(
            cell: .lstm, inputs: inputs, hidden: hidden,
            weightIH: try tensor(weights[0], [inputs, gates]).transposed(inputs, gates),
            weightHH: try tensor(weights[1], [hidden, gates]).transposed(hidden, gates),
            biasIH: try tensor(weights[2], [gates]), biasHH: [Float](repeating: 0, count: gates))
    }

    /// Keras's gates are z r h where PyTorch's are r z n; both biases are kept, since the reset gate multiplies
    /// the hidden one.
    private func gru(_ json: JSON, _ weights: [JSON], _ inputs: Int, _ hidden: Int) throws -> FileRecurrent {
        try expect(weights, 3...3, of: json)
        let gates = 3 * hidden
        func reordered(_ rows: [Float], _ width: Int) -> [Float] {
            let gate = hidden * width
            return Array(rows[gate..<(2 * gate)] + rows[..<gate] + rows[(2 * gate)...])
        }
        let biases = try tensor(weights[2], [2, gates])
        return FileRecurrent(
            cell: .gru, inputs: inputs, hidden: hidden,
            weightIH: reordered(try tensor(weights[0], [inputs, gates]).transposed(inputs, gates), inputs),
            weightHH: reordered(try tensor(weights[1], [hidden, gates]).transposed(hidden, gates), hidden),
            biasIH: reordered(Array(biases[..<gates]), 1), biasHH: reordered(Array(biases[gates...]), 1))
    }

    /// gamma, beta, mean and variance, or the last two alone.
    private func batchNorm(_ json: JSON, _ weights: [JSON], _ channels: Int) throws -> FileBatchNorm {
        guard weights.count == 2 || weights.count == 4 else {
            throw json.failure("expected 2 or 4 weights, found \(weights.count)")
        }
        let epsilon = try json.required("epsilon").float()
        let tensors = try weights.map { try tensor($0, [channels]) }
        let affine = tensors.count == 4
        let norm = FileBatchNorm(
            channels: channels, mean: tensors[affine ? 2 : 0], variance: tensors[affine ? 3 : 1],
            gamma: affine ? tensors[0] : [Float](repeating: 1, count: channels),
            beta: affine ? tensors[1] : [Float](repeating: 0, count: channels), epsilon: epsilon)
        try norm.check(json.path)
        return norm
    }

    private func prelu(_ json: JSON, _ weights: [JSON], _ channels: Int) throws -> [Float] {
        try expect(weights, 1...1, of: json)
        let rows = try weights[0].elements(atMost: 1)
        guard let row = rows.first else { throw weights[0].failure("expected an array of one array") }
        return try tensor(row, [try row.count() == 1 ? 1 : channels])
    }
}

// MARK: Fields

extension RTNeuralReader {
    private func tensor(_ json: JSON, _ shape: [Int]) throws -> [Float] {
        let floats = try json.floats(shape: shape)
        try floats.withUnsafeBufferPointer { try checker.check($0, name: json.path, mixes: shape.count >= 2) }
        return floats
    }

    private func lastExtent(_ json: JSON) throws -> Int {
        guard let last = try json.elements(atMost: 4).last else { throw json.expected("a shape") }
        guard try json.count() < 4 else {
            throw OssicleError(.unsupported, "\(json.path): two-dimensional convolutions are not supported")
        }
        return try last.int(in: FileLimits.width)
    }

    /// Keras writes `[3]` where others write `3`.
    private func lastInt(_ json: JSON, in range: ClosedRange<Int>) throws -> Int {
        if case .number = json.value { return try json.int(in: range) }
        guard let last = try json.elements(atMost: 2).last else {
            throw json.expected("an array of one integer")
        }
        return try last.int(in: range)
    }

    private func expect(_ weights: [JSON], _ count: ClosedRange<Int>, of json: JSON) throws {
        guard count.contains(weights.count) else {
            let text = count.count == 1 ? "\(count.lowerBound)" : "\(count.lowerBound) or \(count.upperBound)"
            throw json.failure("expected \(text) weights, found \(weights.count)")
        }
    }

    private func expectSame(_ json: JSON, _ inputs: Int, _ outputs: Int) throws {
        guard inputs == outputs else {
            throw json.failure("expected \(inputs) channels as the layer before it gives, found \(outputs)")
        }
    }

    private func readAIDA(_ root: JSON, into chain: inout LayerChain) throws {
        chain.skip = try root.optional("in_skip").map { try $0.int(in: 0...1) == 1 } ?? false
        guard !chain.skip || chain.outputs == 1 else {
            throw root.failure("in_skip needs one output, found \(chain.outputs)")
        }
        // In decibels, with -90 and below as silence.
        func gain(_ key: String) throws -> Float {
            guard let decibels = try root.optional(key)?.double() else { return 1 }
            return decibels > -90 ? Float(decibelGain(decibels)) : 0
        }
        chain.inputGain = try gain("in_gain")
        chain.outputGain = try gain("out_gain")
        guard chain.inputGain.isFinite, chain.outputGain.isFinite else {
            throw root.failure("a gain overflows")
        }
        let metadata = try root.optional("metadata")
        chain.sampleRate = try (metadata?.optional("samplerate") ?? root.optional("samplerate")).map(
            sampleRate)
        for (key, value) in try metadata?.members() ?? [] {
            if case .string(let text) = value.value { chain.metadata.append((key, text)) }
        }
        if let input = try root.optional("input_batch"), let output = try root.optional("output_batch") {
            let samples = try input.floats()
            chain.selfTest = (samples, try output.floats(count: samples.count))
        }
    }

    /// Trainers write the rate as a number or as text.
    private func sampleRate(_ json: JSON) throws -> Double {
        let rate: Double
        if case .string(let text) = json.value {
            rate = Double(text) ?? .nan
        } else {
            rate = try json.double()
        }
        guard rate.isFinite, (1...1e7).contains(rate) else { throw json.expected("a sample rate in hertz") }
        return rate
    }
}
