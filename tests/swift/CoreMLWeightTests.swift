import Foundation
import Testing

@testable import Ossicle

@Suite struct CoreMLWeightTests {
    /// Values coremltools 9.0 expands each constant to (tests/data/coreml/make_weights_oracle.py).
    static func oracle(_ file: String) throws -> [(name: String, shape: [Int], values: [Float])] {
        let tensors = try SafeTensors(path: CoreMLTestData.path(file))
        return try tensors.metadata.map { name, shape in
            let extents = shape.split(separator: ",").compactMap { Int($0) }
            return (name, extents, try tensors.tensor(name).floats())
        }
    }

    /// Every constant of every package, bit for bit: dense, affine, palettes of 1 to 8 bits (plain, grouped, of
    /// vectors, scaled, themselves quantised), sparse, blockwise, sparse palettes and blocks, casts.
    @Test func everyConstantIsWhatCoremltoolsExpands() throws {
        var loaders: [String: CoreMLWeightLoader] = [:]
        var kinds: Set<String> = []
        var count = 0
        for (key, shape, expected) in try Self.oracle("weights_oracle.safetensors") {
            let parts = key.components(separatedBy: ".mlpackage/")
            let names = parts[1].split(separator: "/").map(String.init)
            let id = parts[0] + "/" + names[0]
            let loader =
                try loaders[id]
                ?? CoreMLWeightLoader(path: CoreMLTestData.path(parts[0] + ".mlpackage"), function: names[0])
            loaders[id] = loader
            // Attention masks hold infinities, which the loader refuses as weights: ask the constant itself.
            let program = try #require(loader.source as? CoreMLProgramWeights)
            let array = try program.constants.array(names[1])
            let tensor = try array.float32()
            #expect(tensor.shape == shape, "\(key)")
            #expect(CoreMLTestData.sample(tensor.floats()) == expected, "\(key)")
            if let type = program.constants.operation(names[1])?.type { kinds.insert(type) }
            count += 1
        }
        #expect(count >= 350)
        #expect(
            kinds == [
                "const", "constexpr_affine_dequantize", "constexpr_blockwise_shift_scale", "constexpr_cast",
                "constexpr_lut_to_dense", "constexpr_lut_to_sparse", "constexpr_sparse_to_dense",
                "constexpr_sparse_blockwise_shift_scale",
            ])
    }

    @Test(arguments: CoreMLTestData.pairs) func bundleAndPackageListTheSameWeights(_ pair: String) throws {
        let package = try CoreMLWeightLoader(path: CoreMLTestData.path(pair + ".mlpackage"))
        let bundle = try CoreMLWeightLoader(path: CoreMLTestData.path(pair + ".mlmodelc"))
        #expect(package.availableWeights.map(\.name) == bundle.availableWeights.map(\.name))
        for (a, b) in zip(package.availableWeights, bundle.availableWeights) {
            #expect((a.shape, a.dataType, a.byteCount) == (b.shape, b.dataType, b.byteCount))
            let tensor = try package.loadWeights(name: a.name, expectedShape: a.shape)
            #expect(try bundle.loadWeights(name: b.name).floats() == tensor.floats())
        }
    }

    @Test func theListSaysWhatIsStored() throws {
        let path = CoreMLTestData.path("real/silero_vad_v6/unified_palette_4bit.mlmodelc")
        let loader = try CoreMLWeightLoader(path: path)
        let weight = try #require(loader.availableWeights.first { $0.name == "concat_1_palettized" })
        #expect(weight.shape == [512, 128] && weight.dataType == .uint8 && weight.byteCount == 32768)
        #expect(weight.file == path + "/weights/weight.bin" && weight.offset == 92672 + 64)
        #expect(weight.compression == "constexpr_lut_to_dense")
        // Parameters of operations that are no weights stay out.
        #expect(!loader.availableWeights.contains { $0.name.contains("pad") || $0.dataType == .int32 })
        let sparse = try CoreMLWeightLoader(
            path: CoreMLTestData.path("generated/compress_sparse_lut4_ios18.mlpackage"))
        #expect(sparse.availableWeights.count { $0.compression != nil } == 2)
    }

    @Test func inlineConstantsCount() throws {
        let loader = try CoreMLWeightLoader(
            path: CoreMLTestData.path("generated/flexible_range_fp32.mlmodelc"))
        let bias = try #require(loader.availableWeights.first { $0.name == "var_0_bias" })
        #expect(bias.offset == nil && bias.shape == [4])
        #expect(try loader.loadWeights(name: "var_0_bias").floats()[0] == -0x1.2fcfp-4)
        // The label a constant was given serves too.
        #expect(try loader.loadWeights(name: "op_0_bias").shape == [4])
    }

    @Test func layersLoadByModulePath() throws {
        let loader = try CoreMLWeightLoader(
            path: CoreMLTestData.path("real/silero_vad_v6/unified_int8.mlmodelc"))
        let conv = try loader.loadConv1D(name: "encoder.layers.0")
        #expect(conv.weight.shape == [128, 129, 3] && conv.bias?.shape == [128])
        let mlp = try CoreMLWeightLoader(
            path: CoreMLTestData.path("generated/lstm_uni_1layer_fp32.mlpackage"))
        #expect(try mlp.loadLinear(name: "o").weight.shape == [2, 16])
        #expect(try mlp.loadLinear(name: "y").weight.shape == [2, 16])
        expectError(.weights, "\"encoder.nothing\"") { _ = try loader.loadConv1D(name: "encoder.nothing") }
        expectError(.weights, "expected shape [3]") {
            _ = try loader.loadWeights(name: "concat_0", expectedShape: [3])
        }
        expectError(.weights, "no such weight") { _ = try loader.loadWeights(name: "concat_99") }
    }

    @Test func lstmGatesAreReordered() throws {
        let loader = try CoreMLWeightLoader(
            path: CoreMLTestData.path("generated/lstm_bi_2layer_fp32.mlmodelc"))
        #expect(loader.lstmLayers.count == 2)
        for (layer, reverse, names) in [
            (0, false, ["concat_4", "concat_5", "add_0"]), (0, true, ["concat_6", "concat_7", "add_1"]),
            (1, false, ["concat_14", "concat_15", "add_2"]), (1, true, ["concat_16", "concat_17", "add_3"]),
        ] {
            let lstm = try loader.loadLSTM(layer: layer, reverse: reverse)
            for (tensor, name) in zip([lstm.weightIH, lstm.weightHH, lstm.biasIH], names) {
                let raw = try loader.loadWeights(name: name).floats()
                let q = raw.count / 4
                // i, f, o, g in the file; i, f, g, o in PyTorch.
                let expected = raw[..<(2 * q)] + raw[(3 * q)...] + raw[(2 * q)..<(3 * q)]
                #expect(tensor.floats() == Array(expected))
            }
            #expect(lstm.biasHH.floats().allSatisfy { $0 == 0 } && lstm.biasHH.shape == lstm.biasIH.shape)
        }
        expectError(.weights, "found 2") { _ = try loader.loadLSTM(layer: 2) }
        expectError(.weights, "found 0") { _ = try loader.loadLSTM(prefix: "nothing") }
    }

    /// PyTorch's formulas with the loaded weights give the output that PyTorch gave.
    @Test func lstmWeightsComputeWhatPyTorchDid() throws {
        let loader = try CoreMLWeightLoader(
            path: CoreMLTestData.path("generated/lstm_uni_1layer_fp32.mlpackage"))
        let oracle = try SafeTensors(
            path: CoreMLTestData.path("generated/lstm_uni_1layer_fp32.oracle.safetensors"))
        let (x, y) = (try oracle.tensor("in/x"), try oracle.tensor("out/y"))
        let (lstm, out) = (try loader.loadLSTM(), try loader.loadLinear(name: "o"))
        func dot(_ matrix: Tensor, _ row: Int, _ vector: [Double]) -> Double {
            let floats = matrix.floats()
            return vector.indices.reduce(0) { $0 + Double(floats[row * vector.count + $1]) * vector[$1] }
        }
        func sigmoid(_ v: Double) -> Double { 1 / (1 + exp(-v)) }
        let (steps, features, hidden) = (x.shape[1], x.shape[2], lstm.weightHH.shape[1])
        let (input, bias) = (
            x.floats().map(Double.init),
            zip(lstm.biasIH.floats(), lstm.biasHH.floats()).map { Double($0 + $1) }
        )
        var (h, c) = ([Double](repeating: 0, count: hidden), [Double](repeating: 0, count: hidden))
        var error = 0.0
        for step in 0..<steps {
            let frame = Array(input[(step * features)..<((step + 1) * features)])
            let gates = (0..<(4 * hidden)).map {
                dot(lstm.weightIH, $0, frame) + dot(lstm.weightHH, $0, h) + bias[$0]
            }
            for i in 0..<hidden {
                c[i] = sigmoid(gates[hidden + i]) * c[i] + sigmoid(gates[i]) * tanh(gates[2 * hidden + i])
                h[i] = sigmoid(gates[3 * hidden + i]) * tanh(c[i])
            }
            for i in 0..<out.weight.shape[0] {
                let value = dot(out.weight, i, h) + Double(out.bias?.floats()[i] ?? 0)
                error = max(error, abs(value - Double(y.floats()[step * out.weight.shape[0] + i])))
            }
        }
        #expect(error < 1e-6)
    }

    @Test func functionsHaveTheirOwnWeights() throws {
        let path = CoreMLTestData.path("generated/multifunction_ios18.mlmodelc")
        let loader = try CoreMLWeightLoader(path: path)
        #expect((loader.source as? CoreMLProgramWeights)?.function.name == "tanh_fn")
        #expect(loader.availableWeights.map(\.name) == ["l_bias", "l_weight"])
        #expect(try CoreMLWeightLoader(path: path, function: "relu_fn").availableWeights.count == 2)
        expectError(.invalidArgument, "relu_fn, tanh_fn") {
            _ = try CoreMLWeightLoader(path: path, function: "x")
        }
    }

    @Test func espressoWeightsMatchTheFoldedOracle() throws {
        let loader = try CoreMLWeightLoader(
            path: CoreMLTestData.path("real/espresso_cardscan/FourRecognize.mlmodelc"))
        let oracle = try Self.oracle("real/espresso_cardscan/FourRecognize.weights_oracle.safetensors")
        #expect(oracle.count == 44 && loader.availableWeights.count == 44)
        for (name, shape, expected) in oracle {
            let values = CoreMLTestData.sample(
                try loader.loadWeights(name: name, expectedShape: shape).floats())
            #expect(values.count == expected.count)
            let scale = expected.reduce(0) { max($0, abs($1)) }
            // The file holds float16: relative 2e-3, absolute 2e-6 of the largest for what float16 flushes.
            for (a, b) in zip(values, expected) {
                #expect(abs(a - b) <= 2e-3 * abs(b) + 2e-6 * scale, "\(name)")
            }
        }
        #expect(try loader.loadLinearOrConvolutionShape("conv1") == [12, 3, 3, 3])
    }

    /// The `.mlmodel` of the same network has its batch norms apart: folding them here must give the same oracle.
    @Test func specificationWeightsMatchTheOracleWhenFolded() throws {
        let model = try CoreMLModel(path: CoreMLTestData.path("real/espresso_cardscan/FourRecognize.mlmodel"))
        guard case .network(let layers, _) = model.content else { throw CancellationError() }
        let loader = try CoreMLWeightLoader(model)
        var folded = 0
        for (name, shape, expected) in try Self.oracle(
            "real/espresso_cardscan/FourRecognize.weights_oracle.safetensors")
        where name.hasSuffix(".weight") {
            let layer = String(name.dropLast(".weight".count))
            var weight = try loader.loadWeights(name: name, expectedShape: shape).floats()
            let index = try #require(layers.firstIndex { $0.name == layer })
            if index + 1 < layers.count, layers[index + 1].kind == 160 {
                let norm = layers[index + 1].name
                let gamma = try loader.loadWeights(name: norm + ".weight", expectedShape: [shape[0]]).floats()
                let variance = try loader.loadWeights(name: norm + ".running_var").floats()
                let inner = weight.count / shape[0]
                for i in weight.indices {
                    // The epsilon the file states; the loader carries weights alone.
                    weight[i] *= gamma[i / inner] / (variance[i / inner] + 1e-5).squareRoot()
                }
                folded += 1
            }
            for (a, b) in zip(CoreMLTestData.sample(weight), expected) {
                #expect(abs(a - b) <= 1e-5 * abs(b) + 1e-7, "\(name)")
            }
        }
        #expect(folded > 10)
    }

    @Test func infinityIsRefusedAndOddMagnitudesAreWarnedOf() throws {
        let text = """
            program(1.0) { func main<ios16>(tensor<fp32, [1]> x) {
                tensor<fp32, [2, 1]> bad = const()[val = tensor<fp32, [2, 1]>([[0x1p+0], [inf]])];
                tensor<fp32, [2, 1]> odd = const()[val = tensor<fp32, [2, 1]>([[0x1p+40], [0x1p+0]])];
                tensor<fp32, [1]> y = relu(x = x); } -> (y); }
            """
        let folder = try TemporaryFolder()
        let warnings = Collected()
        let loader = try Self.loader(text, in: folder, warnings)
        expectError(.weights, "\"bad\": expected finite weights, found inf at flat index 1") {
            _ = try loader.loadWeights(name: "bad")
        }
        #expect(warnings.names.isEmpty)
        _ = try loader.loadWeights(name: "odd")
        #expect(warnings.names == ["odd"])
    }

    /// All weights of a model with a causal mask can be had; an infinite weight of a layer, or a NaN anywhere, cannot.
    @Test(arguments: [("-inf", "0x1p+0", nil), ("0x1p+0", "inf", "w"), ("nan", "0x1p+0", "mask")])
    func masksAreKeptWhereAllIsLoaded(_ mask: String, _ weight: String, _ refused: String?) throws {
        let text = """
            program(1.0) { func main<ios16>(tensor<fp32, [1, 2]> x) {
                tensor<fp32, [1, 2]> mask = const()[val = tensor<fp32, [1, 2]>([[0x0p+0, \(mask)]])];
                tensor<fp32, [2, 2]> w = const()[val = tensor<fp32, [2, 2]>([[0x0p+0, \(weight)], [0x1p+0, 0x1p+1]])];
                tensor<fp32, [1, 2]> z = linear(x = x, weight = w);
                tensor<fp32, [1, 2]> y = add(x = z, y = mask); } -> (y); }
            """
        let folder = try TemporaryFolder()
        let warnings = Collected()
        let loader = try Self.loader(text, in: folder, warnings)
        if let refused {
            expectError(.weights, "\"\(refused)\": expected finite weights") { _ = try loader.loadAll() }
            return
        }
        let all = try loader.loadAll()
        #expect(all.map(\.name) == ["mask", "w"] && all[0].tensor.floats() == [0, -.infinity])
        #expect(warnings.names == ["mask"])
        expectError(.weights, "found -inf") { _ = try loader.loadWeights(name: "mask") }
    }

    /// States that begin at zero have nothing to learn.
    @Test func zeroInitialStatesAreNotOdd() throws {
        let text = """
            program(1.0) { func main<ios16>(tensor<fp32, [2, 1, 1]> x) {
                tensor<fp32, [1, 1]> zero = const()[val = tensor<fp32, [1, 1]>([[0x0p+0]])];
                tensor<fp32, [3, 1]> w = const()[val = tensor<fp32, [3, 1]>([[0x0p+0], [0x0p+0], [0x0p+0]])];
                tensor<fp32, [1, 1, 1]> y, tensor<fp32, [1, 1]> h = gru(x = x, initial_h = zero, weight_ih = w, weight_hh = w); } -> (y); }
            """
        let folder = try TemporaryFolder()
        let warnings = Collected()
        _ = try Self.loader(text, in: folder, warnings).loadAll()
        #expect(warnings.names == ["w"])
    }

    /// Of constant tensors with two axes only matrices are odd, not what scales and shifts a normalization.
    @Test func constantNormalizationsAreNotOdd() throws {
        let (ones, zeros) = ("[[0x1p+0, 0x1p+0], [0x1p+0, 0x1p+0]]", "[[0x0p+0, 0x0p+0], [0x0p+0, 0x0p+0]]")
        let text = """
            program(1.0) { func main<ios16>(tensor<fp32, [2, 2]> x) {
                tensor<fp32, [2, 2]> scale = const()[name = tensor<string, []>("g"), val = tensor<fp32, [2, 2]>(\(ones))];
                tensor<fp32, [2, 2]> shift = const()[val = tensor<fp32, [2, 2]>(\(zeros))];
                tensor<fp32, [2, 2]> matrix = const()[val = tensor<fp32, [2, 2]>(\(ones))];
                tensor<int32, [2]> axes = const()[val = tensor<int32, [2]>([0, 1])];
                tensor<fp32, [2, 2]> n = layer_norm(x = x, axes = axes, gamma = scale, beta = shift);
                tensor<fp32, [2, 2]> y = linear(x = n, weight = matrix); } -> (y); }
            """
        let folder = try TemporaryFolder()
        let warnings = Collected()
        let loader = try Self.loader(text, in: folder, warnings)
        #expect(loader.availableWeights.map(\.name) == ["scale", "shift", "matrix"])
        for name in ["scale", "g", "shift", "matrix"] { _ = try loader.loadWeights(name: name) }
        #expect(warnings.names == ["matrix"])
    }

    /// A loader of a compiled model.
    ///
    /// - Parameters:
    ///   - weights: as its weight file holds them at byte 64.
    ///   - description: a `ModelDescription`.
    static func loader(
        _ text: String, in folder: TemporaryFolder, _ warnings: Collected, weights: [Float] = [],
        description: Message = Message()
    ) throws -> CoreMLWeightLoader {
        if !weights.isEmpty {
            // A blob file of one float32 blob.
            let size = UInt32(weights.count * 4)
            var words: [UInt32] = [1, 2] + [UInt32](repeating: 0, count: 14)
            words += [0xdead_beef, 2, size, 0, 128, 0] + [UInt32](repeating: 0, count: 10)
            words += weights.map(\.bitPattern)
            try folder.write(
                words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } },
                "m.mlmodelc/weights/weight.bin")
        }
        try folder.write(Array(text.utf8), "m.mlmodelc/model.mil")
        try folder.write(
            description.bytes.withUnsafeBytes {
                CoreMLBundleData.encode(specificationVersion: 7, description: $0)
            }, "m.mlmodelc/coremldata.bin")
        return try CoreMLWeightLoader(
            path: folder.path + "/m.mlmodelc", options: LoadOptions(warn: { warnings.add($0.tensor) }))
    }
}

extension CoreMLWeightLoader {
    fileprivate func loadLinearOrConvolutionShape(_ layer: String) throws -> [Int] {
        try loadWeights(name: layer + ".weight").shape
    }
}

final class Collected: @unchecked Sendable {
    private let lock = NSLock()
    private var all: [String] = []
    func add(_ name: String) { lock.withLock { all.append(name) } }
    var names: [String] { lock.withLock { all } }
}

/// A folder that goes away with the test.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "ossicle-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ bytes: [UInt8], _ name: String) throws {
        let url = URL(fileURLWithPath: path + "/" + name)
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }
}

func expectError(
    _ code: OssicleError.Code, _ text: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> Void
) {
    let error = #expect(throws: OssicleError.self, sourceLocation: sourceLocation) { try body() }
    guard let error else { return }
    #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
    #expect(error.message.contains(text), "\(error)", sourceLocation: sourceLocation)
}
