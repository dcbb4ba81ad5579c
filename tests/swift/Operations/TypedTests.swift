import CKernels
import Testing

@testable import Ossicle

/// One run of a graph on tensors of any type, on one instruction set.
func evaluate(_ graph: Graph, _ inputs: [Tensor], isa: String, optimize: Bool = true) throws -> [Tensor] {
    let program = try Program(
        graph, mode: .fixed(length: 0), optimize: optimize, placement: .portable,
        kernels: ok_kernels_named(isa))
    return try Instance(program).run(inputs)
}

/// The results of one operation, once on inputs given at run time and once folded from constants, which must agree.
func apply(
    _ operation: any Operation, _ inputs: [Tensor], _ location: SourceLocation = #_sourceLocation
) throws -> [Tensor] {
    var results: [[Tensor]] = []
    for isa in instructionSets {
        for folded in [false, true] {
            var graph = Graph()
            let values = inputs.enumerated().map { i, tensor in
                folded
                    ? graph.constant("c\(i)", tensor)
                    : graph.input("x\(i)", ValueType(tensor.shape.map { .fixed($0) }, tensor.dataType))
            }
            for (i, y) in try graph.add(operation, values).enumerated() { graph.output("y\(i)", y) }
            results.append(try evaluate(graph, folded ? [] : inputs, isa: isa))
        }
    }
    for result in results {
        for (a, b) in zip(result, results[0]) {
            #expect(a.shape == b.shape && a.dataType == b.dataType, sourceLocation: location)
            if !a.dataType.isFloat { #expect(a.ints() == b.ints(), "\(operation)", sourceLocation: location) }
        }
    }
    return results[0]
}

func randomInts(_ shape: [Int], _ range: ClosedRange<Int>, _ rng: inout SeededGenerator) throws -> Tensor {
    try Tensor(
        (0..<shape.reduce(1, *)).map { _ in Int32(Int.random(in: range, using: &rng)) }, shape: shape)
}

func randomBools(_ shape: [Int], _ rng: inout SeededGenerator) throws -> Tensor {
    try Tensor((0..<shape.reduce(1, *)).map { _ in Bool.random(using: &rng) }, shape: shape)
}

/// The index into a value of `shape` that a broadcast index reads.
private func source(_ index: [Int], _ shape: [Int]) -> Int {
    let tail = index.suffix(shape.count)
    return zip(tail, shape).reduce(0) { $0 * $1.1 + ($1.1 == 1 ? 0 : $1.0) }
}

private func broadcastShape(_ a: [Int], _ b: [Int]) throws -> [Int] {
    try broadcast(a.map { .fixed($0) }, b.map { .fixed($0) }).map { $0.fixedValue! }
}

private let pairs: [([Int], [Int])] = [
    ([7], [7]), ([], [3]), ([2, 3, 5], [3, 1]), ([4, 1, 6], [5, 1]), ([3, 40], [3, 40]), ([1, 33], [9, 1]),
    ([2, 1, 3, 1, 2], [4, 1, 5, 1]),
]

private func floorDivide(_ a: Int, _ b: Int) -> Int {
    b == 0 ? 0 : Int((Double(a) / Double(b)).rounded(.down))
}

@Test(arguments: Binary.Kind.allCases.filter { $0 != .prelu })
func integerArithmeticMatchesPython(_ kind: Binary.Kind) throws {
    var rng = SeededGenerator(Int(kind.rawValue))
    for (left, right) in pairs {
        let a = try randomInts(left, -9...9, &rng)
        let b = try randomInts(right, kind == .power ? 0...5 : -4...4, &rng)
        let y = try apply(Binary(kind), [a, b])[0]
        let shape = try broadcastShape(left, right)
        #expect(y.shape == shape)
        #expect(y.dataType == (kind == .divide ? .float32 : .int32))
        let (x, z) = (a.ints(), b.ints())
        let found = kind == .divide ? [] : y.ints()
        for (i, index) in Array64.indices(shape).enumerated() {
            let (p, q) = (x[source(index, left)], z[source(index, right)])
            let expected: Int
            switch kind {
            case .add: expected = p + q
            case .subtract: expected = p - q
            case .multiply: expected = p * q
            case .maximum: expected = max(p, q)
            case .minimum: expected = min(p, q)
            case .power: expected = (0..<q).reduce(1) { product, _ in product * p }
            case .floorDivide: expected = floorDivide(p, q)
            case .modulo: expected = q == 0 ? 0 : p - q * floorDivide(p, q)
            case .divide, .prelu:
                let quotient = y.floats()[i]
                #expect(quotient == Float(p) / Float(q) || quotient.isNaN)
                continue
            }
            #expect(found[i] == expected, "\(p) \(kind) \(q)")
        }
    }
}

/// What would trap in Swift or be undefined in C.
@Test func integerArithmeticNeverTraps() throws {
    let low = Int(Int32.min), high = Int(Int32.max)
    func run(_ kind: Binary.Kind, _ a: Int, _ b: Int) throws -> Int {
        try apply(Binary(kind), [Tensor([Int32(a)], shape: [1]), Tensor([Int32(b)], shape: [1])])[0].ints()[0]
    }
    #expect(try run(.floorDivide, low, -1) == low)
    #expect(try run(.modulo, low, -1) == 0)
    #expect(try run(.floorDivide, 5, 0) == 0)
    #expect(try run(.modulo, 5, 0) == 0)
    #expect(try run(.add, high, 1) == low)
    #expect(try run(.multiply, 65536, 65536) == 0)
    #expect(try run(.power, 2, 31) == low)
    #expect(try run(.power, 2, -1) == 0)
    #expect(try run(.power, -1, -3) == -1)
}

@Test func floorDivisionOfFloats() throws {
    var rng = SeededGenerator(3)
    let a = Array64.random([5, 37], &rng, scale: 10), b = Array64.random([37], &rng, scale: 3)
    let quotient = Array64([5, 37]) { i in Double((Float(a[i]) / Float(b[[i[1]]])).rounded(.down)) }
    let rest = Array64([5, 37]) { i in
        let r = a[i].truncatingRemainder(dividingBy: b[[i[1]]])
        return r != 0 && (r < 0) != (b[[i[1]]] < 0) ? r + b[[i[1]]] : r
    }
    try check(Binary(.floorDivide), a, [b], equals: quotient)
    try check(Binary(.modulo), a, [b], equals: rest, absolute: 1e-6)
}

@Test(arguments: Compare.Kind.allCases) func comparisons(_ kind: Compare.Kind) throws {
    func holds<T: Comparable>(_ a: T, _ b: T) -> Bool {
        switch kind {
        case .equal: a == b
        case .notEqual: a != b
        case .less: a < b
        case .lessEqual: a <= b
        case .greater: a > b
        case .greaterEqual: a >= b
        }
    }
    var rng = SeededGenerator(Int(kind.rawValue) + 40)
    for (left, right) in pairs {
        let a = try randomInts(left, -2...2, &rng), b = try randomInts(right, -2...2, &rng)
        let shape = try broadcastShape(left, right)
        let expected = Array64.indices(shape).map { index in
            holds(a.ints()[source(index, left)], b.ints()[source(index, right)]) ? 1 : 0
        }
        let found = try apply(Compare(kind), [a, b])[0]
        #expect(found.dataType == .bool && found.shape == shape && found.ints() == expected)
        #expect(try apply(Compare(kind), [a.widened(), b.widened()])[0].ints() == expected)
    }
    let nan = try Tensor([Float.nan], shape: [1])
    #expect(try apply(Compare(kind), [nan, nan])[0].ints() == [kind == .notEqual ? 1 : 0])
}

@Test func logicAndChoice() throws {
    var rng = SeededGenerator(11)
    for (left, right) in pairs {
        let a = try randomBools(left, &rng), b = try randomBools(right, &rng)
        let shape = try broadcastShape(left, right)
        for kind in Logical.Kind.allCases where kind != .not {
            let expected = Array64.indices(shape).map { index in
                let (p, q) = (a.ints()[source(index, left)], b.ints()[source(index, right)])
                return kind == .and ? p & q : kind == .or ? p | q : p ^ q
            }
            #expect(try apply(Logical(kind), [a, b])[0].ints() == expected)
        }
        #expect(try apply(Logical(.not), [a])[0].ints() == a.ints().map { 1 - $0 })
        let x = try randomInts(right, -50...50, &rng), y = try randomInts(left, -50...50, &rng)
        let expected = Array64.indices(shape).map { index in
            a.ints()[source(index, left)] != 0
                ? x.ints()[source(index, right)] : y.ints()[source(index, left)]
        }
        #expect(try apply(Select(), [a, x, y])[0].ints() == expected)
        #expect(try apply(Select(), [a, x.widened(), y.widened()])[0].floats() == expected.map(Float.init))
        #expect(try apply(Select(), [b, a, b])[0].dataType == .bool)
    }
}

@Test func castsCutTowardsZero() throws {
    let x: [Float] = [0, -0.0, 0.5, -0.5, 1.9, -1.9, 3e9, -3e9, .infinity, -.infinity, .nan, 2_147_483_520]
    let high = Int(Int32.max), low = Int(Int32.min)
    let tensor = try Tensor(x, shape: [3, 4])
    #expect(
        try apply(Cast(to: .int32), [tensor])[0].ints()
            == [0, 0, 0, 0, 1, -1, high, low, high, low, 0, 2_147_483_520])
    #expect(try apply(Cast(to: .bool), [tensor])[0].ints() == [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1])
    let ints = try Tensor([-3, 0, 7] as [Int32], shape: [3])
    #expect(try apply(Cast(to: .float32), [ints])[0].floats() == [-3, 0, 7])
    #expect(try apply(Cast(to: .bool), [ints])[0].ints() == [1, 0, 1])
    let bools = try Tensor([true, false], shape: [2])
    #expect(try apply(Cast(to: .float32), [bools])[0].floats() == [1, 0])
    #expect(try apply(Cast(to: .int32), [bools])[0].ints() == [1, 0])
}

/// Every move on int32 and bool gives what it gives on float32.
@Test(arguments: 0..<20) func movesTakeIntegersAndBools(_ seed: Int) throws {
    var rng = SeededGenerator(seed + 900)
    let shape = (0..<3).map { _ in Int.random(in: 2...6, using: &rng) }
    let moves: [any Operation] = [
        Transpose([0, 1, 2].shuffled(using: &rng)), Reshape([.fixed(shape.reduce(1, *))]),
        Slice(axis: 1, start: shape[1] - 1, count: .fixed(shape[1]), step: -1),
        Slice(axis: 2, start: 0, count: .fixed((shape[2] + 1) / 2), step: 2), Reverse(axes: [0, 2]),
        Pad([AxisPadding(axis: 0, begin: 1, end: 2), AxisPadding(axis: 2, begin: 0, end: 3)], value: 1),
        Pad([AxisPadding(axis: 2, begin: 1, end: 1)], mode: .reflect), Gather(axis: 1, indices: [1, 0, 1]),
        Tile([2, 1, 3]), Expand([.fixed(4)] + shape.map { .fixed($0) }), Concat(axis: 1),
    ]
    let ints = try randomInts(shape, 0...1, &rng)
    let bools = try Tensor(ints.ints().map { $0 != 0 }, shape: shape)
    for move in moves {
        let count = move is Concat ? 2 : 1
        let expected = try apply(move, Array(repeating: ints.widened(), count: count))[0]
        for tensor in [ints, bools] {
            let found = try apply(move, Array(repeating: tensor, count: count))[0]
            #expect(found.shape == expected.shape && found.dataType == tensor.dataType)
            #expect(found.floats() == expected.floats(), "\(move) of \(tensor.dataType)")
        }
    }
}

@Test(arguments: 0..<30) func slicesFollowPython(_ seed: Int) throws {
    var rng = SeededGenerator(seed + 77)
    let extent = Int.random(in: 1...9, using: &rng)
    let line = try randomInts([2, extent], -99...99, &rng)
    let begin = Bool.random(using: &rng) ? nil : Int.random(in: -11...11, using: &rng)
    let end = Bool.random(using: &rng) ? nil : Int.random(in: -11...11, using: &rng)
    let step = [-3, -2, -1, 1, 2, 3].randomElement(using: &rng)!
    // Python's rule, one index at a time.
    var positions: [Int] = []
    func clamp(_ i: Int) -> Int {
        let j = i < 0 ? i + extent : i
        return step > 0 ? min(max(j, 0), extent) : min(max(j, -1), extent - 1)
    }
    var i = begin.map(clamp) ?? (step > 0 ? 0 : extent - 1)
    let stop = end.map(clamp) ?? (step > 0 ? extent : -1)
    while step > 0 ? i < stop : i > stop {
        positions.append(i)
        i += step
    }
    var graph = Graph()
    let x = graph.input("x", ValueType([2, .fixed(extent)], .int32))
    guard !positions.isEmpty else {
        #expect(throws: OssicleError.self) {
            try graph.slice(x, begin: [nil, begin], end: [nil, end], stride: [1, step])
        }
        return
    }
    graph.output("y", try graph.slice(x, begin: [nil, begin], end: [nil, end], stride: [1, step]))
    for isa in instructionSets {
        let y = try evaluate(graph, [line], isa: isa)[0]
        #expect(y.ints() == [0, 1].flatMap { row in positions.map { line.ints()[row * extent + $0] } })
    }
}

@Test func tileRepeatsLikeNumPy() throws {
    let x = try Tensor([1, 2, 3, 4, 5, 6] as [Int32], shape: [2, 3])
    #expect(
        try apply(Tile([2, 2]), [x])[0].ints()
            == [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6, 1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6])
}

@Test func stackSplitAndMagnitude() throws {
    var graph = Graph()
    let a = graph.input("a", ValueType([2, 3], .int32)), b = graph.input("b", ValueType([2, 3], .int32))
    let stacked = try graph.stack([a, b], axis: 1)
    graph.output("stacked", stacked)
    for (i, part) in try graph.split(stacked, sizes: [1, 2], axis: 2).enumerated() {
        graph.output("part\(i)", part)
    }
    graph.output("abs", try graph.integerMagnitude(a))
    let inputs = [
        try Tensor([1, -2, 3, 4, 5, -6] as [Int32], shape: [2, 3]),
        try Tensor([7, 8, 9, 10, 11, 12] as [Int32], shape: [2, 3]),
    ]
    for isa in instructionSets {
        let y = try evaluate(graph, inputs, isa: isa)
        #expect(y[0].shape == [2, 2, 3] && y[0].ints() == [1, -2, 3, 7, 8, 9, 4, 5, -6, 10, 11, 12])
        #expect(y[1].shape == [2, 2, 1] && y[1].ints() == [1, 7, 4, 10])
        #expect(y[2].shape == [2, 2, 2] && y[2].ints() == [-2, 3, 8, 9, 5, -6, 11, 12])
        #expect(y[3].ints() == [1, 2, 3, 4, 5, 6])
    }
}

@Test func wrongTypesAreRefusedByName() throws {
    var graph = Graph()
    let ints = graph.input("i", ValueType([4], .int32)), floats = graph.input("f", ValueType([4]))
    func refuses(_ operation: any Operation, _ inputs: [ValueID]) {
        #expect(throws: OssicleError.self) { _ = try graph.add(operation, inputs) }
    }
    refuses(Unary(.relu), [ints])
    refuses(Softmax(axis: 0), [ints])
    refuses(Binary(.add), [ints, floats])
    refuses(Select(), [ints, floats, floats])
    refuses(Logical(.and), [ints, ints])
    refuses(Concat(axis: 0), [ints, floats])
}

/// Half-width constants mean their values wherever they are read.
@Test func halfConstantsAreWidened() throws {
    let half = try Tensor(
        shape: [3], dataType: .float16, storage: .copy([0x00, 0x3c, 0x00, 0xc0, 0x00, 0x38]))  // 1, -2, 0.5
    var graph = Graph()
    let x = graph.input("x", ValueType([3]))
    graph.output("y", try graph.apply(Binary(.add), x, graph.constant("c", half)))
    for optimize in [true, false] {
        let y = try evaluate(
            graph, [Tensor([1, 1, 1] as [Float], shape: [3])], isa: instructionSets[0], optimize: optimize)
        #expect(y[0].floats() == [2, -1, 1.5])
    }
}
