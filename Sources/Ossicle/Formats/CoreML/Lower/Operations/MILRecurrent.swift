/// Recurrent layers (coremltools `ops/defs/iOS15/recurrent.py`; what its docstrings leave open is settled by its
/// tests). Sequences are [T, B, I]; `reverse` runs over the reversed input and gives outputs in that order.
enum MILRecurrent {
    static let rules: [String: MILLowering.Rule] = ["lstm": lstm, "gru": gru, "rnn": rnn]

    /// Cells are not clipped to what no cell reaches.
    static let noClip: Float = 1e30

    private static func lstm(_ call: MILCall) throws -> [MILLowered] {
        var activations = Recurrent.Activations()
        let foreign = ["peephole", "peephole_back", "clip"].map { parameter in
            {
                guard call.has(parameter) else { return nil }
                if parameter == "clip", try call.float(parameter) >= noClip { return nil }
                return "parameter \(Quoting.quoted(parameter))"
            } as () throws -> String?
        }
        try call.require(
            foreign + [
                call.activation("recurrent_activation", "sigmoid") { activations.gate = $0 },
                call.activation("cell_activation", "tanh") { activations.cell = $0 },
                call.activation("activation", "tanh") { activations.output = $0 },
            ] + knownWeights(call))
        // MIL's rows are i, f, o, z; PyTorch's i, f, g, o.
        return try layer(
            call, .lstm, order: [0, 1, 3, 2], activations, states: ["initial_h", "initial_c"],
            suffixes: ["", "_back"])
    }

    /// Rows are r, o, z, PyTorch's r, z, n. The reset comes before the product, which PyTorch's layer does not have.
    private static func gru(_ call: MILCall) throws -> [MILLowered] {
        var activations = Recurrent.Activations()
        try call.require(
            [
                call.activation("recurrent_activation", "sigmoid") { activations.gate = $0 },
                call.activation("activation", "tanh") { activations.cell = $0 },
            ] + knownWeights(call))
        return try layer(
            call, .gruResetBefore, order: [0, 2, 1], activations, states: ["initial_h"], suffixes: [""])
    }

    private static func knownWeights(_ call: MILCall) -> [() throws -> String?] {
        call.isKnown("weight_ih", "weight_hh", "bias", "weight_ih_back", "weight_hh_back", "bias_back")
    }

    /// - Parameters:
    ///   - order: for each of PyTorch's gates, its place in MIL's rows.
    ///   - suffixes: of the parameters of each direction the operation may have.
    private static func layer(
        _ call: MILCall, _ cell: Recurrent.Cell, order: [Int], _ activations: Recurrent.Activations,
        states: [String], suffixes: [String]
    ) throws -> [MILLowered] {
        let sequence = try Sequence(call, bidirectional: suffixes.count == 2)
        let used = sequence.direction == .bidirectional ? suffixes : [""]
        let hasBias = used.contains { call.has("bias" + $0) }
        let weights = try used.flatMap { try directionWeights(call, $0, order, hasBias: hasBias) }
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

    /// Rows in PyTorch's order. MIL has one bias, PyTorch two.
    private static func directionWeights(
        _ call: MILCall, _ suffix: String, _ order: [Int], hasBias: Bool
    ) throws -> [ValueID] {
        let hh = try call.constant("weight_hh" + suffix)
        guard hh.shape.count == 2, hh.shape[0] == order.count * hh.shape[1] else {
            throw OssicleError(.malformed, "weight_hh\(suffix) of shape \(hh.shape)")
        }
        var weights = [
            try call.reordered(call.constant("weight_ih" + suffix), order), try call.reordered(hh, order),
        ]
        if hasBias {
            let zeros = try Tensor([Float](repeating: 0, count: hh.shape[0]), shape: [hh.shape[0]])
            let bias = call.has("bias" + suffix) ? try call.constant("bias" + suffix) : zeros
            weights.append(try call.reordered(bias, order))
            weights.append(call.lowering.graph.constant("\(call.name).bias_hh", zeros))
        }
        return weights
    }

    /// h' = f(W x + b + U h).
    private static func rnn(_ call: MILCall) throws -> [MILLowered] {
        var activation = Activation.tanh
        try call.require([call.activation("activation", "tanh") { activation = $0 }] + knownWeights(call))
        let hh = try call.constant("weight_hh")
        guard hh.shape.count == 2, hh.shape[0] == hh.shape[1] else {
            throw OssicleError(.malformed, "weight_hh of shape \(hh.shape)")
        }
        return try stepwise(call, hidden: hh.shape[0]) { projected, h in
            let product = try call.apply(LinearOperation(hasBias: false), h, call.keep(hh))
            return try call.apply(Unary(activation), call.apply(Binary(.add), product, projected))
        }
    }

    /// The input's part of all steps at once, then a loop over the steps.
    private static func stepwise(
        _ call: MILCall, hidden: Int, step: (_ projected: ValueID, _ h: ValueID) throws -> ValueID
    ) throws -> [MILLowered] {
        let sequence = try Sequence(call, bidirectional: false)
        let bias = try call.optionalTensor("bias")
        let projected = try call.add(
            LinearOperation(hasBias: bias != nil),
            [sequence.input, call.tensor("weight_ih")] + [bias].compactMap { $0 })[0]
        let start = try call.tensor("initial_h")
        guard call.shape(start) == [sequence.batch, hidden] else {
            throw OssicleError(.malformed, "initial_h of shape \(call.shape(start))")
        }
        let rows = [sequence.batch, call.shape(projected)[2]]
        if sequence.steps == 1 {
            let h = try step(call.reshape(projected, rows), start)
            return [.tensor(try call.reshape(h, [1, sequence.batch, hidden])), .tensor(h)]
        }
        let y = try call.zeros([sequence.wantsAll ? sequence.steps : 1, sequence.batch, hidden], .float32)
        let carried = [try call.constant([0], []), start, y]
        let inputs = carried + [projected]
        let types = ["t", "h", "y", "x"].enumerated().map {
            (name: $1, type: call.lowering.graph.type(of: inputs[$0]))
        }
        let condition = try call.lowering.region(types) { ids in
            [try call.apply(Compare(.less), ids[0], call.constant([sequence.steps], []))]
        }
        let body = try call.lowering.region(types) { ids in
            let h = try step(call.apply(Take(axis: 0), ids[3], ids[0]), ids[1])
            let row = try call.reshape(h, [1, sequence.batch, hidden])
            let place = try call.reshape(ids[0], [1])
            let y =
                sequence.wantsAll ? try call.apply(Scatter(axis: 0, mode: .update), ids[2], place, row) : row
            return [try call.apply(Binary(.add), ids[0], call.constant([1], [])), h, y]
        }
        let results = try call.add(While(carried: carried.count), inputs, regions: [condition, body])
        return [.tensor(results[2]), .tensor(results[1])]
    }

    // MARK: Sequences

    /// The input of a recurrent layer, in the order in which it is run.
    private struct Sequence {
        enum Direction: String { case forward, reverse, bidirectional }

        let direction: Direction
        /// [T, B, I].
        let input: ValueID
        let steps, batch, features: Int
        let wantsAll: Bool

        init(_ call: MILCall, bidirectional: Bool) throws {
            let name = try call.string("direction", default: "forward")
            guard let direction = Direction(rawValue: name), bidirectional || direction != .bidirectional
            else {
                throw OssicleError(.unsupported, "direction \(Quoting.quoted(name))")
            }
            let x = try call.tensor("x")
            let shape = call.shape(x)
            guard shape.count == 3, !shape.contains(0) else {
                throw OssicleError(.malformed, "a sequence of shape \(shape), expected [T, B, I]")
            }
            self.direction = direction
            (steps, batch, features) = (shape[0], shape[1], shape[2])
            input = direction == .reverse && steps > 1 ? try call.apply(Reverse(axes: [0]), x) : x
            wantsAll = try call.bool("output_sequence", default: false)
        }

        private var directions: Int { direction == .bidirectional ? 2 : 1 }

        /// The input as our layer takes it: [T, I], or [B, T, I].
        func featuresLast(_ call: MILCall) throws -> ValueID {
            batch == 1 ? try call.reshape(input, [steps, features]) : try call.transpose(input, [1, 0, 2])
        }

        /// [B, directions · H] as [directions, B?, H].
        func initialState(_ call: MILCall, _ parameter: String, _ hidden: Int) throws -> ValueID {
            let state = try call.tensor(parameter)
            guard call.shape(state) == [batch, directions * hidden] else {
                throw OssicleError(.malformed, "\(parameter) of shape \(call.shape(state))")
            }
            if batch == 1 { return try call.reshape(state, [directions, hidden]) }
            return try call.transpose(call.reshape(state, [batch, directions, hidden]), [1, 0, 2])
        }

        /// The way back.
        func finalState(_ call: MILCall, _ state: ValueID) throws -> ValueID {
            let hidden = call.shape(state).last!
            if batch == 1 { return try call.reshape(state, [1, directions * hidden]) }
            return try call.reshape(call.transpose(state, [1, 0, 2]), [batch, directions * hidden])
        }

        /// [T, B, directions · H]; of the last step only, the final states.
        func output(_ call: MILCall, _ y: ValueID, last h: ValueID) throws -> ValueID {
            let width = call.shape(y).last!
            guard wantsAll else { return try call.reshape(h, [1, batch, width]) }
            return batch == 1 ? try call.reshape(y, [steps, 1, width]) : try call.transpose(y, [1, 0, 2])
        }
    }
}

extension MILCall {
    /// Reads an activation, or says that it is none that recurrent layers know.
    fileprivate func activation(
        _ parameter: String, _ value: String, _ use: @escaping (Activation) -> Void
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

    /// A weight as a constant of the graph that is being built.
    fileprivate func keep(_ tensor: Tensor) -> ValueID { lowering.graph.constant("\(name).weight", tensor) }

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
