import Foundation
import Testing

@testable import Ossicle

/// Every hostile Core ML file must be refused with the error that the index states, naming its file.
@Suite struct CoreMLAttackTests {
    static let attacks: [[String]] = {
        let index = try? Data(contentsOf: URL(fileURLWithPath: TestData.path("attacks/coreml/index.json")))
        return index.flatMap { try? JSONDecoder().decode([[String]].self, from: $0) } ?? []
    }()

    static func load(_ path: String) throws {
        let loader = try CoreMLWeightLoader(path: path)
        for weight in loader.availableWeights { _ = try loader.loadWeights(name: weight.name) }
    }

    @Test(arguments: attacks) func isRefused(_ attack: [String]) throws {
        let path = TestData.path("attacks/coreml/" + attack[0])
        let error = #expect(throws: OssicleError.self) { try Self.load(path) }
        guard let error else { return }
        #expect("\(error.code)" == attack[1], "\(error)")
        #expect(error.message.contains(attack[2]), "\(error)")
        #expect(error.message.hasPrefix(path), "\(error)")
        #expect(error.message.utf8.count < 3 * path.utf8.count + 500, "a flooding message")
        #expect(!error.message.unicodeScalars.contains { $0.value < 0x20 }, "raw control characters")
    }

    @Test func theIndexIsComplete() throws {
        let present = try FileManager.default.contentsOfDirectory(atPath: TestData.path("attacks/coreml"))
        #expect(Set(present) == Set(Self.attacks.map { $0[0] } + ["index.json"]))
        #expect(Self.attacks.count > 120)
    }

    /// The positive control: a file built as the attacks are, with nothing wrong, loads.
    @Test func aHarmlessFileLoads() throws {
        #expect(throws: Never.self) { try Self.load(CoreMLTestData.path("generated/linear_fp32.mlpackage")) }
    }

    /// The specification of a small model, cut at many lengths and with bits flipped: an error or a model, never a trap.
    @Test(arguments: ["generated/quant_int4_block_ios18", "generated/compress_sparse_lut4_ios18"])
    func damagedFilesAreRefusedOrRead(_ name: String) throws {
        let source = CoreMLTestData.path(name + ".mlpackage/Data/com.apple.CoreML/")
        let specification = try Array(Data(contentsOf: URL(fileURLWithPath: source + "model.mlmodel")))
        let weights = try Storage.map(path: source + "weights/weight.bin")
        let file = try MILBlobFile(storage: weights, path: "weight.bin")
        var refused = 0
        func attempt(_ bytes: [UInt8]) {
            do {
                guard case .program(let program) = try CoreMLSpecification(.copy(bytes)).content else {
                    return
                }
                let paths = Set(program.blobReferences.map(\.path))
                let files = MILBlobFiles(Dictionary(uniqueKeysWithValues: paths.map { ($0, file) }))
                let source = CoreMLProgramWeights(program.functions[0], files: files)
                for weight in try source.list(path: "m") where weight.compression != nil {
                    _ = try source.load(weight.name, path: "m")
                }
            } catch { refused += 1 }
        }
        for end in stride(from: 0, to: specification.count, by: 37) { attempt(Array(specification[..<end])) }
        var bytes = specification
        for i in stride(from: 0, to: bytes.count, by: 23) {
            bytes[i] ^= UInt8(truncatingIfNeeded: 1 << (i % 8))
            attempt(bytes)
            bytes[i] = specification[i]
        }
        #expect(refused > 100)
    }
}
