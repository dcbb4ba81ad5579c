#if canImport(Accelerate)
    import CKernels
    import Foundation
    import Testing

    @testable import Ossicle

    /// Where Accelerate draws level with the engine's kernels: what the thresholds of `AccelerateRule` should be on
    /// this machine. For `scripts/verify_macos.sh`; on the stand-ins it only shows that the table can be made.
    @Suite struct AccelerateMeasurements {
        private typealias T = AccelerateTesting

        @Test(.enabled(if: ProcessInfo.processInfo.environment["OSSICLE_MEASURE"] != nil)) func thresholds()
            throws
        {
            print("| case | size | engine, µs | Accelerate, µs | the rule takes |\n|---|---|---|---|---|")
            for hidden in [16, 32, 64, 96, 128, 256, 512] {
                let graph = try T.graph(Recurrent(.lstm, hiddenSize: hidden), inputs: 1)
                try compare("LSTM 1→\(hidden), a step", graph, [1, 1], 4 * hidden * hidden)
            }
            for hidden in [8, 16, 32, 64, 128, 256] {
                let graph = try T.graph(Recurrent(.lstm, hiddenSize: hidden), inputs: 64)
                try compare("LSTM 64→\(hidden), 256 steps", graph, [256, 64], 256 * 64 * 4 * hidden)
            }
            for (rows, width) in [
                (1, 64), (1, 128), (1, 256), (1, 512), (16, 32), (16, 64), (256, 16), (256, 128),
            ] {
                var graph = Graph()
                let x = graph.input("x", ValueType([.dynamic, .fixed(width)]))
                let w = try graph.constant("w", T.noise(width * width), [width, width])
                graph.output("y", try graph.add(LinearOperation(hasBias: false), [x, w])[0])
                try compare(
                    "Linear \(width)→\(width), \(rows) rows", graph, [rows, width], rows * width * width)
            }
            for count in [10, 12, 14, 16, 18, 20].map({ 1 << $0 }) {
                for function in [Activation.tanh, .sigmoid, Activation(.exp), Activation(.log)] {
                    var graph = Graph()
                    let x = graph.input("x", ValueType([.dynamic]))
                    graph.output("y", try graph.apply(Unary(function), x))
                    try compare("\(function.kind)", graph, [count], count)
                }
                var graph = Graph()
                let x = graph.input("x", ValueType([.dynamic]))
                graph.output("y", try graph.add(Binary(.add), [x, x])[0])
                try compare("add", graph, [count], count)
            }
        }

        private func compare(_ name: String, _ graph: Graph, _ shape: [Int], _ size: Int) throws {
            let x = T.noise(shape.reduce(1, *))
            let times = try [Placement.portable, T.eager].map { placement in
                let program = try T.program(graph, .dynamic(maxLength: shape[0]), placement)
                let instance = try Instance(program)
                let count = program.shape(program.graph.outputs[0], length: shape[0]).reduce(1, *)
                var y = [Float](repeating: 0, count: count)
                return try microseconds {
                    try #require(ok_instance_run_f32(instance.c, x, x.count, &y, count) == 0)
                }
            }
            let taken = try T.program(graph, .dynamic(maxLength: shape[0]), T.ruled).placement.contains(
                "accelerate")
            let numbers = times.map { String(format: "%.1f", $0) }.joined(separator: " | ")
            print("| \(name) | \(size) | \(numbers) | \(taken ? "yes" : "no") |")
            #expect(times.allSatisfy { $0 > 0 })
        }

        /// The best of ten rounds of about a millisecond.
        private func microseconds(_ body: () throws -> Void) throws -> Double {
            func round(_ count: Int) throws -> Double {
                let elapsed = try ContinuousClock().measure { for _ in 0..<count { try body() } }
                return Double(elapsed.components.attoseconds) / 1e12 + Double(elapsed.components.seconds)
                    * 1e6
            }
            let count = max(1, Int(1000 / max(try round(3) / 3, 0.01)))
            return try (0..<10).map { _ in try round(count) / Double(count) }.min()!
        }
    }
#endif
