import CKernels
import Testing

@testable import Ossicle

/// The instruction sets this machine can run.
let instructionSets: [String] = ["sse2", "avx2", "avx512", "neon"].filter { ok_kernels_named($0) != nil }

/// A program and an instance of it, run on any length up to its maximum, with guards around every output.
final class Runner {
    let program: Program
    let instance: Instance

    init(_ graph: Graph, _ mode: PlanMode, isa: String, optimize: Bool = true) throws {
        program = try Program(
            graph, mode: mode, optimize: optimize, placement: .portable, kernels: ok_kernels_named(isa))
        instance = try Instance(program)
    }

    func reset() { ok_instance_reset(instance.c) }

    /// One run from the present state. Outputs lie between guards that must survive.
    func run(_ inputs: [Array64], length: Int) throws -> [Array64] {
        let shapes = program.graph.outputs.map { program.shape($0, length: length) }
        var floats = inputs.map(\.floats)
        let guardValue = Float(bitPattern: 0x7fc0_dead)
        var outputs = shapes.map { [Float](repeating: guardValue, count: $0.reduce(1, *) + 32) }
        let status: Int32 = bind(&floats, program.inputSlots, at: 0, 0) {
            bind(&outputs, program.outputSlots, at: 0, 16) {
                ok_run(program.c, &instance.c.pointee.context, Int64(length))
            }
        }
        try #require(status == 0)
        return zip(outputs, shapes).map { output, shape in
            let count = output.count - 32
            let guards = output[..<16] + output[(count + 16)...]
            #expect(guards.allSatisfy { $0.bitPattern == guardValue.bitPattern }, "wrote outside its output")
            return Array64(shape, output[16..<(16 + count)].map(Double.init))
        }
    }

    private func bind(
        _ buffers: inout [[Float]], _ slots: [Int], at index: Int, _ offset: Int, _ body: () -> Int32
    ) -> Int32 {
        guard index < buffers.count else { return body() }
        var buffer = buffers[index]
        buffers[index] = []
        let status = buffer.withUnsafeMutableBufferPointer { pointer in
            instance.c.pointee.context.slots[slots[index]] = UnsafeMutableRawPointer(
                pointer.baseAddress! + offset)
            return bind(&buffers, slots, at: index + 1, offset, body)
        }
        buffers[index] = buffer
        return status
    }

    /// A stream's output for an input cut along its last axis into `blocks`.
    func stream(_ x: Array64, blocks: [Int]) throws -> Array64 {
        reset()
        let axis = x.shape.count - 1
        var parts: [Array64] = []
        var start = 0
        for block in blocks {
            parts.append(try run([x.slice(axis, start..<(start + block))], length: block)[0])
            start += block
        }
        let last = parts[0].shape.count - 1
        var shape = parts[0].shape
        shape[last] = parts.reduce(0) { $0 + $1.shape[last] }
        var result = Array64(shape, [Double](repeating: 0, count: shape.reduce(1, *)))
        var position = 0
        for part in parts {
            for index in Array64.indices(part.shape) {
                var target = index
                target[last] += position
                result[target] = part[index]
            }
            position += part.shape[last]
        }
        return result
    }
}

/// Random blocks that add up to `total`, each a multiple of `unit`.
func randomBlocks(_ total: Int, unit: Int, most: Int, _ rng: inout some RandomNumberGenerator) -> [Int] {
    var blocks: [Int] = []
    var left = total
    while left > 0 {
        let block = min(left, Int.random(in: 1...max(1, most / unit), using: &rng) * unit)
        blocks.append(block)
        left -= block
    }
    return blocks
}

/// How far off, in units of the tolerance; infinite where a NaN or a shape differs.
func excess(_ found: Array64, _ expected: Array64, absolute: Double = 1e-5, relative: Double = 1e-4) -> Double
{
    guard found.shape == expected.shape else { return .infinity }
    return zip(found.values, expected.values).reduce(0) { worst, pair in
        if pair.0 == pair.1 || (pair.0.isNaN && pair.1.isNaN) { return worst }
        let error = abs(pair.0 - pair.1) / (absolute + relative * abs(pair.1))
        return error.isNaN ? .infinity : max(worst, error)
    }
}

func expectClose(
    _ found: Array64, _ expected: Array64, _ what: String, absolute: Double = 1e-5, relative: Double = 1e-4,
    _ location: SourceLocation = #_sourceLocation
) {
    let worst = excess(found, expected, absolute: absolute, relative: relative)
    #expect(
        worst <= 1, "\(what): \(worst) times the tolerance, shapes \(found.shape) \(expected.shape)",
        sourceLocation: location)
}

/// Checks one operation on every instruction set: fixed shapes, and with `dynamicAxis` a plan for longer inputs run on
/// this one, bit for bit as the plan for just this length.
func check(
    _ operation: any Operation, _ x: Array64, _ constants: [Array64] = [], equals expected: Array64,
    dynamicAxis: Int? = nil, absolute: Double = 1e-5, relative: Double = 1e-4,
    _ location: SourceLocation = #_sourceLocation
) throws {
    func graph(_ shape: [Dim]) throws -> Graph {
        var graph = Graph()
        let input = graph.input("x", ValueType(shape))
        let others = try constants.enumerated().map { graph.constant("c\($0)", try $1.tensor) }
        graph.output("y", try graph.add(operation, [input] + others)[0])
        return graph
    }
    for isa in instructionSets {
        let what = "\(operation) of \(x.shape) on \(isa)"
        let fixed = try Runner(try graph(x.shape.map { .fixed($0) }), .fixed(length: 0), isa: isa)
        expectClose(
            try fixed.run([x], length: 0)[0], expected, what, absolute: absolute, relative: relative, location
        )
        guard let dynamicAxis else { continue }
        var shape = x.shape.map { Dim.fixed($0) }
        shape[dynamicAxis] = .dynamic
        let length = x.shape[dynamicAxis]
        let dynamicGraph = try graph(shape)
        let exact = try Runner(dynamicGraph, .fixed(length: length), isa: isa).run([x], length: length)[0]
        let roomy = try Runner(dynamicGraph, .dynamic(maxLength: length + 37), isa: isa).run(
            [x], length: length)[0]
        expectClose(exact, expected, what + ", dynamic", absolute: absolute, relative: relative, location)
        #expect(exact.bits == roomy.bits, "\(what)", sourceLocation: location)
    }
}
