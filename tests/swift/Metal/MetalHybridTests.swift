#if canImport(Metal)
    import Metal
    import Testing

    @testable import Ossicle

    /// Encoder and decoder on the GPU, the recurrent bottleneck on the CPU, in one workspace.
    @Suite(.serialized) struct MetalHybridTests {
        @Test(arguments: [false, true]) func equalsTheCPU(_ skips: Bool) throws {
            let device = try MetalDevice()
            let configuration = HybridTesting.configuration { $0.skipConnections = skips }
            let network = try HybridNetwork(configuration, bottleneck: nil)
            let weights = try HybridTesting.weights(network).sorted { $0.key < $1.key }
                .map { (name: $0.key, tensor: $0.value) }
            func pipeline(_ placement: Placement) throws -> HybridPipeline {
                try HybridPipeline(
                    network, WeightSource(weights, file: "state_dict", options: LoadOptions()),
                    placement: placement)
            }
            let (gpu, cpu) = (try pipeline(onGPU(device)), try pipeline(.portable))
            #expect(gpu.usesGPU && !cpu.usesGPU)
            // The convolutions' and the projection's weights lie on the GPU beside what the CPU needs in its place.
            let onGPU = network.parameters.filter { !$0.name.hasPrefix("bottleneck.") }
                .reduce(0) { $0 + $1.shape.reduce(1, *) * MemoryLayout<Float>.stride }
            #expect(gpu.memory.packed >= cpu.memory.packed + onGPU)
            #expect(gpu.plan.contains("packed weights and tables: \(gpu.memory.packed) bytes"))
            var noise = MetalNoise(4)
            for _ in 0..<3 {
                let x = noise.array(configuration.inChannels * configuration.inputLength)
                func run(_ pipeline: HybridPipeline) -> [Float] {
                    var y = [Float](
                        repeating: .nan, count: configuration.outChannels * configuration.inputLength)
                    let status = x.withUnsafeBufferPointer { x in
                        y.withUnsafeMutableBufferPointer { pipeline.process(x, $0) }
                    }
                    #expect(status == 0)
                    return y
                }
                #expect(HybridTesting.worst(run(gpu), run(cpu)) < 1e-5)
            }
            #expect(gpu.session.deviceFailure == nil)
            #expect(gpu.summary.contains("runs on: cpu, metal"), "\(gpu.summary)")
            // Encoder, projection, and decoder with its skips: the LSTM and the turn to frames are the CPU's.
            #expect(
                gpu.session.program.steps.filter { $0.label.hasPrefix("submit") }.count == 3, "\(gpu.plan)")
        }
    }
#endif
