import CKernels

/// One kernel call for each layer and direction; layers hand over through scratch of the whole sequence.
extension Recurrent: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws { try emit(emitter, library: nil) }

    func emit(_ emitter: Emitter, library: RecurrentLibrary?) throws {
        let emission = RecurrentEmission(emitter: emitter, recurrent: self, library: library)
        try emitter.withDenseOutput { y in
            // A library wants the features of a step side by side.
            let x = library == nil ? try emitter.input(0) : try emitter.denseInput(0)
            if lag == 0 {
                try emission.emit(from: x, to: y, steps: emitter.length(y.shape[y.shape.count - 2]))
            } else {
                let rest = emission.skipLag(x, y)
                try emission.emit(from: rest.x, to: rest.y, steps: rest.steps)
            }
        }
    }
}

/// A matrix library that does some of the products.
struct RecurrentLibrary {
    let add:
        @convention(c) (
            UnsafePointer<Float>?, Int64, Int64, UnsafePointer<Float>?, Int64, Int64,
            UnsafeMutablePointer<Float>?
        ) -> Void
    /// Inputs that one call multiplies, at most.
    let maximumSteps: Int
    /// Which products of a layer it does: the input's, the hidden state's.
    let takes: (_ steps: Int, _ inputs: Int) -> (input: Bool, hidden: Bool)
}

private struct RecurrentEmission {
    let emitter: Emitter
    let recurrent: Recurrent
    let library: RecurrentLibrary?

    private var kind: ok_recurrent_kind {
        switch recurrent.cell {
        case .lstm: OK_LSTM
        case .gru: OK_GRU
        case .gruResetBefore: OK_GRU_RESET_BEFORE
        }
    }
    private var kernel: ok_kernel? {
        switch recurrent.cell {
        case .lstm: emitter.kernels.pointee.ok_lstm
        case .gru: emitter.kernels.pointee.ok_gru
        case .gruResetBefore: emitter.kernels.pointee.ok_gru_reset_before
        }
    }
    private var hidden: Int { recurrent.hiddenSize }

    func emit(from x: Operand, to y: Operand, steps: ok_len) throws {
        let states = try initialStates(batch: batch(y))
        let ends = try finalStates(states, batch: batch(y))
        var input = x
        for layer in 0..<recurrent.layers {
            let last = layer == recurrent.layers - 1
            let output = last ? y : emitter.scratch(y.shape)
            for direction in 0..<recurrent.directions {
                try emitCell(layer: layer, direction: direction, from: input, to: output, steps, states, ends)
            }
            input = output
        }
    }

    private func batch(_ operand: Operand) -> Int {
        operand.shape.count == 3 ? emitter.maximum(operand.shape[0]) : 1
    }

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
        layer: Int, direction: Int, from input: Operand, to output: Operand, _ steps: ok_len, _ states: [Int],
        _ ends: [Int]
    ) throws {
        let cell = layer * recurrent.directions + direction
        let first = 1 + cell * recurrent.weightsPerCell
        let weights = try (0..<recurrent.weightsPerCell).map { try emitter.constant(first + $0).floats() }
        let inputs = weights[0].count / (recurrent.gates * hidden)
        let products = libraryProducts(
            weights, inputs, steps: emitter.maximum(input.shape[input.shape.count - 2]))
        let lanes = Int32(emitter.lanes)
        let scratch = emitter.scratch(
            byteCount: ok_recurrent_scratch(kind, lanes, Int64(hidden), Int64(inputs), products) * 4)
        var arguments = ok_recurrent_args()
        arguments.inputs = Int32(inputs)
        arguments.hidden = Int32(hidden)
        arguments.reverse = Int32(direction)
        if products?.pointee.input_weights == nil || products?.pointee.hidden_weights == nil {
            arguments.weights = pack(weights, inputs)
        }
        arguments.products = products
        arguments.steps = steps
        arguments.batch = Int64(batch(output))
        arguments.input = series(input, offset: 0)
        arguments.output = series(output, offset: direction * hidden)
        arguments.h = state(states[0], cell: cell, batch: batch(output))
        arguments.h_end = state(ends[0], cell: cell, batch: batch(output))
        arguments.c = state(states.count > 1 ? states[1] : -1, cell: cell, batch: batch(output))
        arguments.c_end = state(ends.count > 1 ? ends[1] : -1, cell: cell, batch: batch(output))
        arguments.scratch = Int32(scratch)
        if let activations = recurrent.activations {
            arguments.activations = 1
            arguments.gate = activations.gate.c
            arguments.cell = activations.cell.c
            arguments.output_activation = activations.output.c
        }
        let label = "\(recurrent.cell) \(inputs)→\(hidden)\(direction == 1 ? " reverse" : "")"
        guard let products = products?.pointee else {
            return emitter.asBackend("cpu") { emitter.step(kernel, arguments, label) }
        }
        let calls = [
            products.input_weights.map { _ in "sgemm" }, products.hidden_weights.map { _ in "sgemv" },
        ]
        emitter.step(kernel, arguments, "\(label) \(calls.compactMap(\.self).joined(separator: "+"))")
    }

    private func pack(_ weights: [[Float]], _ inputs: Int) -> UnsafePointer<Float> {
        let (lanes, hidden, inputs) = (Int32(emitter.lanes), Int64(hidden), Int64(inputs))
        let packed = emitter.memory.floats(ok_recurrent_packed(kind, lanes, hidden, inputs))
        ok_recurrent_pack(
            kind, lanes, hidden, inputs, weights[0], weights[1], recurrent.hasBias ? weights[2] : nil,
            recurrent.hasBias ? weights[3] : nil, packed)
        return UnsafePointer(packed)
    }

    /// What the library does of one layer and direction; nil: nothing.
    private func libraryProducts(
        _ weights: [[Float]], _ inputs: Int, steps: Int
    ) -> UnsafePointer<ok_recurrent_products>? {
        guard let library else { return nil }
        let (input, isHidden) = library.takes(steps, inputs)
        guard input || isHidden else { return nil }
        var products = ok_recurrent_products()
        products.add = library.add
        products.steps = Int64(min(steps, library.maximumSteps))
        if input { (products.input_bias, products.input_weights) = rows(weights, of: 0, inputs) }
        if isHidden { (products.hidden_bias, products.hidden_weights) = rows(weights, of: 1, hidden) }
        return UnsafePointer(emitter.memory.store(products))
    }

    /// Bias and matrix of the input (0) or the hidden state (1), in the order of the kernel's gate values.
    private func rows(
        _ weights: [[Float]], of side: Int, _ columns: Int
    ) -> (UnsafePointer<Float>, UnsafePointer<Float>) {
        let (lanes, hidden) = (Int32(emitter.lanes), Int64(hidden))
        let width = Int(ok_recurrent_width(kind, lanes, hidden))
        let (bias, matrix) = (emitter.memory.floats(width), emitter.memory.floats(width * columns))
        ok_recurrent_rows(
            kind, lanes, hidden, Int32(side), Int64(columns), weights[side],
            recurrent.hasBias ? weights[2] : nil, recurrent.hasBias ? weights[3] : nil, bias, matrix)
        return (UnsafePointer(bias), UnsafePointer(matrix))
    }

    /// x and y behind the frames that come before the signal.
    func skipLag(_ x: Operand, _ y: Operand) -> (x: Operand, y: Operand, steps: ok_len) {
        let rest = emitter.reserveLength()
        func shifted(_ operand: Operand) -> Operand {
            let slot = emitter.makeSlot(
                .view(of: operand.slot), byteCount: 0, name: "\(emitter.current.name).rest")
            return Operand(
                slot: slot, shape: operand.shape, strides: operand.strides, dataType: operand.dataType)
        }
        let (restX, restY) = (shifted(x), shifted(y))
        let (xRank, yRank) = (x.shape.count, y.shape.count)
        emitter.step(
            ok_skip,
            ok_skip_args(
                counter: Int32(emitter.state(byteCount: 8, name: "frames seen")), length: Int32(rest.index),
                input: Int32(x.slot), output: Int32(y.slot), input_rest: Int32(restX.slot),
                output_rest: Int32(restY.slot), frames: Int64(recurrent.lag), batch: Int64(batch(y)),
                output_features: Int64(recurrent.directions * hidden),
                rows: emitter.length(y.shape[yRank - 2]),
                input_step: emitter.length(x.strides[xRank - 2]),
                output_step: emitter.length(y.strides[yRank - 2]),
                output_batch: yRank == 3 ? emitter.length(y.strides[0]) : 0),
            "skip \(recurrent.lag)")
        return (restX, restY, rest.length)
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
