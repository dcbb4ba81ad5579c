import CKernels
import Foundation
import Testing

@testable import Ossicle

/// Every golden, and streams, as images for AArch64. With OSSICLE_IMAGES they are left in that folder, for
/// tests/neon/run.sh.
@Suite struct ProgramImageTests {
    @Test(arguments: Golden.all) func goldenImage(_ golden: Golden) throws {
        let file = try golden.file()
        let model = try golden.model(file)
        func tensors(_ names: [String]) throws -> [Tensor] {
            try names.filter { name in file.entries.contains { $0.name == name } }.map { try file.tensor($0) }
        }
        let inputs = try tensors(["input", "h0", "c0"])
        let graph = try model.graph(for: [inputs[0].shape.map { .fixed($0) }])
        let run = ProgramImage.Run(
            inputs: inputs, outputs: try tensors(["output", "hn", "cn"]).map { $0.floats() })
        try write(
            golden.name, graph, .fixed(length: 1), [run], absolute: golden.absolute, relative: golden.relative
        )
    }

    /// Blocks of several lengths, with the state that goes on between them, against this machine's kernels.
    @Test(arguments: StreamTests.models) func streamImage(_ name: String) throws {
        let model = try StreamTests.model(name)
        let step = try StreamingPass.run(model.graph).graph.granularity
        let mode = PlanMode.stream(maxBlock: 64 * step)
        let instance = try Instance(try Program(model.graph, mode: mode))
        let program = instance.program
        let runs = try [64, 1, 7, 64, 30].enumerated().map { i, steps in
            let frames = steps * step
            let shape = program.shape(program.graph.inputs[0], length: frames)
            let count = program.shape(program.graph.outputs[0], length: frames).reduce(1, *)
            let x = (0..<shape.reduce(1, *)).map { Float(($0 * 7919 + i * 104729) % 2001) / 1000 - 1 }
            var y = [Float](repeating: .nan, count: count)
            #expect(ok_instance_process(instance.c, x, &y, Int64(frames)) == 0)
            #expect(y.allSatisfy { !$0.isNaN })
            return ProgramImage.Run(frames: frames, inputs: [try Tensor(x, shape: shape)], outputs: [y])
        }
        let file = "stream_" + name.replacingOccurrences(of: " ", with: "_")
        try write(file, model.graph, mode, runs, absolute: 1e-5, relative: 1e-5)
    }

    private func write(
        _ name: String, _ graph: Graph, _ mode: PlanMode, _ runs: [ProgramImage.Run], absolute: Double,
        relative: Double
    ) throws {
        let kept = ProcessInfo.processInfo.environment["OSSICLE_IMAGES"].map { URL(fileURLWithPath: $0) }
        let folder = kept ?? FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { if kept == nil { try? FileManager.default.removeItem(at: folder) } }
        let url = folder.appendingPathComponent("\(name).image")
        let table = ProgramImage.planningTable()
        try withUnsafePointer(to: table) { kernels in
            let program = try Program(
                graph, mode: mode, optimize: true, placement: .portable, kernels: kernels)
            let instance = try Instance(program)
            let image = try ProgramImage(instance, table)
            // Every step has a kernel and arguments to find.
            #expect(image.pointers.filter { $0.2 == -1 }.count >= program.steps.count)
            try image.write(to: url, instance, runs, absolute: absolute, relative: relative)
        }
        #expect(try Data(contentsOf: url).count > 1000)
    }
}
