import Testing

@testable import Ossicle

private let shapes: [[Int]] = [
    [1, 1, 1], [2, 3, 1], [1, 8, 40], [3, 5, 17], [2, 6, 33], [1, 1, 300], [2, 64, 7],
]

@Test(arguments: shapes) func layerNormMatchesItsFormula(_ shape: [Int]) throws {
    var rng = SeededGenerator(shape.reduce(7, { $0 * 31 + $1 }))
    // A mean far from zero: a one-pass variance would lose it.
    let x = Array64.random(shape, &rng).map { Double(Float($0 + 100)) }
    for axes in [1..<2, 2..<3, 1..<3, 0..<3] {
        let inside = Array(shape[axes])
        let (w, b) = (Array64.random(inside, &rng), Array64.random(inside, &rng))
        for centred in [true, false] {
            let plain = LayerNormalization(axes: axes, isCentred: centred, hasWeight: false, hasBias: false)
            let full = LayerNormalization(axes: axes, isCentred: centred)
            let expected = Reference.layerNorm(x, axes: axes, epsilon: Double(full.epsilon), centred: centred)
            let scaled = Reference.layerNorm(
                x, axes: axes, epsilon: Double(full.epsilon), centred: centred, weight: w, bias: b)
            try check(plain, x, equals: expected, dynamicAxis: 2)
            try check(
                full, x, [w, b], equals: scaled,
                dynamicAxis: axes.contains(2) ? (axes.contains(0) ? nil : 0) : 2)
        }
    }
}

@Test(arguments: shapes) func groupNormMatchesItsFormula(_ shape: [Int]) throws {
    var rng = SeededGenerator(shape.reduce(3, { $0 * 31 + $1 }))
    let x = Array64.random(shape, &rng), channels = shape[1]
    let (w, b) = (Array64.random([channels], &rng), Array64.random([channels], &rng))
    for groups in 1...channels where channels % groups == 0 {
        let norm = GroupNormalization(axis: 1, groups: groups)
        let expected = Reference.groupNorm(
            x, axis: 1, groups: groups, epsilon: Double(norm.epsilon), weight: w, bias: b)
        try check(norm, x, [w, b], equals: expected, dynamicAxis: 2)
    }
    let flat = Array64.random([5, channels], &rng)
    try check(
        GroupNormalization(axis: 1, groups: 1), flat, [w, b],
        equals: Reference.groupNorm(
            flat, axis: 1, groups: 1, epsilon: Double(Float(1e-5)), weight: w, bias: b))
}

private func batchNorm(_ x: Array64, axis: Int, _ p: [Array64]) -> Array64 {
    Array64(x.shape) { i in
        let c = i[axis]
        let unit = (x[i] - p[0].values[c]) / (p[1].values[c] + Double(Float(1e-5))).squareRoot()
        return unit * p[2].values[c] + p[3].values[c]
    }
}

private func statistics(_ channels: Int, _ rng: inout SeededGenerator) -> [Array64] {
    [
        .random([channels], &rng), Array64.random([channels], &rng).map { Double(Float(abs($0) + 0.3)) },
        .random([channels], &rng), .random([channels], &rng),
    ]
}

@Test(arguments: shapes) func batchNormMatchesItsFormula(_ shape: [Int]) throws {
    var rng = SeededGenerator(11)
    for axis in 0..<3 {
        let x = Array64.random(shape, &rng), p = statistics(shape[axis], &rng)
        try check(
            BatchNormalization(axis: axis), x, p, equals: batchNorm(x, axis: axis, p),
            dynamicAxis: axis == 2 ? 0 : 2)
    }
}

/// Through the pass a batch norm leaves no node, and the result is that of the unfolded graph.
@Test(arguments: 0..<24) func batchNormFolds(_ seed: Int) throws {
    var rng = SeededGenerator(seed)
    let groups = [1, 2][seed % 2], channels = 4 * groups, outputs = 3 * groups
    var graph = Graph()
    var last: ValueID
    let x: Array64
    let hasBias = seed % 3 != 0
    let axis: Int
    switch seed / 2 % 3 {
    case 0:
        x = .random([2, channels, 19], &rng)
        last = graph.input("x", ValueType(x.shape.map { .fixed($0) }))
        let weight = Array64.random([outputs, channels / groups, 3], &rng)
        last = try graph.add(
            Convolution(axes: [ConvolutionAxis(padBegin: 1, padEnd: 1)], groups: groups, hasBias: hasBias),
            [last, graph.constant("w", try weight.tensor)]
                + (hasBias ? [graph.constant("b", try Array64.random([outputs], &rng).tensor)] : []))[0]
        axis = 1
    case 1:
        x = .random([channels, 11], &rng)
        last = graph.input("x", ValueType(x.shape.map { .fixed($0) }))
        let weight = Array64.random([channels, outputs / groups, 4], &rng)
        last = try graph.add(
            TransposedConvolution(axis: ConvolutionAxis(stride: 2), groups: groups, hasBias: hasBias),
            [last, graph.constant("w", try weight.tensor)]
                + (hasBias ? [graph.constant("b", try Array64.random([outputs], &rng).tensor)] : []))[0]
        axis = 0
    default:
        x = .random([6, channels], &rng)
        last = graph.input("x", ValueType(x.shape.map { .fixed($0) }))
        last = try graph.add(
            LinearOperation(hasBias: hasBias),
            [last, graph.constant("w", try Array64.random([outputs, channels], &rng).tensor)]
                + (hasBias ? [graph.constant("b", try Array64.random([outputs], &rng).tensor)] : []))[0]
        axis = 1
    }
    let before = last
    let p = statistics(outputs, &rng)
    last = try graph.add(
        BatchNormalization(axis: axis),
        [last] + p.enumerated().map { graph.constant("p\($0)", try $1.tensor) })[0]
    graph.output("y", try graph.apply(Unary(.relu), last))
    var plain = graph
    plain.outputs = []
    plain.output("y", before)
    for isa in instructionSets {
        let folded = try Runner(graph, .fixed(length: 0), isa: isa)
        #expect(folded.program.graph.nodes.count == 1)
        let inner = try Runner(plain, .fixed(length: 0), isa: isa, optimize: false).run([x], length: 0)[0]
        let expected = batchNorm(inner, axis: axis, p).map { max($0, 0) }
        expectClose(try folded.run([x], length: 0)[0], expected, "\(isa)", absolute: 2e-5)
    }
}

/// A batch norm over another axis than the channels must stay.
@Test func batchNormOverFramesDoesNotFold() throws {
    var rng = SeededGenerator(1)
    var graph = Graph()
    let x = graph.input("x", ValueType([4, 9]))
    let y = try graph.apply(
        Convolution(axes: [ConvolutionAxis()], hasBias: false), x,
        graph.constant("w", try Array64.random([3, 4, 1], &rng).tensor))
    let p = try statistics(9, &rng).enumerated().map { graph.constant("p\($0)", try $1.tensor) }
    graph.output("y", try graph.add(BatchNormalization(axis: 1), [y] + p)[0])
    let program = try Program(graph, mode: .fixed(length: 0))
    #expect(program.graph.nodes.count == 2)
}
