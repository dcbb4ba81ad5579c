import Foundation
import Testing

@testable import Ossicle

@Suite struct SafeTensorsTests {
    static let goldens = ["lstm_7", "conv1d_5"].map { "goldens/cases/\($0).safetensors" }

    @Test func readsAFileOfTheReferenceLibrary() throws {
        let file = try SafeTensors(path: TestData.path(Self.goldens[0]))
        let names = Set(file.entries.map(\.name))
        #expect(
            names.isSuperset(of: [
                "input", "output", "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0",
            ]))
        // The same bytes, found with Foundation's JSON reader instead of ours.
        let bytes = try TestData.bytes(Self.goldens[0])
        let length = Int(bytes[0]) | Int(bytes[1]) << 8
        let header = try #require(
            JSONSerialization.jsonObject(with: Data(bytes[8..<8 + length])) as? [String: [String: Any]])
        #expect(Set(header.keys) == names)
        for (name, fields) in header {
            let offsets = try #require(fields["data_offsets"] as? [Int])
            let tensor = try file.tensor(name)
            #expect(tensor.dataType == .float32)
            #expect(tensor.shape == fields["shape"] as? [Int])
            #expect(
                Array(tensor.bytes) == Array(bytes[(8 + length + offsets[0])..<(8 + length + offsets[1])]))
        }
    }

    @Test func readsLazily() throws {
        let storage = try Storage.map(path: TestData.path(Self.goldens[0]))
        let file = try SafeTensors(storage, file: "golden")
        for entry in file.entries { #expect(try file.tensor(entry.name).storage === storage) }
    }

    /// Reading and encoding gives the reference library's file again, byte for byte.
    @Test(arguments: goldens) func encodesAsTheReferenceLibrary(_ name: String) throws {
        let file = try SafeTensors(path: TestData.path(name))
        let tensors = try file.entries.reversed().map { (name: $0.name, tensor: try file.tensor($0.name)) }
        #expect(try SafeTensors.encode(tensors, metadata: file.metadata) == TestData.bytes(name))
    }

    @Test func everyTypeThereAndBack() throws {
        var tensors: [(name: String, tensor: Tensor)] = []
        for type in DataType.allCases {
            let bytes = (0..<6 * type.size).map { UInt8(truncatingIfNeeded: $0 &* 37) }
            tensors.append(
                (
                    "t \"\(type)\" é\n", try Tensor(shape: [2, 3], dataType: type, storage: .copy(bytes))
                ))
        }
        tensors.append(("scalar", try Tensor([7.5], shape: [])))
        tensors.append(("none", try Tensor([Float](), shape: [3, 0])))
        let metadata = [(key: "format", value: "pt"), (key: "quote\"", value: "\u{1}𝄞")]
        let bytes = try SafeTensors.encode(tensors, metadata: metadata)
        let file = try SafeTensors(.copy(bytes), file: "memory")
        #expect(file.entries.count == tensors.count)
        #expect(file.metadata.map(\.key) == metadata.map(\.key))
        #expect(file.metadata.map(\.value) == metadata.map(\.value))
        for (name, tensor) in tensors {
            let read = try file.tensor(name)
            #expect(read.shape == tensor.shape)
            #expect(read.dataType == tensor.dataType)
            #expect(Array(read.bytes) == Array(tensor.bytes))
        }
        #expect(try file.tensor("scalar").floats() == [7.5])
    }

    @Test func values() throws {
        let header =
            #"{"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"#
            + #""b":{"dtype":"BF16","shape":[1],"data_offsets":[4,6]},"f":{"dtype":"F32","shape":[1],"data_offsets":[6,10]}}"#
        let data: [UInt8] = [0x00, 0x3c, 0x00, 0xc0, 0x40, 0x40, 0x00, 0x00, 0x20, 0x41]
        // Both alignments of the data: `f` is a view in one file at most, and right in both.
        for padding in 0..<8 {
            let text = Array(header.utf8) + Array(repeating: 0x20, count: padding)
            let file = try SafeTensors(
                .copy([UInt8(text.count), 0, 0, 0, 0, 0, 0, 0] + text + data), file: "memory")
            #expect(try file.tensor("h").floats() == [1, -2])
            #expect(try file.tensor("b").floats() == [3])
            let f = try file.tensor("f")
            #expect(f.floats() == [10])
            #expect(Int(bitPattern: f.bytes.baseAddress) % 4 == 0)
        }
    }

    @Test func emptyFile() throws {
        let bytes = try SafeTensors.encode([])
        #expect(bytes == [8, 0, 0, 0, 0, 0, 0, 0] + Array("{}      ".utf8))
        #expect(try SafeTensors(.copy(bytes), file: "memory").entries.isEmpty)
    }

    @Test func missingTensorAndFile() throws {
        let file = try SafeTensors(.copy(try SafeTensors.encode([])), file: "memory")
        let missing = #expect(throws: OssicleError.self) { try file.tensor("w") }
        #expect(missing?.message == #"memory: tensor "w": missing"#)
        let absent = #expect(throws: OssicleError.self) {
            try SafeTensors(path: "/nonexistent/a.safetensors")
        }
        #expect(absent?.code == .io)
    }

    @Test func encodeRefusesDoubleAndReservedNames() throws {
        let tensor = try Tensor([1 as Float], shape: [1])
        for names in [["a", "b", "a"], ["__metadata__"]] {
            let error = #expect(throws: OssicleError.self) {
                try SafeTensors.encode(names.map { (name: $0, tensor: tensor) })
            }
            #expect(error?.code == .invalidArgument)
        }
        // Canonically equivalent names are two names.
        let both = try SafeTensors.encode([
            (name: "\u{e9}", tensor: tensor), (name: "e\u{301}", tensor: tensor),
        ])
        #expect(try SafeTensors(.copy(both), file: "memory").entries.count == 2)
    }

    @Test func writesFiles() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).safetensors").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try SafeTensors.write([(name: "w", tensor: try Tensor([1, 2] as [Float], shape: [2]))], to: path)
        #expect(try SafeTensors(path: path).tensor("w").floats() == [1, 2])
        let error = #expect(throws: OssicleError.self) { try SafeTensors.write([], to: "/nonexistent/a") }
        #expect(error?.code == .io)
    }

    /// Cutting or flipping any byte of a good file never crashes, and cutting is always noticed.
    @Test func everyCutIsRefused() throws {
        let bytes = try TestData.bytes(Self.goldens[1])
        for end in 0..<bytes.count {
            #expect(throws: OssicleError.self) { try SafeTensors(.copy(Array(bytes[..<end])), file: "cut") }
        }
    }
}
