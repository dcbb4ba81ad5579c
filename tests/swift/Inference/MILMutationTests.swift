import Foundation
import Testing

@testable import Ossicle

/// Programs with wrong numbers in them are refused or run; nothing traps, and nothing takes memory without bound.
@Suite struct MILMutationTests {
    /// The text of each golden function.
    private static func functions() throws -> [String] {
        let storage = try Storage.map(path: CoreMLTestData.path("operations/operations.mil"))
        let text = String(decoding: storage.bytes, as: UTF8.self)
        return text.components(separatedBy: "    func ").dropFirst().map { "    func " + $0 }
    }

    /// The ranges of decimal numbers outside of hexadecimal floats and names.
    private static func numbers(_ text: [UInt8]) -> [Range<Int>] {
        func isDigit(_ c: UInt8) -> Bool { (0x30...0x39).contains(c) }
        func isWord(_ c: UInt8) -> Bool {
            isDigit(c) || (c | 0x20 >= 0x61 && c | 0x20 <= 0x7a) || c == 0x5f || c == 0x2e
        }
        var ranges: [Range<Int>] = []
        var i = 0
        while i < text.count {
            guard isWord(text[i]) else {
                i += 1
                continue
            }
            let start = i
            while i < text.count, isWord(text[i]) { i += 1 }
            if text[start..<i].allSatisfy(isDigit) { ranges.append(start..<i) }
        }
        return ranges
    }

    private static let values = [
        "0", "1", "2", "3", "5", "-1", "-2", "-7", "64", "4096", "65536", "16777216", "2147483647",
        "-2147483648",
    ]

    @Test(arguments: 0..<3) func wrongNumbers(_ seed: Int) throws {
        var rng = SeededGenerator(seed)
        var (refused, run) = (0, 0)
        for function in try Self.functions() {
            for _ in 0..<2 {
                var text = Array(function.utf8)
                for _ in 0..<Int.random(in: 1...2, using: &rng) {
                    guard let range = Self.numbers(text).randomElement(using: &rng) else { continue }
                    text.replaceSubrange(range, with: Self.values.randomElement(using: &rng)!.utf8)
                }
                do {
                    try Self.attempt("program(1.3)\n{\n" + String(decoding: text, as: UTF8.self) + "}\n")
                    run += 1
                } catch is OssicleError { refused += 1 }
            }
        }
        #expect(refused > 50 && run > 50)
    }

    /// Everything up to a run with zeros, where the program is small.
    private static func attempt(_ source: String) throws {
        let program = try MILParser.parse(source)
        let function = program.functions[0]
        let shapes = try MILShapeChoice(function, nil).choose([:])
        let graph = try MILLowering(function, files: MILBlobFiles([:])).lower(function, shapes: shapes, nil)
        let elements = graph.values.reduce(0) { $0 + $1.type.shape.evaluate(1).reduce(1, *) }
        guard elements < 1 << 20 else { return }
        let engine = try OssicleEngine(graph)
        let inputs = try graph.inputs.map { port in
            let type = graph.type(of: port.value)
            let count = type.shape.evaluate(1).reduce(1, *) * type.dataType.size
            return try Tensor(
                shape: type.shape.evaluate(1), dataType: type.dataType,
                storage: .copy([UInt8](repeating: 0, count: count)))
        }
        _ = try engine.instance.run(inputs)
    }
}
