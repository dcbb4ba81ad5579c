import CKernels

extension Convolution: HistoryReader {
    func past(ofInput index: Int) -> Int {
        index % 2 == 0 && index / 2 < sources.count ? sources[index / 2].last?.past ?? 0 : 0
    }
}

extension Convolution: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let weights = try sources.indices.map { try emitter.constant(2 * $0 + 1) }
        let bias = try biasIndex.map { try emitter.constant($0).floats() }
        let destination = emitter.output()
        let residual = try residualIndex.map { try emitter.input($0) }
        try ConvolutionEmission(emitter: emitter, convolution: self)
            .emit(weights: weights, bias: bias, residual: residual, to: destination)
    }
}

/// The steps of one convolution: windows prepared where stride or padding ask for it, then the weighted sum.
struct ConvolutionEmission {
    let emitter: Emitter
    let convolution: Convolution

    private var spatialRank: Int { convolution.spatialRank }

    func emit(weights: [Tensor], bias: [Float]?, residual: Operand?, to destination: Operand) throws {
        let rows = weights[0].shape[0] / convolution.groups
        let bias = bias ?? [Float](repeating: 0, count: rows * convolution.groups)
        if try emitRows(weights, bias: bias, residual: residual, to: destination) { return }
        let sources = try convolution.sources.indices.map { i in
            try source(
                try emitter.input(2 * i), kernel: Array(weights[i].shape.dropFirst(2)), convolution.sources[i]
            )
        }
        if let transform = transform(sources, weights[0], residual: residual, to: destination) {
            return emitTransform(transform, sources[0], weights[0], bias: bias, to: destination)
        }
        let packed = pack(weights, rows: rows)
        emitSum(
            sources, packed: packed.weights, groupWeights: packed.count, terms: packed.terms, rows: rows,
            bias: bias,
            residual: residual, to: destination)
    }

    func emitSum(
        _ sources: [ok_conv_source], packed: UnsafePointer<Float>, groupWeights: Int, terms: Int, rows: Int,
        bias: [Float], residual: Operand?, to destination: Operand
    ) {
        let gated = convolution.gate != nil
        let out = Layout(destination, spatialRank: spatialRank, emitter)
        let left = residual.map { Layout($0, spatialRank: spatialRank, emitter) }
        let pointers = emitter.scratch(byteCount: terms * MemoryLayout<UnsafeRawPointer>.size)
        let accumulator = gated ? emitter.scratch(byteCount: rows * Int(OK_CONV_BLOCK) * 4) : 0
        emitter.step(
            emitter.kernels.pointee.ok_conv,
            ok_conv_args(
                source_count: Int32(sources.count), sources: emitter.memory.store(sources),
                batch: Int64(out.batch),
                groups: Int64(convolution.groups), rows: Int64(rows), terms: Int64(terms), out_y: out.height,
                columns: out.columns, weights: packed, group_weights: Int64(groupWeights),
                bias: emitter.memory.store(bias), activation: convolution.activation.c,
                gate: (convolution.gate ?? .identity).c, gated: gated ? 1 : 0,
                destination: Int32(destination.slot),
                residual: Int32(residual?.slot ?? -1), accumulator: Int32(accumulator),
                pointers: Int32(pointers),
                destination_batch_stride: out.batchStride, destination_row_stride: out.channelStride,
                destination_y_stride: out.rowStride, residual_batch_stride: left?.batchStride ?? 0,
                residual_row_stride: left?.channelStride ?? 0, residual_y_stride: left?.rowStride ?? 0),
            label(sources.count))
    }

    private func label(_ count: Int) -> String {
        var text = count == 1 ? "conv" : "conv×\(count)"
        if let gate = convolution.gate {
            text += "+\(convolution.activation.kind)·\(gate.kind)"
        } else if !convolution.activation.isIdentity {
            text += "+\(convolution.activation.kind)"
        }
        return convolution.hasResidual ? text + "+residual" : text
    }

    /// The source as the kernel walks it, behind a window step when the input cannot be walked as it lies.
    private func source(_ input: Operand, kernel: [Int], _ axes: [ConvolutionAxis]) throws -> ok_conv_source {
        let x = axes.last!
        let y = axes.count == 2 ? axes[0] : ConvolutionAxis()
        let past = x.past ?? 0
        let inner = isWalkable(input)
        let padded = x.padBegin != 0 || x.padEnd != 0 || y.padBegin != 0 || y.padEnd != 0
        var operand = input
        var offset = -past
        var phaseStride = Dim.fixed(0)
        if padded || x.stride > 1 || !inner {
            operand = emitter.emitWindow(
                walkable(input), x: x, y: y, spatialRank: spatialRank, mode: convolution.padding)
            offset = 0
            phaseStride = operand.strides[0]
            operand = Operand(
                slot: operand.slot, shape: Array(operand.shape.dropFirst(2)),
                strides: Array(operand.strides.dropFirst(2)), dataType: .float32)
            let batch = input.shape.count == spatialRank + 2
            if batch {
                operand.shape.insert(input.shape[0], at: 0)
                operand.strides.insert(phaseStride * .fixed(x.stride), at: 0)
            }
        }
        let layout = Layout(operand, spatialRank: spatialRank, emitter)
        return ok_conv_source(
            slot: Int32(operand.slot), channels: Int32(layout.channels / convolution.groups),
            taps_x: Int32(kernel.last!), taps_y: Int32(kernel.count == 2 ? kernel[0] : 1),
            stride_x: Int32(x.stride),
            stride_y: Int32(y.stride), dilation_x: Int32(x.dilation), dilation_y: Int32(y.dilation),
            offset: Int64(offset), batch_stride: layout.batchStride, channel_stride: layout.channelStride,
            row_stride: layout.rowStride, phase_stride: emitter.length(phaseStride))
    }

    private func isWalkable(_ input: Operand) -> Bool {
        input.strides.last == .fixed(1) || input.shape.last == .fixed(1)
    }

    /// The input with its columns side by side.
    func walkable(_ input: Operand) -> Operand {
        guard !isWalkable(input) else { return input }
        let copy = emitter.scratch(input.shape)
        emitter.emitCopy(from: input, to: copy)
        return copy
    }

    /// Panels of output rows in runs of 8, 4, 2, 1 (see `ok_conv_args`), K over sources, channels and taps.
    private func pack(_ weights: [Tensor], rows: Int) -> (
        weights: UnsafePointer<Float>, count: Int, terms: Int
    ) {
        let values = weights.map { $0.floats() }
        let depths = weights.map { $0.shape.dropFirst().reduce(1, *) }
        let terms = depths.reduce(0, +)
        let packed = emitter.memory.floats(convolution.groups * rows * terms)
        var next = packed
        for group in 0..<convolution.groups {
            for run in Self.runs(rows, widest: Int(emitter.kernels.pointee.conv_rows)) {
                for (source, depth) in depths.enumerated() {
                    for k in 0..<depth {
                        for row in run {
                            next.pointee = values[source][(group * rows + row) * depth + k]
                            next += 1
                        }
                    }
                }
            }
        }
        return (UnsafePointer(packed), rows * terms, terms)
    }

    static func runs(_ rows: Int, widest: Int) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        var row = 0
        while row < rows {
            let size = [8, 4, 2, 1].first { $0 <= widest && $0 <= rows - row }!
            runs.append(row..<(row + size))
            row += size
        }
        return runs
    }
}

/// An operand `[N?, C, y?, x]` taken apart into extents and strides.
struct Layout {
    let batch: Int
    let channels: Int
    let batchStride, channelStride, rowStride: ok_len
    let height, columns: ok_len

    init(_ operand: Operand, spatialRank: Int, _ emitter: Emitter) {
        let hasBatch = operand.shape.count == spatialRank + 2
        let c = hasBatch ? 1 : 0
        batch = hasBatch ? emitter.maximum(operand.shape[0]) : 1
        channels = emitter.maximum(operand.shape[c])
        batchStride = hasBatch ? emitter.length(operand.strides[0]) : 0
        channelStride = emitter.length(operand.strides[c])
        rowStride = spatialRank == 2 ? emitter.length(operand.strides[c + 1]) : 0
        height = spatialRank == 2 ? emitter.length(operand.shape[c + 1]) : 1
        columns = emitter.length(operand.shape.last!)
    }
}

extension Emitter {
    /// A window step: `[phase·batch…]` dense as [phase, 1, channels, y?, columns] for each batch item.
    func emitWindow(
        _ input: Operand, x: ConvolutionAxis, y: ConvolutionAxis, spatialRank: Int, mode: PaddingMode
    ) -> Operand {
        let past = x.past ?? 0
        let layout = Layout(input, spatialRank: spatialRank, self)
        let inX = input.shape.last! + past
        let padded = inX + (x.padBegin + x.padEnd)
        let columns = padded.affine(addend: x.stride - 1, divisor: x.stride)
        let height =
            spatialRank == 2 ? input.shape[input.shape.count - 2] + (y.padBegin + y.padEnd) : .fixed(1)
        let inner: [Dim] = [.fixed(layout.channels)] + (spatialRank == 2 ? [height] : []) + [columns]
        let window = scratch([.fixed(layout.batch * x.stride), .fixed(1)] + inner)
        step(
            kernels.pointee.ok_window,
            ok_window_args(
                source: Int32(input.slot), destination: Int32(window.slot), mode: mode.rawValue,
                stride: Int32(x.stride), offset: Int64(-past), pad_x: Int64(x.padBegin),
                pad_y: Int64(y.padBegin),
                batch: Int64(layout.batch), planes: Int64(layout.channels), batch_stride: layout.batchStride,
                plane_stride: layout.channelStride, row_stride: layout.rowStride, in_x: length(inX),
                in_y: spatialRank == 2 ? length(input.shape[input.shape.count - 2]) : 1,
                out_x: length(columns),
                out_y: length(height)),
            x.stride > 1 ? "window/\(x.stride)" : "pad")
        return window
    }
}
