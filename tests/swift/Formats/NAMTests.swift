import Foundation
import Testing

@testable import Ossicle

@Suite struct NAMTests {
    static func read(_ name: String, options: LoadOptions = LoadOptions()) throws -> NAMModel {
        let path = TestData.path("models/\(name).nam")
        return try NAMReader.read(
            JSON.parse(Storage.map(path: path), file: name), file: name, options: options)
    }

    static let models = [
        "nam/BossLSTM-1x16", "nam/BossWN-nano", "nam/lstm", "nam/wavenet", "nam/wavenet_a1_standard",
        "nam/A2",
        "nam/wavenet_a2_max", "nam/wavenet_condition_dsp", "nam/slimmable_wavenet", "nam/slimmable_container",
        "own/linear", "own/convnet_batchnorm", "own/convnet_groups", "own/lstm_2x5", "own/wavenet_gated",
        "own/wavenet_posthead",
    ]

    /// What the files say, computed in float64, against NeuralAmpModelerCore.
    @Test(arguments: models) func matchesUpstream(_ name: String) throws {
        let model = try Self.read(name)
        let count = name.hasSuffix("standard") || name.hasSuffix("A2") ? 96 : 256
        let input = try TestData.floats("models/nam/input.f32").prefix(count).map(Double.init)
        let expected = try TestData.floats("models/\(name).expected.f32").prefix(count).map(Double.init)
        // One frame of silence stands for all that was before.
        let frames = ([0] + input).map { x in model.inputs == 1 ? [x] : [x / 2, x] }
        let output = model.reference(frames).dropFirst().map { $0[0] }
        let scale = expected.reduce(0) { max($0, abs($1)) }
        let error = zip(output, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
        #expect(output.count == expected.count)
        #expect(error < 1e-5 * max(scale, 0.1), "\(name): error \(error) at scale \(scale)")
        // The signal must be large against the tolerance, or the comparison says nothing.
        let mean = expected.reduce(0, +) / Double(count)
        #expect(expected.reduce(0) { max($0, abs($1 - mean)) } > 100 * error)
    }

    @Test func describesTheFile() throws {
        let model = try Self.read("nam/wavenet")
        #expect(model.version == "0.5.4")
        #expect(model.sampleRate == 48_000)
        #expect(model.metadata.loudness == -20.020729064941406)
        #expect(model.metadata.inputLevel == 18.3)
        #expect(model.metadata.outputLevel == 12.3)
        #expect(model.metadata.texts.first { $0.key == "modeled_by" }?.value == "Steve")
        #expect(try Self.read("nam/BossWN-nano").sampleRate == nil)
    }

    /// As NeuralAmpModelerCore's GetPrewarmSamples tells.
    @Test func warmUp() throws {
        for (name, expected) in [
            ("own/convnet_batchnorm", 16), ("own/convnet_groups", 14), ("own/linear", 0),
            ("own/lstm_2x5", 24_000),
            ("own/wavenet_gated", 24), ("own/wavenet_posthead", 85), ("nam/A2", 6347),
            ("nam/wavenet_a2_max", 31),
            ("nam/wavenet_condition_dsp", 45), ("nam/wavenet", 23), ("nam/wavenet_a1_standard", 4093),
            ("nam/BossLSTM-1x16", 1),
        ] { #expect(try Self.read(name).warmUp == expected, "\(name)") }
    }

    @Test func sizes() throws {
        guard case .sizes(let models) = try Self.read("nam/A2").network else {
            Issue.record("expected a container")
            return
        }
        #expect(models.map(\.maxValue) == [0.5, 1])
    }

    static let changes: [(String, String, String, String)] = [
        (
            "nam/wavenet", #""version": "0.5.4""#, #""version": "0.8.0""#,
            "version: expected 0.5.0 to 0.7, found \"0.8.0\""
        ),
        ("nam/wavenet", #""version": "0.5.4""#, #""version": "0.5""#, "version: expected a version such as"),
        (
            "nam/wavenet", #""version": "0.5.4""#, #""version": "-0.5.4""#,
            "version: expected a version such as"
        ),
        (
            "nam/wavenet", #""architecture": "WaveNet""#, #""architecture": "Wave""#,
            "architecture: architecture \"Wave\""
        ),
        ("nam/wavenet", #""head_size": 2"#, #""head_size": 3"#, "expected a head of 3 channels"),
        ("nam/wavenet", #""input_size": 3"#, #""input_size": 4"#, "expected input_size 3, found 4"),
        (
            "nam/wavenet", #""condition_size": 1"#, #""condition_size": 2"#,
            "expected condition_size 1, found 2"
        ),
        ("nam/wavenet", #""kernel_size": 3"#, #""kernel_size": 2"#, "expected "),
        (
            "nam/wavenet", #""activation": "Tanh""#, #""activation": "Tan""#,
            "config.layers[0].activation: activation \"Tan\""
        ),
        (
            "nam/wavenet", "0.019999999552965164]", "0.019999999552965164, 1]",
            "expected 131 weights for this architecture, found 132"
        ),
        (
            "nam/wavenet", ", 0.019999999552965164]", "]",
            #"tensor "head_scale": expected 1 numbers from index 130, found 0 of 130"#
        ),
        (
            "nam/wavenet", "0.019999999552965164]", "1e300]",
            #"tensor "head_scale": expected finite weights, found inf"#
        ),
        (
            "nam/wavenet", #""sample_rate": 48000"#, #""sample_rate": -1"#,
            "sample_rate: expected a sample rate in hertz"
        ),
        (
            "nam/lstm", #""hidden_size": 3"#, #""hidden_size": 4"#,
            #"tensor "layers[0].weight": expected 80 numbers from index 0"#
        ),
        (
            "nam/lstm", #""num_layers": 1"#, #""num_layers": 0"#,
            "config.num_layers: expected an integer in 1..."
        ),
        (
            "nam/lstm", #""input_size": 1"#, #""input_size": 2"#,
            "expected input_size to be in_channels (1), found 2"
        ),
        ("own/convnet_groups", #""groups": 2"#, #""groups": 4"#, "do not divide into 4 groups"),
        (
            "own/convnet_groups", #""dilations": [1, 3, 9]"#, #""dilations": []"#,
            "config.dilations: expected at least one block"
        ),
        (
            "own/convnet_groups", #""dilations": [1, 3, 9]"#, #""dilations": [1, 3, 16777216]"#,
            "keep more than 67108864 numbers"
        ),
        ("own/wavenet_posthead", #"[0.1, 0.2, 0.3]"#, #"[0.1, 0.2]"#, "expected 3 finite slopes"),
        (
            "own/wavenet_posthead", #""gating_mode": "none""#, #""gating_mode": "open""#,
            "gating_mode: expected \"none\", \"gated\""
        ),
        (
            "own/wavenet_posthead", #""gating_mode": "none""#, #""gating_mode": ["none"]"#,
            "gating_mode: expected 9 elements"
        ),
        (
            "own/wavenet_posthead", #""kernel_sizes": [2, 3]"#, #""kernel_sizes": []"#,
            "expected at least one of kernel_sizes"
        ),
        (
            "nam/slimmable_container", #""max_value": 1.0"#, #""max_value": 0.9"#,
            "expected a last size with max_value 1"
        ),
        (
            "nam/slimmable_container", #""max_value": 0.66"#, #""max_value": 0.1"#,
            "expected ascending max_value, found 0.1"
        ),
    ]

    @Test(arguments: changes.indices) func refuses(_ i: Int) throws {
        let (name, change, by, message) = Self.changes[i]
        let text = try String(decoding: TestData.bytes("models/\(name).nam"), as: UTF8.self)
        let range = try #require(text.firstRange(of: change), "\(name) has no \(change)")
        let changed = text.replacingCharacters(in: range, with: by)
        let error = #expect(throws: OssicleError.self) { try NAMReader.read(JSON.parse(changed), file: "f") }
        #expect(error?.message.hasPrefix("f: ") == true)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "no error")")
    }

    @Test func warningsNameTheTensor() throws {
        let text = try String(decoding: TestData.bytes("models/nam/lstm.nam"), as: UTF8.self)
        let log = WeightWarningTests.Log()
        let options = LoadOptions { warning in log.warnings.withLock { $0.append(warning) } }
        let start = try #require(text.firstRange(of: "\"weights\": [")).upperBound
        let end = try #require(text[start...].firstIndex(of: ","))
        let changed = text.replacingCharacters(in: start..<end, with: "5e4")
        _ = try NAMReader.read(JSON.parse(changed), file: "f", options: options)
        let warnings = log.warnings.withLock { $0 }
        #expect(warnings.map(\.tensor) == ["layers[0].weight"])
        #expect(warnings.map(\.kind) == [.exploding])
    }
}
