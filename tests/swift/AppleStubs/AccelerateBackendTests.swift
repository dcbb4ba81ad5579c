#if canImport(Accelerate)
    import Foundation
    import Testing

    @testable import Ossicle

    /// Products placed on Accelerate against the engine's own kernels.
    @Suite struct AccelerateBackendTests {
        private let eager = Placement(backends: [AccelerateBackend(rule: .everything), CPUBackend()])

        private func linear(
            _ leading: [Dim], _ inputs: Int, _ outputs: Int, bias: Bool, _ activation: Activation
        )
            throws -> Graph
        {
            var state: UInt64 = 5
            func noise(_ count: Int) -> [Float] {
                (0..<count).map { _ in
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return Float(Int64(bitPattern: state) >> 40) / Float(1 << 23)
                }
            }
            var graph = Graph()
            let x = graph.input("x", ValueType(leading + [.fixed(inputs)]))
            let w = try graph.constant("w", noise(inputs * outputs), [outputs, inputs])
            let b = try graph.constant("b", noise(outputs), [outputs])
            let y = try graph.add(LinearOperation(hasBias: bias), [x, w] + (bias ? [b] : []))[0]
            graph.output("y", activation.isIdentity ? y : try graph.apply(Unary(activation), y))
            return graph
        }

        private func run(_ graph: Graph, _ shape: [Int], _ maxLength: Int, _ placement: Placement) throws
            -> (values: [Float], program: Program)
        {
            let program = try Program(
                graph, mode: .dynamic(maxLength: maxLength), optimize: true, placement: placement)
            let x = try Tensor((0..<shape.reduce(1, *)).map { Float($0 % 17) / 16 - 0.5 }, shape: shape)
            return (try Instance(program).run([x], length: shape[0])[0].floats(), program)
        }

        @Test(arguments: [true, false], [Activation.identity, .sigmoid]) func equalsTheKernels(
            _ bias: Bool, _ activation: Activation
        ) throws {
            for (rows, inputs, outputs) in [(1, 9, 5), (1, 64, 64), (7, 33, 12), (40, 5, 70)] {
                let graph = try linear([.dynamic], inputs, outputs, bias: bias, activation)
                for maxLength in [rows, rows + 3] {
                    let (y, program) = try run(graph, [rows, inputs], maxLength, eager)
                    let (expected, _) = try run(graph, [rows, inputs], maxLength, .portable)
                    #expect(program.placement == ["accelerate"])
                    #expect(!program.isRealtimeSafe)
                    let name = maxLength == 1 ? "accelerate  sgemv" : "accelerate  sgemm"
                    #expect(program.describe().contains(name), "\(program.describe())")
                    #expect(y.count == rows * outputs)
                    #expect(zip(y, expected).allSatisfy { abs($0 - $1) < 1e-5 })
                }
            }
        }

        @Test func leadingAxesAreRows() throws {
            let graph = try linear([.dynamic, 3], 8, 4, bias: true, .identity)
            let (y, _) = try run(graph, [5, 3, 8], 5, eager)
            #expect(
                zip(y, try run(graph, [5, 3, 8], 5, .portable).values).allSatisfy { abs($0 - $1) < 1e-5 })
        }

        @Test func theRule() throws {
            func backend(_ rows: Int, _ mode: (Int) -> PlanMode) throws -> String {
                let graph = try linear([.dynamic], 32, 32, bias: true, .identity)
                let placement = Placement(backends: [AccelerateBackend(), CPUBackend()])
                return try Program(graph, mode: mode(rows), optimize: true, placement: placement).placement
                    .last!
            }
            #expect(try backend(31) { .dynamic(maxLength: $0) } == "cpu")
            #expect(try backend(32) { .dynamic(maxLength: $0) } == "accelerate")
            // A stream has a deadline.
            #expect(try backend(32) { .stream(maxBlock: $0) } == "cpu")
        }
    }
#endif
