import Testing

@testable import Ossicle

/// Block by block must equal all at once.
@Suite struct StreamTests {
    /// Sequences of layers that stream, by name.
    static let models: [String] = [
        "causal conv", "same conv", "valid conv", "stacked lookahead", "residual", "strided",
        "encoder decoder",
        "transposed", "lstm", "gru", "conv lstm", "lookahead lstm", "norm", "upsample",
    ]

    static func layers(_ name: String) throws -> [any Layer] {
        func conv(_ i: Int, _ o: Int, _ k: Int, stride: Int = 1, _ padding: Conv1D.Padding, dilation: Int = 1)
            throws -> Conv1D
        {
            try Conv1D(
                inChannels: i, outChannels: o, kernelSize: k, stride: stride, padding: padding,
                dilation: dilation)
        }
        let tanh = ActivationLayer("Tanh", .tanh)
        let turn = Permute(dims: [1, 0])
        return switch name {
        case "causal conv": [try conv(1, 5, 3, .causal, dilation: 4), tanh, try conv(5, 2, 2, .causal)]
        case "same conv": [try conv(2, 3, 5, .same)]
        case "valid conv": [try conv(2, 3, 5, .frames(0)), tanh, try conv(3, 3, 3, .frames(0), dilation: 3)]
        case "stacked lookahead":
            [try conv(1, 4, 5, .same), tanh, try conv(4, 4, 7, .frames(3)), try conv(4, 1, 3, .causal)]
        case "residual": [try conv(3, 3, 9, .causal), tanh, try conv(3, 3, 1, .frames(0))]
        case "strided":
            [try conv(1, 4, 8, stride: 4, .frames(0)), tanh, try conv(4, 2, 4, stride: 2, .frames(1))]
        case "encoder decoder":
            [
                try conv(1, 4, 8, stride: 4, .frames(2)), tanh,
                try ConvTranspose1D(inChannels: 4, outChannels: 1, kernelSize: 8, stride: 4, padding: 2),
            ]
        case "transposed":
            [
                try ConvTranspose1D(
                    inChannels: 2, outChannels: 3, kernelSize: 5, stride: 3, padding: 1, dilation: 2)
            ]
        case "lstm":
            [try LSTM(inputSize: 2, hiddenSize: 7, numLayers: 2), try Linear(inFeatures: 7, outFeatures: 1)]
        case "gru": [try GRU(inputSize: 1, hiddenSize: 20), try Linear(inFeatures: 20, outFeatures: 2)]
        case "conv lstm": [try conv(1, 6, 3, .causal), turn, try LSTM(inputSize: 6, hiddenSize: 9), turn]
        case "lookahead lstm":
            [try conv(1, 6, 5, .same), turn, try GRU(inputSize: 6, hiddenSize: 9, numLayers: 2), turn]
        case "norm": [try conv(1, 6, 3, .causal), try BatchNorm1D(numFeatures: 6), GLU(dim: 0)]
        default: [try conv(1, 4, 3, .causal), try Upsample(.nearest, .factor(2))]
        }
    }

    static func model(_ name: String) throws -> Model {
        let sequential = try Sequential(try layers(name))
        try sequential.fillWeights(7)
        return try sequential.build()
    }

    /// Runs `signal` ([channels, frames], or [frames, channels] where the stream says so) in blocks of these sizes,
    /// again and again.
    static func run(_ stream: Ossicle.Stream, _ signal: [Float], blocks: [Int]) -> [Float] {
        let frames = signal.count / stream.inputChannels
        let total = stream.outputFrames(frames)
        var result = [Float](repeating: .nan, count: total * stream.outputChannels)
        var (start, produced, i) = (0, 0, 0)
        while start < frames {
            let n = min(blocks[i % blocks.count], frames - start)
            let m = stream.outputFrames(n)
            var x = [Float](), y = [Float](repeating: .nan, count: m * stream.outputChannels)
            if stream.isChannelsLast {
                x = Array(signal[(start * stream.inputChannels)..<((start + n) * stream.inputChannels)])
            } else {
                for c in 0..<stream.inputChannels {
                    x += signal[(c * frames + start)..<(c * frames + start + n)]
                }
            }
            #expect(stream.process(x, &y, frames: n) == 0)
            for c in 0..<stream.outputChannels {
                for t in 0..<m {
                    if stream.output.channelsLast {
                        result[(produced + t) * stream.outputChannels + c] = y[t * stream.outputChannels + c]
                    } else {
                        result[c * total + produced + t] = y[c * m + t]
                    }
                }
            }
            (start, produced, i) = (start + n, produced + m, i + 1)
        }
        return result
    }

    @Test(arguments: models) func anySplitGivesTheSameBits(_ name: String) throws {
        let model = try Self.model(name)
        var noise = TestRandom(3)
        let frames = 240
        let stream = try model.stream(maxBlock: 240)
        let signal = noise.floats(frames * stream.inputChannels)
        let whole = Self.run(stream, signal, blocks: [frames])
        #expect(!whole.contains { $0.isNaN })
        let g = stream.granularity
        for blocks in [[1], [2, 3], [7], [16, 1, 33], [64], [100, 13]] {
            let sizes = blocks.map { ($0 + g - 1) / g * g }
            stream.reset()
            #expect(Self.run(stream, signal, blocks: sizes) == whole, "\(name) \(sizes)")
            let small = try model.stream(maxBlock: sizes.max()!)
            #expect(Self.run(small, signal, blocks: sizes) == whole, "\(name) \(sizes), fresh")
        }
    }

    @Test(arguments: models) func streamEqualsWholeSignalDelayedByLatency(_ name: String) throws {
        let model = try Self.model(name)
        var noise = TestRandom(5)
        let frames = 480
        let stream = try model.stream(maxBlock: 48)
        let signal = noise.floats(frames * stream.inputChannels)
        let shape = stream.isChannelsLast ? [frames, stream.inputChannels] : [stream.inputChannels, frames]
        let session = try model.session([shape])
        let whole = try session.run([try Tensor(signal, shape: shape)])[0]
        let streamed = Self.run(stream, signal, blocks: [48])
        let expected = whole.floats()
        let total = stream.outputFrames(frames)
        let last = stream.output.channelsLast
        let length = whole.shape[last ? 0 : 1]
        // Frames near the end of the whole signal lean on its padding; a stream goes on instead.
        let count = min(length, total - stream.latency) - 16
        #expect(count > 20)
        var worst: Float = 0
        for c in 0..<stream.outputChannels {
            for t in 0..<count {
                let a = streamed[
                    last ? (t + stream.latency) * stream.outputChannels + c : c * total + t + stream.latency]
                let b = expected[last ? t * stream.outputChannels + c : c * length + t]
                worst = max(worst, abs(a - b))
            }
        }
        #expect(worst < 1e-6, "\(name): \(worst), latency \(stream.latency)")
    }

    @Test func resetEqualsAFreshStreamBitForBit() throws {
        for name in Self.models {
            let model = try Self.model(name)
            let stream = try model.stream(maxBlock: 24)
            var noise = TestRandom(9)
            let signal = noise.floats(72 * stream.inputChannels)
            let first = Self.run(stream, signal, blocks: [24])
            let second = Self.run(stream, signal, blocks: [24])
            #expect(first != second || name == "residual", "\(name) keeps no state?")
            stream.reset()
            #expect(Self.run(stream, signal, blocks: [24]) == first, "\(name)")
        }
    }

    /// The middle tap of a symmetric kernel: an impulse comes out exactly `latency` later.
    @Test func latencyIsWhatAnImpulseShows() throws {
        for (kernel, dilation) in [(3, 1), (9, 2), (31, 5)] {
            let sequential = try Sequential([
                try Conv1D(
                    inChannels: 1, outChannels: 1, kernelSize: kernel, padding: .same, dilation: dilation,
                    bias: false)
            ])
            var taps = [Float](repeating: 0, count: kernel)
            taps[kernel / 2] = 1
            sequential.setWeight("weight", try Tensor(taps, shape: [1, 1, kernel]))
            let stream = try sequential.build().stream(maxBlock: 32)
            #expect(stream.latency == (kernel / 2) * dilation)
            var signal = [Float](repeating: 0, count: 320)
            signal[40] = 1
            let y = Self.run(stream, signal, blocks: [32])
            #expect(y.firstIndex(of: 1) == 40 + stream.latency)
            #expect(y.filter { $0 != 0 }.count == 1)
        }
    }

    @Test func wrongBlocksChangeNothing() throws {
        let stream = try Self.model("encoder decoder").stream(maxBlock: 32)
        var noise = TestRandom(2)
        let signal = noise.floats(96)
        let expected = Self.run(stream, signal, blocks: [32])
        stream.reset()
        var sink = [Float](repeating: 5, count: 64)
        #expect(stream.process(signal, &sink, frames: 36) == OssicleError.Code.blockTooLong.rawValue)
        #expect(stream.process(signal, &sink, frames: 6) == OssicleError.Code.shapeMismatch.rawValue)
        #expect(stream.process(signal, &sink, frames: 0) == 0)
        #expect(sink.allSatisfy { $0 == 5 })
        #expect(Self.run(stream, signal, blocks: [32]) == expected)
    }

    @Test func whatCannotStreamIsNamed() throws {
        for layer: any Layer in [
            try LSTM(inputSize: 1, hiddenSize: 4, bidirectional: true), SoftmaxLayer(dim: -1),
            try Conv1D(
                inChannels: 1, outChannels: 1, kernelSize: 3, padding: .frames(1), paddingMode: .reflect),
        ] {
            let sequential = try Sequential([layer])
            try sequential.fillWeights()
            let model = try sequential.build()
            #expect(!model.isStreamable)
            let error = #expect(throws: OssicleError.self) { _ = try model.stream(maxBlock: 16) }
            #expect(error?.code == .unsupported, "\(error!)")
        }
    }

    @Test func interleavedStreamsDoNotDisturbEachOther() throws {
        let model = try Self.model("lookahead lstm")
        let (a, b) = (try model.stream(maxBlock: 16), try model.stream(maxBlock: 16))
        #expect(a.program === b.program, "two streams share one program and its weights")
        var noise = TestRandom(4)
        let signal = noise.floats(160)
        let alone = Self.run(try model.stream(maxBlock: 16), signal, blocks: [16])
        var mixed: [Float] = []
        for start in stride(from: 0, to: 160, by: 16) {
            mixed += Self.run(a, Array(signal[start..<(start + 16)]), blocks: [16])
            _ = Self.run(b, noise.floats(16), blocks: [16])
        }
        // [channels, frames] blocks: compare the first channel of each.
        let channels = a.outputChannels
        for block in 0..<10 {
            for t in 0..<16 { #expect(mixed[block * 16 * channels + t] == alone[block * 16 + t]) }
        }
    }

    @Test func lastBitsSurviveTwoThreads() async throws {
        let model = try Self.model("gru")
        var noise = TestRandom(6)
        let signal = noise.floats(640)
        let expected = Self.run(try model.stream(maxBlock: 64), signal, blocks: [64])
        try await withThrowingTaskGroup(of: [Float].self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let stream = try model.stream(maxBlock: 64)
                    var last: [Float] = []
                    for _ in 0..<20 {
                        stream.reset()
                        last = Self.run(stream, signal, blocks: [64])
                    }
                    return last
                }
            }
            for try await result in group { #expect(result == expected) }
        }
    }
}
