/// Recurrent layers (coremltools `ops/defs/iOS15/recurrent.py`; what its docstrings leave open is settled by its
/// tests). Sequences are [T, B, I]; `reverse` runs over the reversed input and gives outputs in that order.
enum MILRecurrent {
    static let rules: [String: MILLowering.Rule] = ["lstm": lstm, "gru": gru, "rnn": rnn]

    /// Cells are not clipped to what no cell reaches.
    static let noClip: Float = 1e30

    private static func lstm(_ call: MILCall) throws -> [MILLowered] {
        var activations = Recurrent.Activations()
        try call.require(
            [
                call.activation("recurrent_activation", default: "sigmoid") { activations.gate = $0 },
                call.activation("cell_activation", default: "tanh") { activations.cell = $0 },
                call.activation("activation", default: "tanh") { activations.output = $0 },
            ] + knownWeights(call) + call.isKnown("peephole", "peephole_back", "clip"))
        let clip = try call.float("clip", default: noClip)
        guard clip >= 0 else { throw OssicleError(.malformed, "clip must not be negative, found \(clip)") }
        if clip < noClip || call.has("peephole") || call.has("peephole_back") {
            return try peepholeLSTM(call, activations, clip: clip)
        }
        // MIL's rows are i, f, o, z; PyTorch's i, f, g, o.
        return try layer(
            call, .lstm, order: [0, 1, 3, 2], activations, states: ["initial_h", "initial_c"],
            suffixes: ["", "_back"])
    }

    /// Rows are r, o, z, PyTorch's r, z, n. The reset comes before the recurrent product; iOS 18's `reset_after` makes it
    /// PyTorch's layer, with `input_bias` and, behind the product, `bias`.
    private static func gru(_ call: MILCall) throws -> [MILLowered] {
        var activations = Recurrent.Activations()
        try call.require(
            [
                call.activation("recurrent_activation", default: "sigmoid") { activations.gate = $0 },
                call.activation("activation", default: "tanh") { activations.cell = $0 },
            ] + knownWeights(call) + call.isKnown("input_bias", "reset_after"))
        let cell: Recurrent.Cell = try call.bool("reset_after", default: false) ? .gru : .gruResetBefore
        return try layer(
            call, cell, order: [0, 2, 1], activations, states: ["initial_h"], suffixes: [""],
            biases: ["input_bias", "bias"])
    }

    static func knownWeights(_ call: MILCall) -> [() throws -> String?] {
        call.isKnown("weight_ih", "weight_hh", "bias", "weight_ih_back", "weight_hh_back", "bias_back")
    }

    /// - Parameters:
    ///   - order: for each of PyTorch's gates, its place in MIL's rows.
    ///   - suffixes: of the parameters of each direction the operation may have.
    ///   - biases: of the input's and, if there are two, of the recurrent product.
    private static func layer(
        _ call: MILCall, _ cell: Recurrent.Cell, order: [Int], _ activations: Recurrent.Activations,
        states: [String], suffixes: [String], biases: [String] = ["bias"]
    ) throws -> [MILLowered] {
        let sequence = try Sequence(call, bidirectional: suffixes.count == 2)
        let used = sequence.direction == .bidirectional ? suffixes : [""]
        let hasBias = used.contains { suffix in biases.contains { call.has($0 + suffix) } }
        let weights = try used.flatMap {
            try directionWeights(call, $0, order, biases: hasBias ? biases : [])
        }
        let hidden = call.shape(weights[1])[1]
        var operation = Recurrent(cell, hiddenSize: hidden, bidirectional: used.count == 2, hasBias: hasBias)
        if activations != Recurrent.Activations() { operation.activations = activations }
        var inputs = [try sequence.featuresLast(call)] + weights
        let initial = try states.map { try sequence.initialState(call, $0, hidden) }
        if initial.contains(where: { !call.isZero($0) }) {
            operation.hasInitialState = true
            inputs += initial
        }
        let results = try call.add(operation, inputs)
        let ends = try results.dropFirst().map { try sequence.finalState(call, $0) }
        return [.tensor(try sequence.output(call, results[0], last: ends[0]))] + ends.map(MILLowered.tensor)
    }

    /// Rows in PyTorch's order, with none or both of its biases.
    private static func directionWeights(
        _ call: MILCall, _ suffix: String, _ order: [Int], biases: [String]
    ) throws -> [ValueID] {
        let hh = try call.constant("weight_hh" + suffix)
        guard hh.shape.count == 2, hh.shape[0] == order.count * hh.shape[1] else {
            throw OssicleError(.malformed, "weight_hh\(suffix) of shape \(hh.shape)")
        }
        let weights = try [call.constant("weight_ih" + suffix), hh]
        let zeros = try Tensor([Float](repeating: 0, count: hh.shape[0]), shape: [hh.shape[0]])
        var rows = try biases.map { call.has($0 + suffix) ? try call.constant($0 + suffix) : zeros }
        if rows.count == 1 { rows.append(zeros) }
        return try (weights + rows).map { try call.reordered($0, order) }
    }
}

extension MILCall {
    /// Reads an activation, or says that it is none that recurrent layers know.
    func activation(
        _ parameter: String, default value: String, _ use: @escaping (Activation) -> Void
    ) -> () throws -> String? {
        {
            use(try activationNamed(parameter, default: value))
            return nil
        }
    }

    /// The activations recurrent layers know, with their default parameters.
    private func activationNamed(_ parameter: String, default value: String) throws -> Activation {
        switch try string(parameter, default: value).lowercased() {
        case "tanh": .tanh
        case "sigmoid": .sigmoid
        case "relu": .relu
        case "linear": .identity
        case "scaled_tanh": Activation(.scaledTanh, alpha: 1, beta: 1)
        case "sigmoid_hard", "hard_sigmoid": Activation(.clampedLinear, alpha: 0.2, beta: 0.5)
        case let name: throw OssicleError(.unsupported, "\(parameter) \(Quoting.quoted(name))")
        }
    }

    fileprivate func isZero(_ id: ValueID) -> Bool {
        lowering.graph.constant(id)?.floats().allSatisfy { $0 == 0 } ?? false
    }

    /// Rows of a weight by blocks, one for each gate.
    fileprivate func reordered(_ tensor: Tensor, _ order: [Int]) throws -> ValueID {
        let values = tensor.floats()
        guard values.count % order.count == 0 else {
            throw OssicleError(.malformed, "\(tensor.shape) does not hold \(order.count) gates")
        }
        let gate = values.count / order.count
        return try constant(order.flatMap { values[($0 * gate)..<(($0 + 1) * gate)] }, tensor.shape)
    }
}
