import Foundation
import Testing

@testable import Ossicle

@Suite struct RTNeuralTests {
    static func read(_ name: String, options: LoadOptions = LoadOptions()) throws -> LayerChain {
        let path = TestData.path("models/\(name)")
        return try LayerChain.read(
            JSON.parse(Storage.map(path: path), file: name), file: name, options: options)
    }

    /// Rows of comma-separated numbers.
    static func table(_ name: String) throws -> Frames {
        try String(decoding: TestData.bytes("models/rtneural/\(name).csv"), as: UTF8.self)
            .split(whereSeparator: \.isNewline).map {
                try $0.split(separator: ",").map { try #require(Double($0)) }
            }
    }

    static func error(_ a: Frames, _ b: Frames) -> Double {
        guard a.count == b.count, !a.isEmpty, zip(a, b).allSatisfy({ $0.count == $1.count }) else {
            return .infinity
        }
        return zip(a.joined(), b.joined()).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }

    /// Against Keras's own output, which is float32.
    @Test(arguments: ["dense", "conv", "gru_1d", "lstm_1d"]) func matchesKeras(_ name: String) throws {
        let chain = try Self.read("rtneural/\(name).json")
        let expected = try Self.table("\(name)_y")
        #expect(Self.error(chain.reference(try Self.table("\(name)_x")), expected) < 2e-7)
        // The control: an output that is wrong in one place is seen.
        var wrong = expected
        wrong[7][0] += 1e-6
        #expect(Self.error(chain.reference(try Self.table("\(name)_x")), wrong) > 5e-7)
    }

    @Test func sizesAndLayouts() throws {
        let chain = try Self.read("rtneural/conv.json")
        #expect(chain.inputs == 1)
        #expect(chain.outputs == 1)
        guard case .convolution(let grouped) = chain.layers[8] else {
            Issue.record("expected the grouped convolution, found \(chain.layers[8])")
            return
        }
        #expect(
            (grouped.inputs, grouped.outputs, grouped.kernel, grouped.dilation, grouped.groups) == (
                4, 6, 3, 2, 2
            ))
        #expect(grouped.past == 4)
        #expect(grouped.weight.count == 6 * 2 * 3)
    }

    @Test func refusesWeightsOfAnotherWidth() {
        let error = #expect(throws: OssicleError.self) { try Self.read("rtneural/bad_lstm.json") }
        #expect(error?.code == .malformed)
        #expect(
            error?.message == "rtneural/bad_lstm.json: layers[0].weights[0][0]: expected 64 numbers, found 80"
        )
    }

    /// The PyTorch state dictionaries beside the models: named tensors in nested arrays.
    @Test func readsStateDictionaries() throws {
        let path = TestData.path("models/rtneural/lstm_torch.json")
        let source = try WeightSource(stateDict: JSON.parse(Storage.map(path: path), file: "f"), file: "f")
        func layer(_ name: String, _ inputs: Int) throws -> FileRecurrent {
            func take(_ key: String, _ shape: [Int]) throws -> [Float] {
                try source.takeFloats(name.replacing("*", with: key), shape: shape)
            }
            return FileRecurrent(
                cell: .lstm, inputs: inputs, hidden: 8, weightIH: try take("weight_ih", [32, inputs]),
                weightHH: try take("weight_hh", [32, 8]), biasIH: try take("bias_ih", [32]),
                biasHH: try take("bias_hh", [32]))
        }
        var x = FileReference.recurrent(try layer("lstm.*_l0", 1), try Self.table("lstm_torch_x_python"))
        for i in 0..<3 { x = FileReference.recurrent(try layer("lstm2.*_l\(i)", 8), x) }
        let dense = FileLinear(
            inputs: 8, outputs: 1, weight: try source.takeFloats("dense.weight", shape: [1, 8]),
            bias: try source.takeFloats("dense.bias", shape: [1]))
        try source.finish()
        #expect(Self.error(FileReference.linear(dense, x), try Self.table("lstm_torch_y_python")) < 2e-7)
    }

    @Test func stateDictionariesMustBeRectangular() throws {
        for text in [
            #"{"w":[[1,2],[3]]}"#, #"{"w":[[1],2]}"#, #"{"w":[1,[2]]}"#, #"{"w":"x"}"#,
            #"{"w":[[[]],[[1]]]}"#,
        ] {
            let error = #expect(throws: OssicleError.self) {
                try WeightSource(stateDict: JSON.parse(text), file: "f")
            }
            #expect(error?.message.contains("w") == true)
        }
        let scalar = try WeightSource(stateDict: JSON.parse(#"{"a":3,"b":[[],[]]}"#), file: "f")
        #expect(scalar.peek("a")?.shape == [])
        #expect(scalar.peek("b")?.shape == [2, 0])
    }

    @Test func checksEveryWeight() throws {
        let text = try String(decoding: TestData.bytes("models/rtneural/lstm_1d.json"), as: UTF8.self)
        let broken = text.replacing("-0.3998255729675293", with: "1e39")
        let error = #expect(throws: OssicleError.self) { try LayerChain.read(JSON.parse(broken), file: "f") }
        #expect(error?.code == .weights)
        #expect(
            error?.message
                == #"f: tensor "layers[1].weights[0]": expected finite weights, found inf at flat index 0 of 8"#
        )
    }

    static let refused: [(String, String)] = [
        (#"{}"#, "expected the key"),
        (#"{"layers":[]}"#, #"the key "in_shape" is missing"#),
        (#"{"in_shape":[1],"layers":[]}"#, "layers: expected at least one layer"),
        (#"{"in_shape":[],"layers":[]}"#, "in_shape: expected a shape"),
        (#"{"in_shape":[null,1,2,3],"layers":[]}"#, "in_shape: two-dimensional"),
        (#"{"in_shape":[null],"layers":[]}"#, "in_shape[0]: expected an integer"),
        (layer(#""type":"conv2d""#), #"layers[0].type: layer type "conv2d" is not supported"#),
        (layer(#""type":"dense","activation":"gelu""#), #"layers[0].activation: "gelu" is not supported"#),
        (layer(#""type":"lstm","activation":"relu""#), "a recurrent layer with \"relu\""),
        (layer(#""type":"dense""#), "layers[0]: expected 1 or 2 weights, found 0"),
        (
            layer(#""type":"dense""#, weights: "[[[1],[2]],[0]]"),
            "layers[0].weights[0]: expected 1 arrays, found 2"
        ),
        (
            layer(#""type":"dense""#, weights: "[[[1]],[0,1]]"),
            "layers[0].weights[1]: expected 1 numbers, found 2"
        ),
        (
            layer(#""type":"conv1d","kernel_size":[1],"groups":2"#, weights: "[[[[1]]]]"),
            "do not divide into 2 groups"
        ),
        (
            layer(#""type":"conv1d","kernel_size":[1],"strides":0"#, weights: "[[[[1]]]]"),
            "strides: expected an integer"
        ),
        (
            layer(#""type":"batchnorm","epsilon":0"#, weights: "[[1],[-1]]"),
            "expected variances above -epsilon"
        ),
        (
            layer(#""type":"batchnorm","epsilon":0"#, weights: "[[1],[1],[1]]"),
            "expected 2 or 4 weights, found 3"
        ),
        (layer(#""type":"activation","activation":"""#), "an activation layer without activation"),
        (
            #"{"in_shape":[2],"layers":[{"type":"prelu","shape":[3],"weights":[[[1]]]}]}"#,
            "expected 2 channels"
        ),
        (layer(#""type":"prelu""#, weights: "[[]]"), "expected an array of one array"),
        (identity(#""in_skip":2"#), "in_skip: expected an integer in 0...1"),
        (identity(#""out_gain":1e5"#), "a gain overflows"),
        (identity(#""input_batch":[1],"output_batch":[]"#), "output_batch: expected 1 numbers, found 0"),
        (identity(#""samplerate":"fast""#), "samplerate: expected a sample rate"),
    ]

    static func layer(_ fields: String, weights: String = "[]") -> String {
        #"{"in_shape":[1],"layers":[{"# + fields + #","shape":[1],"weights":"# + weights + "}]}"
    }

    static func identity(_ fields: String) -> String {
        #"{"in_shape":[1],"layers":[{"type":"dense","shape":[1],"weights":[[[1]]]}],"# + fields + "}"
    }

    @Test(arguments: refused) func refuses(_ text: String, _ message: String) {
        let error = #expect(throws: OssicleError.self) { try LayerChain.read(JSON.parse(text), file: "f") }
        #expect(error?.message.hasPrefix("f: ") == true)
        #expect(error?.message.contains(message) == true, "\(error?.message ?? "no error")")
    }
}

@Suite struct AIDAXTests {
    @Test func selfTestPasses() throws {
        var chain = try RTNeuralTests.read("own/aidax.json")
        #expect(chain.skip)
        #expect(chain.sampleRate == 48_000)
        #expect(chain.metadata.map(\.key) == ["name", "samplerate"])
        #expect(abs(chain.inputGain - 0.501187234) < 1e-7)
        #expect(abs(chain.outputGain - 1.496235656) < 1e-6)
        let test = try #require(chain.selfTest)
        (chain.inputGain, chain.outputGain) = (1, 1)
        let x = test.input.map { [Double($0)] }
        let expected = test.output.map { [Double($0)] }
        #expect(RTNeuralTests.error(chain.reference(x), expected) < 1e-6)
        chain.skip = false
        #expect(RTNeuralTests.error(chain.reference(x), expected) > 0.1)
    }

    @Test func gainsInDecibels() throws {
        func gain(_ decibels: String) throws -> Float {
            try LayerChain.read(JSON.parse(RTNeuralTests.identity(#""in_gain":\#(decibels)"#)), file: "f")
                .inputGain
        }
        #expect(try gain("0") == 1)
        #expect(try gain("20") == 10)
        #expect(try gain("-90") == 0)
    }
}

@Suite struct GuitarMLTests {
    @Test func matchesItsDefinition() throws {
        let chain = try RTNeuralTests.read("own/guitarml.json")
        #expect(chain.layers.count == 3)
        let x = try TestData.floats("models/own/guitarml.input.f32").map { [Double($0)] }
        let expected = try TestData.floats("models/own/guitarml.expected.f32").map { [Double($0)] }
        #expect(RTNeuralTests.error(chain.reference(x), expected) < 2e-7)
    }

    @Test func refuses() throws {
        let text = try String(decoding: TestData.bytes("models/own/guitarml.json"), as: UTF8.self)
        for (change, by, message) in [
            (
                #""unit_type": "LSTM""#, #""unit_type": "RNN""#,
                #"model_data.unit_type: "RNN" is not supported"#
            ),
            (
                #""hidden_size": 6"#, #""hidden_size": 7"#,
                #"tensor "rec.weight_ih_l0": expected shape [28, 1], found [24, 1]"#
            ),
            (#""num_layers": 2"#, #""num_layers": 1"#, "found 4 left over"),
            (#""num_layers": 2"#, #""num_layers": 3"#, #"tensor "rec.weight_ih_l2": missing"#),
            ("lin.bias", "lin.b", #"tensor "lin.bias": missing"#),
        ] {
            #expect(text.contains(change))
            let error = #expect(throws: OssicleError.self) {
                try LayerChain.read(JSON.parse(text.replacing(change, with: by)), file: "f")
            }
            #expect(error?.message.hasPrefix("f: ") == true)
            #expect(error?.message.contains(message) == true, "\(error?.message ?? "no error")")
        }
    }
}
