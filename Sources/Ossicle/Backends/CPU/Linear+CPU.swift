import CKernels

extension LinearOperation: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let weight = try emitter.constant(1)
        let bias = hasBias ? try emitter.constant(2).floats() : []
        let input = try emitter.input(0)
        let source = Self.rowStride(input) == nil ? try emitter.denseInput(0) : input
        let target = emitter.output()
        if Self.rowStride(target) != nil {
            emit(emitter, source, weight, bias, to: target)
        } else {
            try emitter.withDenseOutput { emit(emitter, source, weight, bias, to: $0) }
        }
    }

    /// The distance between rows when all leading axes can be walked as one.
    private static func rowStride(_ operand: Operand) -> Dim? {
        let rank = operand.shape.count
        guard operand.strides[rank - 1] == .fixed(1) || operand.shape[rank - 1] == .fixed(1) else {
            return nil
        }
        guard rank > 1 else { return operand.shape[0] }
        for axis in 0..<(rank - 2)
        where operand.strides[axis] != operand.strides[axis + 1] * operand.shape[axis + 1] {
            return nil
        }
        return operand.strides[rank - 2]
    }

    func emit(
        _ emitter: Emitter, _ source: Operand, _ weight: Tensor, _ bias: [Float], to target: Operand
    ) {
        let (outputs, inputs) = (weight.shape[0], weight.shape[1])
        let batch = Array(source.shape.dropLast()).product
        let packed = Self.pack(
            weight.floats(), bias: bias, inputs: inputs, outputs: outputs, lanes: emitter.lanes,
            emitter.memory)
        let rows = emitter.maximum(batch)
        let strategy = rows == 1 ? "gemv" : "gemm"
        let block = min(rows, Int(OK_LINEAR_BLOCK_ROWS)) * min(inputs, Int(OK_LINEAR_BLOCK_TERMS))
        let stride = emitter.length(Self.rowStride(source)!)
        // Not a number yet where it is negative.
        let packs =
            rows >= Int(OK_LINEAR_PACKED_ROWS)
            && (stride < 0 || stride % Int64(OK_LINEAR_ALIASED_STRIDE) == 0)
        let scratch = packs ? emitter.scratch(byteCount: block * 4) : 0
        emitter.step(
            emitter.kernels.pointee.ok_linear,
            ok_linear_args(
                source: Int32(source.slot), destination: Int32(target.slot), inputs: Int64(inputs),
                outputs: Int64(outputs), batch: emitter.length(batch),
                source_stride: stride,
                destination_stride: emitter.length(Self.rowStride(target)!), weights: packed.weights,
                bias: packed.bias, activation: activation.c, packed: Int32(scratch)),
            activation.isIdentity ? strategy : "\(strategy)+\(activation.kind)")
    }

    /// Panels of two vectors of outputs, the last of one where that is enough (see `ok_linear_args`).
    static func pack(
        _ weight: [Float], bias: [Float], inputs: Int, outputs: Int, lanes: Int, _ memory: ProgramMemory
    ) -> (weights: UnsafePointer<Float>, bias: UnsafePointer<Float>) {
        let padded = (outputs + lanes - 1) / lanes * lanes
        let packed = memory.floats(padded * inputs)
        let packedBias = memory.floats(padded)
        for (i, value) in bias.enumerated() { packedBias[i] = value }
        weight.withUnsafeBufferPointer { weight in
            var first = 0
            while first < padded {
                let width = padded - first >= 2 * lanes ? 2 * lanes : lanes
                let panel = packed + first * inputs
                for column in 0..<min(width, outputs - first) {
                    let row = (first + column) * inputs
                    for k in 0..<inputs { panel[k * width + column] = weight[row + k] }
                }
                first += width
            }
        }
        return (UnsafePointer(packed), UnsafePointer(packedBias))
    }
}
