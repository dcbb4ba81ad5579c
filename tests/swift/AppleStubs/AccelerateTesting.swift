#if canImport(Accelerate)
    import Foundation

    @testable import Ossicle

    /// Layers and signals for the tests of the Accelerate backend.
    enum AccelerateTesting {
        /// Accelerate wherever it has a form, in streams too.
        static let eager = Placement(backends: [
            AccelerateBackend(rule: .everything, takesStreams: true), CPUBackend(),
        ])
        /// By the rule, as `Compute.automatic` does.
        static let ruled = Placement(backends: [AccelerateBackend(), CPUBackend()])

        static func noise(_ count: Int, seed: UInt64 = 5, scale: Float = 1) -> [Float] {
            var state = seed
            return (0..<count).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Float(Int64(bitPattern: state) >> 40) / Float(1 << 23) * scale
            }
        }

        /// `layer` on x `[T, inputs]`, or `[inputs, T]` and transposed first; with its initial states as inputs where it
        /// has them.
        static func graph(_ layer: Recurrent, inputs: Int, transposed: Bool = false) throws -> Graph {
            var graph = Graph()
            var x = graph.input(
                "x", ValueType(transposed ? [.fixed(inputs), .dynamic] : [.dynamic, .fixed(inputs)]))
            if transposed { x = try graph.apply(Transpose([1, 0]), x) }
            var values = [x]
            for cell in 0..<layer.layers * layer.directions {
                let rows = layer.gates * layer.hiddenSize
                let features = cell < layer.directions ? inputs : layer.directions * layer.hiddenSize
                let shapes =
                    [[rows, features], [rows, layer.hiddenSize]] + (layer.hasBias ? [[rows], [rows]] : [])
                for (i, shape) in shapes.enumerated() {
                    let scale = 1 / Float(shape.last!).squareRoot()
                    values.append(
                        try graph.constant(
                            "w\(cell).\(i)",
                            noise(
                                shape.reduce(1, *), seed: UInt64(10 * cell + i), scale: i < 2 ? scale : 0.3),
                            shape))
                }
            }
            if layer.hasInitialState {
                let state = ValueType([layer.layers * layer.directions, layer.hiddenSize].map { .fixed($0) })
                for i in 0..<layer.stateCount { values.append(graph.input("state\(i)", state)) }
            }
            for (i, y) in try graph.add(layer, values).enumerated() { graph.output("y\(i)", y) }
            return graph
        }

        static func program(_ graph: Graph, _ mode: PlanMode, _ placement: Placement) throws -> Program {
            try Program(graph, mode: mode, optimize: true, placement: placement)
        }

        static func run(_ graph: Graph, _ inputs: [Tensor], _ placement: Placement, length: Int) throws
            -> [[Float]]
        {
            let program = try program(graph, .dynamic(maxLength: length), placement)
            return try Instance(program).run(inputs, length: length).map { $0.floats() }
        }

        /// NaN counts as infinite.
        static func difference(_ a: [Float], _ b: [Float]) -> Float {
            a.count == b.count
                ? zip(a, b).map { abs($0 - $1) }.reduce(0) { $1 <= $0 ? $0 : $1.isNaN ? .infinity : $1 }
                : .infinity
        }
    }
#endif
