import CKernels
import Foundation
import Testing

@testable import Ossicle

/// Every golden as an image for AArch64. With OSSICLE_IMAGES they are left in that folder, for tests/neon/run.sh.
@Suite struct ProgramImageTests {
    @Test(arguments: Golden.all) func goldenImage(_ golden: Golden) throws {
        let folder =
            ProcessInfo.processInfo.environment["OSSICLE_IMAGES"].map { URL(fileURLWithPath: $0) }
            ?? FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let url = folder.appendingPathComponent("\(golden.name).image")
        defer {
            if ProcessInfo.processInfo.environment["OSSICLE_IMAGES"] == nil {
                try? FileManager.default.removeItem(at: folder)
            }
        }
        let file = try golden.file()
        let model = try golden.model(file)
        func tensors(_ names: [String]) throws -> [Tensor] {
            try names.filter { name in file.entries.contains { $0.name == name } }.map { try file.tensor($0) }
        }
        let inputs = try tensors(["input", "h0", "c0"])
        let table = ProgramImage.planningTable()
        try withUnsafePointer(to: table) { kernels in
            let shape = inputs[0].shape.map { Dim.fixed($0) }
            let graph = try model.graph(for: [shape])
            let program = try Program(
                graph, mode: .fixed(length: 1), optimize: true, placement: .portable, kernels: kernels)
            let instance = try Instance(program)
            let image = try ProgramImage(instance, table)
            // Every step has a kernel and arguments to find.
            #expect(image.pointers.filter { $0.2 == -1 }.count >= program.steps.count)
            try image.write(
                to: url, instance, inputs: inputs,
                outputs: try tensors(["output", "hn", "cn"]).map { $0.floats() },
                absolute: golden.absolute, relative: golden.relative)
        }
        #expect(try Data(contentsOf: url).count > 1000)
    }
}
