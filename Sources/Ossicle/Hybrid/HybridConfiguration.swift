/// The shape of a `HybridPipeline`, under the names that a PyTorch module would have as arguments.
public struct HybridConfiguration: Sendable, Equatable {
    public var inChannels = 1
    public var outChannels = 1
    /// Channels after each encoder stage; their number is the number of stages. The decoder goes back through them.
    public var channels: [Int] = [32, 64, 128]
    /// Of every convolution; at least `stride`, and odd where `stride` is 1.
    public var kernelSize = 8
    /// Of every stage.
    public var stride = 4
    /// Features of the recurrent bottleneck, in each direction.
    public var hiddenSize = 128
    public var numLayers = 1
    /// Both directions: better where the whole buffer is there, but it cannot run on as one stream.
    public var bidirectional = false
    /// PyTorch's name of what follows every convolution but the last: `ReLU`, `ELU`, `GELU`, `Tanh`, `Identity` …
    public var activation = "ReLU"
    /// Adds what each encoder stage made to what the decoder stage of that length takes.
    public var skipConnections = false
    /// A linear layer from the bottleneck's features back to the last of `channels`.
    public var projection = true
    /// Frames of the buffer that is prepared for; other lengths are planned when they come.
    public var inputLength = 4096
    /// Hz; nil when it does not matter.
    public var sampleRate: Double?

    public init() {}

    public var stageCount: Int { channels.count }
    /// Frames of input for one step of the bottleneck.
    public var totalStride: Int { channels.reduce(1) { product, _ in product * stride } }
}

extension HybridConfiguration {
    static let module = "HybridPipeline"
    /// Floats of the largest value between two layers: 1 GiB.
    private static let largestValue = 1 << 28

    /// - Throws: `invalidArgument` naming the argument, its range and what was found.
    public func validate() throws {
        try check("in_channels", inChannels, 1...4096)
        try check("out_channels", outChannels, 1...4096)
        guard 1...8 ~= channels.count else { throw failure("channels", "1 to 8 stages", "\(channels.count)") }
        for count in channels { try check("channels", count, 1...4096) }
        try check("stride", stride, 1...64)
        try check("kernel_size", kernelSize, 1...4096)
        guard kernelSize >= stride else {
            throw failure("kernel_size", "at least the stride \(stride)", "\(kernelSize)")
        }
        guard stride > 1 || kernelSize % 2 == 1 else {
            throw failure("kernel_size", "an odd number where the stride is 1", "\(kernelSize)")
        }
        try check("hidden_size", hiddenSize, 1...(1 << 16))
        try check("num_layers", numLayers, 1...256)
        try check("input_length", inputLength, 1...(1 << 24))
        guard sampleRate.map({ $0.isFinite && $0 > 0 }) != false else {
            throw failure("sample_rate", "a positive number", "\(sampleRate ?? 0)")
        }
        _ = try activationFunction
        guard totalStride <= 1 << 16 else {
            throw failure("stride", "at most \(1 << 16) over all stages", "\(totalStride)")
        }
        let length = max(inputLength, 64 * totalStride)
        guard (0..<stageCount).allSatisfy({ largest(stage: $0, length: length) <= Self.largestValue }) else {
            throw failure(
                "channels", "buffers of at most \(Self.largestValue) values", "more for \(length) frames")
        }
    }

    var activationFunction: Activation {
        get throws {
            let layer = try LayerRegistry.make(activation, nil)
            if layer is Identity { return .identity }
            guard let function = layer as? ActivationLayer else {
                throw failure("activation", "a function of each element", "\(activation)")
            }
            return function.activation
        }
    }

    private func largest(stage: Int, length: Int) -> Int {
        var frames = length
        for _ in 0..<stage { frames = (frames + stride - 1) / stride }
        let wide = stage == 0 ? max(inChannels, outChannels) : channels[stage - 1]
        return max(frames * wide, (frames + stride - 1) / stride * channels[stage])
    }

    private func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
        if !(range ~= value) { throw failure(name, "\(range.lowerBound) to \(range.upperBound)", "\(value)") }
    }

    private func failure(_ name: String, _ expected: String, _ found: String) -> OssicleError {
        OssicleError(.invalidArgument, "\(Self.module): \(name): expected \(expected), found \(found)")
    }
}

// MARK: JSON

extension HybridConfiguration {
    /// From a JSON object with the arguments under PyTorch's naming: `in_channels`, `channels`, `kernel_size`, `stride`,
    /// `hidden_size`, `num_layers`, `bidirectional`, `activation`, `skip_connections`, `projection`, `input_length`,
    /// `sample_rate`, `out_channels` (as `in_channels` unless given). What is left out has its default.
    ///
    /// - Throws: `invalidArgument` naming the argument; also for one that is not known.
    public init(json text: String) throws {
        let json: JSON
        do { json = try JSON.parse(text) } catch let error as OssicleError {
            throw OssicleError(.invalidArgument, "\(Self.module): \(error.message)")
        }
        var arguments = try LayerArguments(module: Self.module, json: json)
        inChannels = try arguments.int("in_channels", default: inChannels)
        outChannels = try arguments.int("out_channels", default: inChannels)
        if try json.optional("channels") != nil { channels = try arguments.ints("channels") }
        kernelSize = try arguments.int("kernel_size", default: kernelSize)
        stride = try arguments.int("stride", default: stride)
        hiddenSize = try arguments.int("hidden_size", default: hiddenSize)
        numLayers = try arguments.int("num_layers", default: numLayers)
        bidirectional = try arguments.bool("bidirectional", default: bidirectional)
        activation = try arguments.string("activation", default: activation)
        skipConnections = try arguments.bool("skip_connections", default: skipConnections)
        projection = try arguments.bool("projection", default: projection)
        inputLength = try arguments.int("input_length", default: inputLength)
        sampleRate = try arguments.optionalDouble("sample_rate")
        try arguments.finish()
        try validate()
    }

    /// What `init(json:)` reads, with every argument.
    public var json: String {
        var members = [
            "\"in_channels\": \(inChannels)", "\"out_channels\": \(outChannels)",
            "\"channels\": [\(channels.map(String.init).joined(separator: ", "))]",
            "\"kernel_size\": \(kernelSize)",
            "\"stride\": \(stride)", "\"hidden_size\": \(hiddenSize)", "\"num_layers\": \(numLayers)",
            "\"bidirectional\": \(bidirectional)", "\"activation\": \(Quoting.json(activation))",
            "\"skip_connections\": \(skipConnections)", "\"projection\": \(projection)",
            "\"input_length\": \(inputLength)",
        ]
        if let sampleRate { members.append("\"sample_rate\": \(sampleRate)") }
        return "{\(members.joined(separator: ", "))}"
    }
}
