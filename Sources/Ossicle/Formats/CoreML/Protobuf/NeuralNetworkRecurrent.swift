/// What a GRU or LSTM of an older network does beside its weights (`NeuralNetwork.proto`).
struct NeuralNetworkRecurrent: Sendable {
    /// 1 is added to the bias of the forget gate.
    var addsToForgetBias = false
    /// Parameters that PyTorch's layers do not have, by their names in the file's format.
    var foreign: [String] = []

    /// Writers that limit nothing state this much.
    private static let noClip: Float = 50_000
    private static let (tanh, sigmoid) = (30, 40)

    /// - Returns: `nil` for a layer of another kind.
    init?(_ parameters: ProtobufReader, kind: Int) throws {
        guard [410, 420, 430].contains(kind) else { return nil }
        // Fields 10 and 11 are the activations of each direction: of the gates, the cell, and an LSTM's output.
        let usual = kind == 410 ? [Self.sigmoid, Self.tanh] : [Self.sigmoid, Self.tanh, Self.tanh]
        var activations: [Int: [Int]] = [10: []]
        var reader = parameters
        while let field = try reader.next() {
            switch field.number {
            case 10 where kind != 430, 10...11 where kind == 430:
                var activation = try field.message("ActivationParams")
                activations[field.number, default: []].append(try activation.next()?.number ?? 0)
            case 15 where kind != 410: try readLSTM(field.message("LSTMParams"))
            default: break
            }
        }
        // A layer that states none means the usual ones.
        if activations.values.contains(where: { !$0.isEmpty && $0 != usual }) {
            foreign.append("activations")
        }
    }

    private mutating func readLSTM(_ reader: ProtobufReader) throws {
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 30: addsToForgetBias = try field.bool()
            case 40: if try field.bool() { foreign.append("hasPeepholeVectors") }
            case 50: if try field.bool() { foreign.append("coupledInputAndForgetGate") }
            case 60:
                let threshold = try field.float()
                if threshold > 0, threshold < Self.noClip { foreign.append("cellClipThreshold") }
            default: break
            }
        }
    }
}
