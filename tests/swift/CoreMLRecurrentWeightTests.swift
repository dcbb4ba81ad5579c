import Testing

@testable import Ossicle

/// Weights of recurrent operations as PyTorch's layers hold them, and those that its layers do not have.
@Suite struct CoreMLRecurrentWeightTests {
    @Test func gruGatesAreReordered() throws {
        let loader = try CoreMLWeightLoader(path: CoreMLTestData.path("generated/gru_op_fp32.mlpackage"))
        let gru = try loader.loadGRU(prefix: "gru_0")
        let raw = try loader.loadWeights(name: "gru_0_weight_hh_0", expectedShape: [36, 12]).floats()
        #expect(gru.weightHH.floats() == Array(raw[..<144] + raw[288...] + raw[144..<288]))
    }

    /// iOS 18's second bias is PyTorch's where the reset comes behind the product, and else a part of the first.
    @Test(arguments: [true, false]) func grusHaveTwoBiasesWhereTheyResetBehindTheProduct(_ resets: Bool)
        throws
    {
        let text = """
            program(1.3) { func main<ios18>(tensor<fp32, [2, 1, 1]> x, tensor<fp32, [1, 1]> s) {
                tensor<fp32, [3, 1]> w = const()[val = tensor<fp32, [3, 1]>([[0x1p+0], [0x2p+0], [0x3p+0]])];
                tensor<fp32, [3]> a = const()[val = tensor<fp32, [3]>([0x1p+0, 0x2p+0, 0x3p+0])];
                tensor<fp32, [3]> b = const()[val = tensor<fp32, [3]>([0x4p+0, 0x5p+0, 0x6p+0])];
                tensor<fp32, [1, 1, 1]> y, tensor<fp32, [1, 1]> h = gru(x = x, initial_h = s, weight_ih = w, weight_hh = w, input_bias = a, bias = b, reset_after = bool(\(resets))); } -> (y); }
            """
        let gru = try CoreMLWeightTests.loader(text, in: TemporaryFolder(), Collected()).loadGRU()
        #expect(gru.biasIH.floats() == (resets ? [1, 3, 2] : [5, 9, 7]))
        #expect(gru.biasHH.floats() == (resets ? [4, 6, 5] : [0, 0, 0]))
    }

    @Test(arguments: [
        ("peephole = tensor<fp32, [3]>([0x0p+0, 0x0p+0, 0x0p+0])", "peephole"),
        ("clip = fp32(0x1p+0)", "clip"),
        ("recurrent_activation = string(\"relu\")", "recurrent_activation"),
        ("cell_activation = string(\"relu\")", "cell_activation"),
        ("activation = string(\"relu\")", "activation"),
        ("clip = fp32(0x1.fffffep+127), activation = string(\"tanh\")", nil),
    ]) func lstmsThatPyTorchDoesNotHaveAreRefused(_ extra: String, _ name: String?) throws {
        let column = "tensor<fp32, [4, 1]>([[0x0p+0], [0x1p+0], [0x1p+1], [0x1.8p+1]])"
        let text = """
            program(1.3) { func main<ios18>(tensor<fp32, [2, 1, 1]> x, tensor<fp32, [1, 1]> s) {
                tensor<fp32, [4, 1]> ih = const()[val = \(column)];
                tensor<fp32, [4, 1]> hh = const()[val = \(column)];
                tensor<fp32, [1, 1, 1]> y, tensor<fp32, [1, 1]> h, tensor<fp32, [1, 1]> c = lstm(x = x, initial_h = s, initial_c = s, weight_ih = ih, weight_hh = hh, \(extra)); } -> (y); }
            """
        let folder = try TemporaryFolder()
        let loader = try CoreMLWeightTests.loader(text, in: folder, Collected())
        guard let name else {
            #expect(try loader.loadLSTM().weightHH.floats() == [0, 1, 3, 2])
            return
        }
        expectError(.weights, "parameter \"\(name)\"") { _ = try loader.loadLSTM() }
    }
}
