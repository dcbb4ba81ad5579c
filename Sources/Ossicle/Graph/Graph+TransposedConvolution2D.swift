extension Graph {
    /// PyTorch's `ConvTranspose2d`: x `[N?, C, H, W]`, weight `[C, O/groups, kernel, kernel]` (constant), bias `[O]`.
    ///
    /// It is a convolution with one set of channels for each phase of the output (see `TransposedConvolution`), whose
    /// phases are then put in order. `axes` gives stride, dilation and what is cropped off the full result.
    ///
    /// - Throws: `unsupported` for a weight that is computed, `shapeMismatch` where shapes do not fit.
    public mutating func transposedConvolution2D(
        _ x: ValueID, weight: ValueID, bias: ValueID?, axes: [ConvolutionAxis],
        outputPadding: [Int] = [0, 0],
        groups: Int = 1, name: String = "conv_transpose"
    ) throws -> ValueID {
        let shape = type(of: x).shape
        guard let tensor = constant(weight), bias == nil || constant(bias!) != nil else {
            throw OssicleError(.unsupported, "\(name): weights must be constant")
        }
        guard tensor.shape.count == 4, axes.count == 2, outputPadding.count == 2,
            (3...4).contains(shape.count),
            groups > 0, tensor.shape[0] % groups == 0, shape[shape.count - 3] == .fixed(tensor.shape[0])
        else {
            throw OssicleError(
                .shapeMismatch,
                "\(name): expected x [N?, C, H, W] and weight [C, O/groups, kernel, kernel] for \(groups) groups, found "
                    + "\(shape.text) and \(tensor.shape)")
        }
        var phases: [PhasedAxis] = []
        for i in 0..<2 {
            guard let length = shape[shape.count - 2 + i].fixedValue else {
                throw OssicleError(.unsupported, "\(name): \(shape.text) is dynamic")
            }
            phases.append(
                try PhasedAxis(
                    axes[i], kernel: tensor.shape[2 + i], length: length, outputPadding: outputPadding[i],
                    name))
        }
        let (y, z) = (phases[0], phases[1])
        let taps = constant("\(name).taps", try Self.phaseWeights(tensor, y, z, groups: groups))
        var inputs = [x, taps]
        if let bias {
            let values = constant(bias)!.floats().flatMap {
                [Float](repeating: $0, count: y.stride * z.stride)
            }
            inputs.append(try constant("\(name).bias", values, [values.count]))
        }
        let convolution = Convolution(axes: phases.map(\.axis), groups: groups, hasBias: bias != nil)
        let batch = Array(shape.dropLast(3))
        let sums = try add(convolution, inputs, name: "\(name).phases")[0]
        var value = sums
        let outputs = tensor.shape[1] * groups
        if y.stride * z.stride > 1 {
            let split = [outputs, y.stride, z.stride, y.columns, z.columns].map { Dim.fixed($0) }
            let first = batch.count
            value = try apply(Reshape(batch + split), value, name: "\(name).split")
            value = try apply(
                Transpose(Array(0..<first) + [0, 3, 1, 4, 2].map { $0 + first }), value, name: "\(name).order"
            )
            let joined = [outputs, y.columns * y.stride, z.columns * z.stride].map { Dim.fixed($0) }
            value = try apply(Reshape(batch + joined), value, name: "\(name).joined")
        }
        for (i, phase) in phases.enumerated()
        where phase.crop > 0 || phase.output < phase.columns * phase.stride {
            value = try apply(
                Slice(axis: batch.count + 1 + i, start: phase.crop, count: .fixed(phase.output)), value,
                name: "\(name).crop\(i)")
        }
        return value
    }

    /// `[O·stride², C/groups, taps, taps]`, oldest tap first.
    private static func phaseWeights(
        _ weight: Tensor, _ y: PhasedAxis, _ x: PhasedAxis, groups: Int
    ) throws -> Tensor {
        let values = weight.floats()
        let (depth, outputs) = (weight.shape[0] / groups, weight.shape[1])
        let rows = outputs * groups * y.stride * x.stride
        var result = [Float](repeating: 0, count: rows * depth * y.taps * x.taps)
        for c in 0..<weight.shape[0] {
            for o in 0..<outputs {
                for ky in 0..<weight.shape[2] {
                    for kx in 0..<weight.shape[3] {
                        let (phaseY, tapY) = y.place(ky), (phaseX, tapX) = x.place(kx)
                        let row = ((c / depth * outputs + o) * y.stride + phaseY) * x.stride + phaseX
                        result[((row * depth + c % depth) * y.taps + tapY) * x.taps + tapX] =
                            values[((c * outputs + o) * weight.shape[2] + ky) * weight.shape[3] + kx]
                    }
                }
            }
        }
        return try Tensor(result, shape: [rows, depth, y.taps, x.taps])
    }
}

/// One axis of a transposed convolution as a convolution: output q·stride + phase sums w[k] · x[q - (k·d - phase) / s].
private struct PhasedAxis {
    let stride: Int
    let dilation: Int
    let taps: Int
    /// Of each phase, and what is kept of all of them in order.
    let columns: Int
    let crop: Int
    let output: Int
    let axis: ConvolutionAxis
    private let reach: Int
    private let step: Int

    init(_ axis: ConvolutionAxis, kernel: Int, length: Int, outputPadding: Int, _ name: String) throws {
        guard axis.stride > 0, axis.dilation > 0, kernel > 0, length > 0, axis.padBegin >= 0 else {
            throw OssicleError(.invalidArgument, "\(name): stride, dilation and kernel must be positive")
        }
        let (stride, dilation) = (axis.stride, axis.dilation)
        let full = (length - 1) * stride + axis.span(kernel) + outputPadding
        let reach = (axis.span(kernel) - 1) / stride
        // With stride 1 a dilation's gaps need not be walked.
        let step = stride == 1 ? dilation : 1
        columns = (full + stride - 1) / stride
        crop = axis.padBegin
        output = full - axis.padBegin - axis.padEnd
        guard output > 0, crop + output <= columns * stride else {
            throw OssicleError(
                .shapeMismatch,
                "\(name): cropping \(axis.padBegin)+\(axis.padEnd) from \(full) elements leaves no \(output)")
        }
        (self.stride, self.dilation, self.reach, self.step) = (stride, dilation, reach, step)
        taps = reach / step + 1
        self.axis = ConvolutionAxis(dilation: step, padBegin: reach, padEnd: columns - length)
    }

    /// The phase and tap that kernel element `k` belongs to.
    func place(_ k: Int) -> (phase: Int, tap: Int) {
        let shift = k * dilation
        return (shift % stride, (reach - shift / stride) / step)
    }
}
