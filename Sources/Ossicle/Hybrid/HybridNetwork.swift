/// Encoder, bottleneck and decoder as one layer: what a `HybridPipeline` runs.
///
/// Input and output `[N?, channels, frames]` of equal length. A length that `totalStride` does not divide is filled up
/// with zeros at its end, and what they become is cut off. Weights have the names of a PyTorch module with
/// `self.encoder` and `self.decoder` as lists, `self.bottleneck` and `self.projection`: `encoder.0.weight`,
/// `bottleneck.weight_ih_l0`, `projection.bias`, `decoder.2.bias` …
public struct HybridNetwork: Layer {
    public let configuration: HybridConfiguration
    /// `[N?, steps, channels]` → `[N?, steps, features]`.
    public let bottleneck: any Layer
    /// What the bottleneck makes of each step.
    public let features: Int
    /// Whether the bottleneck takes any number of steps; one that does not fixes the length to `inputLength`.
    public let takesAnyLength: Bool
    let encoder: [HybridStage]
    let decoder: [HybridStage]

    public var module: String { HybridConfiguration.module }

    /// - Parameter bottleneck: takes the place of the LSTM; any layer from `[N?, steps, channels]` to
    ///   `[N?, steps, features]`, such as a `ModelLayer`.
    /// - Throws: `invalidArgument` naming the argument; `shapeMismatch` when bottleneck and decoder do not fit.
    public init(_ configuration: HybridConfiguration, bottleneck: (any Layer)? = nil) throws {
        try configuration.validate()
        self.configuration = configuration
        let last = configuration.channels.last!
        self.bottleneck =
            try bottleneck
            ?? LSTM(
                inputSize: last, hiddenSize: configuration.hiddenSize, numLayers: configuration.numLayers,
                bidirectional: configuration.bidirectional)
        (features, takesAnyLength) = try Self.features(of: self.bottleneck, configuration)
        if !configuration.projection, configuration.skipConnections, features != last {
            throw OssicleError(
                .shapeMismatch,
                "\(HybridConfiguration.module): without a projection the skip connections add \(last) channels of "
                    + "the encoder to \(features) features of the bottleneck; the two must be equal")
        }
        let function = try configuration.activationFunction
        let inward = [configuration.inChannels] + configuration.channels
        encoder = (0..<configuration.stageCount).map { i in
            HybridStage(
                side: .encoder, index: i, inChannels: inward[i], outChannels: inward[i + 1],
                kernelSize: configuration.kernelSize, stride: configuration.stride, activation: function)
        }
        let outward =
            [configuration.projection ? last : features] + configuration.channels.dropLast().reversed()
            + [configuration.outChannels]
        decoder = (0..<configuration.stageCount).map { i in
            HybridStage(
                side: .decoder, index: i, inChannels: outward[i], outChannels: outward[i + 1],
                kernelSize: configuration.kernelSize, stride: configuration.stride,
                activation: i == configuration.stageCount - 1 ? .identity : function)
        }
    }

    /// What a bottleneck makes of each step, of any number of them or of those of `inputLength` alone.
    private static func features(
        of bottleneck: any Layer, _ configuration: HybridConfiguration
    ) throws -> (Int, takesAnyLength: Bool) {
        let steps = (configuration.inputLength + configuration.totalStride - 1) / configuration.totalStride
        var failure: (any Error)?
        for extent: Dim in [.dynamic, .fixed(steps)] {
            let input = [extent, .fixed(configuration.channels.last!)]
            do {
                let output = try bottleneck.outputShape(for: input)
                guard output.count == 2, output[0] == extent, let features = output[1].fixedValue else {
                    throw OssicleError(
                        .shapeMismatch,
                        "expected features for each step of \(input.text), found \(output.text)")
                }
                return (features, !extent.isFixed)
            } catch { failure = failure ?? error }
        }
        let reason = failure as? OssicleError ?? OssicleError(.internal, "no output")
        throw reason.within("bottleneck (\(bottleneck.module))")
    }

    public var inputShape: [Dim]? {
        [.fixed(configuration.inChannels), takesAnyLength ? .dynamic : .fixed(configuration.inputLength)]
    }

    public var parameters: [Parameter] {
        func named(_ prefix: String, _ parameters: [Parameter]) -> [Parameter] {
            parameters.map { Parameter("\(prefix).\($0.name)", $0.shape) }
        }
        return encoder.flatMap { named($0.name, $0.parameters) } + named("bottleneck", bottleneck.parameters)
            + (configuration.projection ? named("projection", projectionParameters) : [])
            + decoder.flatMap { named($0.name, $0.parameters) }
    }

    var projectionParameters: [Parameter] {
        let last = configuration.channels.last!
        return [Parameter("weight", [last, features]), Parameter("bias", [last])]
    }

    public func append(to graph: inout Graph, _ inputs: [ValueID], weights: [String: ValueID]) throws
        -> [ValueID]
    {
        let shape = graph.type(of: inputs[0]).shape
        guard 2...3 ~= shape.count, shape[shape.count - 2] == .fixed(configuration.inChannels) else {
            throw OssicleError(
                .shapeMismatch,
                "\(module): expected input [N?, \(configuration.inChannels), frames], found \(shape.text)")
        }
        let time = shape.count - 1
        // A dynamic length is a multiple already: the plan sees to it.
        let total = configuration.totalStride
        let excess = shape[time].fixedValue.map { (total - $0 % total) % total } ?? 0
        var x = inputs[0]
        if excess > 0 {
            x = try graph.apply(Pad([AxisPadding(axis: time, begin: 0, end: excess)]), x, name: "encoder.pad")
        }
        var skips: [ValueID] = []
        for stage in encoder {
            x = try stage.append(
                to: &graph, x, weight: weights["\(stage.name).weight"]!, bias: weights["\(stage.name).bias"]!)
            skips.append(x)
        }
        x = try appendBottleneck(to: &graph, x, weights)
        for stage in decoder {
            if configuration.skipConnections {
                x = try graph.apply(Binary(.add), x, skips.removeLast(), name: "\(stage.name).skip")
            }
            x = try stage.append(
                to: &graph, x, weight: weights["\(stage.name).weight"]!, bias: weights["\(stage.name).bias"]!)
        }
        if excess > 0 {
            x = try graph.apply(Slice(axis: time, start: 0, count: shape[time]), x, name: "decoder.crop")
        }
        return [x]
    }

    private func appendBottleneck(
        to graph: inout Graph, _ input: ValueID, _ weights: [String: ValueID]
    ) throws -> ValueID {
        let turn = Transpose(graph.type(of: input).rank == 3 ? [0, 2, 1] : [1, 0])
        var x = try graph.apply(turn, input, name: "bottleneck.steps")
        let steps = graph.type(of: x).shape.dropLast()
        let own = weights.filter { $0.key.hasPrefix("bottleneck.") }
            .map { (String($0.key.dropFirst("bottleneck.".count)), $0.value) }
        let first = graph.nodes.count
        do {
            x = try bottleneck.append(to: &graph, [x], weights: Dictionary(uniqueKeysWithValues: own))[0]
        } catch let error as OssicleError { throw error.within("bottleneck (\(bottleneck.module))") }
        for i in first..<graph.nodes.count { graph.nodes[i].name = "bottleneck.\(graph.nodes[i].name)" }
        guard graph.type(of: x).shape == steps + [.fixed(features)] else {
            throw OssicleError(
                .shapeMismatch,
                "bottleneck (\(bottleneck.module)): expected \((steps + [.fixed(features)]).text), "
                    + "found \(graph.type(of: x).shape.text)")
        }
        if configuration.projection {
            x = try graph.apply(
                LinearOperation(hasBias: true), x, weights["projection.weight"]!, weights["projection.bias"]!,
                name: "projection")
        }
        return try graph.apply(turn, x, name: "bottleneck.frames")
    }
}
