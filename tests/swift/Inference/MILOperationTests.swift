import Testing

@testable import Ossicle

/// Each MIL operation alone, against NumPy in float64 (`make_operation_goldens.py`).
@Suite struct MILOperationTests {
    static let program = Result {
        let text = try Storage.map(path: CoreMLTestData.path("operations/operations.mil"))
        return try MILParser.parse(text.bytes, name: "operations.mil")
    }
    static let goldens = Result {
        try SafeTensors(path: CoreMLTestData.path("operations/operations.safetensors"))
    }
    static let names = (try? program.get())?.functions.map(\.name) ?? []

    /// The graph of one golden, and what goes in.
    static func `case`(_ name: String) throws -> (Graph, [Tensor]) {
        let function = try #require(try program.get().function(named: name))
        let shapes = try MILShapeChoice(function, nil).choose([:])
        let graph = try MILLowering(function, files: MILBlobFiles([:])).lower(function, shapes: shapes, nil)
        return (graph, try graph.inputs.map { try goldens.get().tensor("\(name)/in/\($0.name)") })
    }

    @Test(arguments: names) func operation(_ name: String) throws {
        let goldens = try Self.goldens.get()
        let (graph, inputs) = try Self.case(name)
        let instance = try Instance(Program(graph, mode: .fixed(length: 1)))
        for (port, found) in zip(graph.outputs, try instance.run(inputs)) {
            let expected = try goldens.tensor("\(name)/out/\(port.name)")
            #expect(found.shape == expected.shape && found.dataType == expected.dataType, "\(port.name)")
            guard expected.dataType == .float32 else {
                #expect(found.ints() == expected.ints(), "\(port.name)")
                continue
            }
            for (a, b) in zip(found.floats(), expected.floats()) where a != b {
                #expect(abs(a - b) <= 4e-6 * max(1, abs(b)), "\(port.name): \(a), expected \(b)")
            }
        }
    }

    /// Every operation there is a rule for has a golden, or stands in one of the models with an oracle.
    @Test func everyRuleIsTested() throws {
        var tested: Set<String> = []
        func visit(_ block: MILBlock) {
            for operation in block.operations {
                tested.insert(operation.type)
                operation.blocks.forEach(visit)
            }
        }
        for function in try Self.program.get().functions { visit(function.body) }
        for oracle in InferenceOracleTests.all {
            let ending = CoreMLTestData.exists(oracle.model + ".mlpackage") ? ".mlpackage" : ".mlmodelc"
            let model = try CoreMLModel(path: CoreMLTestData.path(oracle.model + ending))
            for function in try #require(model.program).functions { visit(function.body) }
        }
        #expect(Set(MILOperationTable.rules.keys).subtracting(tested) == [])
    }
}
