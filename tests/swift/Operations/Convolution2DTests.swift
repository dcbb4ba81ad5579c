import Testing

@testable import Ossicle

private struct Plane {
    var axis: ConvolutionAxis
    var kernel: Int
    var length: Int

    init(_ rng: inout SeededGenerator) {
        kernel = [1, 2, 3, 5, 7].randomElement(using: &rng)!
        axis = ConvolutionAxis(
            stride: .random(in: 1...3, using: &rng), dilation: .random(in: 1...2, using: &rng),
            padBegin: .random(in: 0...3, using: &rng), padEnd: .random(in: 0...3, using: &rng))
        length = axis.span(kernel) + .random(in: 0...20, using: &rng)
    }

    var output: Int { (length + axis.padBegin + axis.padEnd - axis.span(kernel)) / axis.stride + 1 }

    func source(_ index: Int, _ tap: Int, _ mode: PaddingMode) -> Int? {
        let i = index * axis.stride + tap * axis.dilation - axis.padBegin
        if (0..<length).contains(i) { return i }
        switch mode {
        case .zeros: return nil
        case .reflect: return i < 0 ? -i : 2 * (length - 1) - i
        case .replicate: return i < 0 ? 0 : length - 1
        case .circular: return (i + length) % length
        }
    }
}

@Test(arguments: 0..<40) func convolutionOverTwoAxes(_ seed: Int) throws {
    var rng = SeededGenerator(seed + 8000)
    let (y, x) = (Plane(&rng), Plane(&rng))
    let groups = seed % 4 == 0 ? 2 : 1
    let (channels, outputs) = (
        groups * Int.random(in: 1...4, using: &rng), groups * Int.random(in: 1...9, using: &rng)
    )
    let mode: PaddingMode = [.zeros, .zeros, .reflect, .replicate, .circular].randomElement(using: &rng)!
    let batch = seed % 3 == 0 ? [2] : []
    let input = Array64.random(batch + [channels, y.length, x.length], &rng)
    let weight = Array64.random([outputs, channels / groups, y.kernel, x.kernel], &rng)
    let bias = Array64.random([outputs], &rng)
    let depth = channels / groups
    let expected = Array64(batch + [outputs, y.output, x.output]) { place in
        let (item, at) = (Array(place.dropLast(3)), Array(place.suffix(3)))
        var sum = bias[[at[0]]]
        for c in 0..<depth {
            for ky in 0..<y.kernel {
                guard let row = y.source(at[1], ky, mode) else { continue }
                for kx in 0..<x.kernel {
                    guard let column = x.source(at[2], kx, mode) else { continue }
                    let channel = at[0] / (outputs / groups) * depth + c
                    sum += weight[[at[0], c, ky, kx]] * input[item + [channel, row, column]]
                }
            }
        }
        return sum
    }
    try check(
        Convolution(axes: [y.axis, x.axis], groups: groups, padding: mode, hasBias: true), input,
        [weight, bias],
        equals: expected, absolute: 1e-4)
}

/// Batch norm, activation and residual fuse into a convolution over two axes as they do over one.
@Test func planeConvolutionsFuse() throws {
    var rng = SeededGenerator(17)
    var graph = Graph()
    let x = graph.input("x", ValueType([1, 4, 9, 20]))
    let weight = graph.constant("w", try Array64.random([4, 4, 3, 3], &rng).tensor)
    let axis = ConvolutionAxis(padBegin: 1, padEnd: 1)
    let conv = try graph.apply(Convolution(axes: [axis, axis], hasBias: false), x, weight)
    let statistics = try (0..<4).map { i in
        graph.constant("s\(i)", try Array64.random([4], &rng).map { abs($0) + 0.5 }.tensor)
    }
    let norm = try graph.add(BatchNormalization(axis: 1), [conv] + statistics)[0]
    let active = try graph.apply(Unary(.relu), norm)
    graph.output("y", try graph.apply(Binary(.add), active, x))
    let value = Array64.random([1, 4, 9, 20], &rng)
    for isa in instructionSets {
        let plain = try Runner(graph, .fixed(length: 0), isa: isa, optimize: false).run([value], length: 0)[0]
        let fused = try Runner(graph, .fixed(length: 0), isa: isa)
        #expect(fused.program.graph.nodes.filter { $0.operation is Convolution }.count == 1)
        #expect(!fused.program.graph.nodes.contains { $0.operation is BatchNormalization })
        expectClose(try fused.run([value], length: 0)[0], plain, isa, absolute: 1e-5)
    }
}

@Test(arguments: 0..<30) func transposedConvolutionOverTwoAxes(_ seed: Int) throws {
    var rng = SeededGenerator(seed + 9000)
    let groups = seed % 4 == 0 ? 2 : 1
    let (channels, outputs) = (
        groups * Int.random(in: 1...3, using: &rng), Int.random(in: 1...3, using: &rng)
    )
    let batch = seed % 3 == 0 ? [2] : []
    let lengths = (0..<2).map { _ in Int.random(in: 1...8, using: &rng) }
    let kernel = (0..<2).map { _ in Int.random(in: 1...5, using: &rng) }
    let axes = kernel.map { k in
        let dilation = Int.random(in: 1...2, using: &rng)
        let most = ((k - 1) * dilation) / 2
        return ConvolutionAxis(
            stride: .random(in: 1...4, using: &rng), dilation: dilation,
            padBegin: .random(in: 0...most, using: &rng),
            padEnd: .random(in: 0...most, using: &rng))
    }
    let extra = axes.map { Int.random(in: 0..<$0.stride, using: &rng) }
    let sizes: [Int] = (0..<2).map { i in
        let full: Int = (lengths[i] - 1) * axes[i].stride + axes[i].span(kernel[i]) + extra[i]
        return full - axes[i].padBegin - axes[i].padEnd
    }
    guard sizes.allSatisfy({ $0 > 0 }) else { return }
    let x = Array64.random(batch + [channels] + lengths, &rng)
    let weight = Array64.random([channels, outputs] + kernel, &rng),
        bias = Array64.random([outputs * groups], &rng)
    var expected = Array64(batch + [outputs * groups] + sizes) { bias[[$0[$0.count - 3]]] }
    for place in Array64.indices(x.shape) {
        let (item, at) = (Array(place.dropLast(3)), Array(place.suffix(3)))
        for o in 0..<outputs {
            for tap in Array64.indices(kernel) {
                let target = (0..<2).map { i in
                    at[1 + i] * axes[i].stride + tap[i] * axes[i].dilation - axes[i].padBegin
                }
                guard (0..<2).allSatisfy({ (0..<sizes[$0]).contains(target[$0]) }) else { continue }
                let channel = at[0] / (channels / groups) * outputs + o
                expected[item + [channel] + target] += x[place] * weight[[at[0], o] + tap]
            }
        }
    }
    var graph = Graph()
    let input = graph.input("x", ValueType(x.shape.map { .fixed($0) }))
    graph.output(
        "y",
        try graph.transposedConvolution2D(
            input, weight: graph.constant("w", try weight.tensor), bias: graph.constant("b", try bias.tensor),
            axes: axes, outputPadding: extra, groups: groups))
    for isa in instructionSets {
        expectClose(
            try Runner(graph, .fixed(length: 0), isa: isa).run([x], length: 0)[0], expected,
            "\(axes) \(kernel) \(lengths)", absolute: 2e-5)
    }
}

@Test func resizingByAGrid() throws {
    var rng = SeededGenerator(4)
    let x = Array64.random([2, 7, 5], &rng)
    func linear(_ line: [Double], _ count: Int, _ step: Double, _ offset: Double) -> [Double] {
        (0..<count).map { i in
            let position = min(max(Double(i) * step + offset, 0), Double(line.count - 1))
            let left = Int(position), right = min(left + 1, line.count - 1)
            return line[left] + (position - Double(left)) * (line[right] - line[left])
        }
    }
    for (step, offset) in [(7.0 / 10, 0.0), (0.6, 0.3), (1.5, -1), (0, 3)] {
        for axis in 1...2 {
            let target = Resize.Target.grid(extent: 10, step: step, offset: offset)
            try check(
                Resize(.linear, axes: [axis], targets: [target]), x,
                equals: x.alongAxis(axis) { linear($0, 10, step, offset) }, absolute: 1e-6)
            let nearest = x.alongAxis(axis) { line in
                (0..<10).map {
                    line[min(max(Int((Double($0) * step + offset).rounded(.down)), 0), line.count - 1)]
                }
            }
            try check(Resize(.nearest, axes: [axis], targets: [target]), x, equals: nearest)
        }
    }
}

/// Statistics over all axes behind the channels, whatever the rank.
@Test func normalizationOfHigherRanks() throws {
    var rng = SeededGenerator(6)
    for shape in [[2, 4, 5], [2, 4, 3, 5], [1, 4, 2, 3, 5]] {
        let x = Array64.random(shape, &rng), weight = Array64.random([4], &rng),
            bias = Array64.random([4], &rng)
        for groups in [2, 4] {
            try check(
                GroupNormalization(axis: 1, groups: groups), x, [weight, bias],
                equals: Reference.groupNorm(
                    x, axis: 1, groups: groups, epsilon: 1e-5, weight: weight, bias: bias))
        }
        let mean = Array64.random([4], &rng), variance = Array64.random([4], &rng).map { $0 * $0 + 0.1 }
        let expected = Array64(shape) { i in
            let c = [i[1]]
            return (x[i] - mean[c]) / (variance[c] + 1e-3).squareRoot() * weight[c] + bias[c]
        }
        try check(
            BatchNormalization(axis: 1, epsilon: 1e-3), x, [mean, variance, weight, bias], equals: expected)
    }
}

/// Core ML's GRU and other activations reach the kernels through the graph.
@Test(arguments: [true, false]) func recurrentCellsOfCoreML(_ custom: Bool) throws {
    var rng = SeededGenerator(8)
    let (steps, inputs, hidden) = (6, 3, 5)
    let x = Array64.random([steps, inputs], &rng)
    let w = Array64.random([3 * hidden, inputs], &rng, scale: 0.5),
        u = Array64.random([3 * hidden, hidden], &rng, scale: 0.5)
    let b = Array64.random([3 * hidden], &rng), zero = Array64([3 * hidden]) { _ in 0 }
    func gate(_ v: Double) -> Double { custom ? min(max(v, 0), 1) : 1 / (1 + Reference.exponential(-v)) }
    func cell(_ v: Double) -> Double {
        custom ? max(v, 0) : 1 - 2 / (1 + Reference.exponential(2 * v))
    }
    var h = [Double](repeating: 0, count: hidden)
    var expected = Array64([steps, hidden]) { _ in 0 }
    for t in 0..<steps {
        func sum(_ row: Int, _ state: [Double]) -> Double {
            let own = (0..<inputs).reduce(b[[row]]) { $0 + w[[row, $1]] * x[[t, $1]] }
            return (0..<hidden).reduce(own) { $0 + u[[row, $1]] * state[$1] }
        }
        let r = (0..<hidden).map { gate(sum($0, h)) }, z = (0..<hidden).map { gate(sum(hidden + $0, h)) }
        let reset = zip(r, h).map { $0 * $1 }
        let n = (0..<hidden).map { cell(sum(2 * hidden + $0, reset)) }
        h = (0..<hidden).map { (1 - z[$0]) * n[$0] + z[$0] * h[$0] }
        for k in 0..<hidden { expected[[t, k]] = h[k] }
    }
    var operation = Recurrent(.gruResetBefore, hiddenSize: hidden)
    if custom { operation.activations = .init(gate: Activation(.hardtanh, alpha: 0, beta: 1), cell: .relu) }
    try check(operation, x, [w, u, b, zero], equals: expected, absolute: 1e-5)
}
