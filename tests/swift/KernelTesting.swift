import CKernels

@testable import Ossicle

/// What kernel tests share: every instruction set of this machine, and numbers that are the same in every run.
enum KernelTesting {
    static let instructionSets: [String] = ["sse2", "avx2", "avx512", "neon"].filter {
        ok_kernels_named($0) != nil
    }

    static func program(_ graph: Graph, _ mode: PlanMode, _ isa: String) throws -> Program {
        try Program(graph, mode: mode, optimize: true, placement: .portable, kernels: ok_kernels_named(isa))
    }

    static func run(_ graph: Graph, _ input: Tensor, _ isa: String) throws -> [Float] {
        try Instance(try program(graph, .fixed(length: 1), isa)).run([input])[0].floats()
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014).
struct TestRandom: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func floats(_ count: Int, scale: Float = 1) -> [Float] {
        (0..<count).map { _ in Float.random(in: -scale...scale, using: &self) }
    }
    mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
}

/// A float64 result, and for each element the sum of the magnitudes of its terms: what rounding errors scale with.
struct KernelReference {
    var values: [Double]
    var magnitudes: [Double]

    /// The largest error in units of the largest magnitude.
    func error(_ found: [Float]) -> Double {
        guard found.count == values.count, let scale = magnitudes.max() else { return .infinity }
        let worst = zip(found, values).reduce(0.0) {
            max($0, ($1.0.isNaN ? .infinity : abs(Double($1.0) - $1.1)))
        }
        return worst / scale
    }
}
