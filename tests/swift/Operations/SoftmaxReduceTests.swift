import Testing

@testable import Ossicle

private let shapes: [[Int]] = [[1, 1, 1], [2, 3, 1], [1, 8, 40], [3, 5, 17], [2, 33, 6], [1, 2, 2500]]

@Test(arguments: shapes) func softmaxMatchesItsFormula(_ shape: [Int]) throws {
    var rng = SeededGenerator(shape.reduce(5, { $0 * 31 + $1 }))
    let x = Array64.random(shape, &rng, scale: 20)
    for axis in 0..<3 {
        for logarithm in [false, true] {
            let expected = x.alongAxis(axis) { Reference.softmax($0, logarithm: logarithm) }
            try check(
                Softmax(axis: axis, isLogarithm: logarithm), x, equals: expected, dynamicAxis: 2,
                absolute: 1e-6,
                relative: 1e-5)
        }
    }
}

@Test func softmaxOfExtremesStaysFinite() throws {
    let x = Array64([2, 4], [-1e30, 90, 1e30, 0, -3e38, -3e38, -3e38, -3e38])
    try check(
        Softmax(axis: 1), x, equals: Array64([2, 4], [0, 0, 1, 0, 0.25, 0.25, 0.25, 0.25]), absolute: 1e-7)
}

@Test(arguments: Reduce.Kind.allCases) func reduceMatchesItsFormula(_ kind: Reduce.Kind) throws {
    for shape in [[1, 1, 1, 1], [2, 3, 4, 5], [3, 1, 19, 2], [1, 2, 3, 67], [2, 33, 1, 9]] {
        var rng = SeededGenerator(shape.reduce(5, { $0 * 31 + $1 }))
        let x = Array64.random(shape, &rng)
        for axes in [[3], [0], [2], [1, 2], [2, 3], [0, 3], [3, 1], [0, 1, 2, 3], [0, 2, 3]] {
            var kept = shape
            for axis in axes { kept[axis] = 1 }
            let full = Array64(kept) { place in
                let ranges = shape.indices.map { axes.contains($0) ? shape[$0] : 1 }
                return reduce(kind, Array64.indices(ranges).map { part in x[zip(place, part).map(+)] })
            }
            let dropped = Array64(shape.indices.filter { !axes.contains($0) }.map { shape[$0] }, full.values)
            try check(Reduce(kind, axes: axes, keepsAxes: true), x, equals: full, dynamicAxis: 3)
            try check(Reduce(kind, axes: axes, keepsAxes: false), x, equals: dropped, dynamicAxis: 2)
        }
    }
}

private func reduce(_ kind: Reduce.Kind, _ values: [Double]) -> Double {
    switch kind {
    case .sum: values.reduce(0, +)
    case .mean: Reference.mean(values)
    case .max: values.max()!
    case .min: values.min()!
    case .product: values.reduce(1, *)
    case .sumOfSquares: values.reduce(0) { $0 + $1 * $1 }
    case .l1Norm: values.reduce(0) { $0 + abs($1) }
    case .l2Norm: values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    }
}

/// Plain float32 sums of a million terms are wrong in the fourth digit.
@Test func longSumsStayExact() throws {
    let n = 1_000_000
    let x = Array64([1, n], (0..<n).map { Double(Float(1 + Double($0 % 7) * 1e-3)) })
    let sum = x.values.reduce(0, +)
    for isa in instructionSets {
        for axis in 0..<2 {
            var graph = Graph()
            let shape = axis == 1 ? [1, n] : [n, 2]
            let input = graph.input("x", ValueType(shape.map { .fixed($0) }))
            graph.output("y", try graph.apply(Reduce(.sum, axes: [axis], keepsAxes: false), input))
            let values = axis == 1 ? x.values : x.values.flatMap { [$0, $0] }
            let y = try Runner(graph, .fixed(length: 0), isa: isa).run([Array64(shape, values)], length: 0)[0]
            // Along a row the chunks are summed in float64.
            for value in y.values { #expect(abs(value / sum - 1) < (axis == 1 ? 1e-7 : 5e-6)) }
        }
    }
}

@Test func maximaKeepNaN() throws {
    var values = [Double](repeating: 1, count: 40)
    values[23] = .nan
    for (shape, axis) in [([1, 40], 1), ([40, 1], 0), ([20, 2], 0)] {
        let x = Array64(shape, values)
        for isa in instructionSets {
            var graph = Graph()
            let input = graph.input("x", ValueType(shape.map { .fixed($0) }))
            graph.output("y", try graph.apply(Reduce(.max, axes: [axis], keepsAxes: false), input))
            let y = try Runner(graph, .fixed(length: 0), isa: isa).run([x], length: 0)[0]
            #expect(y.values.contains { $0.isNaN })
        }
    }
}
