import Foundation
import Testing

@testable import Ossicle

@Suite struct CoreMLProgramTests {
    /// Without the two notes that Apple's compiler adds about itself.
    static func withoutCompilerNotes(_ program: MILProgram) -> MILProgram {
        var program = program
        guard var info = program.attributes["buildInfo"], case .dictionary(let entries) = info.content else {
            return program
        }
        let kept = entries.filter { !($0.key.string ?? "").hasPrefix("coremlc-") }.sorted {
            $0.key.string! < $1.key.string!
        }
        info.content = .dictionary(kept)
        program.attributes["buildInfo"] = kept.isEmpty ? nil : info
        return program
    }

    @Test(arguments: CoreMLTestData.pairs) func bothFormsGiveOneProgram(_ pair: String) throws {
        let package = try CoreMLModel(path: CoreMLTestData.path(pair + ".mlpackage"))
        let bundle = try CoreMLModel(path: CoreMLTestData.path(pair + ".mlmodelc"))
        let a = Self.withoutCompilerNotes(try #require(package.program))
        let b = Self.withoutCompilerNotes(try #require(bundle.program))
        #expect(a.version == b.version)
        #expect(a.attributes == b.attributes)
        #expect(a.functions.map(\.name) == b.functions.map(\.name))
        for (f, g) in zip(a.functions, b.functions) {
            #expect(f.inputs == g.inputs)
            #expect(f.flexibleShapes == g.flexibleShapes)
            #expect(f.body.outputs == g.body.outputs)
            for (x, y) in zip(f.body.operations, g.body.operations) { #expect(x == y) }
        }
        #expect(a == b)
        #expect(package.description == bundle.description)
        #expect(package.specificationVersion == bundle.specificationVersion)
    }

    @Test func thereArePairs() { #expect(CoreMLTestData.pairs.count >= 32) }

    @Test(arguments: CoreMLTestData.models(".mil")) func everyTextParses(_ name: String) throws {
        let storage = try Storage.map(path: CoreMLTestData.path(name))
        let program = try MILParser.parse(storage.bytes, name: name)
        #expect(program.functions.allSatisfy { !$0.body.operations.isEmpty && !$0.body.outputs.isEmpty })
    }

    @Test(arguments: CoreMLTestData.packages) func everyPackageParses(_ name: String) throws {
        let model = try CoreMLModel(path: CoreMLTestData.path(name))
        #expect(model.program?.functions.isEmpty == false)
        #expect(!model.description.inputs.isEmpty && !model.description.outputs.isEmpty)
    }

    @Test func nestedBlocksAreRead() throws {
        let model = try CoreMLModel(path: CoreMLTestData.path("generated/gru_uni_1layer_fp32.mlpackage"))
        let loop = try #require(model.program?.functions[0].body.operations.first { $0.type == "while_loop" })
        #expect(loop.blocks.count == 2)
        #expect(loop.arguments["loop_vars"]?.names == ["while_loop_0_loop_vars0_0", "concat_1"])
        #expect(loop.blocks[1].inputs.count == 2 && loop.blocks[1].outputs == ["add_9", "scatter_1"])
    }

    @Test func stateIsRead() throws {
        let model = try CoreMLModel(path: CoreMLTestData.path("generated/stateful_stream_conv_fp16.mlmodelc"))
        let function = try #require(model.program?.functions.first)
        #expect(function.inputs.first == MILNamedType(name: "hist", type: .state(.fixed(.fp16, [1, 2, 4]))))
        #expect(function.body.operations.contains { $0.type == "write_state" && $0.outputs.isEmpty })
        #expect(model.description.states.map(\.name) == ["hist"])
    }

    @Test func flexibleShapesAreRead() throws {
        let range = try CoreMLModel(path: CoreMLTestData.path("generated/flexible_range_fp32.mlpackage"))
        let flexible = try #require(range.program?.functions.first?.flexibleShapes)
        #expect(flexible.defaults == ["x": [1, 1, 96]])
        #expect(flexible.choice == .ranges(["x": [MILRange(1, 1), MILRange(1, 1), MILRange(16, 4096)]]))
        let enumerated = try CoreMLModel(
            path: CoreMLTestData.path("generated/enumerated_shapes_fp32.mlpackage"))
        let sets = try #require(enumerated.program?.functions.first?.flexibleShapes)
        #expect(sets.choice == .enumerated([["x": [1, 8]], ["x": [1, 4]], ["x": [1, 16]]]))
        let text = """
            program(1.3) { func main<ios17>(tensor<fp32, [?]> x) [FlexibleShapeInformation = tuple<tuple<string, \
            dict<string, tensor<int32, [?]>>>, tuple<string, dict<string, dict<string, tensor<int32, [?]>>>>>\
            ((("DefaultShapes", {{"x", [4]}}), ("EnumeratedShapes", {{"543d0f94", {{"x", [1]}}}, {"0b", {{"x", [4]}}}})))] \
            { tensor<fp32, [?]> y = relu(x = x); } -> (y); }
            """
        let parsed = try MILParser.parse(text)
        #expect(parsed.functions[0].flexibleShapes?.choice == .enumerated([["x": [1]], ["x": [4]]]))
    }

    @Test func valuesOfEveryKindAreRead() throws {
        let text = """
            program(1.3)
            [buildInfo = dict<string, string>({{"a", "b\\"c"}}), numbers = list<int32, ?>([1, -2])]
            { func main<ios18>(tensor<fp32, [2]> x) {
                tensor<fp16, [2, 2]> a = const()[val = tensor<fp16, [2, 2]>([[0x1p-1, -0x1.8p+1], [inf, 0x0p+0]])];
                fp64 b = const()[val = fp64(0x1.5555555555555p-2)];
                tensor<int8, [0]> c = const()[val = tensor<int8, [0]>([])];
                tensor<bool, [2]> d = const()[val = tensor<bool, [2]>([true, false])];
                tensor<uint4, [2]> e = const()[val = tensor<uint4, [2]>([15, 0])];
                tensor<fp32, [2]> y = concat(axis = int32(0), values = (x, x))[name = string("y")];
            } -> (y); }
            """
        let program = try MILParser.parse(text)
        let ops = program.functions[0].body.operations
        #expect(ops[0].attributes["val"]?.content == .floats([0.5, -3, .infinity, 0]))
        #expect(ops[1].attributes["val"]?.content == .doubles([1.0 / 3]))
        #expect(ops[2].attributes["val"]?.content == .integers([]))
        #expect(ops[3].attributes["val"]?.bools == [true, false])
        #expect(ops[4].attributes["val"]?.integers == [15, 0])
        #expect(ops[5].arguments["values"]?.names == ["x", "x"])
        #expect(ops[5].arguments["axis"]?.value?.integer == 0)
        #expect(program.attributes["buildInfo"]?["a"]?.string == "b\"c")
        guard case .list(let numbers)? = program.attributes["numbers"]?.content else {
            throw CancellationError()
        }
        #expect(numbers.map(\.integer) == [1, -2])
    }
}
