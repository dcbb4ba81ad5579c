import Foundation
import Testing

@testable import Ossicle

@Suite struct HybridStreamTests {
    static let windows: [HybridStream.Window] = [.none, .hann]

    /// Configurations that take other ways: strides, skips, odd kernels, channels.
    static func configurations() -> [HybridConfiguration] {
        [
            HybridTesting.configuration { $0.skipConnections = true },
            HybridTesting.configuration {
                $0.stride = 1
                $0.kernelSize = 5
                $0.activation = "Tanh"
            },
            HybridTesting.configuration {
                $0.stride = 3
                $0.kernelSize = 4
                $0.inChannels = 2
                $0.outChannels = 3
                $0.skipConnections = true
                $0.numLayers = 2
            },
            HybridTesting.configuration {
                $0.stride = 4
                $0.kernelSize = 4
                $0.projection = false
            },
        ]
    }

    @Test func runningOnEqualsTheWholeBuffer() throws {
        for configuration in Self.configurations() {
            let pipeline = try HybridTesting.pipeline(configuration)
            let total = configuration.totalStride
            var noise = TestRandom(6)
            let frames = (40 + 100 / total) * total
            let signal = noise.floats(frames * configuration.inChannels)
            let whole = try HybridTesting.forward(pipeline, signal)
            for chunk in [total, 3 * total, 8 * total] {
                let stream = try pipeline.stream(chunk: chunk)
                #expect(stream.chunk == chunk && stream.latency >= chunk - 1)
                let found = HybridTesting.run(stream, signal, blocks: [13, 1, 64])
                // Near its end the whole buffer leans on padding.
                let count = frames - stream.latency - 4 * configuration.kernelSize
                #expect(count > 10)
                var shifted: Float = 0
                for c in 0..<configuration.outChannels {
                    let expected = whole[(c * frames)..<(c * frames + count)]
                    let start = c * frames + stream.latency
                    #expect(
                        HybridTesting.worst(found[start..<(start + count)], expected) < 1e-6,
                        "\(configuration)")
                    shifted = max(
                        shifted, HybridTesting.worst(found[(start - 1)..<(start - 1 + count)], expected))
                }
                #expect(shifted > 1e-3, "the latency is exact: one frame less does not fit")
            }
        }
    }

    @Test(arguments: windows) func anySplitGivesTheSameBits(_ window: HybridStream.Window) throws {
        for configuration in Self.configurations() {
            let pipeline = try HybridTesting.pipeline(configuration)
            let chunk = 4 * configuration.totalStride
            let stream = try pipeline.stream(chunk: chunk, window: window)
            var noise = TestRandom(7)
            let signal = noise.floats(6 * chunk * configuration.inChannels + configuration.inChannels * 5)
            let whole = HybridTesting.run(stream, signal, blocks: [signal.count])
            #expect(!whole.isEmpty && !whole.contains { $0.isNaN })
            for blocks in [[1], [2, 3], [chunk], [chunk - 1], [3 * chunk + 1], [64, 1, 7]] {
                stream.reset()
                #expect(HybridTesting.run(stream, signal, blocks: blocks) == whole, "\(window) \(blocks)")
            }
            let fresh = try pipeline.stream(chunk: chunk, window: window)
            #expect(HybridTesting.run(fresh, signal, blocks: [11]) == whole)
        }
    }

    /// Encoder and decoder that see each step by itself, and a bottleneck without memory: chunks do not matter. (Up to
    /// rounding: a short buffer may take another kernel than a long one.)
    @Test(arguments: [8, 16, 24, 64]) func aWindowLeavesANetworkWithoutMemoryAsItIs(chunk: Int) throws {
        let configuration = HybridTesting.configuration { $0.kernelSize = 2 }
        let head = try Sequential([try Linear(inFeatures: 6, outFeatures: 7), ActivationLayer("Tanh", .tanh)])
        try head.fillWeights()
        let pipeline = try HybridTesting.pipeline(configuration, bottleneck: ModelLayer(head.build()))
        var noise = TestRandom(5)
        let signal = noise.floats(400)
        let whole = try HybridTesting.forward(pipeline, signal)
        for overlap in stride(from: 4, through: chunk / 2, by: 4) {
            let stream = try pipeline.stream(chunk: chunk, window: .hann, overlap: overlap)
            #expect(stream.latency == chunk - 1 && stream.overlap == overlap)
            let found = HybridTesting.run(stream, signal, blocks: [37])
            let count = signal.count - stream.latency
            #expect(
                HybridTesting.worst(found[stream.latency...], whole[..<count]) < 1e-6, "\(chunk) \(overlap)")
        }
    }

    /// Against chunks run and cross-faded by hand.
    @Test func aWindowCrossFadesIndependentChunks() throws {
        let configuration = HybridTesting.configuration {
            $0.bidirectional = true
            $0.skipConnections = true
        }
        let pipeline = try HybridTesting.pipeline(configuration)
        for (chunk, overlap) in [(32, 16), (32, 4), (40, 12), (8, 4)] {
            let hop = chunk - overlap
            var noise = TestRandom(3)
            let signal = noise.floats(10 * chunk)
            let silence = [Float](repeating: 0, count: hop)
            let extended = silence + signal + [Float](repeating: 0, count: 2 * chunk)
            var expected = [Double](repeating: 0, count: extended.count)
            for start in stride(from: 0, through: extended.count - chunk, by: hop) {
                let y = try HybridTesting.forward(pipeline, Array(extended[start..<(start + chunk)]))
                for i in 0..<chunk {
                    let edge = min(i, chunk - 1 - i)
                    let weight = edge < overlap ? pow(sine(Double(edge) + 0.5, overlap), 2) : 1
                    expected[start + i] += weight * Double(y[i])
                }
            }
            let stream = try pipeline.stream(chunk: chunk, window: .hann, overlap: overlap)
            let found = HybridTesting.run(
                stream, signal + [Float](repeating: 0, count: stream.latency), blocks: [9])
            let worst = HybridTesting.worst(
                found[stream.latency...], expected[hop..<(hop + signal.count)].map { Float($0) })
            #expect(worst < 1e-6, "\(chunk) \(overlap): \(worst)")
        }
    }

    private func sine(_ position: Double, _ overlap: Int) -> Double {
        sin(.pi / 2 * position / Double(overlap))
    }

    @Test func inPlaceAndAfterNaN() throws {
        for window in Self.windows {
            let stream = try HybridTesting.pipeline(HybridTesting.configuration()).stream(
                chunk: 16, window: window)
            var noise = TestRandom(1)
            let signal = noise.floats(160)
            let expected = HybridTesting.run(stream, signal, blocks: [20])
            stream.reset()
            var found = signal
            found.withUnsafeMutableBufferPointer { buffer in
                for start in stride(from: 0, to: 160, by: 20) {
                    let block = buffer.baseAddress! + start
                    _ = stream.process(block, block, frames: 20)
                }
            }
            #expect(found == expected)
            _ = HybridTesting.run(stream, [Float](repeating: .nan, count: 50), blocks: [7])
            stream.reset()
            #expect(HybridTesting.run(stream, signal, blocks: [20]) == expected)
            var sink: [Float] = [1]
            #expect(stream.process(signal, &sink, frames: 0) == 0 && sink == [1])
            #expect(stream.process(signal, &sink, frames: -1) == OssicleError.Code.invalidArgument.rawValue)
        }
    }

    @Test func badSizesAreNamed() throws {
        let pipeline = try HybridTesting.pipeline(HybridTesting.configuration())
        for (chunk, window, overlap, name) in [
            (6, .none, nil, "chunk"), (0, .none, nil, "chunk"), (1 << 21, .none, nil, "chunk"),
            (16, .none, 4, "overlap"),
            (4, .hann, nil, "chunk"), (18, .hann, nil, "chunk"), (16, .hann, 6, "overlap"),
            (16, .hann, 0, "overlap"),
            (16, .hann, 12, "overlap"), (16, .hann, -4, "overlap"),
        ] as [(Int, HybridStream.Window, Int?, String)] {
            let error = #expect(throws: OssicleError.self) {
                _ = try pipeline.stream(chunk: chunk, window: window, overlap: overlap)
            }
            #expect(error?.code == .invalidArgument && error?.message.contains(name) == true, "\(error!)")
        }
        let whole = try HybridTesting.pipeline(HybridTesting.configuration { $0.bidirectional = true })
        let error = #expect(throws: OssicleError.self) { _ = try whole.stream() }
        #expect(error?.code == .unsupported, "\(error!)")
        #expect(try whole.stream(window: .hann).chunk == 64)
        #expect(whole.summary.contains("with a window only"))
    }
}
