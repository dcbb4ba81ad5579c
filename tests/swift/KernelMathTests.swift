import CKernels
import Foundation
import Testing

/// A unary kernel, its formula in double precision, and how near it must come.
private struct UnaryCase: CustomTestStringConvertible {
    enum Bound {
        case ulp(Double)
        case error(absolute: Double, relative: Double)
    }
    var testDescription: String
    var kind: ok_unary_kind
    var alpha: Float = 0
    var beta: Float = 0
    var bound: Bound
    var formula: @Sendable (Double) -> Double

    init(
        _ name: String, _ kind: ok_unary_kind, alpha: Float = 0, beta: Float = 0, _ bound: Bound,
        _ formula: @escaping @Sendable (Double) -> Double
    ) {
        (testDescription, self.kind, self.alpha, self.beta, self.bound) = (name, kind, alpha, beta, bound)
        self.formula = formula
    }

    /// How far over its bound a result is: at most 1 is right.
    func excess(_ x: Float, _ y: Float) -> Double {
        let exact = formula(Double(x))
        if exact.isNaN || y.isNaN { return exact.isNaN && y.isNaN ? 0 : .infinity }
        if Float(exact) == y { return 0 }
        if y.isInfinite { return .infinity }
        let difference = abs(Double(y) - exact)
        switch bound {
        case .ulp(let most): return ulps(difference, of: exact) / most
        case .error(let absolute, let relative):
            return difference / (absolute + relative * abs(exact) + Double(Float.leastNonzeroMagnitude))
        }
    }
}

private func ulps(_ difference: Double, of exact: Double) -> Double {
    difference / scalbn(1, max(exact == 0 ? -126 : Int(exact.exponent), -126) - 23)
}

private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
private func clamp(_ x: Double, _ low: Double, _ high: Double) -> Double {
    x < low ? low : x > high ? high : x
}

private let exactCases: [UnaryCase] = [
    UnaryCase("exp", OK_EXP, .ulp(2)) { exp($0) },
    UnaryCase("tanh", OK_TANH, .ulp(2)) { tanh($0) },
    UnaryCase("sigmoid", OK_SIGMOID, .ulp(2)) { sigmoid($0) },
]

private let unaryCases: [UnaryCase] =
    exactCases + [
        UnaryCase("identity", OK_IDENTITY, .ulp(0.5)) { $0 },
        UnaryCase("relu", OK_RELU, .ulp(0.5)) { $0 < 0 ? 0 : $0 },
        UnaryCase("leaky_relu", OK_LEAKY_RELU, alpha: 0.01, .ulp(1)) {
            $0 > 0 ? $0 : Double(Float(0.01)) * $0
        },
        UnaryCase("elu", OK_ELU, alpha: 1.5, .error(absolute: 0, relative: 3e-7)) {
            $0 > 0 ? $0 : 1.5 * expm1($0)
        },
        UnaryCase("selu", OK_SELU, .error(absolute: 0, relative: 4e-7)) {
            1.0507009873554804934 * ($0 > 0 ? $0 : 1.6732632423543772848 * expm1($0))
        },
        UnaryCase("gelu", OK_GELU, .error(absolute: 2e-7, relative: 4e-7)) {
            0.5 * $0 * erfc(-$0 / 2.0.squareRoot())
        },
        UnaryCase("gelu_tanh", OK_GELU_TANH, .error(absolute: 2e-7, relative: 4e-7)) {
            $0 * sigmoid(2 * (2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))
        },
        UnaryCase("silu", OK_SILU, .error(absolute: 1.5e-43, relative: 4e-7)) { $0 * sigmoid($0) },
        UnaryCase("softplus", OK_SOFTPLUS, alpha: 1, beta: 20, .error(absolute: 0, relative: 4e-7)) {
            $0 > 20 ? $0 : log1p(exp($0))
        },
        UnaryCase("softsign", OK_SOFTSIGN, .ulp(2)) { $0 / (1 + abs($0)) },
        UnaryCase("mish", OK_MISH, .error(absolute: 1.5e-43, relative: 6e-7)) {
            $0 * tanh($0 > 700 ? $0 : log1p(exp($0)))
        },
        UnaryCase("hardtanh", OK_HARDTANH, alpha: -0.5, beta: 0.75, .ulp(0.5)) { clamp($0, -0.5, 0.75) },
        UnaryCase("hardsigmoid", OK_HARDSIGMOID, .error(absolute: 2e-7, relative: 2e-7)) {
            clamp($0 + 3, 0, 6) / 6
        },
        UnaryCase("hardswish", OK_HARDSWISH, .error(absolute: 6e-7, relative: 3e-7)) {
            $0 * clamp($0 + 3, 0, 6) / 6
        },
        UnaryCase("log", OK_LOG, .ulp(2)) { log($0) },
        UnaryCase("sqrt", OK_SQRT, .ulp(0.51)) { $0.squareRoot() },
        UnaryCase("abs", OK_ABS, .ulp(0.5)) { abs($0) },
        UnaryCase("negate", OK_NEGATE, .ulp(0.5)) { -$0 },
        UnaryCase("fast_tanh", OK_FAST_TANH, .error(absolute: 1.2e-4, relative: 0)) { tanh($0) },
    ]

/// One call over `count` values at `source`; `destination` may be `source`.
private func apply(
    _ test: UnaryCase, _ table: ok_kernels, _ source: UnsafeMutablePointer<Float>,
    _ destination: UnsafeMutablePointer<Float>, _ count: Int
) {
    var arguments = ok_unary_args()
    arguments.function = ok_activation(kind: Int32(test.kind.rawValue), alpha: test.alpha, beta: test.beta)
    arguments.rank = 1
    arguments.shape.0 = ok_len(count)
    arguments.source.slot = 0
    arguments.source.stride.0 = 1
    arguments.destination.slot = 1
    arguments.destination.stride.0 = 1
    callKernel(table.ok_unary, arguments, slots: [source, destination])
}

/// All scales, and densely where the functions curve.
private func sample() -> [Float] {
    var random = TestRandom(7)
    let special: [Float] = [
        0, 1, 90, 88.72283, 88.72284, 87.3365, 103.97, 104, 9.01, 9.02, 10, 20, 3, 6, 0x1p-149, 0x1.16c2p-133,
        0x1p-126, 1e-30,
        1e-8, 1e30, .greatestFiniteMagnitude, .infinity, .nan, 0.34657359, 0.17328679, 1.4142135, 0.70710678,
    ]
    return special + special.map { -$0 } + random.floats(30_000, scale: 12) + random.floats(5_000, scale: 110)
        + (0..<15_000).map { _ in Float(bitPattern: UInt32.random(in: 0 ... .max, using: &random)) }
}

@Test(arguments: unaryCases)
private func unaryKernelMatchesDoublePrecision(test: UnaryCase) {
    let values = sample()
    let x = AlignedFloats(values), y = AlignedFloats(count: values.count)
    for (name, table) in availableKernels {
        apply(test, table, x.pointer, y.pointer, values.count)
        var worst = 0.0
        var at: Float = 0
        for (i, value) in values.enumerated() {
            let excess = test.excess(value, y.pointer[i])
            if excess > worst { (worst, at) = (excess, value) }
        }
        #expect(worst <= 1, "\(name) \(test.testDescription) at \(at): \(worst) times its bound")
    }
}

@Test func unaryBoundsCatchAnErrorOfFourUlp() {
    for test in exactCases {
        let right = Float(test.formula(0.3))
        #expect(test.excess(0.3, right) <= 1)
        #expect(test.excess(0.3, Float(bitPattern: right.bitPattern + 4)) > 1)
        #expect(test.excess(0.3, .nan) > 1)
    }
}

@Test(arguments: unaryCases)
private func unaryKernelDoesNotDependOnTheCut(test: UnaryCase) {
    var random = TestRandom(11)
    let values = random.floats(517, scale: 8)
    for (name, table) in availableKernels {
        let whole = AlignedFloats(values), parts = AlignedFloats(values)
        apply(test, table, whole.pointer, whole.pointer, 500)
        var from = 0
        while from < 500 {
            let count = min(Int.random(in: 1...40, using: &random), 500 - from)
            apply(test, table, parts.pointer + from, parts.pointer + from, count)
            from += count
        }
        let same = zip(whole.array, parts.array).allSatisfy { $0.bitPattern == $1.bitPattern }
        #expect(same, "\(name) \(test.testDescription)")
        #expect(
            Array(parts.array[500...]) == Array(values[500...]),
            "\(name) \(test.testDescription) wrote past its end")
    }
}

@Test func unaryKernelWalksStridedAxes() {
    // [2, 3, 5] read from rows 7 apart in planes 30 apart, written densely.
    var random = TestRandom(3)
    let values = random.floats(60, scale: 4)
    for (name, table) in availableKernels {
        let x = AlignedFloats(values), y = AlignedFloats(count: 30)
        var arguments = ok_unary_args()
        arguments.function.kind = Int32(OK_NEGATE.rawValue)
        arguments.rank = 3
        (arguments.shape.0, arguments.shape.1, arguments.shape.2) = (2, 3, 5)
        (arguments.source.stride.0, arguments.source.stride.1, arguments.source.stride.2) = (30, 7, 1)
        arguments.destination.slot = 1
        (arguments.destination.stride.0, arguments.destination.stride.1, arguments.destination.stride.2) = (
            15, 5, 1
        )
        callKernel(table.ok_unary, arguments, slots: [x.pointer, y.pointer])
        let expected: [Float] = (0..<30).map { (i: Int) -> Float in
            let plane = i / 15, row = i / 5 % 3
            return -values[plane * 30 + row * 7 + i % 5]
        }
        #expect(y.array == expected, "\(name)")
    }
}

/// Every float32 there is: set OSSICLE_EXHAUSTIVE=1 (and build for release; it takes some minutes).
@Test(.enabled(if: ProcessInfo.processInfo.environment["OSSICLE_EXHAUSTIVE"] == "1"), arguments: exactCases)
private func unaryKernelIsWithinTwoUlpEverywhere(test: UnaryCase) {
    let chunk = 1 << 16
    let x = AlignedFloats(count: chunk), y = AlignedFloats(count: chunk)
    for (name, table) in availableKernels {
        var worst = 0.0
        var at: Float = 0
        for high in UInt32(0)..<(1 << 16) {
            for low in 0..<chunk { x.pointer[low] = Float(bitPattern: high << 16 | UInt32(low)) }
            apply(test, table, x.pointer, y.pointer, chunk)
            for low in 0..<chunk {
                let excess = test.excess(x.pointer[low], y.pointer[low])
                if excess > worst { (worst, at) = (excess, x.pointer[low]) }
            }
        }
        #expect(worst <= 1, "\(name) \(test.testDescription) at \(at): \(2 * worst) ulp")
    }
}
