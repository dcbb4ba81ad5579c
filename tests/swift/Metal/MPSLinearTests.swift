#if canImport(MetalPerformanceShaders)
    import Foundation
    import Metal
    import Testing

    @testable import Ossicle

    /// Batches of Linear on the GPU.
    @Suite(.serialized) struct MPSLinearTests {
        let device: MetalDevice

        init() throws { device = try MetalDevice() }

        private func graph(_ rows: Dim, bias: Bool, _ activation: Activation) throws -> Graph {
            var graph = Graph()
            var noise = MetalNoise(31)
            let x = graph.input("x", ValueType([rows, 7]))
            let w = try graph.constant("w", noise.array(35), [5, 7])
            let b = try graph.constant("b", noise.array(5), [5])
            let y = try graph.add(LinearOperation(hasBias: bias), [x, w] + (bias ? [b] : []))[0]
            graph.output("y", activation.isIdentity ? y : try graph.apply(Unary(activation), y))
            return graph
        }

        private func run(_ graph: Graph, _ rows: Int, _ placement: Placement) throws -> ([Float], Program) {
            let program = try Program(
                graph, mode: .dynamic(maxLength: rows), optimize: true, placement: placement)
            let instance = try Instance(program)
            var noise = MetalNoise(UInt64(rows))
            let x = try Tensor(noise.array(rows * 7), shape: [rows, 7])
            let y = try instance.run([x], length: rows)[0].floats()
            #expect(instance.device?.failure == nil)
            return (y, program)
        }

        @Test(arguments: [true, false], [Activation.identity, .tanh]) func equalsTheCPU(
            _ bias: Bool, _ activation: Activation
        ) throws {
            let graph = try graph(.dynamic, bias: bias, activation)
            for rows in [4, 5, 65] {
                let (y, program) = try run(graph, rows, onGPU(device))
                let (expected, _) = try run(graph, rows, .portable)
                #expect(program.describe().contains("metal  mps gemm"), "\(program.describe())")
                #expect(zip(y, expected).allSatisfy { abs($0 - $1) < 2e-6 } && y.count == expected.count)
            }
        }

        @Test func belowTheThresholdTheCPUStays() throws {
            let (_, program) = try run(try graph(.dynamic, bias: true, .identity), 3, onGPU(device))
            #expect(program.device == nil)
            #expect(program.isRealtimeSafe)
        }

        @Test func theStrategyNamesTheGPU() throws {
            let linear = try Linear(inFeatures: 7, outFeatures: 5)
            #expect(GPU.isAvailable)
            #expect(linear.strategy(batch: Linear.mpsBatchThreshold) == .gpu)
            #expect(linear.strategy(batch: Linear.mpsBatchThreshold - 1) == .gemm)
            #expect(linear.strategy(batch: 1) == .gemv)
        }

        /// The whole way, as an app goes it.
        @Test func aSequentialOnWhateverTheMachineHas() throws {
            let sequential = try Sequential([
                try Linear(inFeatures: 16, outFeatures: 32), ActivationLayer("ReLU", .relu),
                try Linear(inFeatures: 32, outFeatures: 8),
            ])
            var noise = MetalNoise(6)
            for parameter in sequential.parameters {
                let values = noise.array(parameter.shape.reduce(1, *))
                sequential.setWeight(parameter.name, try Tensor(values, shape: parameter.shape))
            }
            let model = try sequential.build()
            let x = try Tensor(noise.array(20 * 16), shape: [20, 16])
            let session = try model.session([[20, 16]])
            let y = try session.run([x])[0].floats()
            let plain = try sequential.build(compute: .cpu).session([[20, 16]])
            let expected = try plain.run([x])[0].floats()
            #expect(try model.forward(x).floats() == y)
            #expect(zip(y, expected).allSatisfy { abs($0 - $1) < 1e-5 })
            #expect(session.program.placement.contains("metal"))
            #expect(session.deviceFailure == nil)
            #expect(!session.program.isRealtimeSafe)
            #expect(plain.program.isRealtimeSafe)
            #expect(try model.session([[20, 16]], compute: .cpu).program.isRealtimeSafe)
        }
    }
#endif
