/// Recurrent layers that our kernels do not have: loops over the steps, in operations of their own.
extension MILRecurrent {
    /// h' = f(W x + b + U h).
    static func rnn(_ call: MILCall) throws -> [MILLowered] {
        var activation = Activation.tanh
        try call.require(
            [call.activation("activation", default: "tanh") { activation = $0 }] + knownWeights(call))
        return try stepwise(call, gates: 1, states: ["initial_h"], bidirectional: false) { _, sums, _ in
            [try call.apply(Unary(activation), sums)]
        }
    }

    /// An LSTM whose gates i and f look at the cell before the step, and o at the cell behind it, which is limited to
    /// ± `clip` before anything reads it (`LSTMParams` of `NeuralNetwork.proto`, which MIL's operation stands for).
    static func peepholeLSTM(
        _ call: MILCall, _ activations: Recurrent.Activations, clip: Float
    ) throws -> [MILLowered] {
        let states = ["initial_h", "initial_c"]
        return try stepwise(call, gates: 4, states: states, bidirectional: true) { suffix, sums, states in
            let hidden = call.shape(states[1])[1]
            func part(_ gate: Int) throws -> ValueID {
                try call.slice(sums, axis: 1, start: gate * hidden, count: hidden)
            }
            func gate(_ gate: Int, _ cell: ValueID) throws -> ValueID {
                var sum = try part(gate)
                if call.has("peephole" + suffix) {
                    let weights = try call.constant("peephole" + suffix).floats()
                    guard weights.count == 3 * hidden else {
                        throw OssicleError(
                            .malformed,
                            "peephole\(suffix): expected \(3 * hidden) elements, found \(weights.count)")
                    }
                    let own = try call.constant(Array(weights[(gate * hidden)...].prefix(hidden)), [hidden])
                    sum = try call.apply(Binary(.add), sum, call.apply(Binary(.multiply), cell, own))
                }
                return try call.apply(Unary(activations.gate), sum)
            }
            let kept = try call.apply(Binary(.multiply), gate(1, states[1]), states[1])
            let new = try call.apply(Unary(activations.cell), part(3))
            var cell = try call.apply(
                Binary(.add), kept, call.apply(Binary(.multiply), gate(0, states[1]), new))
            if clip < noClip {
                cell = try call.apply(Unary(Activation(.hardtanh, alpha: -clip, beta: clip)), cell)
            }
            let shown = try call.apply(Unary(activations.output), cell)
            return [try call.apply(Binary(.multiply), gate(2, cell), shown), cell]
        }
    }

    /// - Parameters:
    ///   - gates: how many blocks of rows the weights have.
    ///   - step: gives the new states [B, H] of a direction, of which the first is the output, from the sums of its
    ///     gates [B, gates · H] and the states before.
    private static func stepwise(
        _ call: MILCall, gates: Int, states: [String], bidirectional: Bool,
        step: (_ suffix: String, _ sums: ValueID, _ states: [ValueID]) throws -> [ValueID]
    ) throws -> [MILLowered] {
        let sequence = try Sequence(call, bidirectional: bidirectional)
        var results = [[ValueID]](repeating: [], count: 1 + states.count)
        for (direction, suffix) in sequence.suffixes.enumerated() {
            let hh = try call.constant("weight_hh" + suffix)
            guard hh.shape.count == 2, hh.shape[0] == gates * hh.shape[1] else {
                throw OssicleError(.malformed, "weight_hh\(suffix) of shape \(hh.shape)")
            }
            let hidden = hh.shape[1]
            let bias = try call.optionalTensor("bias" + suffix)
            let projected = try call.add(
                LinearOperation(hasBias: bias != nil),
                [sequence.input(call, direction: direction), call.tensor("weight_ih" + suffix)]
                    + [bias].compactMap { $0 })[0]
            guard call.shape(projected).last == hh.shape[0] else {
                throw OssicleError(
                    .malformed,
                    "weight_ih\(suffix) of \(call.shape(projected).last!) rows, expected \(hh.shape[0])")
            }
            let start = try states.map {
                try call.slice(
                    sequence.state(call, $0, hidden), axis: 1, start: direction * hidden, count: hidden)
            }
            var (y, ends) = try run(call, sequence, projected, start) { row, states in
                let weight = call.lowering.graph.constant("\(call.name).weight_hh", hh)
                let product = try call.apply(LinearOperation(hasBias: false), states[0], weight)
                return try step(suffix, call.apply(Binary(.add), product, row), states)
            }
            // A bidirectional layer gives both directions by time.
            if direction == 1 { y = try sequence.reversed(call, y) }
            for (i, value) in ([y] + ends).enumerated() { results[i].append(value) }
        }
        return try results.enumerated().map { i, parts in
            .tensor(parts.count == 1 ? parts[0] : try call.add(Concat(axis: i == 0 ? 2 : 1), parts)[0])
        }
    }

    /// A loop over the rows of `projected` [T, B, …].
    ///
    /// - Returns: the output of every step, or of the last one, [T or 1, B, H], and the last states.
    private static func run(
        _ call: MILCall, _ sequence: Sequence, _ projected: ValueID, _ start: [ValueID],
        step: (_ row: ValueID, _ states: [ValueID]) throws -> [ValueID]
    ) throws -> (y: ValueID, ends: [ValueID]) {
        let shape = [1] + call.shape(start[0])
        if sequence.steps == 1 {
            let ends = try step(call.reshape(projected, Array(call.shape(projected).dropFirst())), start)
            return (try call.reshape(ends[0], shape), ends)
        }
        let all = sequence.wantsAll ? [try call.zeros([sequence.steps] + shape.dropFirst(), .float32)] : []
        let carried = [try call.constant([0], [])] + start + all
        let inputs = carried + [projected]
        let types = inputs.enumerated().map {
            (name: "value \($0)", type: call.lowering.graph.type(of: $1))
        }
        let condition = try call.lowering.region(types) { ids in
            [try call.apply(Compare(.less), ids[0], call.constant([sequence.steps], []))]
        }
        let body = try call.lowering.region(types) { ids in
            let states = try step(
                call.apply(Take(axis: 0), ids.last!, ids[0]), Array(ids[1...].prefix(start.count)))
            let next = try call.apply(Binary(.add), ids[0], call.constant([1], []))
            guard sequence.wantsAll else { return [next] + states }
            let row = try call.reshape(states[0], shape)
            let place = try call.reshape(ids[0], [1])
            let y = try call.apply(Scatter(axis: 0, mode: .update), ids[1 + start.count], place, row)
            return [next] + states + [y]
        }
        let results = try call.add(While(carried: carried.count), inputs, regions: [condition, body])
        let ends = Array(results[1...].prefix(start.count))
        return (sequence.wantsAll ? results.last! : try call.reshape(ends[0], shape), ends)
    }
}
