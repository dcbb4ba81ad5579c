import Foundation
import Testing

@testable import Ossicle

/// Model files through the whole engine, against the output of the programs they were made for.
@Suite struct ModelFileTests {
    static func floats(_ name: String) throws -> [Float] {
        try TestData.bytes(name).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }

    static let nam: [String] = try! ["models/nam", "models/own"].flatMap { folder in
        try TestData.files(in: folder).filter { $0.hasSuffix(".nam") }.map { String($0.dropLast(4)) }
    }

    static func worst(_ found: [Float], _ expected: [Float]) -> Float {
        zip(found, expected).map { ($0 - $1).isNaN ? .infinity : abs($0 - $1) }.max() ?? .infinity
    }

    /// Upstream fed 48 000 zeros first, then the input; a second channel had the input itself, the first half of it.
    static func run(_ name: String, block: Int) throws -> [Float] {
        let model = try Model.load(path: TestData.path("\(name).nam"))
        let stream = try model.stream(maxBlock: block)
        return try run(stream, try floats("models/nam/input.f32"))
    }

    /// The first output channel after the silence.
    static func run(_ stream: Ossicle.Stream, _ signal: [Float]) throws -> [Float] {
        let silence = 48000, fed = [Float](repeating: 0, count: silence) + signal
        let scales: [Float] = stream.inputChannels == 2 ? [0.5, 1] : [1]
        var result: [Float] = []
        for start in stride(from: 0, to: fed.count, by: stream.maxBlock) {
            let part = fed[start..<min(start + stream.maxBlock, fed.count)]
            var y = [Float](repeating: 0, count: stream.outputChannels * part.count)
            let status = stream.process(
                scales.flatMap { scale in part.map { scale * $0 } }, &y, frames: part.count)
            try #require(status == 0)
            result += y.prefix(part.count)
        }
        return Array(result.dropFirst(silence))
    }

    @Test(arguments: nam) func namModelsMatchUpstream(_ name: String) throws {
        let expected = try Self.floats("\(name).expected.f32")
        #expect(expected.count >= 1024)
        let found = try Self.run(name, block: 64)
        // Upstream differs from itself by 5e-6 between block sizes.
        #expect(Self.worst(found, expected) <= 2e-5, "\(name)")
        #expect(try Self.run(name, block: 17) == found, "\(name): another split, other bits")
    }

    @Test func aWrongWeightShows() throws {
        let path = TestData.path("models/nam/lstm.nam")
        var changed = try String(contentsOfFile: path, encoding: .utf8)
        let weights = try #require(changed.range(of: "\"weights\": ["))
        let first = try #require(changed.range(of: "0.", range: weights.upperBound..<changed.endIndex))
        changed.replaceSubrange(first, with: "3.")
        var bytes = Array(changed.utf8)
        let model = try bytes.withUnsafeMutableBytes { try Model.load(bytes: UnsafeRawBufferPointer($0)) }
        let found = try Self.run(try model.stream(maxBlock: 64), try Self.floats("models/nam/input.f32"))
        #expect(found != (try Self.run("models/nam/lstm", block: 64)))
    }

    /// One row a time step, as Keras wrote them.
    @Test(arguments: ["dense", "conv", "gru_1d", "lstm_1d"]) func rtneuralModelsMatchKeras(_ name: String)
        throws
    {
        let x = try RTNeuralTests.table("\(name)_x").map { Float($0[0]) }
        let y = try RTNeuralTests.table("\(name)_y").map { Float($0[0]) }
        let model = try Model.load(path: TestData.path("models/rtneural/\(name).json"))
        #expect(model.facts.format == "rtneural")
        let found = try model.stream(maxBlock: 32).process(x)
        #expect(Self.worst(found, y) <= 1e-6, "\(name)")
    }

    @Test func aidaXRunsItsOwnTest() throws {
        let path = TestData.path("models/own/aidax.json")
        _ = try Model.load(path: path)
        // The same file with another expected output must be refused.
        var text = try String(contentsOfFile: path, encoding: .utf8)
        let key = try #require(text.range(of: "\"output_batch\""))
        let digit = try #require(text.range(of: "0.", range: key.upperBound..<text.endIndex))
        text.replaceSubrange(digit, with: "7.")
        let bytes = Array(text.utf8)
        let error = #expect(throws: OssicleError.self) {
            _ = try bytes.withUnsafeBytes { try Model.load(bytes: $0, name: "changed") }
        }
        #expect(error?.message.contains("self-test") == true, "\(error!)")
    }

    @Test func badFilesAreNamed() throws {
        for (text, code) in [
            ("", OssicleError.Code.malformed), ("[1, 2]", .malformed), ("{}", .malformed),
            (#"{"architecture": "WaveNet"}"#, .malformed), ("RIFF", .malformed),
        ] {
            let error = #expect(throws: OssicleError.self) {
                _ = try Array(text.utf8).withUnsafeBytes { try Model.load(bytes: $0, name: "x.nam") }
            }
            #expect(error?.code == code && error?.message.hasPrefix("x.nam") == true, "\(text): \(error!)")
        }
        let bad = #expect(throws: OssicleError.self) {
            _ = try Model.load(path: TestData.path("models/rtneural/bad_lstm.json"))
        }
        #expect(bad?.message.contains("expected 64 numbers, found 80") == true, "\(bad!)")
    }
}
