import Foundation

@testable import Ossicle

/// Files under tests/data.
enum TestData {
    static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("data")

    static func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    static func bytes(_ name: String) throws -> [UInt8] {
        try Array(Data(contentsOf: folder.appendingPathComponent(name)))
    }

    static func floats(_ name: String) throws -> [Float] {
        try bytes(name).withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }

    /// The hostile files of tests/data/attacks and the error each must meet.
    static func attacks() throws -> [(file: String, code: String, text: String)] {
        let data = try Data(contentsOf: folder.appendingPathComponent("attacks/index.json"))
        return try JSONDecoder().decode([[String]].self, from: data).map { ($0[0], $0[1], $0[2]) }
    }

    static func files(in name: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path(name)).map { "\(name)/\($0)" }.sorted()
    }
}
