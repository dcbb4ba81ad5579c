#if canImport(Accelerate)
    import Foundation
    import Testing

    @testable import Ossicle

    /// Products placed on Accelerate against the engine's own kernels.
    @Suite struct AccelerateBackendTests {
        private typealias T = AccelerateTesting

        private func linear(
            _ leading: [Dim], _ inputs: Int, _ outputs: Int, bias: Bool, _ activation: Activation
        )
            throws -> Graph
        {
            var graph = Graph()
            let x = graph.input("x", ValueType(leading + [.fixed(inputs)]))
            let w = try graph.constant("w", T.noise(inputs * outputs), [outputs, inputs])
            let b = try graph.constant("b", T.noise(outputs, seed: 6), [outputs])
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
                    let (y, program) = try run(graph, [rows, inputs], maxLength, T.eager)
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
            let (y, _) = try run(graph, [5, 3, 8], 5, T.eager)
            #expect(
                zip(y, try run(graph, [5, 3, 8], 5, .portable).values).allSatisfy { abs($0 - $1) < 1e-5 })
        }

        @Test func theRule() throws {
            func backend(_ rows: Int, _ mode: (Int) -> PlanMode) throws -> String {
                let graph = try linear([.dynamic], 32, 32, bias: true, .identity)
                return try Program(graph, mode: mode(rows), optimize: true, placement: T.ruled).placement
                    .last!
            }
            #expect(try backend(31) { .dynamic(maxLength: $0) } == "cpu")
            #expect(try backend(32) { .dynamic(maxLength: $0) } == "accelerate")
            // A stream has a deadline.
            #expect(try backend(32) { .stream(maxBlock: $0) } == "cpu")
        }
    }
#endif
