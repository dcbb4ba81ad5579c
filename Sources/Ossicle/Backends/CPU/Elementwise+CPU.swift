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
        guard source.strides.last == .fixed(1) || source.shape.last == .fixed(1) || source.shape.isEmpty
        else {
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

    /// The operand itself when its innermost stride is 1 or it is broadcast along it; otherwise a dense copy.
    func rowwise(_ operand: Operand) -> Operand {
        guard let stride = operand.strides.last, stride != .fixed(1), operand.shape.last != .fixed(1) else {
            return operand
        }
        let copy = scratch(operand.shape, operand.dataType)
        emitCopy(from: operand, to: copy)
        return copy
    }
}

extension Binary: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let a = emitter.rowwise(try emitter.input(0))
        let b = emitter.rowwise(try emitter.input(1))
        if !emitter.reuseInput(0) { _ = emitter.reuseInput(1) }
        try emitter.emitBinary(kind, a, b, to: emitter.output())
    }
}
