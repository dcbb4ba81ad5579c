@testable import Ossicle

/// What the tests of the pipeline share.
enum HybridTesting {
    static let cases = ["plain", "stride1", "stride2_skip", "stride3_stereo", "stride4_stems", "linear"]

    static func configuration(_ change: (inout HybridConfiguration) -> Void = { _ in }) -> HybridConfiguration
    {
        var configuration = HybridConfiguration()
        configuration.channels = [5, 6]
        configuration.kernelSize = 6
        configuration.stride = 2
        configuration.hiddenSize = 7
        configuration.inputLength = 64
        change(&configuration)
        return configuration
    }

    static func weights(_ network: HybridNetwork, seed: UInt64 = 1, scale: Float = 0.4) throws -> [String:
        Tensor]
    {
        var noise = TestRandom(seed)
        var weights: [String: Tensor] = [:]
        for parameter in network.parameters {
            weights[parameter.name] = try Tensor(
                noise.floats(parameter.shape.reduce(1, *), scale: scale), shape: parameter.shape)
        }
        return weights
    }

    static func pipeline(
        _ configuration: HybridConfiguration, bottleneck: (any Layer)? = nil, seed: UInt64 = 1,
        compute: Compute = .automatic
    ) throws -> HybridPipeline {
        let network = try HybridNetwork(configuration, bottleneck: bottleneck)
        return try HybridPipeline(
            configuration, weights: weights(network, seed: seed), bottleneck: bottleneck,
            compute: compute)
    }

    /// The whole buffer, `[channels, frames]`.
    static func forward(_ pipeline: HybridPipeline, _ signal: [Float]) throws -> [Float] {
        let channels = pipeline.configuration.inChannels
        return try pipeline.forward(Tensor(signal, shape: [channels, signal.count / channels])).floats()
    }

    /// `signal` in blocks of these sizes, again and again.
    static func run(_ stream: HybridStream, _ signal: [Float], blocks: [Int]) -> [Float] {
        let frames = signal.count / stream.inputChannels
        var result = [Float](repeating: .nan, count: frames * stream.outputChannels)
        var (start, i) = (0, 0)
        while start < frames {
            let n = min(blocks[i % blocks.count], frames - start)
            var x: [Float] = [], y = [Float](repeating: .nan, count: n * stream.outputChannels)
            for c in 0..<stream.inputChannels { x += signal[(c * frames + start)..<(c * frames + start + n)] }
            guard stream.process(x, &y, frames: n) == 0 else { return [] }
            for c in 0..<stream.outputChannels {
                for t in 0..<n { result[c * frames + start + t] = y[c * n + t] }
            }
            (start, i) = (start + n, i + 1)
        }
        return result
    }

    static func worst(_ a: some Sequence<Float>, _ b: some Sequence<Float>) -> Float {
        zip(a, b).reduce(0) { max($0, ($1.0 - $1.1).isNaN ? .infinity : abs($1.0 - $1.1)) }
    }
}
