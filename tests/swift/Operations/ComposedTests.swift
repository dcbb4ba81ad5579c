import Foundation
import Testing

@testable import Ossicle

private func run(_ x: Array64, _ build: (inout Graph, ValueID) throws -> ValueID) throws -> [Array64] {
    var graph = Graph()
    let input = graph.input("x", ValueType(x.shape.map { .fixed($0) }))
    graph.output("y", try build(&graph, input))
    return try instructionSets.map { try Runner(graph, .fixed(length: 0), isa: $0).run([x], length: 0)[0] }
}

@Test func logSumExpMatchesItsFormula() throws {
    var rng = SeededGenerator(1)
    let x = Array64.random([3, 4, 7], &rng, scale: 30)
    let expected = x.alongAxis(2) { line in
        let top = line.max()!
        return [top + log(line.reduce(0) { $0 + exp($1 - top) })]
    }
    for y in try run(x, { try $0.logSumExp($1, axes: [2], keepsAxes: true) }) {
        expectClose(y, expected, "kept")
    }
    for y in try run(x, { try $0.logSumExp($1, axes: [2], keepsAxes: false) }) {
        expectClose(y, Array64([3, 4], expected.values), "dropped")
    }
    let low = Array64([1, 3], [-.infinity, -.infinity, -.infinity])
    for y in try run(low, { try $0.logSumExp($1, axes: [1], keepsAxes: false) }) {
        #expect(y.values == [-.infinity])
    }
}

@Test func bandsOfMatrices() throws {
    var rng = SeededGenerator(2)
    let x = Array64.random([2, 4, 5], &rng)
    for (lower, upper) in [(0, 0), (1, 2), (-1, 0), (0, -1), (-1, -1)] {
        let expected = Array64(x.shape) { i in
            (lower < 0 || i[1] - i[2] <= lower) && (upper < 0 || i[2] - i[1] <= upper) ? x[i] : 0
        }
        for y in try run(x, { try $0.bandPart($1, lower: lower, upper: upper) }) {
            #expect(y.bits == expected.bits)
        }
    }
}

@Test func pixelShuffleMatchesPyTorch() throws {
    var rng = SeededGenerator(3)
    let r = 3
    let x = Array64.random([2, 2 * r * r, 4, 5], &rng)
    let expected = Array64([2, 2, 4 * r, 5 * r]) { i in
        x[[i[0], i[1] * r * r + i[2] % r * r + i[3] % r, i[2] / r, i[3] / r]]
    }
    for y in try run(x, { try $0.pixelShuffle($1, factor: r) }) { #expect(y.bits == expected.bits) }
    #expect(throws: OssicleError.self) { try run(x) { try $0.pixelShuffle($1, factor: 4) } }
}
