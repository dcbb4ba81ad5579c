import Testing

@testable import Ossicle

/// Every model against what PyTorch, NumPy or ONNX Runtime computed, from both of its forms.
@Suite struct InferenceOracleTests {
    static let exact: [String] = [
        "activations_fp32", "control_flow_fp32", "conv1d_zoo_fp32", "conv_computed_fp32",
        "conv2d_spectro_unet_fp32",
        "conv_transpose1d_fp32", "embedding_int32_fp32", "flexible_range_fp32", "glu_demucs_block_fp32",
        "gru_op_fp32", "gru_op_reset_after_ios18", "gru_uni_1layer_fp32", "linear_fp32",
        "lstm_bi_2layer_fp32", "lstm_op_peephole_fp32", "lstm_op_reverse_fp32",
        "lstm_uni_1layer_fp32", "multifunction_ios18", "norms_softmax_fp32", "pool_upsample_fp32",
        "rnn_op_fp32",
        "wavenet_amp_fp32",
    ]
    /// Float16 or compressed weights.
    static let rounded: [String] = [
        "mlp_relu_gelu_fp16", "palettize_4bit_ios16", "palettize_4bit_ios18", "palettize_6bit_ios16",
        "quant_int4_block_ios18", "quant_int8_block32_ios18", "quant_int8_perchannel_ios16",
        "sparse_50_ios16",
        "stateful_stream_conv_fp16", "transformer_block_fp16",
    ]
    static let generated =
        exact.map { InferenceOracle(model: "generated/\($0)", tolerance: 1e-5) }
        + rounded.map { InferenceOracle(model: "generated/\($0)", tolerance: 2e-3) }
    static let real: [InferenceOracle] = [
        InferenceOracle(model: "real/basic_pitch/nmp", tolerance: 1e-3),
        InferenceOracle(model: "real/coremltools_add_model/add_model", tolerance: 2e-3),
        InferenceOracle(model: "real/silero_vad_v6/silero-vad-unified-v6.0.0", tolerance: 5e-3),
        InferenceOracle(model: "real/silero_vad_v6/silero-vad-stft-v6.0.0", tolerance: 2e-3),
        InferenceOracle(model: "real/silero_vad_v6/silero-vad-encoder-v6.0.0", tolerance: 2e-3),
        InferenceOracle(model: "real/silero_vad_v6/unified_int8", tolerance: 2e-3),
        InferenceOracle(model: "real/silero_vad_v6/unified_palette_2bit", tolerance: 2e-3),
        InferenceOracle(model: "real/silero_vad_v6/unified_palette_4bit", tolerance: 2e-3),
        InferenceOracle(model: "real/silero_vad_v6/unified_palette_8bit", tolerance: 2e-3),
        InferenceOracle(model: "real/silero_vad_v6/unified_pruned_int8", tolerance: 2e-3),
    ]
    static let all = generated + real

    @Test(arguments: all) func matches(_ oracle: InferenceOracle) throws {
        for ending in [".mlpackage", ".mlmodelc"] where CoreMLTestData.exists(oracle.model + ending) {
            let worst = try oracle.worst(ending)
            #expect(worst <= oracle.tolerance, "\(oracle.model)\(ending) is off by \(worst)")
        }
    }

    /// The list above leaves no oracle out.
    @Test func everyOracleIsUsed() {
        let files = CoreMLTestData.models(".oracle.safetensors").map {
            String($0.dropLast(".oracle.safetensors".count))
        }
        #expect(Set(files) == Set(Self.all.map(\.model)))
        #expect(Self.generated.count == 32)
    }

    /// The text and the protobuf form become the same graph: operations, values and weights.
    @Test(arguments: CoreMLTestData.pairs) func bothFormsGiveOneGraph(_ pair: String) throws {
        let package = try CoreMLModel(path: CoreMLTestData.path(pair + ".mlpackage"))
        let bundle = try CoreMLModel(path: CoreMLTestData.path(pair + ".mlmodelc"))
        for function in try #require(package.program).functions {
            let a = try Graph(package, function: function.name),
                b = try Graph(bundle, function: function.name)
            #expect(
                a.nodes.map { "\($0.name) \($0.operation) \($0.inputs)" }
                    == b.nodes.map { "\($0.name) \($0.operation) \($0.inputs)" })
            #expect(
                a.inputs.map(\.name) == b.inputs.map(\.name) && a.outputs.map(\.name) == b.outputs.map(\.name)
            )
            #expect(a.outputs.map(\.value) == b.outputs.map(\.value))
            #expect(a.values.map(\.type) == b.values.map(\.type))
            for (x, y) in zip(a.values, b.values) {
                guard let p = x.constant, let q = y.constant else {
                    #expect(x.constant == nil && y.constant == nil)
                    continue
                }
                #expect(p.shape == q.shape && p.floats() == q.floats(), "\(x.name)")
            }
        }
    }
}
