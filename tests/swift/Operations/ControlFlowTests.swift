import CKernels
import Testing

@testable import Ossicle

private func scalar(_ value: Int) throws -> Tensor { try Tensor([Int32(value)], shape: []) }

private func run(_ graph: Graph, _ inputs: [Tensor], isa: String, optimize: Bool) throws -> Instance {
    try Instance(
        Program(
            graph, mode: .fixed(length: 0), optimize: optimize, placement: .portable,
            kernels: ok_kernels_named(isa)))
}

/// Every instruction set, with and without the passes.
private func forEachPlan(_ graph: Graph, _ body: (Instance) throws -> Void) throws {
    for isa in instructionSets {
        for optimize in [true, false] { try body(run(graph, [], isa: isa, optimize: optimize)) }
    }
}

/// A loop of `rounds` over what `body` makes of the round's number and the other carried values.
private func loop(
    _ graph: inout Graph, rounds: Int, carried: [ValueID], captured: [ValueID] = [],
    _ body: (inout Graph, ValueID, [ValueID], [ValueID]) throws -> [ValueID]
) throws -> [ValueID] {
    let start = graph.constant("start", try scalar(0))
    let inputs = [start] + carried + captured
    func region(_ make: (inout Graph, [ValueID]) throws -> [ValueID]) throws -> Graph {
        var region = Graph()
        let values = inputs.enumerated().map { region.input("i\($0)", graph.type(of: $1)) }
        for (i, value) in try make(&region, values).enumerated() { region.output("o\(i)", value) }
        return region
    }
    let condition = try region { region, values in
        [try region.apply(Compare(.less), values[0], region.constant("n", try scalar(rounds)))]
    }
    let bodyGraph = try region { region, values in
        let next = try region.apply(Binary(.add), values[0], region.constant("one", try scalar(1)))
        let own = Array(values[1...carried.count])
        return [next] + (try body(&region, values[0], own, Array(values[(1 + carried.count)...])))
    }
    return try graph.add(
        While(carried: 1 + carried.count), inputs, name: "loop", regions: [condition, bodyGraph])
}

@Test(arguments: [0, 1, 2, 7]) func loopsCarryTheirValues(_ rounds: Int) throws {
    var graph = Graph()
    let a = graph.input("a", ValueType([3], .int32)), b = graph.input("b", ValueType([3], .int32))
    let step = graph.input("step", ValueType([3], .int32))
    // Fibonacci with a swap: each new value comes from the other's old one.
    let results = try loop(&graph, rounds: rounds, carried: [a, b], captured: [step]) {
        region, _, own, others in
        let sum = try region.apply(Binary(.add), own[0], own[1])
        return [own[1], try region.apply(Binary(.add), sum, others[0])]
    }
    for (i, value) in results.enumerated() { graph.output("y\(i)", value) }
    graph.output("a again", a)
    var (x, y, z) = ([1, 2, 3], [5, 8, 13], [0, 1, -1])
    let inputs = try [x, y, z].map { try Tensor($0.map(Int32.init), shape: [3]) }
    for _ in 0..<rounds { (x, y, z) = (y, zip(zip(x, y), z).map { $0.0 + $0.1 + $1 }, z) }
    try forEachPlan(graph) { instance in
        for _ in 0..<2 {
            let found = try instance.run(inputs)
            #expect(found[0].ints() == [rounds])
            #expect(found[1].ints() == x && found[2].ints() == y)
            #expect(found[3].ints() == [1, 2, 3])
        }
    }
}

/// Values that only change places, a value carried twice, and one that passes through.
@Test(arguments: [1, 2, 3]) func carriedValuesMayChangePlaces(_ rounds: Int) throws {
    var graph = Graph()
    let a = graph.input("a", ValueType([2, 3])), b = graph.input("b", ValueType([2, 3]))
    let results = try loop(&graph, rounds: rounds, carried: [a, b, a, b]) { region, _, own, _ in
        [own[1], own[2], own[0], own[3]]
    }
    for (i, value) in results.dropFirst().enumerated() { graph.output("y\(i)", value) }
    let x = try Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
    let y = try Tensor([-1, -2, -3, -4, -5, -6] as [Float], shape: [2, 3])
    var expected = [x, y, x, y].map { $0.floats() }
    for _ in 0..<rounds { expected = [expected[1], expected[2], expected[0], expected[3]] }
    try forEachPlan(graph) { instance in
        let found = try instance.run([x, y]).map { $0.floats() }
        #expect(found == expected)
    }
}

/// A recurrent network the way Core ML writes one: rows read by number, results scattered into a list, the weights
/// outside of the loop.
@Test(arguments: [(5, 4, 3), (1, 2, 1), (40, 8, 16)])
func loopedNetworkMatchesItsFormula(_ steps: Int, _ features: Int, _ hidden: Int) throws {
    var rng = SeededGenerator(steps)
    let w = Array64.random([hidden, features], &rng), u = Array64.random([hidden, hidden], &rng, scale: 0.4)
    let bias = Array64.random([hidden], &rng), x = Array64.random([steps, features], &rng)
    var graph = Graph()
    let input = graph.input("x", ValueType([.fixed(steps), .fixed(features)]))
    let list = graph.constant("list", try Array64([steps, hidden]) { _ in 0 }.tensor)
    let state = graph.constant("h", try Array64([1, hidden]) { _ in 0 }.tensor)
    let weights = [graph.constant("w", try w.tensor), graph.constant("u", try u.tensor)]
    let shift = graph.constant("b", try bias.tensor)
    let results = try loop(
        &graph, rounds: steps, carried: [list, state], captured: [input] + weights + [shift]
    ) { region, i, own, others in
        let place = try region.apply(Reshape([.fixed(1)]), i)
        let row = try region.apply(Take(axis: 0), others[0], place)
        let fromInput = try region.add(LinearOperation(hasBias: true), [row, others[1], others[3]])[0]
        let fromState = try region.apply(MatMul(transposesY: true), own[1], others[2])
        let h = try region.apply(Unary(.tanh), region.apply(Binary(.add), fromInput, fromState))
        return [try region.add(Scatter(axis: 0, mode: .update), [own[0], place, h])[0], h]
    }
    graph.output("y", results[1])
    graph.output("h", results[2])
    var h = [Double](repeating: 0, count: hidden)
    var expected = Array64([steps, hidden]) { _ in 0 }
    for t in 0..<steps {
        h = (0..<hidden).map { k in
            let sum = (0..<features).reduce(bias[[k]]) { $0 + w[[k, $1]] * x[[t, $1]] }
            return tanh(of: (0..<hidden).reduce(sum) { $0 + u[[k, $1]] * h[$1] })
        }
        for k in 0..<hidden { expected[[t, k]] = h[k] }
    }
    try forEachPlanOptimized(graph) { instance in
        for _ in 0..<2 {
            let found = try instance.run([try x.tensor])
            expectClose(Array64(found[0]), expected, "list", absolute: 1e-5)
            expectClose(Array64(found[1]), Array64([1, hidden], h), "state", absolute: 1e-5)
        }
    }
}

/// Weights from outside of the loop become the loop's constants in a pass.
private func forEachPlanOptimized(_ graph: Graph, _ body: (Instance) throws -> Void) throws {
    for isa in instructionSets { try body(run(graph, [], isa: isa, optimize: true)) }
}

private func tanh(of x: Double) -> Double {
    var (numerator, denominator) = (0.0, 1.0)
    // Enough halvings for the series to be exact to 1e-12, then the doubling formula.
    var y = x / 1024
    y -= y * y * y / 3
    for _ in 0..<10 {
        (numerator, denominator) = (2 * y, 1 + y * y)
        y = numerator / denominator
    }
    return y
}

/// The list of a loop is written in place: no step of the body copies all of it.
@Test func scatteredListsStayInPlace() throws {
    let (rounds, width) = (64, 4096)
    var graph = Graph()
    let list = graph.input("list", ValueType([.fixed(rounds), .fixed(width)]))
    let results = try loop(&graph, rounds: rounds, carried: [list]) { region, i, own, _ in
        let row = try region.apply(
            Expand([.fixed(1), .fixed(width)]), region.apply(Cast(to: .float32), i))
        return [
            try region.add(Scatter(axis: 0, mode: .update), [own[0], region.apply(Reshape([1]), i), row])[0]
        ]
    }
    // Read once more, so that the loop's buffer is not the caller's.
    graph.output("y", try graph.apply(Unary(Activation(.negate)), results[1]))
    for isa in instructionSets {
        let instance = try run(graph, [], isa: isa, optimize: true)
        let y = try instance.run([
            Tensor([Float](repeating: 9, count: rounds * width), shape: [rounds, width])
        ])[0]
        #expect(y.floats() == (0..<rounds).flatMap { [Float](repeating: -Float($0), count: width) })
        // One list, one row and small change.
        #expect(instance.program.arenaByteCount < (rounds + 2) * width * 4)
    }
}

@Test func nestedLoopsAndBranches() throws {
    // Σ over i < 5, j < 4 of (i + j odd ? i : -j)
    var graph = Graph()
    let zero = graph.input("zero", ValueType([1], .int32))
    let outer = try loop(&graph, rounds: 5, carried: [zero]) { region, i, own, _ in
        let one = try region.apply(Reshape([1]), i)
        return [
            try loop(&region, rounds: 4, carried: own, captured: [one]) { inner, j, own, others in
                let column = try inner.apply(Reshape([1]), j)
                let sum = try inner.apply(Binary(.add), others[0], column)
                let rest = try inner.apply(
                    Binary(.modulo), sum, inner.constant("two", try Tensor([2] as [Int32], shape: [1])))
                let odd = try inner.apply(Cast(to: .bool), rest)
                func branch(_ positive: Bool) throws -> Graph {
                    var branch = Graph()
                    let row = branch.input("row", ValueType([1], .int32))
                    let column = branch.input("column", ValueType([1], .int32))
                    let zero = branch.constant("zero", try Tensor([0] as [Int32], shape: [1]))
                    branch.output(
                        "y", positive ? row : try branch.apply(Binary(.subtract), zero, column))
                    return branch
                }
                let term = try inner.add(
                    If(), [odd, others[0], column], regions: [try branch(true), try branch(false)])[0]
                return [try inner.apply(Binary(.add), own[0], term)]
            }[1]
        ]
    }
    graph.output("y", outer[1])
    var expected = 100
    for i in 0..<5 { for j in 0..<4 { expected += (i + j) % 2 == 1 ? i : -j } }
    let start = try Tensor([100] as [Int32], shape: [1])
    try forEachPlan(graph) { instance in
        let found = try instance.run([start])[0].ints()
        #expect(found == [expected])
    }
}

@Test func branchesLeaveWhatTheyReadAlone() throws {
    var graph = Graph()
    let flag = graph.input("flag", ValueType([], .bool)), x = graph.input("x", ValueType([4]))
    let doubled = try graph.apply(Binary(.add), x, x)
    func branch(_ kind: Activation.Kind) throws -> Graph {
        var branch = Graph()
        let value = branch.input("x", ValueType([4]))
        branch.output("y", try branch.apply(Unary(Activation(kind)), branch.apply(Unary(.relu), value)))
        return branch
    }
    let y = try graph.add(If(), [flag, doubled], regions: [try branch(.square), try branch(.negate)])[0]
    graph.output("y", y)
    graph.output("doubled", try graph.apply(Unary(Activation(.abs)), doubled))
    let value = try Tensor([1, -2, 3, -4] as [Float], shape: [4])
    try forEachPlan(graph) { instance in
        #expect(try instance.run([try Tensor([true], shape: []), value])[0].floats() == [4, 0, 36, 0])
        let other = try instance.run([try Tensor([false], shape: []), value])
        #expect(other[0].floats() == [-2, 0, -6, 0] && other[1].floats() == [2, 4, 6, 8])
    }
}

@Test func statesGoOnUntilAReset() throws {
    var graph = Graph()
    graph.states = [
        State(name: "sum", type: ValueType([2]), initial: try Tensor([10, 20] as [Float], shape: [2])),
        State(name: "count", type: ValueType([], .int32)),
    ]
    let x = graph.input("x", ValueType([2]))
    let before = try graph.add(ReadState("sum", ValueType([2])), [])[0]
    try graph.add(WriteState("sum"), [graph.apply(Binary(.add), before, x)])
    let after = try graph.add(ReadState("sum", ValueType([2])), [])[0]
    let count = try graph.add(ReadState("count", ValueType([], .int32)), [])[0]
    try graph.add(
        WriteState("count"), [graph.apply(Binary(.add), count, graph.constant("one", try scalar(1)))])
    for (name, value) in [("before", before), ("after", after), ("count", count)] {
        graph.output(name, value)
    }
    let step = try Tensor([1, -1] as [Float], shape: [2])
    try forEachPlan(graph) { instance in
        for _ in 0..<2 {
            for round in 0..<3 {
                let y = try instance.run([step])
                let n = Float(round)
                #expect(y[0].floats() == [10 + n, 20 - n] && y[1].floats() == [11 + n, 19 - n])
                #expect(y[2].ints() == [round])
            }
            ok_instance_reset(instance.c)
        }
    }
}

@Test func wrongRegionsAreRefused() throws {
    func identity(_ type: ValueType) -> Graph {
        var region = Graph()
        region.output("y", region.input("x", type))
        return region
    }
    var graph = Graph()
    let x = graph.input("x", ValueType([2])), flag = graph.input("flag", ValueType([], .bool))
    let (floats, bools) = (identity(ValueType([2])), identity(ValueType([], .bool)))
    #expect(throws: OssicleError.self) { try graph.add(While(carried: 1), [x], regions: [floats, floats]) }
    #expect(throws: OssicleError.self) { try graph.add(While(carried: 1), [x], regions: [floats]) }
    #expect(throws: OssicleError.self) { try graph.add(While(carried: 0), [x], regions: [bools, floats]) }
    #expect(throws: OssicleError.self) { try graph.add(If(), [x, x], regions: [floats, floats]) }
    #expect(throws: OssicleError.self) { try graph.add(If(), [flag, x], regions: [floats, bools]) }
    #expect(throws: Never.self) { try graph.add(If(), [flag, x], regions: [floats, floats]) }
    var unknown = Graph()
    unknown.output("y", try unknown.add(ReadState("none", ValueType([2])), [])[0])
    #expect(throws: OssicleError.self) { try Program(unknown, mode: .fixed(length: 0)) }
}
