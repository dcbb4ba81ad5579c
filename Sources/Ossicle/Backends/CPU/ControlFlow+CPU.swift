import CKernels

extension While: CPUOperation {
    /// What is carried round lies in the buffers of the outputs: the regions read it there, and the end of the body
    /// puts the new values there. An operation that can work in place does, so a long list is not copied each round.
    func emitCPU(_ emitter: Emitter) throws {
        let node = emitter.current
        let places = try (0..<carried).map { i in
            let initial = try emitter.input(i)
            if !emitter.reuseInput(i, forOutput: i) { emitter.emitCopy(from: initial, to: emitter.output(i)) }
            return emitter.output(i)
        }
        let others = try (carried..<node.inputs.count).map { try emitter.input($0) }
        emitter.protect(others)
        let proceed = emitter.scratch([], .bool)
        let condition = try emitter.region(node.regions[0], inputs: places + others, keeps: places) {
            results in
            emitter.emitCopy(from: flat(results[0]), to: flat(proceed))
        }
        let body = try emitter.region(node.regions[1], inputs: places + others) { results in
            carry(results, to: places, emitter)
        }
        emitter.step(
            ok_while,
            ok_while_args(
                condition: emitter.store(condition), body: emitter.store(body), proceed: Int32(proceed.slot)),
            "while: \(condition.count) + \(body.count) steps")
    }

    /// Copies results to their places; those that lie in a place of another one go aside first.
    private func carry(_ results: [Operand], to places: [Operand], _ emitter: Emitter) {
        let owned = Set(places.map { emitter.base(of: $0.slot) })
        var sources = results
        for (i, result) in results.enumerated()
        where !result.isSamePlace(as: places[i]) && owned.contains(emitter.base(of: result.slot)) {
            sources[i] = emitter.scratch(result.shape, result.dataType)
            emitter.emitCopy(from: result, to: sources[i])
        }
        for (source, place) in zip(sources, places) where !source.isSamePlace(as: place) {
            emitter.emitCopy(from: source, to: place)
        }
    }
}

extension If: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let node = emitter.current
        let condition = emitter.scratch([], .bool)
        emitter.emitCopy(from: flat(try emitter.input(0)), to: flat(condition))
        let others = try (1..<node.inputs.count).map { try emitter.input($0) }
        emitter.protect(others)
        let places = node.outputs.indices.map { emitter.output($0) }
        let branches = try node.regions.map { region in
            emitter.store(
                try emitter.region(region, inputs: others) { results in
                    for (result, place) in zip(results, places) { emitter.emitCopy(from: result, to: place) }
                })
        }
        emitter.step(
            ok_if, ok_if_args(then: branches[0], otherwise: branches[1], condition: Int32(condition.slot)),
            "if: \(branches[0].count) or \(branches[1].count) steps")
    }
}

/// One element under whatever shape, as a scalar.
private func flat(_ operand: Operand) -> Operand {
    Operand(slot: operand.slot, shape: [], strides: [], dataType: operand.dataType)
}

extension ReadState: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        // A copy: what is written later in the run must not show in what was read before.
        emitter.emitCopy(from: try emitter.namedState(state, type), to: emitter.output())
    }
}

extension WriteState: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let value = try emitter.input(0)
        emitter.emitCopy(
            from: value, to: try emitter.namedState(state, emitter.type(of: emitter.current.inputs[0])))
    }
}
