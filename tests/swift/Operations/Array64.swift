@testable import Ossicle

/// A dense float64 array: what references compute with.
struct Array64: Sendable {
    var shape: [Int]
    var values: [Double]

    init(_ shape: [Int], _ values: [Double]) {
        precondition(values.count == shape.reduce(1, *))
        self.shape = shape
        self.values = values
    }

    init(_ shape: [Int], _ element: ([Int]) -> Double) {
        self.shape = shape
        values = Self.indices(shape).map(element)
    }

    init(_ tensor: Tensor) { self.init(tensor.shape, tensor.floats().map(Double.init)) }

    /// Normally distributed, exactly representable in float32.
    static func random(_ shape: [Int], _ rng: inout some RandomNumberGenerator, scale: Double = 1) -> Array64
    {
        Array64(
            shape,
            (0..<shape.reduce(1, *)).map { _ in
                let sum = (0..<6).reduce(0.0) { sum, _ in sum + Double.random(in: -1...1, using: &rng) }
                return Double(Float(scale * sum / 1.4142135))
            })
    }

    /// Every index, row-major.
    static func indices(_ shape: [Int]) -> [[Int]] {
        var result: [[Int]] = [[]]
        for extent in shape { result = result.flatMap { prefix in (0..<extent).map { prefix + [$0] } } }
        return result
    }

    subscript(_ index: [Int]) -> Double {
        get { values[offset(index)] }
        set { values[offset(index)] = newValue }
    }

    private func offset(_ index: [Int]) -> Int { zip(index, shape).reduce(0) { $0 * $1.1 + $1.0 } }

    /// For comparisons bit for bit.
    var bits: [UInt64] { values.map(\.bitPattern) }
    var floats: [Float] { values.map(Float.init) }
    var tensor: Tensor { get throws { try Tensor(floats, shape: shape) } }

    func map(_ function: (Double) -> Double) -> Array64 { Array64(shape, values.map(function)) }

    /// Positions `range` of one axis.
    func slice(_ axis: Int, _ range: Range<Int>) -> Array64 {
        var shape = shape
        shape[axis] = range.count
        return Array64(shape) { index in
            var index = index
            index[axis] += range.lowerBound
            return self[index]
        }
    }

    /// Groups by everything but the axis: calls `function` with each line along it, and gives it back changed.
    func alongAxis(_ axis: Int, _ function: ([Double]) -> [Double]) -> Array64 {
        var outer = shape
        outer[axis] = 1
        var result: Array64?
        for index in Self.indices(outer) {
            let line = function(
                (0..<shape[axis]).map { i in
                    var index = index
                    index[axis] = i
                    return self[index]
                })
            if result == nil {
                var shape = shape
                shape[axis] = line.count
                result = Array64(shape, [Double](repeating: 0, count: shape.reduce(1, *)))
            }
            for (i, value) in line.enumerated() {
                var index = index
                index[axis] = i
                result![index] = value
            }
        }
        return result!
    }
}

/// SplitMix64, so that a failing case can be run again.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: Int) { state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
