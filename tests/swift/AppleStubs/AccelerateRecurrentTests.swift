#if canImport(Accelerate)
    import Accelerate
    import CKernels
    import Foundation
    import Testing

    @testable import Ossicle

    /// LSTM and GRU with their products on Accelerate, against PyTorch's results and the engine's own kernels.
    @Suite struct AccelerateRecurrentTests {
        private typealias T = AccelerateTesting
        /// Of outputs within 1: what another order of sums of up to 256 terms, weighted as layers are, may change over
        /// hundreds of steps (docs/apple.md).
        private let bound: Float = 0x1p-19

        static let goldens = Golden.all.filter { ["LSTM", "GRU", "Linear"].contains($0.module) }

        /// Layers, directions and layers without biases among them.
        @Test(arguments: goldens) func golden(_ golden: Golden) throws {
            let file = try golden.file()
            let names = ["input", "h0", "c0"].filter { name in file.entries.contains { $0.name == name } }
            let inputs = try names.map { try file.tensor($0) }
            let graph = try golden.model(file).graph(for: [inputs[0].shape.map { .fixed($0) }])
            let program = try T.program(graph, .fixed(length: 1), T.eager)
            #expect(program.placement.contains("accelerate"))
            #expect(program.describe().contains(golden.module == "Linear" ? "sgem" : "sgemm+sgemv"))
            let outputs = try Instance(program).run(inputs)
            for (i, name) in ["output", "hn", "cn"].enumerated()
            where file.entries.contains(where: { $0.name == name }) {
                golden.expectEqual(outputs[i].floats(), try file.tensor(name).floats(), name)
            }
        }

        private func layer(
            _ cell: Recurrent.Cell, _ hidden: Int, _ change: (inout Recurrent) -> Void = { _ in }
        )
            -> Recurrent
        {
            var layer = Recurrent(cell, hiddenSize: hidden)
            change(&layer)
            return layer
        }

        /// Forms that the goldens do not have: reset before the product, other activations, an input whose features are
        /// apart, more steps than one sgemm takes.
        @Test(arguments: [Recurrent.Cell.lstm, .gru, .gruResetBefore]) func equalsTheKernels(
            _ cell: Recurrent.Cell
        ) throws {
            let activations = Recurrent.Activations(
                gate: Activation(.hardsigmoid), cell: Activation(.softsign))
            for (hidden, inputs, steps, transposed) in [
                (20, 3, 50, false), (33, 24, 61, true), (64, 17, 1100, false),
            ] {
                for custom in [nil, activations] {
                    let layer = layer(cell, hidden) {
                        $0.activations = custom
                        $0.bidirectional = transposed
                    }
                    let graph = try T.graph(layer, inputs: inputs, transposed: transposed)
                    let shape = transposed ? [inputs, steps] : [steps, inputs]
                    let x = try Tensor(T.noise(steps * inputs), shape: shape)
                    let found = try T.run(graph, [x], T.eager, length: steps)
                    let expected = try T.run(graph, [x], .portable, length: steps)
                    #expect(found.count == layer.stateCount + 1)
                    for (a, b) in zip(found, expected) { #expect(T.difference(a, b) <= bound) }
                }
            }
        }

        @Test func theRule() throws {
            func text(_ cell: Recurrent.Cell, _ inputs: Int, _ hidden: Int, _ mode: PlanMode) throws -> String
            {
                try T.program(try T.graph(layer(cell, hidden), inputs: inputs), mode, T.ruled).describe()
            }
            // 4 · 90² multiply-adds a step are too few, 4 · 91² enough.
            let long = PlanMode.dynamic(maxLength: 100)
            #expect(try text(.lstm, 64, 90, long).contains("accelerate  lstm 64→90 sgemm "))
            #expect(try text(.lstm, 64, 91, long).contains("accelerate  lstm 64→91 sgemm+sgemv "))
            #expect(try text(.gru, 64, 104, long).contains("accelerate  gru 64→104 sgemm "))
            #expect(try text(.gru, 64, 105, long).contains("accelerate  gru 64→105 sgemm+sgemv "))
            #expect(try text(.gruResetBefore, 64, 200, long).contains("64→200 sgemm "))
            // One step of a few inputs, and a whole sequence of them.
            #expect(try text(.lstm, 1, 128, .dynamic(maxLength: 1)).contains("lstm 1→128 sgemv "))
            #expect(try text(.lstm, 1, 32, long).contains("cpu  lstm 1→32 "))
            #expect(try text(.lstm, 8, 32, long).contains("accelerate  lstm 8→32 sgemm "))
            // A stream has a deadline.
            #expect(try text(.lstm, 64, 128, .stream(maxBlock: 100)).contains("cpu  lstm 64→128 "))
        }

        /// Layers of one module are judged one by one.
        @Test func aSmallLayerStaysTheEngines() throws {
            let graph = try T.graph(layer(.lstm, 24) { $0.layers = 2 }, inputs: 1)
            let program = try T.program(graph, .dynamic(maxLength: 20), T.ruled)
            #expect(program.describe().contains("cpu  lstm 1→24 "))
            #expect(program.describe().contains("accelerate  lstm 24→24 sgemm\n"))
            #expect(!program.isRealtimeSafe)
        }

        /// A stream's blocks, of any lengths, go on where the last one stopped. Rows of a product may be summed in another
        /// order when there are fewer, so results agree within rounding, not bit for bit.
        @Test(arguments: [Recurrent.Cell.lstm, .gru, .gruResetBefore]) func splitsAgree(
            _ cell: Recurrent.Cell
        ) throws {
            let (inputs, steps) = (40, 700)
            let graph = try T.graph(layer(cell, 48) { $0.layers = 2 }, inputs: inputs)
            let x = T.noise(steps * inputs)
            let whole = try T.run(graph, [try Tensor(x, shape: [steps, inputs])], T.eager, length: steps)[0]
            for lengths in [[63], [1], [3, 64, 17, 2]] {
                let instance = try Instance(try T.program(graph, .stream(maxBlock: 64), T.eager))
                #expect(instance.program.describe().contains("sgemm"))
                var (y, from, turn): ([Float], Int, Int) = ([], 0, 0)
                while from < steps {
                    let count = min(lengths[turn % lengths.count], steps - from)
                    let block = Array(x[from * inputs..<(from + count) * inputs])
                    var result = [Float](repeating: .nan, count: count * 48)
                    #expect(ok_instance_process(instance.c, block, &result, Int64(count)) == 0)
                    y += result
                    (from, turn) = (from + count, turn + 1)
                }
                #expect(T.difference(y, whole) <= bound)
                #if OSSICLE_APPLE_STUBS
                    // The stand-in does change the order, or this would show nothing.
                    #expect(T.difference(y, whole) > 0)
                #endif
            }
        }

        /// Streams of whole models, one of whose layers looks ahead.
        @Test(arguments: ["lstm", "gru", "conv lstm", "lookahead lstm"]) func streams(_ name: String) throws {
            let graph = try StreamTests.model(name).graph
            func run(_ placement: Placement) throws -> [Float] {
                let instance = try Instance(try T.program(graph, .stream(maxBlock: 32), placement))
                let program = instance.program
                #expect(program.describe().contains("sgemm+sgemv") == (placement.backends.count > 1))
                return try [32, 5, 32, 1, 20].flatMap { frames in
                    let count = program.shape(program.graph.inputs[0], length: frames).reduce(1, *)
                    let outputs = program.shape(program.graph.outputs[0], length: frames).reduce(1, *)
                    var y = [Float](repeating: .nan, count: outputs)
                    try #require(
                        ok_instance_process(
                            instance.c, T.noise(count, seed: UInt64(frames)), &y, Int64(frames)) == 0)
                    return y
                }
            }
            #expect(T.difference(try run(T.eager), try run(.portable)) <= bound)
        }

        /// The same for sessions that hand on the last state.
        @Test func statesGoOn() throws {
            let (inputs, steps) = (24, 90)
            let graph = try T.graph(layer(.lstm, 40) { $0.hasInitialState = true }, inputs: inputs)
            let x = T.noise(steps * inputs)
            func run(_ lengths: [Int]) throws -> [Float] {
                var states = try (0..<2).map { try Tensor(T.noise(40, seed: UInt64($0)), shape: [1, 40]) }
                var (y, from): ([Float], Int) = ([], 0)
                for length in lengths {
                    let block = try Tensor(
                        Array(x[from * inputs..<(from + length) * inputs]), shape: [length, inputs])
                    let results = try T.run(graph, [block] + states, T.eager, length: length)
                    states = try results.dropFirst().map { try Tensor($0, shape: [1, 40]) }
                    (y, from) = (y + results[0], from + length)
                }
                return y + states.flatMap { $0.floats() }
            }
            #expect(T.difference(try run([90]), try run([1, 40, 7, 42])) <= bound)
        }

        #if OSSICLE_APPLE_STUBS
            @Test func oneCallForTheSequenceAndOneAStep() throws {
                let graph = try T.graph(layer(.gru, 16), inputs: 8)
                let x = try Tensor(T.noise(1030 * 8), shape: [1030, 8])
                let program = try T.program(graph, .dynamic(maxLength: 1030), T.eager)
                let instance = try Instance(program)
                _ = AccelerateStubTakeCalls()
                _ = try instance.run([x], length: 1030)
                let calls = AccelerateStubTakeCalls()
                #expect(calls.sgemm == 3)  // 512 + 512 + 6
                #expect(calls.sgemv == 1030)
            }

            /// Positive control: a library that is a little wrong, in one value, is seen.
            @Test(arguments: [Recurrent.Cell.lstm, .gru]) func aWrongLibraryIsSeen(_ cell: Recurrent.Cell)
                throws
            {
                let golden = Golden.all.first { $0.name == (cell == .lstm ? "lstm_3" : "gru_3") }!
                let file = try golden.file()
                let x = try file.tensor("input")
                let graph = try golden.model(file).graph(for: [x.shape.map { .fixed($0) }])
                let instance = try Instance(try T.program(graph, .fixed(length: 1), T.eager))
                let inputs = try ["input", "h0", "c0"].filter { name in
                    file.entries.contains { $0.name == name }
                }
                .map { try file.tensor($0) }
                AccelerateStubSpoil(0.01)
                let spoiled = try instance.run(inputs)[0].floats()
                AccelerateStubSpoil(0)
                let expected = try file.tensor("output").floats()
                let tolerance = Float(golden.absolute + golden.relative)
                #expect(T.difference(spoiled, expected) > 2 * tolerance)
                #expect(T.difference(try instance.run(inputs)[0].floats(), expected) <= tolerance)
            }
        #endif
    }
#endif
