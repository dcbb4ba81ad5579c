/// A convolution of whole tensors to a few columns, as a matrix product.
///
/// `ok_conv` has columns along the vector, which leaves most lanes idle when there are only a few. Here every window
/// becomes a row and `ok_linear` has the outputs along the vector. Both start from the bias and go over channels and
/// then taps, so either way gives the same bits.
extension ConvolutionEmission {
    /// Whether the product, with the moves it needs, is the quicker way. Costs are vector operations.
    private func prefersRows(_ weight: Tensor, columns: Int) -> Bool {
        let lanes = emitter.lanes
        let vectors = { (n: Int) in (n + lanes - 1) / lanes }
        let terms = weight.shape[1] * weight.shape[2]
        let direct = terms * weight.shape[0] * vectors(columns)
        let product = terms * vectors(weight.shape[0]) * columns
        return product + product / 4 + (terms + weight.shape[0]) * columns < direct
    }

    /// Emits the convolution as a product, where that can and should be done.
    func emitRows(
        _ weights: [Tensor], bias: [Float], residual: Operand?, to destination: Operand
    ) throws -> Bool {
        let axis = convolution.sources[0].last!
        guard !emitter.mode.isStream, weights.count == 1, convolution.spatialRank == 1,
            convolution.groups == 1, convolution.gate == nil, residual == nil, axis.past == nil,
            destination.shape.last?.fixedValue != nil, prefersRows(weights[0], columns: columns(destination))
        else { return false }
        let rows = try windows(of: emitter.input(0), axis, weights[0])
        let (batch, outputs) = (rows.shape[0], weights[0].shape[0])
        var product = LinearOperation(hasBias: true)
        product.activation = convolution.activation
        let result = emitter.scratch([batch, .fixed(columns(destination)), .fixed(outputs)])
        let weight = try Tensor(weights[0].floats(), shape: [outputs, rows.shape[2].fixedValue!])
        product.emit(emitter, rows, weight, bias, to: result)
        var target = destination
        if target.shape.count == 2 {
            target.shape.insert(.fixed(1), at: 0)
            target.strides.insert(.fixed(0), at: 0)
        }
        let strides = result.strides
        emitter.emitCopy(
            from: Operand(
                slot: result.slot, shape: target.shape, strides: [strides[0], strides[2], strides[1]],
                dataType: .float32), to: target)
        return true
    }

    private func columns(_ destination: Operand) -> Int { emitter.maximum(destination.shape.last!) }

    /// Windows `[batch, columns, channels · taps]` of the padded input.
    private func windows(of input: Operand, _ axis: ConvolutionAxis, _ weight: Tensor) -> Operand {
        var source = input
        let hasBatch = input.shape.count == 3
        let batch: Dim = hasBatch ? input.shape[0] : .fixed(1)
        if axis.padBegin != 0 || axis.padEnd != 0 {
            var padding = axis
            padding.stride = 1
            source = emitter.emitWindow(
                walkable(input), x: padding, y: ConvolutionAxis(), spatialRank: 1, mode: convolution.padding)
            source.shape.remove(at: 1)
            source.strides.remove(at: 1)
        } else if !hasBatch {
            source.shape.insert(.fixed(1), at: 0)
            source.strides.insert(.fixed(0), at: 0)
        }
        let (channels, taps) = (weight.shape[1], weight.shape[2])
        let span = (taps - 1) * axis.dilation + 1
        let count = (emitter.maximum(source.shape[2]) - span) / axis.stride + 1
        let rows = emitter.scratch([batch, .fixed(count), .fixed(channels * taps)])
        // Channels innermost, though they lie further apart: they are many and taps are few.
        let shape: [Dim] = [batch, .fixed(count), .fixed(taps), .fixed(channels)]
        let (item, channel, frame) = (source.strides[0], source.strides[1], source.strides[2])
        emitter.emitCopy(
            from: Operand(
                slot: source.slot, shape: shape,
                strides: [item, frame * .fixed(axis.stride), frame * .fixed(axis.dilation), channel],
                dataType: .float32),
            to: Operand(
                slot: rows.slot, shape: shape,
                strides: [rows.strides[0], rows.strides[1], .fixed(1), .fixed(taps)], dataType: .float32))
        return rows
    }
}
