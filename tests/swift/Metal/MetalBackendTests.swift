#if canImport(Metal)
    import Foundation
    import Metal
    import Testing

    @testable import Ossicle

    /// Programs placed on the GPU against float64, and against the same programs on the CPU.
    @Suite(.serialized) struct MetalBackendTests {
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
                length: 301, hasBias: false),
            Case(
                convolution: MetalConvolution(
                    inChannels: 2, outChannels: 3, kernelSize: 17, axis: ConvolutionAxis(padBegin: 16)),
                length: 140),
            Case(
                convolution: MetalConvolution(
                    inChannels: 2, outChannels: 2, kernelSize: 128, axis: ConvolutionAxis(padBegin: 127)),
                length: 200),
            Case(convolution: MetalConvolution(inChannels: 1, outChannels: 2, kernelSize: 129), length: 300),
            Case(
                convolution: MetalConvolution(
                    inChannels: 4, outChannels: 6, kernelSize: 5,
                    axis: ConvolutionAxis(stride: 3, dilation: 2, padBegin: 2, padEnd: 2), groups: 2,
                    isTransposed: true, outputPadding: 1, activation: .tanh), length: 61),
        ]

        @Test(arguments: cases) func everyShaderIsRight(_ test: Case) throws {
            let c = test.convolution
            var noise = MetalNoise(5)
            let w = noise.array(c.weightShape.reduce(1, *))
            let b = test.hasBias ? noise.array(c.outChannels) : nil
            let x = noiseRows(c.inChannels, test.length, seed: 9)
            var expected = try x.convolved(c, w, b)
            if c.activation == .tanh { expected = expected.map { Foundation.tanh($0) } }
            let graph = try convolutionGraph(c, w, b)
            for shader in [nil] + Conv1DShader.allCases.map(Optional.some) {
                if shader == .tiled, c.kernelSize > Conv1DShader.maxKernelSize { continue }
                // Planned for more than the run brings.
                let run = try MetalRunner(
                    graph, .dynamic(maxLength: test.length + 10), onGPU(device, forced: shader))
                #expect(run.program.placement.contains("metal"))
                #expect(distance(try run(x), expected) < 2e-5)
                #expect(run.instance.device?.failure == nil)
            }
        }

        @Test func aNetworkOfAnyLengthIsRight() throws {
            let network = DeepNetwork()
            let graph = try network.graph()
            let run = try MetalRunner(graph, .dynamic(maxLength: 400), onGPU(device))
            #expect(run.program.placement.filter { $0 == "metal" }.count == 4, "\(run.program.describe())")
            let cpu = try MetalRunner(graph, .dynamic(maxLength: 400), .portable)
            for length in [400, 2, 38, 258, 400] {
                let x = noiseRows(2, length, seed: UInt64(length))
                let y = try run(x)
                #expect(distance(y, try network.reference(x)) < 1e-5)
                #expect(distance(y, try cpu(x)) < 1e-5)
                #expect(try run(x) == y)
            }
            #expect(run.instance.device?.failure == nil)
        }

        @Test func batchesOfSignals() throws {
            let c = MetalConvolution(
                inChannels: 2, outChannels: 3, kernelSize: 5, axis: ConvolutionAxis(padBegin: 4))
            var noise = MetalNoise(2)
            let graph = try convolutionGraph(c, noise.array(30), noise.array(3), batch: 4)
            let x = noiseRows(8, 90, seed: 4)
            let run = try MetalRunner(graph, .dynamic(maxLength: 100), onGPU(device))
            #expect(run.program.placement.contains("metal"))
            #expect(
                distance(try run(x), try MetalRunner(graph, .dynamic(maxLength: 100), .portable)(x)) < 1e-5)
            #expect(run.instance.device?.failure == nil)
        }

        /// Conv on the GPU, LSTM on the CPU, transposed conv on the GPU: the values between lie in shared memory.
        @Test func aBottleneckOnTheCPU() throws {
            let graph = try DeepNetwork().graph { graph, x in
                var noise = MetalNoise(8)
                let weights = [[32, 8], [32, 8], [32], [32]].enumerated().map { i, shape in
                    try? graph.constant("lstm\(i)", noise.array(shape.reduce(1, *)).map { 0.5 * $0 }, shape)
                }
                let steps = try graph.apply(Transpose([1, 0]), x)
                let y = try graph.add(Recurrent(.lstm, hiddenSize: 8), [steps] + weights.map { $0! })[0]
                return try graph.apply(Transpose([1, 0]), y)
            }
            let run = try MetalRunner(graph, .dynamic(maxLength: 300), onGPU(device))
            let cpu = try MetalRunner(graph, .dynamic(maxLength: 300), .portable)
            for length in [300, 64] {
                let x = noiseRows(2, length, seed: 12)
                #expect(distance(try run(x), try cpu(x)) < 1e-5)
            }
            #expect(run.instance.device?.failure == nil)
        }

        @Test func theProgramSaysSo() throws {
            let graph = try DeepNetwork().graph()
            let program = try Program(
                graph, mode: .dynamic(maxLength: 64), optimize: true, placement: onGPU(device))
            #expect(!program.isRealtimeSafe)
            let text = program.describe()
            #expect(text.contains("metal  conv_transpose+sigmoid"), "\(text)")
            #expect(text.contains("metal  submit"), "\(text)")
            #expect(text.contains("not real-time safe"), "\(text)")
            // A stream has a deadline: it stays on the CPU whatever is preferred.
            let c = MetalConvolution(
                inChannels: 1, outChannels: 1, kernelSize: 3, axis: ConvolutionAxis(padBegin: 2))
            let stream = try Program(
                try convolutionGraph(c, [1, 2, 3], nil), mode: .stream(maxBlock: 64), optimize: true,
                placement: onGPU(device))
            #expect(stream.isRealtimeSafe)
            #expect(stream.device == nil)
        }

        @Test func smallWorkStaysOnTheCPU() throws {
            let c = MetalConvolution(inChannels: 16, outChannels: 16, kernelSize: 7)
            let graph = try convolutionGraph(c, [Float](repeating: 0, count: 16 * 16 * 7), nil)
            let placement = Placement(backends: [MetalBackend(device: device), CPUBackend()])
            func backends(_ length: Int) throws -> Set<String> {
                Set(
                    try Program(
                        graph, mode: .dynamic(maxLength: length), optimize: true, placement: placement
                    )
                    .placement)
            }
            #expect(try backends(1000) == ["cpu"])
            #expect(try backends(48000).contains("metal"))
        }

        @Test func aForcedShaderThatCannotRunLeavesTheNodeToTheCPU() throws {
            let c = MetalConvolution(inChannels: 1, outChannels: 1, kernelSize: 129)
            let graph = try convolutionGraph(c, [Float](repeating: 0.5, count: 129), nil)
            let run = try MetalRunner(graph, .dynamic(maxLength: 200), onGPU(device, forced: .tiled))
            let x = noiseRows(1, 200, seed: 1)
            #expect(try run(x) == (try MetalRunner(graph, .dynamic(maxLength: 200), .portable)(x)))
            #expect(run.program.steps.allSatisfy { $0.backend == "cpu" })
        }
    }
#endif
