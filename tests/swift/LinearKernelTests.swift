import CKernels
import Testing

@testable import Ossicle

/// One random linear layer, `[batch, inputs]` to `[batch, outputs]`.
struct LinearCase: CustomStringConvertible, Sendable {
    var batch: Int, inputs: Int, outputs: Int
    var seed: UInt64

    var description: String { "\(batch)x\(inputs)->\(outputs)" }

    func values() -> (x: [Float], weight: [Float], bias: [Float]) {
        var random = TestRandom(seed)
        return (random.floats(batch * inputs), random.floats(outputs * inputs), random.floats(outputs))
    }

    func run(_ isa: String, rows: Range<Int>) throws -> [Float] {
        let (x, weight, bias) = values()
        var graph = Graph()
        let input = graph.input("x", ValueType([.fixed(rows.count), .fixed(inputs)]))
        let w = try graph.constant("w", weight, [outputs, inputs])
        let b = try graph.constant("b", bias, [outputs])
        let y = try graph.apply(LinearOperation(hasBias: true), input, w, b)
        graph.output("y", try graph.apply(Unary(Activation(.leakyRelu, alpha: 0.5)), y))
        let part = Array(x[(rows.lowerBound * inputs)..<(rows.upperBound * inputs)])
        return try KernelTesting.run(graph, try Tensor(part, shape: [rows.count, inputs]), isa)
    }

    func reference() -> KernelReference {
        let (x, weight, bias) = values()
        var result = KernelReference(values: [], magnitudes: [])
        for row in 0..<batch {
            for o in 0..<outputs {
                var (sum, size) = (Double(bias[o]), abs(Double(bias[o])))
                for k in 0..<inputs {
                    let term = Double(x[row * inputs + k]) * Double(weight[o * inputs + k])
                    sum += term
                    size += abs(term)
                }
                result.values.append(sum > 0 ? sum : sum * 0.5)
                result.magnitudes.append(size)
            }
        }
        return result
    }

    /// Every tile height, panels beside whole vectors, more than one block of rows and of terms, and rows
    /// so far apart that they are packed.
    static let all: [LinearCase] =
        [1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 19, 23, 24, 31].enumerated().map { i, batch in
            var random = TestRandom(UInt64(i))
            return LinearCase(
                batch: batch, inputs: random.int(1...90), outputs: random.int(1...150), seed: UInt64(i))
        } + [
            LinearCase(batch: 31, inputs: 600, outputs: 97, seed: 50),
            LinearCase(batch: 290, inputs: 513, outputs: 17, seed: 51),
            LinearCase(batch: 40, inputs: 512, outputs: 16, seed: 52),
            LinearCase(batch: 8, inputs: 1, outputs: 1, seed: 53),
            LinearCase(batch: 290, inputs: 1024, outputs: 17, seed: 54),
            LinearCase(batch: 11, inputs: 2048, outputs: 40, seed: 55),
        ]
}

@Test(arguments: LinearCase.all, KernelTesting.instructionSets)
func linearEqualsItsDefinition(_ one: LinearCase, _ isa: String) throws {
    #expect(one.reference().error(try one.run(isa, rows: 0..<one.batch)) < 0x1p-20)
}

@Test func linearComparisonSeesAnotherInput() throws {
    var other = LinearCase.all[3]
    other.seed += 99
    let found = try other.run(KernelTesting.instructionSets[0], rows: 0..<other.batch)
    #expect(LinearCase.all[3].reference().error(found) > 0.01)
}

/// A row gives the same bits alone and in any batch.
@Test(arguments: LinearCase.all, KernelTesting.instructionSets)
func linearRowsDoNotDependOnTheBatch(_ one: LinearCase, _ isa: String) throws {
    let together = try one.run(isa, rows: 0..<one.batch).map(\.bitPattern)
    for row in Set([0, one.batch / 3, one.batch / 2, one.batch - 1]) {
        let alone = try one.run(isa, rows: row..<(row + 1)).map(\.bitPattern)
        #expect(alone == Array(together[(row * one.outputs)..<((row + 1) * one.outputs)]))
    }
}
