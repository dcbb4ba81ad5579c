import CKernels

extension Unary: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let source = try emitter.input(0)
        if activation.isIdentity, !emitter.outputIsPlaced() { return emitter.setOutput(source) }
        if !emitter.reuseInput(0) { _ = emitter.output() }
        let destination = emitter.output()
        emitter.emitUnary(activation, from: source, to: destination)
    }
}

extension Emitter {
    func emitUnary(_ activation: Activation, from source: Operand, to destination: Operand) {
        if activation.isIdentity { return emitCopy(from: source, to: destination) }
        guard source.hasRows else {
            emitCopy(from: source, to: destination)
            return emitUnary(activation, from: destination, to: destination)
        }
        let (shape, strides) = try! nest(source.shape, [source.strides, destination.strides])
        step(
            kernels.pointee.ok_unary,
            ok_unary_args(
                function: activation.c, rank: Int32(shape.count), shape: lengths(shape),
                source: cOperand(source, strides[0]), destination: cOperand(destination, strides[1])),
            "\(activation.kind)")
    }

    func emitBinary(_ kind: Binary.Kind, _ a: Operand, _ b: Operand, to destination: Operand) throws {
        let (shape, strides) = try nest(
            destination.shape,
            [
                broadcastStrides(a, to: destination.shape), broadcastStrides(b, to: destination.shape),
                destination.strides,
            ])
        step(
            kernels.pointee.ok_binary,
            ok_binary_args(
                kind: kind.rawValue, rank: Int32(shape.count), shape: lengths(shape),
                a: cOperand(a, strides[0]),
                b: cOperand(b, strides[1]), destination: cOperand(destination, strides[2])),
            "\(kind)")
    }

    /// The loop nest of a function of `sources`, broadcast to `destination`.
    func broadcastNest(_ sources: [Operand], to destination: Operand) throws -> ElementwiseNest {
        let operands = sources + [destination]
        let (shape, strides) = try nest(
            destination.shape, operands.map { broadcastStrides($0, to: destination.shape) })
        return ElementwiseNest(
            rank: Int32(shape.count), shape: lengths(shape), operands: zip(operands, strides).map(cOperand))
    }

    /// The operand itself when it has rows; otherwise a dense copy.
    func rowwise(_ operand: Operand) -> Operand {
        if operand.hasRows { return operand }
        let copy = scratch(operand.shape, operand.dataType)
        emitCopy(from: operand, to: copy)
        return copy
    }
}

/// What kernels of several operands walk together.
struct ElementwiseNest {
    var rank: Int32
    var shape: ok_lengths
    var operands: [ok_operand]
}

extension Binary: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        if try emitter.input(0).dataType == .int32 { return try emitIntegers(emitter) }
        let a = emitter.rowwise(try emitter.input(0))
        let b = emitter.rowwise(try emitter.input(1))
        if !emitter.reuseInput(0) { _ = emitter.reuseInput(1) }
        try emitter.emitBinary(kind, a, b, to: emitter.output())
    }

    private func emitIntegers(_ emitter: Emitter) throws {
        let nest = try emitter.broadcastNest(
            [try emitter.input(0), try emitter.input(1)], to: emitter.output())
        emitter.step(
            emitter.kernels.pointee.ok_binary_int,
            ok_binary_int_args(
                kind: kind.rawValue, rank: nest.rank, shape: nest.shape, a: nest.operands[0],
                b: nest.operands[1],
                destination: nest.operands[2]),
            "\(kind) int32")
    }
}
