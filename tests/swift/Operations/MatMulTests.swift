import Testing

@testable import Ossicle

/// NumPy's matmul in float64.
private func product(_ x: Array64, _ y: Array64, _ transposeX: Bool, _ transposeY: Bool, _ shape: [Int])
    -> Array64
{
    let (vectorX, vectorY) = (x.shape.count == 1, y.shape.count == 1)
    let terms = vectorX ? x.shape[0] : x.shape[x.shape.count - (transposeX ? 2 : 1)]
    func element(_ a: Array64, _ outer: [Int], _ row: Int, _ column: Int) -> Double {
        let batch = zip(outer.suffix(a.shape.count - 2), a.shape).map { $1 == 1 ? 0 : $0 }
        return a[batch + [row, column]]
    }
    return Array64(shape) { index in
        var index = index
        if vectorY { index.append(0) }
        if vectorX { index.insert(0, at: index.count - 1) }
        let (outer, i, j) = (Array(index.dropLast(2)), index[index.count - 2], index[index.count - 1])
        return (0..<terms).reduce(0.0) { sum, k in
            let a = vectorX ? x[[k]] : transposeX ? element(x, outer, k, i) : element(x, outer, i, k)
            let b = vectorY ? y[[k]] : transposeY ? element(y, outer, j, k) : element(y, outer, k, j)
            return sum + a * b
        }
    }
}

@Test(arguments: 0..<40) func matmulOfComputedValues(_ seed: Int) throws {
    var rng = SeededGenerator(seed + 4000)
    func size() -> Int { [1, 2, 3, 5, 8, 17, 33].randomElement(using: &rng)! }
    let (m, k, n) = (size(), size() + (seed % 7 == 0 ? 300 : 0), size())
    var outerX = (0..<Int.random(in: 0...2, using: &rng)).map { _ in Int.random(in: 1...3, using: &rng) }
    var outerY = outerX
    for i in outerX.indices where Bool.random(using: &rng) {
        if Bool.random(using: &rng) { outerX[i] = 1 } else { outerY[i] = 1 }
    }
    if seed % 5 == 0 { outerY = Array(outerY.dropFirst()) }
    let (tx, ty) = (Bool.random(using: &rng), Bool.random(using: &rng))
    var shapeX = outerX + (tx ? [k, m] : [m, k]), shapeY = outerY + (ty ? [n, k] : [k, n])
    if seed % 11 == 1 { shapeX = [k] }
    if seed % 13 == 2 { shapeY = [k] }
    let x = Array64.random(shapeX, &rng), y = Array64.random(shapeY, &rng)
    let operation = MatMul(transposesX: tx, transposesY: ty)
    var graph = Graph()
    let a = graph.input("x", ValueType(shapeX.map { .fixed($0) }))
    let b = graph.input("y", ValueType(shapeY.map { .fixed($0) }))
    let z = try graph.apply(operation, a, b)
    graph.output("z", z)
    let shape = graph.type(of: z).shape.fixedValues!
    let expected = product(x, y, tx, ty, shape)
    for isa in instructionSets {
        expectClose(
            try Runner(graph, .fixed(length: 0), isa: isa).run([x, y], length: 0)[0], expected,
            "\(shapeX) \(shapeY) \(tx) \(ty) \(isa)", absolute: 2e-5 * Double(k).squareRoot())
    }
    try check(operation, x, [y], equals: expected, absolute: 2e-5 * Double(k).squareRoot())
}

/// Attention scores over a dynamic number of frames: both sides are computed and both extents are dynamic.
@Test func matmulOfDynamicFrames() throws {
    var rng = SeededGenerator(5)
    var graph = Graph()
    let x = graph.input("x", ValueType([.fixed(2), .dynamic, .fixed(6)]))
    let scores = try graph.apply(MatMul(transposesY: true), x, x)
    graph.output("y", try graph.apply(MatMul(), scores, x))
    for length in [1, 7, 20] {
        let value = Array64.random([2, length, 6], &rng)
        let square = product(value, value, false, true, [2, length, length])
        let expected = product(square, value, false, false, [2, length, 6])
        for isa in instructionSets {
            let roomy = try Runner(graph, .dynamic(maxLength: 33), isa: isa)
            expectClose(
                try roomy.run([value], length: length)[0], expected, "\(length) \(isa)", absolute: 1e-3)
        }
    }
}

@Test func matmulRefusesWhatDoesNotFit() {
    var graph = Graph()
    let x = graph.input("x", ValueType([2, 3])), y = graph.input("y", ValueType([2, 3]))
    #expect(throws: OssicleError.self) { try graph.apply(MatMul(), x, y) }
    #expect(throws: Never.self) { try graph.apply(MatMul(transposesY: true), x, y) }
}

/// Subscripts as NumPy's einsum reads them.
@Test(
    arguments: [
        ("bnqd,bnkd->bnqk", [2, 3, 5, 4], [2, 3, 7, 4]), ("ij,jk->ik", [3, 4], [4, 5]),
        ("ij,kj->ki", [3, 4], [5, 4]),
        ("bij,bjk->bik", [2, 3, 4], [2, 4, 5]), ("bi,bi->b", [3, 5], [3, 5]), ("i,j->ij", [3], [4]),
        ("bhwij,bhwjk->bihwk", [2, 2, 1, 3, 4], [2, 2, 1, 4, 5]), ("ij,ij->", [3, 4], [3, 4]),
        ("abc,c->ab", [2, 3, 4], [4]), ("nchw,nwhu->nchu", [1, 2, 3, 4], [1, 4, 3, 5]),
    ])
func einsumMatchesItsDefinition(_ subscripts: String, _ shapeX: [Int], _ shapeY: [Int]) throws {
    var rng = SeededGenerator(subscripts.utf8.count)
    let x = Array64.random(shapeX, &rng), y = Array64.random(shapeY, &rng)
    let parts = subscripts.split(separator: ">", omittingEmptySubsequences: false)
    let left = parts[0].dropLast().split(separator: ",").map(Array.init), output = Array(parts[1])
    var extents: [Character: Int] = [:]
    for (letters, shape) in zip(left, [shapeX, shapeY]) {
        for (c, n) in zip(letters, shape) { extents[c] = n }
    }
    let all = Array(extents.keys)
    var expected = Array64(output.map { extents[$0]! }, { _ in 0 })
    for index in Array64.indices(all.map { extents[$0]! }) {
        func pick(_ letters: [Character]) -> [Int] { letters.map { c in index[all.firstIndex(of: c)!] } }
        expected[pick(output)] += x[pick(left[0])] * y[pick(left[1])]
    }
    var graph = Graph()
    let a = graph.input("x", ValueType(shapeX.map { .fixed($0) }))
    let b = graph.input("y", ValueType(shapeY.map { .fixed($0) }))
    graph.output("z", try graph.einsum(subscripts, a, b))
    for isa in instructionSets {
        expectClose(
            try Runner(graph, .fixed(length: 0), isa: isa).run([x, y], length: 0)[0], expected, subscripts)
    }
}

@Test func einsumRefusesWhatItCannotRead() {
    for subscripts in ["ij,jk", "i,j->k", "ij,jk->ik,", "iij,jk->ik", "...i,i->i", "ij->ji", "ijk,jk->ik"] {
        var graph = Graph()
        let x = graph.input("x", ValueType([3, 4])), y = graph.input("y", ValueType([4, 5]))
        #expect(throws: OssicleError.self, "\(subscripts)") { try graph.einsum(subscripts, x, y) }
    }
}

/// A product with a constant, a bias behind it and an activation become one linear operation.
@Test(arguments: [true, false]) func constantMatricesBecomeLinear(_ transposed: Bool) throws {
    var rng = SeededGenerator(31)
    let matrix = Array64.random(transposed ? [7, 5] : [5, 7], &rng), bias = Array64.random([7], &rng)
    let x = Array64.random([2, 9, 5], &rng)
    var graph = Graph()
    let input = graph.input("x", ValueType([2, 9, 5]))
    let product = try graph.apply(
        MatMul(transposesY: transposed), input, graph.constant("w", try matrix.tensor))
    let shifted = try graph.apply(Binary(.add), graph.constant("b", try bias.tensor), product)
    graph.output("y", try graph.apply(Unary(.relu), shifted))
    for isa in instructionSets {
        let plain = try Runner(graph, .fixed(length: 0), isa: isa, optimize: false).run([x], length: 0)[0]
        let fused = try Runner(graph, .fixed(length: 0), isa: isa)
        #expect(fused.program.graph.nodes.count == 1)
        #expect((fused.program.graph.nodes[0].operation as? LinearOperation)?.hasBias == true)
        expectClose(try fused.run([x], length: 0)[0], plain, isa, absolute: 1e-6)
    }
}
