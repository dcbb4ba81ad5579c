import Foundation

@testable import Ossicle

/// Models under tests/data/coreml.
enum CoreMLTestData {
    static let root = TestData.path("coreml")

    static func models(_ suffix: String) -> [String] {
        let all = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
        return all.filter { $0.hasSuffix(suffix) }.sorted()
    }

    static let packages = models(".mlpackage")
    /// Packages whose compiled form lies beside them.
    static let pairs = packages.map { String($0.dropLast(".mlpackage".count)) }
        .filter { FileManager.default.fileExists(atPath: "\(root)/\($0).mlmodelc/model.mil") }

    static func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }
    static func path(_ name: String) -> String { "\(root)/\(name)" }
    static func specification(_ package: String) -> String {
        path(package) + "/Data/com.apple.CoreML/model.mlmodel"
    }

    /// The oracle's rule: all elements of a small tensor, every 61st of a large one.
    static func sample(_ values: [Float]) -> [Float] {
        values.count <= 1024 ? values : stride(from: 0, to: values.count, by: 61).map { values[$0] }
    }
}
