#if canImport(Metal)
    import Foundation
    import Testing

    @testable import Ossicle

    /// Every activation behind a convolution: on the GPU where the shaders have it, else the whole layer on the CPU.
    @Suite struct MetalActivationTests {
        @Test(arguments: Activation.Kind.allCases) func activation(_ kind: Activation.Kind) throws {
            let activation = Activation(
                kind, alpha: kind == .log ? 0 : 0.25, beta: kind == .softplus ? 20 : 0.5)
            try expectPlaced(activation, onGPU: activation.hasMetalForm)
        }

        /// The shaders' logarithm knows no offset.
        @Test func logarithmWithAnOffset() throws {
            try expectPlaced(Activation(.log, alpha: 0.5), onGPU: false)
        }

        private func expectPlaced(_ activation: Activation, onGPU isPlaced: Bool) throws {
            let device = try MetalDevice.system.get()
            var noise = MetalNoise(7)
            let c = MetalConvolution(inChannels: 2, outChannels: 3, kernelSize: 3, activation: activation)
            let graph = try convolutionGraph(c, noise.array(18), noise.array(3))
            let x = MetalRows(channels: 2, length: 150, values: noise.array(300).map(Double.init))
            let gpu = try MetalRunner(graph, .dynamic(maxLength: 150), onGPU(device))
            let cpu = try MetalRunner(graph, .dynamic(maxLength: 150), .portable)
            #expect(gpu.program.placement.contains("metal") == isPlaced, "\(gpu.program.describe())")
            let (found, expected) = (try gpu(x), try cpu(x))
            for (y, e) in zip(found.values, expected.values) {
                if !isPlaced {
                    #expect(y == e || y.isNaN && e.isNaN)
                } else {
                    // Steps and poles magnify the last bit of a sum.
                    let steep: Set<Activation.Kind> = [.rsqrt, .reciprocal, .log, .sqrt]
                    let tolerance = steep.contains(activation.kind) ? 1e-3 * (1 + e * e) : 2e-6 * (1 + abs(e))
                    #expect(y.isNaN && e.isNaN || abs(y - e) <= tolerance, "\(activation.kind): \(y), \(e)")
                }
            }
        }
    }
#endif
