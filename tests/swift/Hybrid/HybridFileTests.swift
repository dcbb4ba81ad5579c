import Foundation
import Testing

@testable import Ossicle

@Suite struct HybridFileTests {
    private func temporary(_ name: String) -> String {
        FileManager.default.temporaryDirectory.appendingPathComponent("ossicle-\(UUID().uuidString)-\(name)")
            .path
    }

    @Test func savedFilesLoadAsPipelineAndAsModel() throws {
        let configuration = HybridTesting.configuration {
            $0.sampleRate = 48000
            $0.skipConnections = true
        }
        let pipeline = try HybridTesting.pipeline(configuration, compute: .cpu)
        let path = temporary("hybrid.safetensors")
        defer { try? FileManager.default.removeItem(atPath: path) }
        try pipeline.save(path: path)
        var noise = TestRandom(5)
        let signal = noise.floats(100)
        let expected = try HybridTesting.forward(pipeline, signal)

        let loaded = try HybridPipeline.load(path: path, compute: .cpu)
        #expect(loaded.configuration == configuration)
        #expect(try HybridTesting.forward(loaded, signal) == expected)
        let model = try Model.load(path: path)
        #expect(model.facts.format == "hybrid" && model.facts.sampleRate == 48000 && model.isStreamable)
        #expect(model.facts.layers.count == 6)
        #expect(try model.forward(Tensor(signal, shape: [1, 100])).floats() == expected)
        let beside = try HybridPipeline(configuration, weightsPath: path, compute: .cpu)
        #expect(try HybridTesting.forward(beside, signal) == expected)
    }

    private func bytes(
        _ metadata: [(key: String, value: String)], _ change: (inout [String: Tensor]) -> Void = { _ in }
    ) throws -> [UInt8] {
        var weights = try HybridTesting.weights(HybridNetwork(HybridTesting.configuration()))
        change(&weights)
        return try SafeTensors.encode(weights.map { (name: $0.key, tensor: $0.value) }, metadata: metadata)
    }

    @Test func badFilesAreNamed() throws {
        let config = HybridTesting.configuration().json
        let format = (key: "format", value: "ossicle.hybrid")
        for (bytes, code, part) in [
            (try bytes([]), OssicleError.Code.unsupported, "no layers"),
            (try bytes([(key: "format", value: "pt")]), .unsupported, "no layers"),
            (try bytes([format]), .malformed, "config"),
            (try bytes([format, (key: "config", value: "{")]), .malformed, "config"),
            (try bytes([format, (key: "config", value: #"{"stride": 0}"#)]), .malformed, "stride"),
            (try bytes([format, (key: "config", value: "{}")]), .weights, "encoder.0.weight"),
            (
                try bytes([format, (key: "config", value: config)]) { $0["decoder.1.bias"] = nil }, .weights,
                "decoder.1.bias"
            ),
            (
                try bytes([format, (key: "config", value: config)]) { $0["extra"] = $0["projection.bias"] },
                .weights,
                "extra"
            ),
        ] {
            let error = #expect(throws: OssicleError.self) {
                _ = try bytes.withUnsafeBytes { try Model.load(bytes: $0, name: "x.safetensors") }
            }
            #expect(
                error?.code == code && error?.message.hasPrefix("x.safetensors") == true
                    && error?.message.contains(part) == true, "\(part): \(error!)")
        }
        let missing = #expect(throws: OssicleError.self) {
            _ = try HybridPipeline.load(path: "/nowhere/x.safetensors")
        }
        #expect(missing?.code == .io)
    }
}
