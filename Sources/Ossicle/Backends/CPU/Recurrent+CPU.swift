import CKernels

/// One kernel call for each layer and direction; layers hand over through scratch of the whole sequence.
extension Recurrent: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let emission = RecurrentEmission(emitter: emitter, recurrent: self)
        try emitter.withDenseOutput { try emission.emit(to: $0) }
    }
}

private struct RecurrentEmission {
    let emitter: Emitter
    let recurrent: Recurrent

    private var kind: ok_recurrent_kind { recurrent.cell == .lstm ? OK_LSTM : OK_GRU }
    private var hidden: Int { recurrent.hiddenSize }

    func emit(to y: Operand) throws {
        let states = try initialStates(batch: batch(y))
        let ends = try finalStates(states, batch: batch(y))
        var input = try emitter.input(0)
        for layer in 0..<recurrent.layers {
            let last = layer == recurrent.layers - 1
            let output = last ? y : emitter.scratch(y.shape)
            for direction in 0..<recurrent.directions {
                try emitCell(layer: layer, direction: direction, from: input, to: output, states, ends)
            }
            input = output
        }
    }

    private func batch(_ operand: Operand) -> Int { operand.shape.count == 3 ? emitter.maximum(operand.shape[0]) : 1 }

    /// Slots of h (and c) before the first step; -1 for zeros.
    private func initialStates(batch: Int) throws -> [Int] {
        let count = recurrent.layers * recurrent.directions * batch * hidden
        return try (0..<recurrent.stateCount).map { i in
            let given = recurrent.hasInitialState ? recurrent.stateIndex + i : nil
            if recurrent.keepsState {
                let initial = try given.map { try emitter.constant($0) }
                return emitter.state(byteCount: count * 4, initial: initial, name: i == 0 ? "h" : "c")
            }
            return try given.map { try emitter.denseInput($0).slot } ?? -1
        }
    }

    /// Where h (and c) go after the last step.
    private func finalStates(_ initial: [Int], batch: Int) throws -> [Int] {
        if recurrent.keepsState {
            // The state outputs of a streaming graph are not read.
            for i in 1...recurrent.stateCount { _ = emitter.output(i) }
            return initial
        }
        return (1...recurrent.stateCount).map { emitter.output($0).slot }
    }

    private func emitCell(
        layer: Int, direction: Int, from input: Operand, to output: Operand, _ states: [Int], _ ends: [Int]
    ) throws {
        let cell = layer * recurrent.directions + direction
        let first = 1 + cell * recurrent.weightsPerCell
        let weights = try (0..<recurrent.weightsPerCell).map { try emitter.constant(first + $0).floats() }
        let inputs = weights[0].count / (recurrent.gates * hidden)
        let lanes = Int32(emitter.lanes)
        let packed = emitter.memory.floats(ok_recurrent_packed(kind, lanes, Int64(hidden), Int64(inputs)))
        ok_recurrent_pack(
            kind, lanes, Int64(hidden), Int64(inputs), weights[0], weights[1],
            recurrent.hasBias ? weights[2] : nil, recurrent.hasBias ? weights[3] : nil, packed)
        let scratch = emitter.scratch(
            byteCount: ok_recurrent_scratch(kind, lanes, Int64(hidden), Int64(inputs)) * 4)
        let rank = output.shape.count

        var arguments = ok_recurrent_args()
        arguments.inputs = Int32(inputs)
        arguments.hidden = Int32(hidden)
        arguments.reverse = Int32(direction)
        arguments.weights = UnsafePointer(packed)
        arguments.steps = emitter.length(output.shape[rank - 2])
        arguments.batch = Int64(batch(output))
        arguments.input = series(input, offset: 0)
        arguments.output = series(output, offset: direction * hidden)
        arguments.h = state(states[0], cell: cell, batch: batch(output))
        arguments.h_end = state(ends[0], cell: cell, batch: batch(output))
        arguments.c = state(states.count > 1 ? states[1] : -1, cell: cell, batch: batch(output))
        arguments.c_end = state(ends.count > 1 ? ends[1] : -1, cell: cell, batch: batch(output))
        arguments.scratch = Int32(scratch)
        emitter.step(
            recurrent.cell == .lstm ? emitter.kernels.pointee.ok_lstm : emitter.kernels.pointee.ok_gru, arguments,
            "\(recurrent.cell) \(inputs)→\(hidden)\(direction == 1 ? " reverse" : "")")
    }

    private func series(_ operand: Operand, offset: Int) -> ok_series {
        let rank = operand.shape.count
        return ok_series(
            slot: Int32(operand.slot), offset: Int64(offset), step: emitter.length(operand.strides[rank - 2]),
            batch: rank == 3 ? emitter.length(operand.strides[0]) : 0,
            feature: emitter.length(operand.strides[rank - 1]))
    }

    private func state(_ slot: Int, cell: Int, batch: Int) -> ok_state {
        ok_state(slot: Int32(slot), offset: Int64(cell * batch * hidden), batch: Int64(hidden))
    }
}
