import Foundation
import Testing

@testable import Ossicle

/// Loops as no bundle here has them: long ones, ones that fill a list whose elements have no shape yet, and ones whose
/// end an input decides.
@Suite struct MILLoopTests {
    private static let steps = 100

    /// h = tanh(h + x[i]) from i = 0 on while i < `end`, kept in a list; then the list's elements.
    private static func graph(end: String) throws -> Graph {
        let element = "tensor<fp32, [2]>", list = "list<tensor<fp32, [2]>, ?>",
            x = "tensor<fp32, [\(steps), 2]> x"
        let every = (0..<steps).map { "\($0)" }.joined(separator: ", ")
        let program = try MILParser.parse(
            """
            program(1.3)
            {
                func body<ios17>(\(element) h, int32 i, \(list) ls, int32 n, \(x)) {
                    \(element) v = gather(axis = int32(0), indices = i, x = x)[name = string("v")];
                    \(element) s = add(x = h, y = v)[name = string("s")];
                    \(element) g = tanh(x = s)[name = string("g")];
                    \(list) l = list_write(index = i, ls = ls, value = g)[name = string("l")];
                    int32 k = add(x = i, y = int32(1))[name = string("k")];
                } -> (k, g, l);
                func condition<ios17>(\(element) h, int32 i, \(list) ls, int32 n, \(x)) {
                    bool c = less(x = i, y = \(end))[name = string("c")];
                } -> (c);
                func main<ios17>(int32 n, \(x)) {
                    \(list) start = make_list(dtype = string("fp32"), dynamic_length = bool(false), \
            elem_shape = (string("d")), init_length = int32(\(steps)))[name = string("start")];
                    int32 last, \(element) h1, \(list) filled = while_loop(loop_vars = \
            (int32(0), tensor<fp32, [2]>([0x1p-1, -0x1p-1]), start))[name = string("loop")];
                    tensor<fp32, [\(steps), 2]> y = list_gather(indices = tensor<int32, [\(steps)]>([\(every)]), \
            ls = filled)[name = string("y")];
                } -> (y, h1, last);
            }
            """)
        var main = try #require(program.function(named: "main"))
        let loop = try #require(main.body.operations.firstIndex { $0.type == "while_loop" })
        main.body.operations[loop].blocks = try ["condition", "body"].map { name in
            let function = try #require(program.function(named: name))
            var block = function.body
            // The rest is what the block reads from outside.
            block.inputs = ["i", "h", "ls"].compactMap { name in function.inputs.first { $0.name == name } }
            return block
        }
        let shapes = try MILShapeChoice(main, nil).choose([:])
        return try MILLowering(main, files: MILBlobFiles([:])).lower(main, shapes: shapes, nil)
    }

    private static func check(_ graph: Graph, turns: Int, _ sourceLocation: SourceLocation = #_sourceLocation)
        throws
    {
        let x = InferenceTests.noise(2 * steps)
        let inputs = try graph.inputs.map { port in
            port.name == "n"
                ? try Tensor([Int32(turns)], shape: []) : try Tensor(x, shape: [steps, 2])
        }
        var expected: [Float] = []
        var h: [Double] = [0.5, -0.5]
        for i in 0..<turns {
            h = (0..<2).map { tanh(h[$0] + Double(x[2 * i + $0])) }
            expected += h.map { Float($0) }
        }
        let instance = try Instance(Program(graph, mode: .fixed(length: 1)))
        // Twice, since buffers are used again.
        for _ in 0..<2 {
            let results = try instance.run(inputs)
            let found = Array(results[0].floats()[..<expected.count])
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-5 }, sourceLocation: sourceLocation)
            #expect(
                zip(results[1].floats(), h).allSatisfy { abs(Double($0) - $1) < 1e-5 },
                sourceLocation: sourceLocation)
            #expect(results[2].ints() == [turns], sourceLocation: sourceLocation)
        }
    }

    private static func hasLoop(_ graph: Graph) -> Bool { graph.nodes.contains { $0.operation is While } }

    @Test func shortLoopsAreUnrolled() throws {
        let graph = try Self.graph(end: "int32(5)")
        #expect(!Self.hasLoop(graph))
        try Self.check(graph, turns: 5)
    }

    @Test func longLoopsRunAsLoops() throws {
        let graph = try Self.graph(end: "int32(\(Self.steps))")
        #expect(Self.hasLoop(graph))
        try Self.check(graph, turns: Self.steps)
    }

    @Test(arguments: [0, 1, 7, 100]) func anInputDecidesTheEnd(_ turns: Int) throws {
        let graph = try Self.graph(end: "n")
        #expect(Self.hasLoop(graph))
        try Self.check(graph, turns: turns)
    }
}
