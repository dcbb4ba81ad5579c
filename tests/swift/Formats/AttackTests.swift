import Testing

@testable import Ossicle

/// Every hostile file must be refused with the error that the index states, naming its file.
@Suite struct AttackTests {
    static let readers: [(folder: String, read: @Sendable (String) throws -> Void)] = [
        ("json", { path in _ = try JSON.parse(Storage.map(path: path), file: path) }),
        ("safetensors", { path in _ = try SafeTensors(path: path) }),
    ]

    @Test func everyAttackIsRefused() throws {
        for (file, code, text) in try TestData.attacks() {
            let read = try #require(Self.readers.first { file.hasPrefix($0.folder + "/") }).read
            let path = TestData.path("attacks/" + file)
            let error = #expect(throws: OssicleError.self, "\(file)") { try read(path) }
            guard let error else { continue }
            #expect("\(error.code)" == code, "\(file): \(error)")
            #expect(error.message.contains(text), "\(file): \(error)")
            #expect(error.message.hasPrefix(path), "\(file): \(error)")
            #expect(error.message.utf8.count < path.utf8.count + 400, "\(file): a flooding message")
            #expect(
                !error.message.unicodeScalars.contains { $0.value < 0x20 }, "\(file): raw control characters")
        }
    }

    @Test func theIndexIsComplete() throws {
        let listed = Set(try TestData.attacks().map { "attacks/" + $0.file })
        let present = Set(try Self.readers.flatMap { try TestData.files(in: "attacks/" + $0.folder) })
        #expect(listed == present)
        #expect(listed.count > 60)
    }
}
