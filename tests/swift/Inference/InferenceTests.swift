import CKernels
import Testing

@testable import Ossicle

/// What `BNNSInference` promises beside its numbers.
@Suite struct InferenceTests {
    static func load(_ name: String, function: String? = nil, shapes: [String: [Int]] = [:]) throws -> BNNSInference {
        try BNNSInference(modelPath: CoreMLTestData.path("generated/" + name), function: function, shapes: shapes)
    }

    /// The same numbers each time.
    static func noise(_ count: Int) -> [Float] {
        var rng = SeededGenerator(11)
        return Array64.random([count], &rng).floats
    }

    /// A program of one function, as a `.mlmodelc` would hold it.
    static func graph(_ text: String) throws -> Graph {
        let source = "program(1.3)\n{\n" + text + "\n}"
        let program = try MILParser.parse(source)
        let function = program.functions[0]
        let shapes = try MILShapeChoice(function, nil).choose([:])
        return try MILLowering(function, files: MILBlobFiles([:])).lower(function, shapes: shapes, nil)
    }

    /// Runs such a program on tensors, in the order of its inputs.
    static func run(_ text: String, _ inputs: [Tensor] = []) throws -> [Tensor] {
        try Instance(Program(graph(text), mode: .fixed(length: 1))).run(inputs)
    }

    // MARK: Ports

    @Test func portsAreDescribed() throws {
        let model = try BNNSInference(
            modelPath: CoreMLTestData.path("real/silero_vad_v6/silero-vad-unified-v6.0.0.mlmodelc"))
        #expect(model.engine == .ossicle)
        #expect(model.function == "main" && model.functions == ["main"])
        #expect(model.inputs.map(\.name) == ["audio_input", "hidden_state", "cell_state"])
        #expect(model.inputs.map(\.shape) == [[1, 576], [1, 128], [1, 128]])
        #expect(model.outputs.map(\.name) == ["vad_output", "new_hidden_state", "new_cell_state"])
        #expect(model.outputs.allSatisfy { $0.dataType == .float32 && $0.declaredType == .fp32 })
        #expect(model.describe().contains("lstm"))
        let half = try BNNSInference(
            modelPath: CoreMLTestData.path("real/coremltools_add_model/add_model.mlmodelc"))
        #expect(half.inputs.map(\.declaredType) == [.fp16, .fp16])
        #expect(half.inputs.map(\.dataType) == [.float32, .float32])
    }

    @Test func integersAreInt32() throws {
        let text = """
            func main<ios18>(tensor<int32, [3]> x) {
                tensor<int32, [3]> two = const()[name = string("two"), val = tensor<int32, [3]>([2, 2, 2])];
                tensor<int32, [3]> y = mul(x = x, y = two)[name = string("y")];
            } -> (y);
            """
        let y = try Self.run(text, [Tensor([1, -2, 1 << 28] as [Int32], shape: [3])])
        #expect(y[0].dataType == .int32 && y[0].ints() == [2, -4, 1 << 29])
    }

    // MARK: Shapes

    @Test func flexibleShapesAreChosenAtLoad() throws {
        let standard = try Self.load("flexible_range_fp32.mlpackage")
        #expect(standard.inputs[0].shape == [1, 1, 96])
        #expect(standard.inputs[0].flexibility == .ranges([MILRange(1, 1), MILRange(1, 1), MILRange(16, 4096)]))
        let long = try Self.load("flexible_range_fp32.mlmodelc", shapes: ["x": [1, 1, 200]])
        #expect(long.inputs[0].shape == [1, 1, 200] && long.outputs[0].shape == [1, 1, 200])
        // A convolution's result does not depend on what comes later.
        let x = InferenceTests.noise(200)
        let whole = try long.predict(x), part = try standard.predict(Array(x[..<96]))
        #expect(zip(whole[..<80], part).allSatisfy { abs($0 - $1) < 1e-6 })
    }

    @Test func shapesOutsideTheRangeAreRefused() throws {
        expectError(.shapeMismatch, "[1, 1, 16…4096]") {
            _ = try Self.load("flexible_range_fp32.mlpackage", shapes: ["x": [1, 1, 15]])
        }
        expectError(.invalidArgument, "there are \"x\"") {
            _ = try Self.load("flexible_range_fp32.mlpackage", shapes: ["z": [1, 1, 96]])
        }
        expectError(.shapeMismatch, "[1, 8] or [1, 4] or [1, 16]") {
            _ = try Self.load("enumerated_shapes_fp32.mlpackage", shapes: ["x": [1, 5]])
        }
        #expect(try Self.load("enumerated_shapes_fp32.mlpackage", shapes: ["x": [1, 16]]).inputs[0].shape == [1, 16])
        expectError(.shapeMismatch, "[3, 24]") {
            _ = try Self.load("linear_fp32.mlpackage", shapes: ["x": [4, 24]])
        }
    }

    // MARK: Functions

    @Test func functionsAreChosenByName() throws {
        let model = try Self.load("multifunction_ios18.mlpackage", function: "relu_fn")
        #expect(model.function == "relu_fn" && Set(model.functions) == ["relu_fn", "tanh_fn"])
        let x = [Float](repeating: 0.1, count: model.inputs[0].count)
        #expect(try model.predict(x).allSatisfy { $0 >= 0 })
        expectError(.invalidArgument, "\"relu_fn\"") {
            _ = try Self.load("multifunction_ios18.mlpackage", function: "missing")
        }
    }

    // MARK: Predictions

    @Test func predictionsOnBuffersCheckSizes() throws {
        let model = try Self.load("linear_fp32.mlpackage")
        let x = InferenceTests.noise(72)
        var y = [Float](repeating: 0, count: 21)
        func status(_ inputs: Int, _ outputs: Int) -> Int32 {
            x.withUnsafeBufferPointer { x in
                y.withUnsafeMutableBufferPointer { y in
                    model.predictStatus(
                        UnsafeBufferPointer(rebasing: x[..<inputs]), UnsafeMutableBufferPointer(rebasing: y[..<outputs]))
                }
            }
        }
        #expect(status(72, 21) == 0)
        #expect(status(71, 21) == OssicleError.Code.shapeMismatch.rawValue)
        #expect(status(72, 20) == OssicleError.Code.shapeMismatch.rawValue)
        #expect(y == (try model.predict(x)))
        expectError(.shapeMismatch, "x float32[3, 24]") { _ = try model.predict([1, 2]) }
        var both = [Float](repeating: 0, count: 80)
        let overlapping = both.withUnsafeMutableBufferPointer { both in
            model.predictStatus(
                UnsafeBufferPointer(rebasing: both[..<72]), UnsafeMutableBufferPointer(rebasing: both[59..<80]))
        }
        #expect(overlapping == OssicleError.Code.invalidArgument.rawValue)
    }

    @Test func namedArraysAreChecked() throws {
        let model = try Self.load("embedding_int32_fp32.mlpackage")
        let codes = try Tensor([Int32](repeating: 3, count: 12), shape: [1, 12])
        let x = try Tensor([Float](repeating: 1, count: 96), shape: [1, 12, 8])
        #expect(try model.predict(["codes": codes, "x": x])["y"]?.shape == [1, 12, 3])
        expectError(.invalidArgument, "\"codes\" is missing") { _ = try model.predict(["x": x]) }
        expectError(.invalidArgument, "expected int32, found float32") {
            _ = try model.predict(["codes": Tensor([Float](repeating: 3, count: 12), shape: [1, 12]), "x": x])
        }
        expectError(.shapeMismatch, "expected [1, 12, 8], found [12, 8]") {
            _ = try model.predict(["codes": codes, "x": Tensor([Float](repeating: 1, count: 96), shape: [12, 8])])
        }
        expectError(.invalidArgument, "found 3 arrays") {
            _ = try model.predict(["codes": codes, "x": x, "z": x])
        }
    }

    @Test func aBatchIsManyPredictions() throws {
        let model = try Self.load("linear_fp32.mlpackage")
        let x = InferenceTests.noise(72 * 3)
        var y = [Float](repeating: 0, count: 21 * 3)
        try x.withUnsafeBufferPointer { x in
            try y.withUnsafeMutableBufferPointer { y in try model.predictBatch(x, y, count: 3) }
        }
        for i in 0..<3 {
            #expect(Array(y[(21 * i)..<(21 * i + 21)]) == (try model.predict(Array(x[(72 * i)..<(72 * i + 72)]))))
        }
    }

    // MARK: States

    @Test func statesGoOnAndReset() throws {
        let model = try Self.load("stateful_stream_conv_fp16.mlmodelc")
        #expect(model.states.map(\.name) == ["hist"] && model.states[0].shape == [1, 2, 4])
        let x = InferenceTests.noise(32)
        let first = try model.predict(x), second = try model.predict(x)
        #expect(first != second)
        model.resetState()
        #expect(try model.predict(x) == first)
        #expect(try model.predict(x) == second)
    }

    // MARK: Unsupported

    @Test func everythingUnsupportedIsReportedAtOnce() throws {
        let text = """
            func main<ios17>(tensor<fp32, [4]> x, tensor<fp32, [4]> z) {
                tensor<fp32, [4]> a = random_thing(x = x)[name = string("a")];
                tensor<fp32, [4]> b = random_thing(x = a)[name = string("b")];
                tensor<fp32, [4]> c = crop_resize(x = x)[name = string("c")];
                tensor<fp32, [4]> d = gelu(mode = string("OTHER"), x = a)[name = string("d")];
                tensor<fp32, [4]> e = clip(alpha = fp32(0x0p+0), beta = z, x = d)[name = string("e")];
            } -> (e);
            """
        for part in [
            "\"random_thing\" is not supported (\"a\" and 1 more)", "\"crop_resize\" is not supported (\"c\")",
            "\"d\" (\"gelu\"): mode \"OTHER\"", "\"e\" (\"clip\"): parameter \"beta\" depends on the inputs",
        ] {
            expectError(.unsupported, part) { _ = try Self.graph(text) }
        }
    }

    @Test func olderNetworksAreNotRun() throws {
        expectError(.unsupported, "only ML Programs are run") {
            _ = try BNNSInference(
                modelPath: CoreMLTestData.path("real/espresso_cardscan/FourRecognize.mlmodelc"))
        }
    }

    @Test func contradictionsAreFound() throws {
        expectError(.malformed, "is declared") {
            _ = try Self.graph(
                """
                func main<ios17>(tensor<fp32, [4]> x) {
                    tensor<fp32, [5]> y = relu(x = x)[name = string("y")];
                } -> (y);
                """)
        }
        expectError(.malformed, "perm") {
            _ = try Self.graph(
                """
                func main<ios17>(tensor<fp32, [4, 2]> x) {
                    tensor<fp32, [2, 4]> y = transpose(x = x)[name = string("y")];
                } -> (y);
                """)
        }
    }

    @Test func hugeShapesAreRefused() throws {
        expectError(.malformed, "268435456") {
            _ = try Self.graph(
                """
                func main<ios17>(tensor<fp32, [4]> x) {
                    tensor<fp32, [?, ?, ?]> y = fill(shape = tensor<int32, [3]>([100000, 100000, 100000]), value = fp32(0x0p+0))[name = string("y")];
                } -> (y);
                """)
        }
    }
}

/// What is told of a model before it is run, and Core ML models among the others.
@Suite struct CoreMLSummaryTests {
    @Test func operationsAndPrecisionsAreCounted() throws {
        let summary = CoreMLSummary(
            try CoreMLModel(path: CoreMLTestData.path("real/silero_vad_v6/silero-vad-unified-v6.0.0.mlmodelc")))
        #expect(summary.kind == .program && summary.defaultFunction == "main")
        let function = try #require(summary.functions.first)
        #expect(function.unsupported == nil)
        #expect(function.operations.first { $0.name == "conv" }?.count == 6)
        #expect(function.operations.first { $0.name == "lstm" }?.count == 1)
        #expect(summary.computePrecision.contains("Float16") && summary.storagePrecision?.contains("Float16") == true)
        let older = CoreMLSummary(
            try CoreMLModel(path: CoreMLTestData.path("real/espresso_cardscan/FourRecognize.mlmodelc")))
        #expect(older.kind == .espresso && older.functions.isEmpty)
    }

    @Test func modelsLoadCoreMLToo() throws {
        let path = CoreMLTestData.path("generated/flexible_range_fp32.mlpackage")
        let model = try Model.load(path: path)
        #expect(model.facts.format == "coreml")
        let x = try Tensor(InferenceTests.noise(160), shape: [1, 1, 160])
        let y = try model.forward(x)
        let inference = try BNNSInference(modelPath: path, shapes: ["x": [1, 1, 160]])
        #expect(try inference.predict(x.floats()) == y.floats())
        expectError(.unsupported, "BNNSInference") {
            _ = try Model.load(path: CoreMLTestData.path("generated/embedding_int32_fp32.mlpackage"))
        }
    }
}
