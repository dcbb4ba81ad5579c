import CKernels
import Foundation
import Testing

/// A recurrent layer with random PyTorch-ordered weights, and a scalar double-precision walk over it.
private struct TestLayer {
    var kind: ok_recurrent_kind
    var hidden: Int
    var inputs: Int
    var steps = 41
    var batch = 1
    var reverse = false
    var custom = false
    var weightIH: [Float]
    var weightHH: [Float]
    var biasIH: [Float]
    var biasHH: [Float]
    var x: [Float]
    var h0: [Float]
    var c0: [Float]

    var gates: Int { kind == OK_LSTM ? 4 : 3 }

    init(_ kind: ok_recurrent_kind, hidden: Int, inputs: Int, batch: Int = 1, seed: UInt64) {
        var random = TestRandom(seed)
        let rows = (kind == OK_LSTM ? 4 : 3) * hidden
        (self.kind, self.hidden, self.inputs, self.batch) = (kind, hidden, inputs, batch)
        weightIH = random.floats(rows * inputs, scale: 1 / Float(inputs).squareRoot())
        weightHH = random.floats(rows * hidden, scale: 1.5 / Float(hidden).squareRoot())
        biasIH = random.floats(rows, scale: 0.3)
        biasHH = random.floats(rows, scale: 0.3)
        x = random.floats(batch * steps * inputs, scale: 1.5)
        h0 = random.floats(batch * hidden, scale: 0.9)
        c0 = random.floats(batch * hidden, scale: 1.2)
    }

    func gate(_ x: Double) -> Double { custom ? min(max(x + 3, 0), 6) / 6 : 1 / (1 + exp(-x)) }
    func cell(_ x: Double) -> Double { custom ? x / (1 + abs(x)) : tanh(x) }
    func output(_ x: Double) -> Double { custom ? (x > 0 ? x : 0.5 * x) : tanh(x) }

    private func product(_ weights: [Float], _ row: Int, _ vector: [Double]) -> Double {
        var sum = 0.0
        for k in 0..<vector.count { sum += Double(weights[row * vector.count + k]) * vector[k] }
        return sum
    }

    /// One step of PyTorch's equations (and of the variant that resets before the product).
    private func step(_ x: [Double], _ h: inout [Double], _ c: inout [Double]) {
        let rows = gates * hidden
        let a = (0..<rows).map { Double(biasIH[$0]) + product(weightIH, $0, x) }
        let b = (0..<rows).map { Double(biasHH[$0]) + product(weightHH, $0, h) }
        let sum = (0..<rows).map { a[$0] + b[$0] }
        if kind == OK_LSTM {
            for j in 0..<hidden {
                c[j] = gate(sum[hidden + j]) * c[j] + gate(sum[j]) * cell(sum[2 * hidden + j])
                h[j] = gate(sum[3 * hidden + j]) * output(c[j])
            }
            return
        }
        let r = (0..<hidden).map { gate(sum[$0]) }
        let resetH = (0..<hidden).map { r[$0] * h[$0] }
        h = (0..<hidden).map { j in
            let row = 2 * hidden + j
            let fromH = kind == OK_GRU ? r[j] * b[row] : Double(biasHH[row]) + product(weightHH, row, resetH)
            let z = gate(sum[hidden + j])
            return (1 - z) * cell(a[row] + fromH) + z * h[j]
        }
    }

    /// Outputs `[batch, steps, hidden]`, then the last h and c, all in double precision.
    func reference() -> [Double] {
        var y = [Double](repeating: 0, count: batch * steps * hidden)
        var lastH: [Double] = [], lastC: [Double] = []
        for row in 0..<batch {
            var h = (0..<hidden).map { Double(h0[row * hidden + $0]) }
            var c = (0..<hidden).map { Double(c0[row * hidden + $0]) }
            for i in 0..<steps {
                let t = row * steps + (reverse ? steps - 1 - i : i)
                step((0..<inputs).map { Double(x[t * inputs + $0]) }, &h, &c)
                for j in 0..<hidden { y[t * hidden + j] = h[j] }
            }
            lastH += h
            lastC += c
        }
        return y + lastH + (kind == OK_LSTM ? lastC : [])
    }

    /// The same from a kernel, over calls of the given lengths (the last is used until the end).
    func run(_ table: ok_kernels, calls: [Int] = [.max]) -> [Float] {
        let lanes = table.lanes, h = Int64(hidden), i = Int64(inputs)
        let packed = AlignedFloats(count: ok_recurrent_packed(kind, lanes, h, i))
        ok_recurrent_pack(kind, lanes, h, i, weightIH, weightHH, biasIH, biasHH, packed.pointer)
        let scratch = AlignedFloats(count: ok_recurrent_scratch(kind, lanes, h, i, nil))
        let input = AlignedFloats(x), output = AlignedFloats(count: batch * steps * hidden)
        let stateH = AlignedFloats(h0), stateC = AlignedFloats(c0)
        let kernel =
            kind == OK_LSTM ? table.ok_lstm : kind == OK_GRU ? table.ok_gru : table.ok_gru_reset_before
        var from = 0
        var lengths = calls[...]
        while from < steps {
            let count = min(lengths.first ?? steps, steps - from)
            if lengths.count > 1 { lengths.removeFirst() }
            let first = reverse ? steps - from - count : from
            var arguments = ok_recurrent_args()
            (arguments.inputs, arguments.hidden) = (Int32(inputs), Int32(hidden))
            arguments.reverse = reverse ? 1 : 0
            arguments.weights = UnsafePointer(packed.pointer)
            (arguments.steps, arguments.batch) = (ok_len(count), ok_len(batch))
            arguments.input = ok_series(
                slot: 0, offset: Int64(first) * i, step: i, batch: Int64(steps) * i, feature: 1)
            arguments.output = ok_series(
                slot: 1, offset: Int64(first) * h, step: h, batch: Int64(steps) * h, feature: 1)
            arguments.h = ok_state(slot: 2, offset: 0, batch: h)
            arguments.c = ok_state(slot: 3, offset: 0, batch: h)
            (arguments.h_end, arguments.c_end) = (arguments.h, arguments.c)
            arguments.scratch = 4
            arguments.activations = custom ? 1 : 0
            arguments.gate = ok_activation(kind: Int32(OK_HARDSIGMOID.rawValue), alpha: 0, beta: 0)
            arguments.cell = ok_activation(kind: Int32(OK_SOFTSIGN.rawValue), alpha: 0, beta: 0)
            arguments.output_activation = ok_activation(
                kind: Int32(OK_LEAKY_RELU.rawValue), alpha: 0.5, beta: 0)
            callKernel(
                kernel!, arguments,
                slots: [input.pointer, output.pointer, stateH.pointer, stateC.pointer, scratch.pointer])
            from += count
        }
        return output.array + stateH.array + (kind == OK_LSTM ? stateC.array : [])
    }

    func error(of result: [Float]) -> Double {
        let exact = reference()
        guard exact.count == result.count else { return .infinity }
        return zip(exact, result).reduce(0) { most, pair in
            let difference = abs(pair.0 - Double(pair.1))
            return difference <= most ? most : difference.isNaN ? .infinity : difference
        }
    }
}

private let tolerance = 4e-6
private let kinds = [OK_LSTM, OK_GRU, OK_GRU_RESET_BEFORE]

extension ok_recurrent_kind: @retroactive CustomTestStringConvertible {
    public var testDescription: String { ["lstm", "gru", "gru, reset before"][Int(rawValue)] }
}

@Test(arguments: kinds, [false, true])
func recurrentKernelMatchesDoublePrecision(kind: ok_recurrent_kind, reverse: Bool) {
    var random = TestRandom(5)
    for hidden in Array(1...24) + [31, 32, 33, 40, 47, 48, 64, 70] {
        let inputs = hidden % 3 == 0 ? 1 : Int.random(in: 1...40, using: &random)
        var layer = TestLayer(
            kind, hidden: hidden, inputs: inputs, batch: hidden % 5 == 1 ? 3 : 1, seed: UInt64(hidden))
        layer.reverse = reverse
        layer.custom = hidden % 7 == 3
        for (name, table) in availableKernels {
            let error = layer.error(of: layer.run(table))
            #expect(error <= tolerance, "\(name), hidden \(hidden), inputs \(inputs)")
        }
    }
}

@Test(arguments: kinds)
func recurrentKernelMatchesDoublePrecisionWhenLarge(kind: ok_recurrent_kind) {
    for hidden in [128, 256] {
        let layer = TestLayer(kind, hidden: hidden, inputs: 29, seed: 9)
        for (name, table) in availableKernels {
            #expect(layer.error(of: layer.run(table)) <= tolerance, "\(name), hidden \(hidden)")
        }
    }
}

@Test(arguments: kinds, [1, 23])
func recurrentKernelDependsNeitherOnTheCutNorTheBatch(kind: ok_recurrent_kind, inputs: Int) {
    for hidden in [5, 20, 40, 70] {
        var layer = TestLayer(kind, hidden: hidden, inputs: inputs, batch: 3, seed: UInt64(hidden))
        for (name, table) in availableKernels {
            for reverse in [false, true] {
                layer.reverse = reverse
                let whole = layer.run(table).map(\.bitPattern)
                for calls in [[1], [7, 1, 16], [24, 2], [40]] {
                    let same = layer.run(table, calls: calls).map(\.bitPattern) == whole
                    #expect(same, "\(name), hidden \(hidden), calls \(calls)")
                }
                var first = layer
                first.batch = 1
                first.x = Array(layer.x[..<(layer.steps * inputs)])
                first.h0 = Array(layer.h0[..<hidden])
                first.c0 = Array(layer.c0[..<hidden])
                let alone = first.run(table).prefix(layer.steps * hidden).map(\.bitPattern)
                #expect(alone == Array(whole.prefix(alone.count)), "\(name), hidden \(hidden), batch")
            }
        }
    }
}

@Test(arguments: kinds)
func recurrentCheckCatchesAWrongWeight(kind: ok_recurrent_kind) {
    let layer = TestLayer(kind, hidden: 20, inputs: 3, seed: 1)
    for (_, table) in availableKernels {
        let result = layer.run(table)
        #expect(layer.error(of: result) <= tolerance)
        for change in [\TestLayer.weightIH, \TestLayer.weightHH, \TestLayer.biasIH, \TestLayer.biasHH] {
            var wrong = layer
            wrong[keyPath: change][7] += 0.02
            #expect(wrong.error(of: result) > tolerance)
        }
    }
}

@Test(arguments: kinds)
func recurrentKernelPassesNaNOn(kind: ok_recurrent_kind) {
    var layer = TestLayer(kind, hidden: 20, inputs: 2, seed: 2)
    let step = 10
    layer.x[step * 2] = .nan
    for (name, table) in availableKernels {
        let y = layer.run(table)
        #expect(y[..<(step * 20)].allSatisfy { $0.isFinite }, "\(name): before the NaN")
        #expect(y[(step * 20)..<(layer.steps * 20)].allSatisfy { $0.isNaN }, "\(name): from the NaN on")
    }
}

@Test(arguments: kinds)
func recurrentKernelStaysExactlyZeroWithoutBias(kind: ok_recurrent_kind) {
    var layer = TestLayer(kind, hidden: 21, inputs: 2, seed: 4)
    for path in [\TestLayer.biasIH, \TestLayer.biasHH, \TestLayer.x, \TestLayer.h0, \TestLayer.c0] {
        layer[keyPath: path] = layer[keyPath: path].map { _ in 0 }
    }
    for (name, table) in availableKernels {
        #expect(layer.run(table).allSatisfy { $0 == 0 }, "\(name)")
    }
}
