import CKernels

extension DataType {
    /// As kernels name it.
    var c: Int32 {
        switch self {
        case .int32: Int32(OK_INT32.rawValue)
        case .bool: Int32(OK_BOOL.rawValue)
        default: Int32(OK_FLOAT32.rawValue)
        }
    }
}

extension Cast: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let source = try emitter.input(0)
        if source.dataType == dataType {
            if emitter.outputIsPlaced() { return emitter.emitCopy(from: source, to: emitter.output()) }
            return emitter.setOutput(source)
        }
        let nest = try emitter.broadcastNest([source], to: emitter.output())
        emitter.step(
            emitter.kernels.pointee.ok_cast,
            ok_cast_args(
                from: source.dataType.c, to: dataType.c, rank: nest.rank, shape: nest.shape,
                source: nest.operands[0],
                destination: nest.operands[1]),
            "\(source.dataType) to \(dataType)")
    }
}

extension Compare: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let (a, b) = (try emitter.input(0), try emitter.input(1))
        let nest = try emitter.broadcastNest([a, b], to: emitter.output())
        emitter.step(
            emitter.kernels.pointee.ok_compare,
            ok_compare_args(
                kind: kind.rawValue, type: a.dataType.c, rank: nest.rank, shape: nest.shape,
                a: nest.operands[0],
                b: nest.operands[1], destination: nest.operands[2]),
            name)
    }
}

extension Logical: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let a = try emitter.input(0)
        let b = kind == .not ? a : try emitter.input(1)
        let nest = try emitter.broadcastNest([a, b], to: emitter.output())
        emitter.step(
            emitter.kernels.pointee.ok_logical,
            ok_logical_args(
                kind: kind.rawValue, rank: nest.rank, shape: nest.shape, a: nest.operands[0],
                b: nest.operands[1],
                destination: nest.operands[2]),
            name)
    }
}

extension Select: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let inputs = try (0..<3).map { try emitter.input($0) }
        let nest = try emitter.broadcastNest(inputs, to: emitter.output())
        emitter.step(
            emitter.kernels.pointee.ok_select,
            ok_select_args(
                element: Int32(inputs[1].dataType.size), rank: nest.rank, shape: nest.shape,
                condition: nest.operands[0], a: nest.operands[1], b: nest.operands[2],
                destination: nest.operands[3]),
            name)
    }
}
