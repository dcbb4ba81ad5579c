import Testing

@testable import Ossicle

private struct Window {
    var isMax: Bool, kernel: Int, stride: Int, dilation: Int, pads: (Int, Int), ceil: Bool, counts: Bool

    init(_ rng: inout SeededGenerator) {
        isMax = .random(using: &rng)
        kernel = .random(in: 1...7, using: &rng)
        stride = .random(in: 1...5, using: &rng)
        dilation = isMax ? .random(in: 1...3, using: &rng) : 1
        let half = kernel / 2
        pads = (.random(in: 0...half, using: &rng), .random(in: 0...half, using: &rng))
        ceil = .random(using: &rng)
        counts = .random(using: &rng)
    }

    var span: Int { (kernel - 1) * dilation + 1 }
    var axis: ConvolutionAxis {
        ConvolutionAxis(stride: stride, dilation: dilation, padBegin: pads.0, padEnd: pads.1)
    }
    var operation: Pool {
        Pool(isMax ? .max : .average, kernel: [kernel], axes: [axis], ceilMode: ceil, countsPadding: counts)
    }

    func reference(_ line: [Double]) -> [Double] {
        Reference.pool(
            line, max: isMax, kernel: kernel, stride: stride, dilation: dilation, pads: pads, ceil: ceil,
            countsPadding: counts)
    }
}

@Test(arguments: 0..<150) func poolMatchesItsFormula(_ seed: Int) throws {
    var rng = SeededGenerator(seed)
    let window = Window(&rng)
    let least = max(1, window.span - window.pads.0 - window.pads.1)
    let length = least + Int.random(in: 0...(seed % 3 == 0 ? 3 : 120), using: &rng)
    let x = Array64.random([seed % 2 + 1, 3, length], &rng)
    try check(window.operation, x, equals: x.alongAxis(2, window.reference), dynamicAxis: 2)
}

@Test(arguments: 0..<40) func poolOverTwoAxes(_ seed: Int) throws {
    var rng = SeededGenerator(seed + 1000)
    var (y, x) = (Window(&rng), Window(&rng))
    y.isMax = x.isMax
    y.dilation = x.dilation
    y.counts = x.counts
    y.ceil = x.ceil
    let extents = [y, x].map { max(1, $0.span - $0.pads.0 - $0.pads.1) + Int.random(in: 0...20, using: &rng) }
    let input = Array64.random([2, 2] + extents, &rng)
    let expected = input.alongAxis(3, x.reference).alongAxis(2, y.reference)
    let pool = Pool(
        x.isMax ? .max : .average, kernel: [y.kernel, x.kernel], axes: [y.axis, x.axis], ceilMode: x.ceil,
        countsPadding: x.counts)
    try check(pool, input, equals: expected, dynamicAxis: 3)
}

@Test(arguments: [1, 2, 5, 17, 40]) func adaptivePoolMatchesItsFormula(_ length: Int) throws {
    var rng = SeededGenerator(length)
    for size in [1, 2, 3, 7, 50] {
        for isMax in [true, false] {
            let x = Array64.random([2, 3, length], &rng)
            let expected = x.alongAxis(2) { Reference.adaptivePool($0, max: isMax, size: size) }
            try check(
                AdaptivePool(isMax ? .max : .average, sizes: [size]), x, equals: expected, dynamicAxis: 2)
            let plane = Array64.random([2, 5, length], &rng)
            let both = plane.alongAxis(2) { Reference.adaptivePool($0, max: isMax, size: size) }
                .alongAxis(1) { Reference.adaptivePool($0, max: isMax, size: 4) }
            try check(
                AdaptivePool(isMax ? .max : .average, sizes: [4, size]), plane, equals: both, dynamicAxis: 2)
        }
    }
}

/// A stream of blocks gives the whole-signal result, late by the latency, whatever the blocks.
@Test(arguments: 0..<80) func poolStreams(_ seed: Int) throws {
    var rng = SeededGenerator(seed + 5000)
    var graph = Graph()
    let channels = 3
    var last = graph.input("x", ValueType([.fixed(channels), .dynamic]))
    // Behind a padded convolution with lookahead the pool sees frames from before the signal.
    if seed % 2 == 0 {
        last = try graph.apply(
            Convolution(axes: [ConvolutionAxis(padBegin: 1, padEnd: 3)], hasBias: false), last,
            graph.constant("w", try Array64.random([channels, channels, 5], &rng).tensor))
    }
    var window = Window(&rng)
    window.ceil = false
    last = try graph.apply(window.operation, last)
    graph.output("y", last)
    let unit = window.stride, total = unit * 60
    let x = Array64.random([channels, total], &rng)
    for isa in instructionSets {
        let whole = try Runner(graph, .fixed(length: total), isa: isa).run([x], length: total)[0]
        let stream = try Runner(graph, .stream(maxBlock: 8 * unit), isa: isa)
        #expect(stream.program.granularity == unit)
        let first = try stream.stream(x, blocks: randomBlocks(total, unit: unit, most: 8 * unit, &rng))
        let again = try stream.stream(x, blocks: [Int](repeating: unit, count: 60))
        #expect(first.bits == again.bits)
        #expect(!first.values.contains { !$0.isFinite })
        let latency = stream.program.latency
        // Outputs whose windows hang over the end differ: there is no end in a stream.
        let late = (seed % 2 == 0 ? 4 : 0) + window.span
        let count = min(whole.shape[1], 60 - latency) - (late + unit - 1) / unit
        try #require(count > 10)
        expectClose(
            first.slice(1, latency..<(latency + count)), whole.slice(1, 0..<count), "\(isa) \(window)",
            absolute: 1e-6)
    }
}
