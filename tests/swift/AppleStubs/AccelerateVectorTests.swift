#if canImport(Accelerate)
    import Accelerate
    import CKernels
    import Testing

    @testable import Ossicle

    /// Element-wise passes on vDSP and vForce, against the engine's kernels.
    @Suite struct AccelerateVectorTests {
        private typealias T = AccelerateTesting

        private func unary(_ functions: [Activation], _ shape: [Dim]) throws -> Graph {
            var graph = Graph()
            var value = graph.input("x", ValueType(shape))
            for function in functions { value = try graph.apply(Unary(function), value) }
            graph.output("y", value)
            return graph
        }

        private func binary(_ kind: Binary.Kind, _ a: [Dim], _ b: [Dim]) throws -> Graph {
            var graph = Graph()
            let values = [graph.input("a", ValueType(a)), graph.input("b", ValueType(b))]
            graph.output("y", try graph.add(Binary(kind), values)[0])
            return graph
        }

        /// Two float32 implementations within 2 ulp each; sigmoid adds the rounding of 1 + e^-x and its reciprocal.
        @Test(
            arguments: zip(
                [Activation(.tanh), Activation(.exp), Activation(.log), Activation(.sigmoid)],
                ["vvtanhf", "vvexpf", "vvlogf", "vvexpf+vvrecf"])
        ) func functionsEqualTheKernels(_ function: Activation, _ name: String) throws {
            let graph = try unary([function], [.dynamic])
            var values =
                T.noise(5000, scale: 30) + [0, -0.0, .infinity, -.infinity, .nan, 1e-3, -1e-3, 100, -100]
            if function.kind == .log { values = values.map { $0.magnitude } }
            let x = try Tensor(values, shape: [values.count])
            let program = try T.program(graph, .dynamic(maxLength: values.count), T.eager)
            #expect(program.describe().contains("accelerate  \(name)"), "\(program.describe())")
            let found = try T.run(graph, [x], T.eager, length: values.count)[0]
            let expected = try T.run(graph, [x], .portable, length: values.count)[0]
            #expect(found.count == values.count)
            for (x, (a, b)) in zip(values, zip(found, expected)) {
                let ulp = max(abs(b), 0x1p-126).ulp
                #expect(a == b || a.isNaN && b.isNaN || abs(a - b) <= 6 * ulp, "\(name)(\(x)): \(a), \(b)")
            }
        }

        /// Addition, subtraction and multiplication are rounded once: the same bits.
        @Test(
            arguments: zip([Binary.Kind.add, .subtract, .multiply], ["vDSP_vadd", "vDSP_vsub", "vDSP_vmul"]))
        func arithmeticIsTheSameToTheBit(_ kind: Binary.Kind, _ name: String) throws {
            let graph = try binary(kind, [.dynamic, .fixed(3)], [.dynamic, .fixed(3)])
            let inputs = try [1, 2].map { try Tensor(T.noise(3000, seed: $0), shape: [1000, 3]) }
            #expect(
                try T.program(graph, .dynamic(maxLength: 1000), T.eager).describe().contains(
                    "accelerate  \(name)"))
            #expect(
                try T.run(graph, inputs, T.eager, length: 1000)
                    == T.run(graph, inputs, .portable, length: 1000))
        }

        @Test func theRule() throws {
            func backend(_ graph: Graph, _ length: Int) throws -> String {
                try T.program(graph, .dynamic(maxLength: length), T.ruled).placement.last!
            }
            let (tanh, sum) = (try unary([.tanh], [.dynamic]), try binary(.add, [.dynamic], [.dynamic]))
            for graph in [tanh, sum] {
                #expect(try backend(graph, 16383) == "cpu")
                #expect(try backend(graph, 16384) == "accelerate")
            }
            // Cheap functions, broadcast operands and functions that vForce has not stay the engine's.
            #expect(try backend(unary([.relu], [.dynamic]), 1 << 20) == "cpu")
            #expect(try backend(unary([Activation(.log, alpha: 1)], [.dynamic]), 1 << 20) == "cpu")
            #expect(try backend(unary([Activation(.silu)], [.dynamic]), 1 << 20) == "cpu")
            #expect(
                try backend(binary(.add, [.dynamic, .fixed(2)], [.dynamic, .fixed(1)]), 1 << 20) == "cpu")
            #expect(try backend(binary(.divide, [.dynamic], [.dynamic]), 1 << 20) == "cpu")
        }

        /// One after the other in one buffer.
        @Test func functionsInPlace() throws {
            let graph = try unary([.sigmoid, .tanh, Activation(.exp)], [.dynamic])
            let x = try Tensor(T.noise(3000, scale: 4), shape: [3000])
            let found = try T.run(graph, [x], T.eager, length: 3000)[0]
            #expect(T.difference(found, try T.run(graph, [x], .portable, length: 3000)[0]) < 2e-6)
        }

        #if OSSICLE_APPLE_STUBS
            /// Positive control.
            @Test func aWrongLibraryIsSeen() throws {
                for (graph, count) in [
                    (try unary([.tanh], [.dynamic]), 1), (try binary(.add, [.dynamic], [.dynamic]), 2),
                ] {
                    let inputs = try (0..<count).map {
                        try Tensor(T.noise(64, seed: UInt64($0)), shape: [64])
                    }
                    AccelerateStubSpoil(1e-4)
                    let spoiled = try T.run(graph, inputs, T.eager, length: 64)[0]
                    AccelerateStubSpoil(0)
                    #expect(T.difference(spoiled, try T.run(graph, inputs, .portable, length: 64)[0]) > 5e-5)
                }
            }
        #endif
    }
#endif
