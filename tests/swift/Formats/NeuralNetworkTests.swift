import Testing

@testable import Ossicle

/// A Protocol Buffers message, written by hand.
struct Message {
    var bytes: [UInt8] = []

    func number(_ field: Int, _ value: Int) -> Message {
        appending(Self.varint(field << 3) + Self.varint(value))
    }

    func float(_ field: Int, _ value: Float) -> Message {
        appending(Self.varint(field << 3 | 5) + Self.little([value]))
    }

    func content(_ field: Int, _ content: [UInt8]) -> Message {
        appending(Self.varint(field << 3 | 2) + Self.varint(content.count) + content)
    }

    func text(_ field: Int, _ text: String) -> Message { content(field, Array(text.utf8)) }

    func message(_ field: Int, _ body: (Message) -> Message = { $0 }) -> Message {
        content(field, body(Message()).bytes)
    }

    /// `WeightParams` of float32.
    func weight(_ field: Int, _ values: [Float]) -> Message {
        message(field) { $0.content(1, Self.little(values)) }
    }

    /// `WeightParams` of `bits` each, with scales and biases.
    func quantized(_ field: Int, _ raw: [UInt8], bits: Int, _ scale: [Float], _ bias: [Float]) -> Message {
        message(field) { weight in
            weight.content(30, raw).message(40) { quantization in
                quantization.number(1, bits).message(101) {
                    $0.content(1, Self.little(scale)).content(2, Self.little(bias))
                }
            }
        }
    }

    private func appending(_ more: [UInt8]) -> Message { Message(bytes: bytes + more) }

    private static func little(_ values: [Float]) -> [UInt8] {
        values.flatMap { value in withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }
    }

    private static func varint(_ value: Int) -> [UInt8] {
        value < 0x80 ? [UInt8(value)] : [UInt8(value & 0x7f | 0x80)] + varint(value >> 7)
    }
}

/// Older networks with layers that no model in `tests/data` has.
@Suite struct NeuralNetworkTests {
    /// A loader of a network whose layers are the named messages.
    static func loader(
        _ folder: TemporaryFolder, _ layers: [(name: String, kind: Int, body: (Message) -> Message)]
    ) throws -> CoreMLWeightLoader {
        let model = Message().number(1, 4).message(2).message(500) { network($0, layers) }
        try folder.write(model.bytes, "m.mlmodel")
        return try CoreMLWeightLoader(path: folder.path + "/m.mlmodel")
    }

    static func network(
        _ message: Message, _ layers: [(name: String, kind: Int, body: (Message) -> Message)]
    ) -> Message {
        layers.reduce(message) { message, layer in
            message.message(1) { $0.text(1, layer.name).message(layer.kind, layer.body) }
        }
    }

    static func ramp(_ count: Int) -> [Float] { (0..<count).map { Float($0) } }

    // MARK: Quantisation

    /// [in 3, out / groups 2, 1, 2]: a scale for each of the two outputs, not of the three inputs.
    @Test func transposedConvolutionsAreScaledByTheirSecondAxis() throws {
        let folder = try TemporaryFolder()
        let loader = try Self.loader(
            folder,
            [
                (
                    "up", 100,
                    {
                        $0.number(1, 2).number(2, 3).number(20, 1).number(20, 2).number(60, 1)
                            .quantized(90, Array(0..<12), bits: 8, [1, 10], [0, 0.5])
                    }
                )
            ])
        let weight = try loader.loadWeights(name: "up.weight", expectedShape: [3, 2, 1, 2])
        #expect(weight.floats() == [0, 1, 20.5, 30.5, 4, 5, 60.5, 70.5, 8, 9, 100.5, 110.5])
        expectError(.weights, "transposed") { _ = try loader.loadConv1D(name: "up") }
    }

    @Test func theListSaysHowManyBitsThereAre() throws {
        let folder = try TemporaryFolder()
        let loader = try Self.loader(
            folder,
            [
                (
                    "a", 140,
                    { $0.number(1, 3).number(2, 2).quantized(20, [0x12, 0x34, 0x56], bits: 4, [1, 2], [0]) }
                ),
                ("b", 140, { $0.number(1, 5).number(2, 1).quantized(20, [0, 0, 0, 1], bits: 6, [1], [0]) }),
            ])
        #expect(loader.availableWeights.map(\.dataType) == [.uint4, .uint6])
        #expect(try loader.loadWeights(name: "a.weight").floats() == [1, 2, 3, 8, 10, 12])
    }

    // MARK: Layers

    @Test func everyKindOfLayerShowsItsWeights() throws {
        let folder = try TemporaryFolder()
        func prelu(_ message: Message) -> Message { message.message(25) { $0.weight(1, [0.25, 0.5]) } }
        let loader = try Self.loader(
            folder,
            [
                ("prelu", 130, prelu),
                ("softplus", 130, { $0.message(71) { $0.weight(1, [1]).weight(2, [2, 3]) } }),
                ("own", 500, { $0.text(10, "C").weight(20, [1, 2, 3]).weight(20, [4]) }),
                (
                    "norm", 1350,
                    { $0.number(1, 2).number(1, 2).weight(3, Self.ramp(4)).weight(4, Self.ramp(4)) }
                ),
                (
                    "volume", 1471,
                    {
                        $0.number(1, 2).number(2, 2).number(10, 2).number(20, 1).number(21, 2).number(22, 3)
                            .weight(60, Self.ramp(12)).weight(61, [7, 8])
                    }
                ),
                (
                    "branch", 605,
                    {
                        $0.message(1) { Self.network($0, [("yes", 130, prelu)]) }
                            .message(2) { Self.network($0, [("no", 130, prelu)]) }
                    }
                ),
                (
                    "loop", 615,
                    {
                        $0.message(3) { Self.network($0, [("until", 130, prelu)]) }
                            .message(4) { Self.network($0, [("body", 130, prelu)]) }
                    }
                ),
            ])
        let found = loader.availableWeights.map { "\($0.name) \($0.shape)" }
        #expect(
            found == [
                "prelu.alpha [2]", "softplus.alpha [1]", "softplus.beta [2]", "own.weight.0 [3]",
                "own.weight.1 [1]", "norm.weight [2, 2]", "norm.bias [2, 2]", "volume.weight [2, 1, 1, 2, 3]",
                "volume.bias [2]", "yes.alpha [2]", "no.alpha [2]", "until.alpha [2]", "body.alpha [2]",
            ])
        #expect(try loader.loadWeights(name: "body.alpha").floats() == [0.25, 0.5])
        #expect(try loader.loadWeights(name: "softplus.beta").floats() == [2, 3])
    }

    /// Such networks know only convolutions over two axes.
    @Test func anAxisOfOneIsDroppedFromConvolutions() throws {
        let folder = try TemporaryFolder()
        func convolution(_ height: Int, _ width: Int) -> (Message) -> Message {
            {
                $0.number(1, 2).number(2, 1).number(20, height).number(20, width)
                    .weight(90, Self.ramp(2 * height * width)).weight(91, [5, 6])
            }
        }
        let loader = try Self.loader(
            folder,
            [
                ("wide", 100, convolution(1, 3)), ("high", 100, convolution(4, 1)),
                ("two", 100, convolution(2, 2)),
            ])
        let wide = try loader.loadConv1D(name: "wide")
        #expect(wide.weight.shape == [2, 1, 3] && wide.weight.floats() == Self.ramp(6))
        #expect(wide.bias?.floats() == [5, 6])
        #expect(try loader.loadConv1D(name: "high").weight.shape == [2, 1, 4])
        expectError(.weights, "expected 3 axes") { _ = try loader.loadConv1D(name: "two") }
    }

    // MARK: Recurrent layers

    /// One input, one hidden value; gates in the order of the file: input, forget, block, output.
    static func lstm(
        activations: [Int] = [40, 30, 30], _ parameters: @escaping (Message) -> Message
    ) -> (Message) -> Message {
        { message in
            let head = message.number(1, 1).number(2, 1).message(15, parameters)
            return activations.reduce(head) { message, kind in message.message(10) { $0.message(kind) } }
                .message(20) { gates in
                    [1, 20, 40].reduce(gates) { gates, first in
                        (0..<4).reduce(gates) { $0.weight(first + $1, [Float(first + $1)]) }
                    }
                }
        }
    }

    @Test func theForgetBiasIsAdded() throws {
        let folder = try TemporaryFolder()
        let loader = try Self.loader(
            folder,
            [
                ("plain", 420, Self.lstm { $0.number(20, 1).float(60, 50000) }),
                ("biased", 420, Self.lstm { $0.number(20, 1).number(30, 1) }),
            ])
        #expect(try loader.loadLSTM(prefix: "plain").biasIH.floats() == [40, 41, 42, 43])
        #expect(try loader.loadLSTM(prefix: "biased").biasIH.floats() == [40, 42, 42, 43])
        #expect(try loader.loadLSTM(layer: 1).weightHH.floats() == [20, 21, 22, 23])
        expectError(.weights, "found 0") { _ = try loader.loadLSTM(reverse: true) }
    }

    @Test func layersThatPyTorchDoesNotHaveAreRefused() throws {
        let folder = try TemporaryFolder()
        func gru(_ activations: [Int]) -> (Message) -> Message {
            { message in
                let head = activations.reduce(message.number(1, 1).number(2, 1)) { message, kind in
                    message.message(10) { $0.message(kind) }
                }
                return [30, 50, 70].reduce(head) { message, first in
                    (0..<3).reduce(message) { $0.weight(first + $1, [Float(first + $1)]) }
                }
            }
        }
        let loader = try Self.loader(
            folder,
            [
                ("hasPeepholeVectors", 420, Self.lstm { $0.number(40, 1) }),
                ("coupledInputAndForgetGate", 420, Self.lstm { $0.number(50, 1) }),
                ("cellClipThreshold", 420, Self.lstm { $0.float(60, 3) }),
                ("activations", 420, Self.lstm(activations: [41, 30, 30]) { $0 }),
                ("plain", 410, gru([40, 30])),
                ("other activations", 410, gru([40, 10])),
            ])
        for name in ["hasPeepholeVectors", "coupledInputAndForgetGate", "cellClipThreshold", "activations"] {
            expectError(.weights, name + " is none") { _ = try loader.loadLSTM(prefix: name) }
        }
        #expect(try loader.loadGRU(prefix: "plain").biasIH.floats() == [71, 70, 72])
        expectError(.weights, "activations is none") { _ = try loader.loadGRU(prefix: "other") }
    }
}
