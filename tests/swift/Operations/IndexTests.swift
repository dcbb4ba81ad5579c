import Testing

@testable import Ossicle

private func bounded(_ index: Int, _ extent: Int) -> Int {
    min(max(index < 0 ? index + extent : index, 0), extent - 1)
}

/// Any element type as float64.
private func values(_ tensor: Tensor) -> Array64 {
    tensor.dataType.isFloat ? Array64(tensor) : Array64(tensor.shape, tensor.ints().map(Double.init))
}

private func randomTensor(_ shape: [Int], _ type: DataType, _ rng: inout SeededGenerator) throws -> Tensor {
    let ints = try randomInts(shape, -20...20, &rng)
    switch type {
    case .int32: return ints
    case .bool: return try randomBools(shape, &rng)
    default: return try ints.widened()
    }
}

@Test(arguments: 0..<30) func takeMatchesItsDefinition(_ seed: Int) throws {
    var rng = SeededGenerator(seed + 100)
    let shape = (0..<Int.random(in: 1...4, using: &rng)).map { _ in Int.random(in: 1...5, using: &rng) }
    let axis = Int.random(in: 0..<shape.count, using: &rng)
    let batch = Int.random(in: 0...axis, using: &rng)
    let free = (0..<Int.random(in: 0...2, using: &rng)).map { _ in Int.random(in: 1...4, using: &rng) }
    let indices = try randomInts(Array(shape[..<batch]) + free, -9...9, &rng)
    for type in [DataType.float32, .int32, .bool] {
        let x = try randomTensor(shape, type, &rng)
        let y = try apply(Take(axis: axis, batchAxes: batch), [x, indices])[0]
        let expected = Array64(Array(shape[..<axis]) + free + shape[(axis + 1)...]) { place in
            let middle = Array(place[axis..<(axis + free.count)])
            let index = Int(values(indices)[Array(place[..<batch]) + middle])
            return values(x)[place[..<axis] + [bounded(index, shape[axis])] + place[(axis + free.count)...]]
        }
        #expect(values(y).bits == expected.bits && y.shape == expected.shape && y.dataType == type)
    }
}

@Test(arguments: 0..<30) func scatterMatchesItsDefinition(_ seed: Int) throws {
    var rng = SeededGenerator(seed + 200)
    let shape = (0..<Int.random(in: 1...3, using: &rng)).map { _ in Int.random(in: 1...5, using: &rng) }
    let axis = Int.random(in: 0..<shape.count, using: &rng)
    let free = (0..<Int.random(in: 0...2, using: &rng)).map { _ in Int.random(in: 1...4, using: &rng) }
    let indices = try randomInts(free, -9...9, &rng)
    for type in [DataType.float32, .int32] {
        for mode in Scatter.Mode.allCases {
            let x = try randomTensor(shape, type, &rng)
            let updates = try randomTensor(Array(shape[..<axis]) + free + shape[(axis + 1)...], type, &rng)
            var expected = values(x)
            for place in Array64.indices(updates.shape) {
                let middle = Array(place[axis..<(axis + free.count)])
                let target =
                    place[..<axis] + [bounded(Int(values(indices)[middle]), shape[axis])]
                    + place[(axis + free.count)...]
                expected[Array(target)] = combined(
                    mode, expected[Array(target)], values(updates)[place], type)
            }
            let y = try apply(Scatter(axis: axis, mode: mode), [x, indices, updates])[0]
            expectClose(values(y), expected, "\(mode) \(type)", relative: 1e-5)
        }
    }
}

private func combined(_ mode: Scatter.Mode, _ a: Double, _ b: Double, _ type: DataType) -> Double {
    switch mode {
    case .add: a + b
    case .subtract: a - b
    case .multiply: type == .int32 ? Double(Int32(truncatingIfNeeded: Int(a) &* Int(b))) : a * b
    case .divide: type == .int32 ? (b == 0 ? 0 : (a / b).rounded(.towardZero)) : a / b
    case .maximum: a.isNaN ? a : max(a, b)
    case .minimum: a.isNaN ? a : min(a, b)
    case .update: b
    }
}

@Test(arguments: 0..<20) func alongAnAxis(_ seed: Int) throws {
    var rng = SeededGenerator(seed + 300)
    let shape = (0..<3).map { _ in Int.random(in: 1...5, using: &rng) }
    let axis = seed % 3
    var counts = shape
    counts[axis] = Int.random(in: 1...6, using: &rng)
    let indices = try randomInts(counts, -8...8, &rng)
    func target(_ place: [Int]) -> [Int] {
        var place = place
        place[axis] = bounded(Int(values(indices)[place]), shape[axis])
        return place
    }
    for type in [DataType.float32, .int32, .bool] {
        let x = try randomTensor(shape, type, &rng)
        let y = try apply(TakeAlong(axis: axis), [x, indices])[0]
        #expect(values(y).bits == Array64(counts) { values(x)[target($0)] }.bits)
    }
    for mode in Scatter.Mode.allCases where mode != .divide {
        let x = try randomTensor(shape, .int32, &rng), updates = try randomTensor(counts, .int32, &rng)
        var expected = values(x)
        for place in Array64.indices(counts) {
            expected[target(place)] = combined(mode, expected[target(place)], values(updates)[place], .int32)
        }
        let y = try apply(ScatterAlong(axis: axis, mode: mode), [x, indices, updates])[0]
        #expect(values(y).bits == expected.bits, "\(mode)")
    }
}

@Test(arguments: 0..<20) func windowsThatTheRunPlaces(_ seed: Int) throws {
    var rng = SeededGenerator(seed + 400)
    let shape = (0..<Int.random(in: 1...4, using: &rng)).map { _ in Int.random(in: 1...6, using: &rng) }
    let sizes = shape.map { Int.random(in: 1...$0, using: &rng) }
    let begin = try randomInts([shape.count], -8...8, &rng)
    let start = shape.indices.map { axis in
        let index = begin.ints()[axis]
        return min(max(index < 0 ? index + shape[axis] : index, 0), shape[axis] - sizes[axis])
    }
    for type in [DataType.float32, .int32, .bool] {
        let x = try randomTensor(shape, type, &rng), window = try randomTensor(sizes, type, &rng)
        let y = try apply(DynamicSlice(sizes: sizes.map { .fixed($0) }), [x, begin])[0]
        #expect(values(y).bits == Array64(sizes) { values(x)[zip($0, start).map(+)] }.bits)
        var expected = values(x)
        for place in Array64.indices(sizes) { expected[zip(place, start).map(+)] = values(window)[place] }
        let z = try apply(UpdateSlice(), [x, window, begin])[0]
        #expect(values(z).bits == expected.bits && z.dataType == type)
        let range = UpdateSlice.Range(begin: start, step: shape.map { _ in 1 })
        #expect(try values(apply(UpdateSlice(range), [x, window])[0]).bits == expected.bits)
    }
}

@Test func updatesWithASteppedRange() throws {
    let x = try Tensor([Int32](0..<12), shape: [2, 6]),
        window = try Tensor([100, 101] as [Int32], shape: [1, 2])
    let range = UpdateSlice.Range(begin: [1, 4], step: [1, -3])
    #expect(
        try apply(UpdateSlice(range), [x, window])[0].ints() == [0, 1, 2, 3, 4, 5, 6, 101, 8, 9, 100, 11])
    var graph = Graph()
    let a = graph.input("x", ValueType([2, 6])), b = graph.input("w", ValueType([1, 2]))
    let outside = UpdateSlice.Range(begin: [1, 5], step: [1, 1])
    #expect(throws: OssicleError.self) { try graph.apply(UpdateSlice(outside), a, b) }
}

@Test(arguments: 0..<12) func cumulativeSums(_ seed: Int) throws {
    var rng = SeededGenerator(seed + 500)
    let shape = [Int.random(in: 1...3, using: &rng), Int.random(in: 1...40, using: &rng), seed % 3 + 1]
    for axis in 0..<3 {
        for (exclusive, reversed) in [(false, false), (true, false), (false, true), (true, true)] {
            let operation = CumulativeSum(axis: axis, isExclusive: exclusive, isReversed: reversed)
            func sums(_ line: [Double]) -> [Double] {
                let line = reversed ? line.reversed() : line
                let sums = line.indices.map { line[..<(exclusive ? $0 : $0 + 1)].reduce(0, +) }
                return reversed ? sums.reversed() : sums
            }
            let x = Array64.random(shape, &rng)
            try check(operation, x, equals: x.alongAxis(axis, sums), absolute: 1e-6, relative: 1e-6)
            let ints = try randomInts(shape, -9...9, &rng)
            #expect(try values(apply(operation, [ints])[0]).bits == values(ints).alongAxis(axis, sums).bits)
        }
    }
}

@Test(arguments: 0..<16) func sortingAndExtremes(_ seed: Int) throws {
    var rng = SeededGenerator(seed + 600)
    let shape = [seed % 2 + 1, Int.random(in: 1...50, using: &rng), seed % 3 + 1]
    let axis = seed % 4 == 0 ? 2 : 1
    // Few different values: the order of equal ones shows.
    for type in [DataType.float32, .int32] {
        let x =
            try type == .int32 ? randomInts(shape, -4...4, &rng) : randomInts(shape, -4...4, &rng).widened()
        for ascending in [true, false] {
            func order(_ line: [Double]) -> [Double] {
                line.indices.sorted { a, b in
                    line[a] == line[b] ? a < b : ascending == (line[a] < line[b])
                }.map(Double.init)
            }
            let expected = values(x).alongAxis(axis, order)
            #expect(
                try values(apply(ArgSort(axis: axis, isAscending: ascending), [x])[0]).bits == expected.bits)
            let count = Int.random(in: 1...shape[axis], using: &rng)
            let top = try apply(TopK(count, axis: axis, isAscending: ascending), [x])
            #expect(values(top[1]).bits == expected.slice(axis, 0..<count).bits)
            let sorted = values(x).alongAxis(axis) { line in order(line).map { line[Int($0)] } }
            #expect(values(top[0]).bits == sorted.slice(axis, 0..<count).bits && top[0].dataType == type)
            let first = try apply(ArgReduce(ascending ? .min : .max, axis: axis, keepsAxis: true), [x])[0]
            #expect(values(first).bits == expected.slice(axis, 0..<1).bits)
            let dropped = try apply(ArgReduce(ascending ? .min : .max, axis: axis, keepsAxis: false), [x])[0]
            #expect(dropped.shape.count == 2 && dropped.ints() == first.ints())
        }
    }
}

@Test func orderWithNaN() throws {
    let x = try Tensor([1, .nan, -0.0, 0, -.infinity, -.nan] as [Float], shape: [6])
    #expect(try apply(ArgReduce(.max, axis: 0, keepsAxis: false), [x])[0].ints() == [1])
    #expect(try apply(ArgReduce(.min, axis: 0, keepsAxis: false), [x])[0].ints() == [1])
    #expect(try apply(ArgSort(axis: 0), [x])[0].ints() == [4, 2, 3, 0, 1, 5])
}

@Test(arguments: Reduce.Kind.allCases.filter { $0 != .l2Norm }) func integerReductions(_ kind: Reduce.Kind)
    throws
{
    var rng = SeededGenerator(Int(kind.rawValue) + 700)
    let shape = [3, 4, 2, 5]
    let x = try randomInts(shape, -3...3, &rng)
    for axes in [[3], [0], [1, 2], [0, 3], [0, 1, 2, 3]] {
        for keeps in [true, false] {
            var kept = shape
            for axis in axes { kept[axis] = 1 }
            let expected = Array64(kept) { place in
                let ranges = shape.indices.map { axes.contains($0) ? shape[$0] : 1 }
                let all = Array64.indices(ranges).map { values(x)[zip(place, $0).map(+)] }
                switch kind {
                case .sum: return all.reduce(0, +)
                case .mean: return (all.reduce(0, +) / Double(all.count)).rounded(.towardZero)
                case .max: return all.max()!
                case .min: return all.min()!
                case .product: return Double(Int32(truncatingIfNeeded: all.reduce(1) { $0 &* Int($1) }))
                case .sumOfSquares: return all.reduce(0) { $0 + $1 * $1 }
                case .l1Norm, .l2Norm: return all.reduce(0) { $0 + abs($1) }
                }
            }
            let y = try apply(Reduce(kind, axes: axes, keepsAxes: keeps), [x])[0]
            #expect(y.dataType == .int32 && values(y).values == expected.values, "\(kind) \(axes)")
        }
    }
}
