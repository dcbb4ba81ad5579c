#if canImport(Metal)
    import Foundation
    import Metal
    import Testing

    @testable import Ossicle

    @Suite(.serialized) struct MetalChainTests {
        let device: MetalDevice

        init() throws { device = try MetalDevice() }

        struct Case: CustomTestStringConvertible, Sendable {
            var convolution: MetalConvolution
            var length: Int
            var hasBias = true
            var testDescription: String {
                let c = convolution
                return
                    "\(c.inChannels)->\(c.outChannels)/\(c.groups) K\(c.kernelSize) s\(c.axis.stride) L\(length)"
            }
        }

        static let cases: [Case] = [
            Case(convolution: MetalConvolution(inChannels: 1, outChannels: 1, kernelSize: 1), length: 1),
            Case(
                convolution: MetalConvolution(
                    inChannels: 3, outChannels: 5, kernelSize: 3,
                    axis: ConvolutionAxis(padBegin: 1, padEnd: 1), activation: .tanh), length: 257),
            Case(
                convolution: MetalConvolution(
                    inChannels: 4, outChannels: 6, kernelSize: 16,
                    axis: ConvolutionAxis(stride: 2, dilation: 3, padBegin: 20, padEnd: 3), groups: 2),
                length: 301,
                hasBias: false),
            Case(
                convolution: MetalConvolution(
                    inChannels: 2, outChannels: 3, kernelSize: 17, axis: ConvolutionAxis(padBegin: 16)),
                length: 140),
            Case(
                convolution: MetalConvolution(
                    inChannels: 2, outChannels: 2, kernelSize: 128, axis: ConvolutionAxis(padBegin: 127)),
                length: 200),
            Case(convolution: MetalConvolution(inChannels: 1, outChannels: 2, kernelSize: 129), length: 300),
        ]

        @Test(arguments: cases) func everyShaderIsRight(_ test: Case) throws {
            let c = test.convolution
            var noise = MetalNoise(5)
            let w = noise.array(c.weightShape.reduce(1, *))
            let b = test.hasBias ? noise.array(c.outChannels) : nil
            let x = noiseRows(c.inChannels, test.length, seed: 9)
            var expected = try x.convolved(c, w, b)
            if c.activation == .tanh { expected = expected.map { Foundation.tanh($0) } }
            let layer = MetalLayer.convolution(
                c, weight: try Tensor(w, shape: c.weightShape),
                bias: try b.map { try Tensor($0, shape: [c.outChannels]) })
            for shader in [nil] + Conv1DShader.allCases.map(Optional.some) {
                if shader == .tiled, c.kernelSize > Conv1DShader.maxKernelSize { continue }
                let chain = try MetalConvolutionChain(
                    device: device, inChannels: c.inChannels, layers: [layer], maxLength: test.length + 10,
                    forcedShader: shader)
                let automatic = try Conv1DShader.choose(
                    kernelSize: c.kernelSize, outputLength: try c.outputLength(test.length),
                    stride: c.axis.stride,
                    dilation: c.axis.dilation)
                #expect(try chain.shaders(length: test.length) == [(shader ?? automatic).rawValue])
                #expect(distance(try chain(x), expected) < 2e-5)
            }
        }

        @Test func aChainOfEveryLayerIsRight() throws {
            let (chain, reference) = try deepChain(device, 400)
            for length in [400, 2, 37, 258, 400] {
                let x = noiseRows(2, length, seed: UInt64(length))
                let y = try chain(x)
                #expect(y.length == (try chain.outputLength(length)))
                #expect(distance(y, try reference(x)) < 1e-5)
                // The input is still there: the same run gives the same bits.
                #expect(chain.rows(try chain.run(length: length)) == y)
            }
        }

        @Test func valuesThatLiveTogetherDoNotShareABuffer() {
            let layers: [MetalLayer] = [
                .activation(.relu), .activation(.tanh), .add(value: 1), .activation(.relu), .add(value: 3),
                .add(value: 0), .activation(.tanh),
            ]
            let plan = MetalBufferPlan(sizes: [8, 8, 16, 8, 8, 32, 8, 8], layers: layers)
            // When step s runs, what it reads, what it writes and what is read later must be apart.
            for step in layers.indices {
                var live = Set([0, step, step + 1, layers.count])
                for later in step..<layers.count {
                    if let other = layers[later].otherValue, other <= step { live.insert(other) }
                }
                #expect(Set(live.map { plan.buffers[$0] }).count == live.count, "step \(step)")
            }
            #expect(plan.sizes.count < 8)
            for (value, size) in [8, 8, 16, 8, 8, 32, 8, 8].enumerated() {
                #expect(plan.sizes[plan.buffers[value]] >= size)
            }
        }

        @Test func lengthsOutOfRange() throws {
            let chain = try simpleChain(try MetalDevice())
            #expect(errorOf { try chain.run(length: 17) }?.code == .blockTooLong)
            #expect(errorOf { try chain.run(length: 0) }?.code == .invalidArgument)
            #expect(errorOf { try chain.run(length: -1) }?.code == .invalidArgument)
        }

        @Test func shapesThatDoNotFitNameTheLayer() throws {
            let device = try MetalDevice()
            let c = MetalConvolution(
                inChannels: 2, outChannels: 2, kernelSize: 3, axis: ConvolutionAxis(stride: 2))
            let w = try Tensor([Float](repeating: 1, count: 12), shape: [2, 2, 3])
            func make(_ layers: [MetalLayer], _ channels: Int = 2) -> OssicleError? {
                errorOf {
                    _ = try MetalConvolutionChain(
                        device: device, inChannels: channels, layers: layers, maxLength: 9)
                }
            }
            let good = MetalLayer.convolution(c, weight: w, bias: nil)
            #expect(make([good]) == nil)
            #expect(make([])?.code == .invalidArgument)
            #expect(make([good], 0)?.code == .invalidArgument)
            #expect(make([.activation(.relu), good], 3)?.message == "layer 1: expected 2 channels, found 3")
            #expect(make([.convolution(c, weight: try tensor([1], [1]), bias: nil)])?.code == .shapeMismatch)
            #expect(
                make([.convolution(c, weight: w, bias: try tensor([1], [1]))])?.message.contains("bias")
                    == true)
            #expect(make([good, .add(value: 0)])?.code == .shapeMismatch)
            #expect(make([good, .add(value: 2)])?.code == .invalidArgument)
            #expect(make([good, .add(value: -1)])?.code == .invalidArgument)
            #expect(make([good, good, good])?.message.hasPrefix("layer 2: ") == true)
        }

        @Test func aResidualThatFitsAtSomeLengthsOnly() throws {
            // Stride 2 down and up: 8 -> 4 -> 8, but 7 -> 4 -> 8.
            let down = MetalConvolution(
                inChannels: 1, outChannels: 1, kernelSize: 2, axis: ConvolutionAxis(stride: 2, padEnd: 1))
            let up = MetalConvolution(
                inChannels: 1, outChannels: 1, kernelSize: 2, axis: ConvolutionAxis(stride: 2),
                isTransposed: true)
            let w = try tensor([1, 1], [1, 1, 2])
            let chain = try MetalConvolutionChain(
                device: try MetalDevice(), inChannels: 1,
                layers: [
                    .convolution(down, weight: w, bias: nil), .convolution(up, weight: w, bias: nil),
                    .add(value: 0),
                ],
                maxLength: 8)
            for i in 0..<8 { chain.input[i] = Float(i) }
            #expect(try chain.run(length: 8) == 8)
            #expect((0..<8).map { chain.output[$0] } == [1, 2, 7, 8, 13, 14, 19, 20])
            #expect(errorOf { try chain.run(length: 7) }?.code == .shapeMismatch)
        }

        @Test func aForcedShaderThatCannotRun() throws {
            let c = MetalConvolution(inChannels: 1, outChannels: 1, kernelSize: 129)
            let layer = MetalLayer.convolution(
                c, weight: try Tensor([Float](repeating: 0, count: 129), shape: [1, 1, 129]), bias: nil)
            let device = try MetalDevice()
            let e = errorOf {
                _ = try MetalConvolutionChain(
                    device: device, inChannels: 1, layers: [layer], maxLength: 200, forcedShader: .tiled)
            }
            #expect(e?.code == .invalidArgument)
        }
    }
#endif
