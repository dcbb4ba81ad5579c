import CKernels

extension MatMul: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        var x = try Self.rowwise(emitter.input(0), emitter), y = try Self.rowwise(emitter.input(1), emitter)
        let (left, right) = matrices(x.shape, y.shape)
        // A vector becomes a matrix of one row or column; as a column it lies as a row, transposed.
        let (turnsX, turnsY) = (transposesX && x.shape.count > 1, transposesY || y.shape.count == 1)
        if x.shape.count == 1 { Self.prepend(&x) }
        if y.shape.count == 1 { Self.prepend(&y) }
        try emitter.withDenseOutput { target in
            var destination = target
            if emitter.type(of: emitter.current.inputs[0]).rank == 1 {
                let vector = emitter.type(of: emitter.current.inputs[1]).rank == 1
                let place = vector ? destination.shape.count : destination.shape.count - 1
                destination.shape.insert(.fixed(1), at: place)
                destination.strides.insert(right.columns, at: place)
            }
            if emitter.type(of: emitter.current.inputs[1]).rank == 1 {
                destination.shape.append(.fixed(1))
                destination.strides.append(.fixed(1))
            }
            let outer = Array(destination.shape.dropLast(2))
            func batch(_ operand: Operand) -> Operand {
                Operand(
                    slot: operand.slot, shape: Array(operand.shape.dropLast(2)),
                    strides: Array(operand.strides.dropLast(2)), dataType: operand.dataType)
            }
            let operands = [batch(x), batch(y), batch(destination)]
            let (shape, strides) = try emitter.nest(
                outer, operands.map { emitter.broadcastStrides($0, to: outer) })
            // The innermost axis of a nest is one row of kernel work: here, one matrix.
            emitStep(
                emitter, shape + [.fixed(1)],
                zip(operands, strides).map { emitter.cOperand($0, $1 + [.fixed(0)]) },
                x: x, y: y,
                destination: destination, turnsX: turnsX, turnsY: turnsY, rows: left.rows,
                terms: left.columns,
                columns: right.columns)
        }
    }

    private func emitStep(
        _ emitter: Emitter, _ shape: [Dim], _ operands: [ok_operand], x: Operand, y: Operand,
        destination: Operand,
        turnsX: Bool, turnsY: Bool, rows: Dim, terms: Dim, columns: Dim
    ) {
        func rowStride(_ operand: Operand) -> ok_len {
            emitter.length(operand.strides[operand.strides.count - 2])
        }
        let (m, k) = (emitter.maximum(rows), emitter.maximum(terms))
        let padded = (emitter.maximum(columns) + emitter.lanes - 1) / emitter.lanes * emitter.lanes
        let block = min(m, Int(OK_LINEAR_BLOCK_ROWS)) * min(k, Int(OK_LINEAR_BLOCK_TERMS))
        emitter.step(
            emitter.kernels.pointee.ok_matmul,
            ok_matmul_args(
                rank: Int32(shape.count), shape: emitter.lengths(shape), x: operands[0], y: operands[1],
                destination: operands[2], x_transposed: turnsX ? 1 : 0, y_transposed: turnsY ? 1 : 0,
                rows: emitter.length(rows), terms: emitter.length(terms), columns: emitter.length(columns),
                x_stride: rowStride(x), y_stride: rowStride(y), destination_stride: rowStride(destination),
                panels: Int32(emitter.scratch(byteCount: padded * k * 4)),
                turned: turnsX ? Int32(emitter.scratch(byteCount: m * k * 4)) : -1,
                block: Int32(emitter.scratch(byteCount: block * 4)),
                bias: Int32(emitter.scratch(byteCount: padded * 4))),
            "matmul")
    }

    /// With the elements of a row side by side.
    private static func rowwise(_ operand: Operand, _ emitter: Emitter) -> Operand {
        if operand.strides.last == .fixed(1) { return operand }
        let copy = emitter.scratch(operand.shape, operand.dataType)
        emitter.emitCopy(from: operand, to: copy)
        return copy
    }

    private static func prepend(_ operand: inout Operand) {
        operand.shape.insert(.fixed(1), at: 0)
        operand.strides.insert(operand.shape[1], at: 0)
    }
}
