import CKernels
import Testing

@testable import Ossicle

/// One random convolution, `[batch, channels, length]`.
struct ConvolutionCase: CustomStringConvertible, Sendable {
    var batch = 1
    var channels: Int, outputs: Int, kernel: Int, length: Int
    var stride = 1, dilation = 1, padBegin = 0, padEnd = 0, groups = 1
    var transposed = false
    var seed: UInt64 = 1

    var description: String {
        "\(transposed ? "convT" : "conv") \(batch)x\(channels)->\(outputs) k\(kernel) s\(stride) d\(dilation) "
            + "p\(padBegin),\(padEnd) g\(groups) L\(length) #\(seed)"
    }

    var axis: ConvolutionAxis {
        ConvolutionAxis(stride: stride, dilation: dilation, padBegin: padBegin, padEnd: padEnd)
    }
    var outputLength: Int {
        let span = (kernel - 1) * dilation + 1
        return transposed
            ? (length - 1) * stride + span - padBegin - padEnd
            : (length + padBegin + padEnd - span) / stride + 1
    }

    /// x, weight, bias.
    func values() -> (x: [Float], weight: [Float], bias: [Float]) {
        var random = TestRandom(seed)
        let weights =
            transposed ? channels * (outputs / groups) * kernel : outputs * (channels / groups) * kernel
        return (random.floats(batch * channels * length), random.floats(weights), random.floats(outputs))
    }

    func graph(_ weight: [Float], _ bias: [Float], length: Dim? = nil) throws -> Graph {
        var graph = Graph()
        let shape: [Dim] =
            (batch > 1 ? [.fixed(batch)] : []) + [.fixed(channels), length ?? .fixed(self.length)]
        let x = graph.input("x", ValueType(shape))
        let dims = transposed ? [channels, outputs / groups, kernel] : [outputs, channels / groups, kernel]
        let w = try graph.constant("w", weight, dims)
        let b = try graph.constant("b", bias, [outputs])
        let operation: any Ossicle.Operation =
            transposed
            ? TransposedConvolution(axis: axis, groups: groups, hasBias: true)
            : Convolution(axes: [axis], groups: groups, hasBias: true)
        graph.output("y", try graph.add(operation, [x, w, b])[0])
        return graph
    }

    /// Output channels that are compared: all of few, three of many (the definition is slow).
    private var checked: [Int] { outputs < 16 ? Array(0..<outputs) : [0, outputs / 2, outputs - 1] }

    /// How far the result is from the definition in float64.
    func error(_ found: [Float]) -> Double {
        guard found.count == batch * outputs * outputLength else { return .infinity }
        let rows = (0..<batch).flatMap { n in checked.map { n * outputs + $0 } }
        return reference().error(rows.flatMap { found[($0 * outputLength)..<(($0 + 1) * outputLength)] })
    }

    private func reference() -> KernelReference {
        let (x, weight, bias) = values()
        let columns = outputLength
        let (ins, outs) = (channels / groups, outputs / groups)
        var result = KernelReference(values: [], magnitudes: [])
        for n in 0..<batch {
            for o in checked {
                var row = [Double](repeating: Double(bias[o]), count: columns)
                var sizes = [Double](repeating: abs(Double(bias[o])), count: columns)
                let group = o / outs
                for c in 0..<ins {
                    let source = (n * channels + group * ins + c) * length
                    for k in 0..<kernel {
                        let w = Double(
                            transposed
                                ? weight[((group * ins + c) * outs + o % outs) * kernel + k]
                                : weight[(o * ins + c) * kernel + k])
                        for i in 0..<(transposed ? length : columns) {
                            let (from, to) =
                                transposed
                                ? (i, i * stride + k * dilation - padBegin)
                                : (i * stride + k * dilation - padBegin, i)
                            guard from >= 0, from < length, to >= 0, to < columns else { continue }
                            let term = w * Double(x[source + from])
                            row[to] += term
                            sizes[to] += abs(term)
                        }
                    }
                }
                result.values += row
                result.magnitudes += sizes
            }
        }
        return result
    }

    func run(_ isa: String) throws -> [Float] {
        let (x, weight, bias) = values()
        let shape = (batch > 1 ? [batch] : []) + [channels, length]
        return try KernelTesting.run(try graph(weight, bias), try Tensor(x, shape: shape), isa)
    }

    func plan(_ isa: String) throws -> [String] {
        let (_, weight, bias) = values()
        return try KernelTesting.program(try graph(weight, bias), .fixed(length: 1), isa).steps.map(\.label)
    }

    /// Shapes that meet every tile height and width, strides, gaps, pads and groups.
    static let direct: [ConvolutionCase] = (0..<60).map { i in
        var random = TestRandom(UInt64(1000 + i))
        let groups = [1, 1, 1, 2, 3][random.int(0...4)]
        var one = ConvolutionCase(
            batch: random.int(1...2), channels: groups * random.int(1...6),
            outputs: groups * random.int(1...23),
            kernel: random.int(1...9), length: random.int(60...230), seed: UInt64(i))
        one.groups = groups
        one.transposed = i % 3 == 2
        one.stride = [1, 1, 2, 3, 4][random.int(0...4)]
        one.dilation = [1, 1, 2, 3, 5][random.int(0...4)]
        let pad = min((one.kernel - 1) * one.dilation, 12)
        one.padBegin = random.int(0...pad)
        one.padEnd = random.int(0...pad)
        return one
    }

    /// One or two columns of many outputs: strides, gaps, pads, crops and batches.
    static let few: [ConvolutionCase] = (0..<24).map { i in
        var random = TestRandom(UInt64(2000 + i))
        var one = ConvolutionCase(
            batch: random.int(1...3), channels: random.int(4...20), outputs: random.int(40...70),
            kernel: random.int(3...7), length: 0, seed: UInt64(i))
        one.stride = random.int(1...5)
        one.dilation = random.int(1...3)
        one.padBegin = random.int(0...1)
        one.padEnd = random.int(0...1)
        let span = (one.kernel - 1) * one.dilation + 1
        one.length = span + i % 2 * one.stride - one.padBegin - one.padEnd
        return one
    }

    /// Long kernels: every block count in a group, channels beside whole vectors, blocks cut short, padding, batches.
    static let long: [ConvolutionCase] = [
        ConvolutionCase(channels: 32, outputs: 48, kernel: 65, length: 600),
        ConvolutionCase(channels: 16, outputs: 16, kernel: 33, length: 2200, padBegin: 32, seed: 2),
        ConvolutionCase(
            batch: 2, channels: 19, outputs: 33, kernel: 40, length: 300, padBegin: 20, padEnd: 19, seed: 3),
        ConvolutionCase(channels: 17, outputs: 16, kernel: 128, length: 700, seed: 4),
        ConvolutionCase(channels: 24, outputs: 17, kernel: 31, length: 333, transposed: true, seed: 5),
        ConvolutionCase(
            channels: 16, outputs: 32, kernel: 33, length: 99, padBegin: 5, padEnd: 3, transposed: true,
            seed: 6),
    ]
}

/// The error bound: 2^-20 of the sum of magnitudes, that is a few roundings of a float32 sum.
private let tolerance = 0x1p-20

@Test(arguments: ConvolutionCase.direct, KernelTesting.instructionSets)
func convolutionEqualsItsDefinition(_ one: ConvolutionCase, _ isa: String) throws {
    #expect(one.error(try one.run(isa)) < tolerance)
}

@Test(arguments: ConvolutionCase.long, KernelTesting.instructionSets)
func longConvolutionGoesThroughATransform(_ one: ConvolutionCase, _ isa: String) throws {
    #expect(try one.plan(isa).contains { $0.hasPrefix("conv/transform") })
    #expect(one.error(try one.run(isa)) < tolerance)
}

@Test(arguments: ConvolutionCase.few, KernelTesting.instructionSets)
func convolutionToFewColumnsIsAMatrixProduct(_ one: ConvolutionCase, _ isa: String) throws {
    #expect(try one.plan(isa).contains { $0.hasPrefix("gem") })
    #expect(one.error(try one.run(isa)) < tolerance)
}

/// The product sums in the order of the direct way: what a few columns give is what many begin with, bit for bit.
@Test(arguments: ConvolutionCase.few, KernelTesting.instructionSets)
func fewColumnsAreTheFirstOfMany(_ one: ConvolutionCase, _ isa: String) throws {
    var (few, many) = (one, one)
    (few.padEnd, few.length) = (0, one.length + one.padEnd)
    (many.padEnd, many.length) = (0, few.length + 40 * one.stride)
    #expect(try !many.plan(isa).contains { $0.hasPrefix("gem") })
    let (x, weight, bias) = many.values()
    func run(_ part: ConvolutionCase) throws -> [Float] {
        let rows = one.batch * one.channels
        let cut = (0..<rows).flatMap { x[($0 * many.length)..<($0 * many.length + part.length)] }
        let shape = (one.batch > 1 ? [one.batch] : []) + [one.channels, part.length]
        return try KernelTesting.run(try part.graph(weight, bias), try Tensor(cut, shape: shape), isa)
    }
    let (short, long) = (try run(few), try run(many))
    for row in 0..<(one.batch * one.outputs) {
        let begin = long[(row * many.outputLength)...].prefix(few.outputLength)
        #expect(begin.elementsEqual(short[(row * few.outputLength)...].prefix(few.outputLength)))
    }
}

/// The three checks above must be able to fail.
@Test(arguments: [ConvolutionCase.direct[0], ConvolutionCase.long[0], ConvolutionCase.few[0]])
func convolutionComparisonSeesAnotherInput(_ one: ConvolutionCase) throws {
    var other = one
    other.seed += 99
    #expect(one.error(try other.run(KernelTesting.instructionSets[0])) > 0.01)
}

@Test(arguments: KernelTesting.instructionSets)
func convolutionStreamsAreTheSameHoweverTheyAreCut(_ isa: String) throws {
    for one in ConvolutionCase.direct.prefix(40).filter({ $0.batch == 1 }) + ConvolutionCase.long.prefix(1) {
        let (_, weight, bias) = one.values()
        let program = try KernelTesting.program(
            try one.graph(weight, bias, length: .dynamic), .stream(maxBlock: 64 * one.stride), isa)
        var random = TestRandom(one.seed)
        let unit = program.granularity
        let frames = 40 * unit
        let x = random.floats(one.channels * frames)
        let whole = try stream(program, x, frames, one) { _ in frames }
        let cut = try stream(program, x, frames, one) { min($0, unit * random.int(1...7)) }
        #expect(whole.map(\.bitPattern) == cut.map(\.bitPattern), "\(one)")
        #expect(whole.contains { $0 != 0 })
    }
}

/// Streams `[channels, frames]` in blocks of the sizes that `next(left)` names.
private func stream(
    _ program: Program, _ x: [Float], _ frames: Int, _ one: ConvolutionCase, next: (Int) -> Int
) throws -> [Float] {
    let instance = try Instance(program)
    let outputs = program.shape(program.graph.outputs[0], length: frames)
    var y = [Float](repeating: 0, count: outputs[0] * outputs[1])
    var (start, written) = (0, 0)
    while start < frames {
        let count = next(frames - start)
        let block = (0..<one.channels).flatMap { c in x[(c * frames + start)..<(c * frames + start + count)] }
        let width = program.shape(program.graph.outputs[0], length: count)[1]
        var out = [Float](repeating: 0, count: outputs[0] * width)
        #expect(ok_instance_process(instance.c, block, &out, Int64(count)) == 0)
        for o in 0..<outputs[0] {
            for t in 0..<width { y[o * outputs[1] + written + t] = out[o * width + t] }
        }
        start += count
        written += width
    }
    return y
}
