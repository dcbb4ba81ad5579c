import CKernels

extension TransposedConvolution: HistoryReader {
    func past(ofInput index: Int) -> Int { index == 0 ? axis.past ?? 0 : 0 }
}

/// A transposed convolution of stride s is an ordinary one with s times the output rows, one set for each phase of
/// the output, followed by putting the phases in order: output u = q·s + r sums w[k] · x[q - (k·d - r)/s] over the
/// taps k with k·d ≡ r (mod s).
extension TransposedConvolution: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let input = try emitter.input(0)
        let weight = try emitter.constant(1)
        let kernel = weight.shape[2]
        let stride = axis.stride
        let reach = (axis.span(kernel) - 1) / stride  // the furthest tap back, in input frames
        let destination = emitter.output()
        let outLength = destination.shape.last!

        // Phases q = first …; x is padded (or cropped) so that every window lies inside.
        let first = axis.padBegin / stride
        var columns = input.shape.last!
        // Frames that no phase reads are left out: with stride 1 that is all of a dilation's gaps.
        let step = (0..<kernel).reduce(reach) {
            greatestCommonDivisor($0, reach - $1 * axis.dilation / stride)
        }
        var inner = ConvolutionAxis(dilation: max(step, 1))
        if let past = axis.past {
            inner.past = past
        } else {
            let lastPhase = outLength.affine(addend: axis.padBegin - 1, divisor: stride)
            columns = lastPhase.affine(addend: 1 - first)
            inner.padBegin = reach - first
            let end = emitter.maximum(lastPhase) - (emitter.maximum(input.shape.last!) - 1)
            inner.padEnd = end
        }
        var phases = Convolution(axes: [inner], groups: groups, hasBias: hasBias)
        phases.activation = stride == 1 ? activation : .identity
        let rows = weight.shape[1] * stride
        let taps = try phaseWeights(weight, reach: reach, step: inner.dilation)
        let bias =
            hasBias ? try emitter.constant(2).floats().flatMap { Array(repeating: $0, count: stride) } : nil
        var target = destination
        if stride > 1 {
            target = emitter.scratch(Array(input.shape.dropLast(2)) + [.fixed(rows * groups), columns])
        }
        try ConvolutionEmission(emitter: emitter, convolution: phases)
            .emit(weights: [taps], bias: bias, residual: nil, to: target)
        if stride > 1 { emitInterleave(emitter, from: target, columns: columns, to: destination) }
    }

    /// `[O·stride, C/groups, reach / step + 1]`: row (o, r) holds the taps of phase r, oldest frame first.
    private func phaseWeights(_ weight: Tensor, reach: Int, step: Int) throws -> Tensor {
        let values = weight.floats()
        let (channels, outputs, kernel) = (weight.shape[0], weight.shape[1], weight.shape[2])
        let depth = channels / groups
        let taps = reach / step + 1
        var result = [Float](repeating: 0, count: outputs * groups * axis.stride * depth * taps)
        for group in 0..<groups {
            for c in 0..<depth {
                for o in 0..<outputs {
                    for k in 0..<kernel {
                        let shift = k * axis.dilation
                        let row = (group * outputs + o) * axis.stride + shift % axis.stride
                        let tap = (reach - shift / axis.stride) / step
                        result[(row * depth + c) * taps + tap] =
                            values[((group * depth + c) * outputs + o) * kernel + k]
                    }
                }
            }
        }
        return try Tensor(result, shape: [outputs * groups * axis.stride, depth, taps])
    }

    private func emitInterleave(
        _ emitter: Emitter, from source: Operand, columns: Dim, to destination: Operand
    ) {
        let layout = Layout(destination, spatialRank: 1, emitter)
        emitter.step(
            emitter.kernels.pointee.ok_interleave,
            ok_interleave_args(
                source: Int32(source.slot), destination: Int32(destination.slot), stride: Int32(axis.stride),
                crop: Int64(axis.padBegin), batch: Int64(layout.batch), channels: Int64(layout.channels),
                in_columns: emitter.length(columns), out_columns: layout.columns,
                destination_batch_stride: layout.batchStride, destination_row_stride: layout.channelStride),
            "interleave/\(axis.stride)")
        if !activation.isIdentity { emitter.emitUnary(activation, from: destination, to: destination) }
    }
}
