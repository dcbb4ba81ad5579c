import Foundation
import Testing

@testable import Ossicle

/// A random graph of shape [C, T] values, beside what a float64 evaluator makes of the same nodes.
private struct RandomGraph {
    var graph = Graph()
    var rng: SeededGenerator
    /// Values that later nodes may read, each with its float64 contents.
    var values: [(id: ValueID, contents: Array64)] = []
    let input: Array64
    let length: Int

    init(seed: Int) throws {
        rng = SeededGenerator(seed)
        length = [1, 2, 7, 16, 33, 64, 101].randomElement(using: &rng)!
        let channels = Int.random(in: 1...9, using: &rng)
        input = .random([channels, length], &rng)
        let x = graph.input("x", ValueType([.fixed(channels), .dynamic]))
        values = [(x, input)]
        for _ in 0..<Int.random(in: 2...14, using: &rng) { try addNode() }
        // The last value and one more, so that something stays alive for long.
        graph.output("y", values.last!.id)
        if values.count > 2 { graph.output("z", values.randomElement(using: &rng)!.id) }
    }

    var expected: [Array64] {
        graph.outputs.map { port in values.first { $0.id == port.value }!.contents }
    }

    private mutating func pick() -> (id: ValueID, contents: Array64) {
        Bool.random(using: &rng) ? values.last! : values.randomElement(using: &rng)!
    }

    private mutating func constant(_ shape: [Int], scale: Double) throws -> (ValueID, Array64) {
        let contents = Array64.random(shape, &rng, scale: scale)
        return (graph.constant("c\(graph.values.count)", try contents.tensor), contents)
    }

    private mutating func addNode() throws {
        switch Int.random(in: 0..<9, using: &rng) {
        case 0, 1: try addConvolution()
        case 2: try addLinear()
        case 3: try addUnary()
        case 4: try addBinary()
        case 5: try addConcat()
        case 6: try addSlice()
        case 7: try addResidual()
        default: try addGate()
        }
    }

    /// A convolution of kept length, so that everything stays [C, T].
    private mutating func addConvolution() throws {
        let (x, v) = pick()
        let (kernel, dilation) = (Int.random(in: 1...5, using: &rng), Int.random(in: 1...3, using: &rng))
        let channels = v.shape[0]
        let groups = channels % 2 == 0 && Int.random(in: 0..<3, using: &rng) == 0 ? 2 : 1
        let rows = Int.random(in: 1...6, using: &rng) * groups
        let pad = (kernel - 1) * dilation, begin = Int.random(in: 0...pad, using: &rng)
        let (w, weight) = try constant(
            [rows, channels / groups, kernel], scale: 1 / Double(channels * kernel).squareRoot())
        let hasBias = Bool.random(using: &rng)
        let (b, bias) = try constant([rows], scale: 0.3)
        let y = try graph.add(
            Convolution(
                axes: [ConvolutionAxis(dilation: dilation, padBegin: begin, padEnd: pad - begin)],
                groups: groups,
                hasBias: hasBias), [x, w] + (hasBias ? [b] : []))[0]
        let depth = channels / groups
        values.append(
            (
                y,
                Array64([rows, length]) { i in
                    var sum = hasBias ? bias.values[i[0]] : 0
                    let group = i[0] / (rows / groups)
                    for c in 0..<depth {
                        for k in 0..<kernel {
                            let t = i[1] + k * dilation - begin
                            if (0..<length).contains(t) {
                                sum += weight[[i[0], c, k]] * v[[group * depth + c, t]]
                            }
                        }
                    }
                    return sum
                }
            ))
    }

    /// Over features of every frame: transposed there and back.
    private mutating func addLinear() throws {
        let (x, v) = pick()
        let channels = v.shape[0], rows = Int.random(in: 1...20, using: &rng)
        let (w, weight) = try constant([rows, channels], scale: 1 / Double(channels).squareRoot())
        let (b, bias) = try constant([rows], scale: 0.3)
        let frames = try graph.apply(Transpose([1, 0]), x)
        let product = try graph.apply(LinearOperation(hasBias: true), frames, w, b)
        let y = try graph.apply(Transpose([1, 0]), product)
        values.append(
            (
                y,
                Array64([rows, length]) { i in
                    (0..<channels).reduce(bias.values[i[0]]) { $0 + weight[[i[0], $1]] * v[[$1, i[1]]] }
                }
            ))
    }

    private static let functions: [(Activation, @Sendable (Double) -> Double)] = [
        (.tanh, { tanh($0) }), (.sigmoid, { 1 / (1 + exp(-$0)) }), (.relu, { max($0, 0) }),
        (Activation(.abs), { abs($0) }), (Activation(.leakyRelu, alpha: 0.25), { $0 > 0 ? $0 : 0.25 * $0 }),
    ]

    private mutating func addUnary() throws {
        let (x, v) = pick()
        let (activation, function) = Self.functions.randomElement(using: &rng)!
        values.append((try graph.apply(Unary(activation), x), v.map(function)))
    }

    private mutating func addBinary() throws {
        let (x, v) = pick()
        let partners = values.filter { $0.contents.shape == v.shape }
        var (y, w) = partners.randomElement(using: &rng)!
        if Int.random(in: 0..<3, using: &rng) == 0 { (y, w) = try constant([v.shape[0], 1], scale: 1) }
        let kinds: [(Binary.Kind, (Double, Double) -> Double)] = [
            (.add, { $0 + $1 }), (.subtract, { $0 - $1 }), (.multiply, { $0 * $1 }),
            (.maximum, { max($0, $1) }),
        ]
        let (kind, function) = kinds.randomElement(using: &rng)!
        let contents = Array64(v.shape) { i in function(v[i], w[w.shape[1] == v.shape[1] ? i : [i[0], 0]]) }
        guard contents.values.allSatisfy({ abs($0) < 20 }) else { return }
        values.append((try graph.apply(Binary(kind), x, y), contents))
    }

    private mutating func addConcat() throws {
        let parts = (0..<Int.random(in: 2...3, using: &rng)).map { _ in pick() }
        guard parts.reduce(0, { $0 + $1.contents.shape[0] }) < 40 else { return }
        let y = try graph.add(Concat(axis: 0), parts.map(\.id))[0]
        let rows = parts.flatMap { part in (0..<part.contents.shape[0]).map { (part.contents, $0) } }
        values.append((y, Array64([rows.count, length]) { rows[$0[0]].0[[rows[$0[0]].1, $0[1]]] }))
    }

    private mutating func addSlice() throws {
        let (x, v) = pick()
        let start = Int.random(in: 0..<v.shape[0], using: &rng), step = Int.random(in: 1...2, using: &rng)
        let count = Int.random(in: 1...((v.shape[0] - start + step - 1) / step), using: &rng)
        let y = try graph.apply(Slice(axis: 0, start: start, count: .fixed(count), step: step), x)
        values.append((y, Array64([count, length]) { v[[start + $0[0] * step, $0[1]]] }))
    }

    /// conv(x) + x, and conv(x) + conv(y), which fuse.
    private mutating func addResidual() throws {
        let before = values.last!
        try addConvolution()
        let made = values.last!
        guard made.contents.shape == before.contents.shape else { return }
        let y = try graph.apply(Binary(.add), made.id, before.id)
        values.append((y, Array64(made.contents.shape) { made.contents[$0] + before.contents[$0] }))
    }

    private mutating func addGate() throws {
        try addConvolution()
        let (x, v) = values.last!
        let channels = v.shape[0]
        guard channels % 2 == 0 else { return }
        let half = Dim.fixed(channels / 2)
        let a = try graph.apply(Unary(.tanh), try graph.apply(Slice(axis: 0, start: 0, count: half), x))
        let b = try graph.apply(
            Unary(.sigmoid), try graph.apply(Slice(axis: 0, start: channels / 2, count: half), x))
        let y = try graph.apply(Binary(.multiply), a, b)
        values.append(
            (
                y,
                Array64([channels / 2, length]) { i in
                    tanh(v[i]) / (1 + exp(-v[[i[0] + channels / 2, i[1]]]))
                }
            ))
    }
}

/// Fusing, views, in-place operations and shared memory change nothing but rounding.
@Test(arguments: 0..<400) func randomGraphsMatchFloat64(_ seed: Int) throws {
    let random = try RandomGraph(seed: seed)
    let (graph, x, length, expected) = (random.graph, random.input, random.length, random.expected)
    for isa in instructionSets {
        let fixed = try Runner(graph, .fixed(length: length), isa: isa).run([x], length: length)
        let longer = try Runner(graph, .dynamic(maxLength: length + 50), isa: isa)
        // A full run first, so that memory is dirty.
        _ = try longer.run([Array64([x.shape[0], length + 50]) { _ in 3 }], length: length + 50)
        let dynamic = try longer.run([x], length: length)
        let plain = try Runner(graph, .dynamic(maxLength: length), isa: isa, optimize: false).run(
            [x], length: length)
        for i in expected.indices {
            expectClose(fixed[i], expected[i], "\(seed) \(isa) output \(i)")
            expectClose(plain[i], expected[i], "\(seed) \(isa) output \(i), not optimized")
            #expect(fixed[i].bits == dynamic[i].bits, "\(seed) \(isa) output \(i), dynamic")
        }
    }
}

/// The comparison above must be able to fail.
@Test func randomGraphsSeeAWrongWeight() throws {
    var seen = 0
    for seed in 0..<20 {
        var random = try RandomGraph(seed: seed)
        let constants = random.graph.values.indices.filter {
            random.graph.values[$0].constant?.shape.count == 3
        }
        guard let index = constants.last else { continue }
        let tensor = random.graph.values[index].constant!
        random.graph[ValueID(index: index)].constant = try Tensor(
            tensor.floats().map { $0 + 0.05 }, shape: tensor.shape)
        let y = try Runner(random.graph, .fixed(length: random.length), isa: "sse2").run(
            [random.input], length: random.length)
        if zip(y, random.expected).contains(where: { excess($0, $1) > 1 }) { seen += 1 }
    }
    #expect(seen > 5)
}

/// A chain of convolutions with branches, whose streams must agree with the whole signal.
private struct RandomChain {
    var graph = Graph()
    var rng: SeededGenerator
    let channels: Int

    init(seed: Int) throws {
        rng = SeededGenerator(seed + 77_000)
        channels = Int.random(in: 1...4, using: &rng)
        var last = graph.input("x", ValueType([.fixed(channels), .dynamic]))
        for _ in 0..<Int.random(in: 1...5, using: &rng) {
            switch Int.random(in: 0..<6, using: &rng) {
            case 0: last = try downsampled(last)
            case 1: last = try upsampled(last)
            case 2: last = try branched(last)
            case 3: last = try graph.apply(Unary(.tanh), last)
            case 4:
                last = try graph.apply(
                    Pad([AxisPadding(axis: 1, begin: Int.random(in: 0...6, using: &rng), end: 0)]), last)
            default: last = try convolution(last, stride: 1, keepsLength: Bool.random(using: &rng))
            }
        }
        graph.output("y", last)
    }

    private mutating func weights(_ rows: Int, _ columns: Int, _ kernel: Int) throws -> [ValueID] {
        let scale = 1 / Double(channels * kernel).squareRoot()
        return [
            graph.constant(
                "w\(graph.values.count)",
                try Array64.random([rows, columns, kernel], &rng, scale: scale).tensor),
            graph.constant("b\(graph.values.count)", try Array64.random([channels], &rng, scale: 0.3).tensor),
        ]
    }

    private mutating func convolution(_ x: ValueID, stride: Int, keepsLength: Bool) throws -> ValueID {
        let kernel = Int.random(in: 1...5, using: &rng), dilation = Int.random(in: 1...3, using: &rng)
        let span = (kernel - 1) * dilation
        let begin = Int.random(in: 0...span, using: &rng)
        let end = keepsLength ? span - begin : Int.random(in: 0...3, using: &rng)
        let axis = ConvolutionAxis(stride: stride, dilation: dilation, padBegin: begin, padEnd: end)
        return try graph.add(
            Convolution(axes: [axis], hasBias: true), [x] + weights(channels, channels, kernel))[0]
    }

    private mutating func downsampled(_ x: ValueID) throws -> ValueID {
        try convolution(x, stride: Int.random(in: 2...3, using: &rng), keepsLength: false)
    }

    private mutating func upsampled(_ x: ValueID) throws -> ValueID {
        let stride = Int.random(in: 1...3, using: &rng), kernel = Int.random(in: 1...5, using: &rng)
        let crop = Int.random(in: 0...min(1, kernel - 1), using: &rng)
        let axis = ConvolutionAxis(stride: stride, padBegin: crop, padEnd: 0)
        return try graph.add(
            TransposedConvolution(axis: axis, hasBias: true), [x] + weights(channels, channels, kernel))[0]
    }

    /// Two convolutions of different lookahead that meet again, one of them perhaps the input itself.
    private mutating func branched(_ x: ValueID) throws -> ValueID {
        let a = try convolution(x, stride: 1, keepsLength: true)
        let b = Bool.random(using: &rng) ? try convolution(x, stride: 1, keepsLength: true) : x
        return try graph.apply(Binary(.add), a, try graph.apply(Unary(.relu), b))
    }
}

@Test(arguments: 0..<250) func randomStreamsMatchTheWholeSignal(_ seed: Int) throws {
    var chain = try RandomChain(seed: seed)
    let graph = chain.graph
    for isa in instructionSets {
        let unit: Int, program: Program
        do {
            program = try Runner(graph, .stream(maxBlock: 1 << 10), isa: isa).program
            unit = program.granularity
        } catch let error as OssicleError {
            Issue.record("\(seed): \(error)")
            return
        }
        let total = unit * max(2, 240 / unit)
        let x = Array64.random([chain.channels, total], &chain.rng)
        // The end of a stream is silence, as a padded end is.
        let whole = try Runner(graph, .fixed(length: total), isa: isa).run([x], length: total)[0]
        let most = unit * Int.random(in: 1...8, using: &chain.rng)
        let stream = try Runner(graph, .stream(maxBlock: most), isa: isa)
        let a = try stream.stream(x, blocks: randomBlocks(total, unit: unit, most: most, &chain.rng))
        let b = try stream.stream(x, blocks: [Int](repeating: unit, count: total / unit))
        #expect(a.bits == b.bits, "\(seed) \(isa): blocks change the result")
        let latency = stream.program.latency
        #expect(latency >= 0)
        // What looks past the end is not comparable: a second run on a longer signal shows where that begins.
        let more = Array64([chain.channels, 2 * total]) { i in i[1] < total ? x[i] : sin(Double(i[1])) }
        let longer = try Runner(graph, .fixed(length: 2 * total), isa: isa).run([more], length: 2 * total)[0]
        let same = (0..<min(whole.shape[1], longer.shape[1])).prefix { t in
            (0..<whole.shape[0]).allSatisfy { abs(whole[[$0, t]] - longer[[$0, t]]) < 1e-5 }
        }.count
        let count = min(same, a.shape[1] - latency)
        #expect(count > 0, "\(seed): nothing to compare")
        guard count > 0 else { return }
        expectClose(
            a.slice(1, latency..<(latency + count)), whole.slice(1, 0..<count),
            "\(seed) \(isa) latency \(latency)",
            absolute: 2e-5)
    }
}

/// The state of a recurrent layer behind a lookahead starts with the signal, not with the frames before it.
@Test(arguments: [Recurrent.Cell.lstm, .gru]) func recurrentBehindLookaheadStreams(_ cell: Recurrent.Cell)
    throws
{
    var rng = SeededGenerator(3)
    var graph = Graph()
    let input = graph.input("x", ValueType([2, .dynamic]))
    func constant(_ shape: [Int]) throws -> ValueID {
        graph.constant("c\(graph.values.count)", try Array64.random(shape, &rng, scale: 0.5).tensor)
    }
    let axis = ConvolutionAxis(padBegin: 2, padEnd: 4)
    let y = try graph.add(
        Convolution(axes: [axis], hasBias: true), [input, try constant([3, 2, 7]), try constant([3])])[0]
    let operation = Recurrent(cell, hiddenSize: 4, layers: 2)
    var weights: [ValueID] = []
    for inputs in [3, 4] {
        let rows = operation.gates * 4
        weights += try [[rows, inputs], [rows, 4], [rows], [rows]].map(constant)
    }
    let made = try graph.add(operation, [try graph.apply(Transpose([1, 0]), y)] + weights)[0]
    graph.output("y", try graph.apply(Transpose([1, 0]), made))
    let x = Array64.random([2, 60], &rng)
    for isa in instructionSets {
        let whole = try Runner(graph, .fixed(length: 60), isa: isa).run([x], length: 60)[0]
        let stream = try Runner(graph, .stream(maxBlock: 9), isa: isa)
        let latency = stream.program.latency
        #expect(latency == 4)
        let random = randomBlocks(60, unit: 1, most: 9, &rng)
        for blocks in [[Int](repeating: 1, count: 60), [Int](repeating: 3, count: 20), random] {
            let y = try stream.stream(x, blocks: blocks)
            expectClose(y.slice(1, latency..<60), whole.slice(1, 0..<56), isa, absolute: 1e-6)
        }
    }
}
