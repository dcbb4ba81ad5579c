import Foundation
import Testing

@testable import Ossicle

@Test(arguments: [1, 2, 3, 10, 33]) func nearestResize(_ length: Int) throws {
    var rng = SeededGenerator(length)
    let x = Array64.random([2, 3, length], &rng)
    for factor in [1.0, 2, 3, 5, 1.5, 2.5, 0.5] where Double(length) * factor >= 1 {
        let size = Int(Double(length) * factor)
        let expected = x.alongAxis(2) { Reference.nearest($0, size: size, step: 1 / factor) }
        try check(
            Resize(.nearest, axes: [2], targets: [.factor(factor)]), x, equals: expected, dynamicAxis: 2,
            absolute: 0)
    }
    for size in [1, 4, length, 2 * length, 71] {
        let expected = x.alongAxis(2) {
            Reference.nearest($0, size: size, step: Double(length) / Double(size))
        }
        try check(
            Resize(.nearest, axes: [2], targets: [.extent(size)]), x, equals: expected, dynamicAxis: 2,
            absolute: 0)
    }
    let plane = x.alongAxis(2) { Reference.nearest($0, size: 2 * length, step: 0.5) }
        .alongAxis(1) { Reference.nearest($0, size: 9, step: 1.0 / 3) }
    try check(
        Resize(.nearest, axes: [1, 2], targets: [.factor(3), .factor(2)]), x, equals: plane, dynamicAxis: 2,
        absolute: 0)
}

@Test(arguments: [1, 2, 3, 10, 33]) func linearResize(_ length: Int) throws {
    var rng = SeededGenerator(length)
    let x = Array64.random([2, 3, length], &rng)
    for (target, size) in [1.0, 2, 3, 1.5, 4].map({ (Resize.Target.factor($0), Int(Double(length) * $0)) })
        + [1, 7, length, 71].map({ (.extent($0), $0) })
    {
        for corners in [false, true] {
            var step = Double(length) / Double(size)
            if case .factor(let factor) = target { step = 1 / factor }
            if corners { step = size > 1 ? Double(length - 1) / Double(size - 1) : 0 }
            let line = { Reference.linear($0, size: size, step: step, corners: corners) }
            try check(
                Resize(.linear, axes: [2], targets: [target], alignsCorners: corners), x,
                equals: x.alongAxis(2, line), dynamicAxis: 2, absolute: 2e-6)
            let turned = Array64.random([2, length, 5], &rng)
            try check(
                Resize(.linear, axes: [1], targets: [target], alignsCorners: corners), turned,
                equals: turned.alongAxis(1, line), dynamicAxis: 2, absolute: 2e-6)
        }
    }
    let plane = x.alongAxis(2) { Reference.linear($0, size: 5, step: Double(length) / 5, corners: false) }
        .alongAxis(1) { Reference.linear($0, size: 6, step: 0.5, corners: false) }
    try check(
        Resize(.linear, axes: [1, 2], targets: [.factor(2), .extent(5)]), x, equals: plane, dynamicAxis: 2)
}

@Test(arguments: [PaddingMode.zeros, .reflect, .replicate, .circular]) func padding(_ mode: PaddingMode)
    throws
{
    for length in [1, 2, 5, 40] {
        var rng = SeededGenerator(length)
        let x = Array64.random([2, 3, length], &rng)
        let limit = mode == .reflect ? length - 1 : mode == .circular ? length : 6
        let lowest = mode == .zeros ? -(length - 1) / 2 : 0
        for _ in 0..<6 {
            let pads = (
                Int.random(in: lowest...limit, using: &rng), Int.random(in: lowest...limit, using: &rng)
            )
            let value = mode == .zeros ? Float(2.5) : 0
            let line = { Reference.pad($0, pads.0, pads.1, mode: "\(mode)", value: Double(value)) }
            let pad = Pad([AxisPadding(axis: 2, begin: pads.0, end: pads.1)], mode: mode, value: value)
            try check(pad, x, equals: x.alongAxis(2, line), dynamicAxis: 2, absolute: 0)
            let both = Pad(
                [AxisPadding(axis: 1, begin: 2, end: 1), AxisPadding(axis: 2, begin: pads.0, end: pads.1)],
                mode: mode,
                value: value)
            let expected = x.alongAxis(2, line)
                .alongAxis(1) { Reference.pad($0, 2, 1, mode: "\(mode)", value: Double(value)) }
            try check(both, x, equals: expected, dynamicAxis: 2, absolute: 0)
        }
    }
}

@Test func reverseAndGather() throws {
    var rng = SeededGenerator(4)
    for shape in [[1, 1, 1], [2, 3, 7], [3, 4, 33]] {
        let x = Array64.random(shape, &rng)
        for axes in [[0], [1], [2], [0, 2], [0, 1, 2]] {
            let expected = axes.reduce(x) { $0.alongAxis($1) { Array($0.reversed()) } }
            try check(Reverse(axes: axes), x, equals: expected, dynamicAxis: 2, absolute: 0)
        }
        for axis in 0..<2 {
            let indices = (0..<9).map { _ in Int.random(in: 0..<shape[axis], using: &rng) }
            let expected = x.alongAxis(axis) { line in indices.map { line[$0] } }
            try check(Gather(axis: axis, indices: indices), x, equals: expected, dynamicAxis: 2, absolute: 0)
        }
    }
}

@Test func gluFusesIntoTheConvolution() throws {
    var rng = SeededGenerator(9)
    for channels in [2, 8, 34] {
        var graph = Graph()
        let x = Array64.random([3, 50], &rng)
        let w = Array64.random([channels, 3, 1], &rng)
        let input = graph.input("x", ValueType([3, .dynamic]))
        let y = try graph.apply(
            Convolution(axes: [ConvolutionAxis()], hasBias: false), input, graph.constant("w", try w.tensor))
        graph.output("y", try graph.glu(y, axis: 0))
        let product = Array64([channels, 50]) { i in
            (0..<3).reduce(0) { $0 + w[[i[0], $1, 0]] * x[[$1, i[1]]] }
        }
        let expected = Array64([channels / 2, 50]) { i in
            product[i] / (1 + exp(-product[[i[0] + channels / 2, i[1]]]))
        }
        for isa in instructionSets {
            let runner = try Runner(graph, .dynamic(maxLength: 64), isa: isa)
            #expect(runner.program.graph.nodes.count == 1)
            expectClose(try runner.run([x], length: 50)[0], expected, isa)
        }
    }
}

@Test func preluTakesOneSlopeOrOnePerChannel() throws {
    var rng = SeededGenerator(2)
    let x = Array64.random([2, 5, 19], &rng)
    for slopes in [[0.25], [0.5, -1, 0, 2, 0.125]] {
        for axis in [1] {
            let expected = Array64(x.shape) { i in
                x[i] > 0 ? x[i] : x[i] * slopes[slopes.count == 1 ? 0 : i[axis]]
            }
            for isConstant in [true, false] {
                var graph = Graph()
                let input = graph.input("x", ValueType([2, 5, 19]))
                let s = Array64([slopes.count], slopes)
                let weight =
                    isConstant
                    ? graph.constant("s", try s.tensor) : graph.input("s", ValueType([.fixed(slopes.count)]))
                graph.output("y", try graph.prelu(input, weight: weight, axis: axis))
                for isa in instructionSets {
                    let y = try Runner(graph, .fixed(length: 0), isa: isa).run(
                        isConstant ? [x] : [x, s], length: 0)
                    expectClose(y[0], expected, isa, absolute: 1e-7)
                }
            }
        }
    }
}

/// Zeros in front of a convolution, as causal PyTorch models write them.
@Test(arguments: [0, 1, 4, 9]) func paddedFrontStreams(_ front: Int) throws {
    var rng = SeededGenerator(front)
    var graph = Graph()
    var last = graph.input("x", ValueType([2, .dynamic]))
    for _ in 0..<2 {
        last = try graph.apply(Pad([AxisPadding(axis: 1, begin: front, end: 0)]), last)
        last = try graph.apply(
            Convolution(axes: [ConvolutionAxis(dilation: 2)], hasBias: false), last,
            graph.constant("w", try Array64.random([2, 2, 3], &rng).tensor))
    }
    last = try graph.apply(Resize(.nearest, axes: [1], targets: [.factor(3)]), last)
    graph.output("y", last)
    let x = Array64.random([2, 200], &rng)
    for isa in instructionSets {
        let whole = try Runner(graph, .fixed(length: 200), isa: isa).run([x], length: 200)[0]
        let stream = try Runner(graph, .stream(maxBlock: 32), isa: isa)
        #expect(stream.program.latency == 3 * 2 * max(0, 4 - front))
        let a = try stream.stream(x, blocks: randomBlocks(200, unit: 1, most: 32, &rng))
        let b = try stream.stream(x, blocks: [Int](repeating: 1, count: 200))
        #expect(a.bits == b.bits)
        let latency = stream.program.latency
        let count = min(600 - latency, whole.shape[1])
        expectClose(a.slice(1, latency..<(latency + count)), whole.slice(1, 0..<count), isa, absolute: 1e-6)
    }
}

@Test func whatMixesAllFramesDoesNotStream() throws {
    let operations: [any Ossicle.Operation] = [
        Softmax(axis: 1), LayerNormalization(axes: 1..<2, hasWeight: false, hasBias: false),
        GroupNormalization(axis: 0, groups: 2, hasWeight: false, hasBias: false), Reverse(axes: [1]),
        Reduce(.mean, axes: [1], keepsAxes: true), AdaptivePool(.max, sizes: [4]),
        Resize(.linear, axes: [1], targets: [.factor(2)]),
        Pad([AxisPadding(axis: 1, begin: 1, end: 0)], mode: .reflect),
    ]
    for operation in operations {
        var graph = Graph()
        let x = graph.input("x", ValueType([2, .dynamic]))
        graph.output("y", try graph.apply(operation, x))
        #expect(throws: OssicleError.self, "\(operation)") { try Program(graph, mode: .stream(maxBlock: 8)) }
        // The control: over a whole signal it runs.
        _ = try Program(graph, mode: .dynamic(maxLength: 8))
    }
}
