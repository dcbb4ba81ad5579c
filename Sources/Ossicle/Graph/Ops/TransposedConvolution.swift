/// Transposed convolution over one spatial axis, PyTorch's `ConvTranspose1d`.
///
/// Inputs: x `[N?, C, L]`, weight `[C, O/groups, kernel]`, bias `[O]` when there is one.
/// Output length (L - 1)·stride - padBegin - padEnd + dilation·(kernel - 1) + outputPadding + 1.
public struct TransposedConvolution: Operation {
    public var axis: ConvolutionAxis
    public var outputPadding: Int
    public var groups: Int
    public var hasBias: Bool
    public var activation = Activation.identity

    public init(axis: ConvolutionAxis, outputPadding: Int = 0, groups: Int = 1, hasBias: Bool) {
        self.axis = axis
        self.outputPadding = outputPadding
        self.groups = groups
        self.hasBias = hasBias
    }

    public var name: String { "conv_transpose" }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: hasBias ? 3...3 : 2...2)
        let (x, weight) = (inputs[0], inputs[1])
        try expect(x, rank: 2...3)
        guard let w = weight.shape.fixedValues, w.count == 3, w[0] % groups == 0 else {
            throw OssicleError(
                .shapeMismatch, "weight: expected [C, O/groups, kernel], found \(weight.shape.text)")
        }
        let batch = Array(x.shape.dropLast(2))
        guard x.shape[batch.count] == .fixed(w[0]) else {
            throw OssicleError(
                .shapeMismatch,
                "input \(x.shape.text) has \(x.shape[batch.count]) channels, weight \(w) expects \(w[0])")
        }
        let channels = w[1] * groups
        if hasBias { try expect(inputs[2], shape: [.fixed(channels)], "bias") }
        let length = x.shape[batch.count + 1]
        let output =
            axis.past != nil || axis.dividesEvenly
            ? length.scaledExactly(by: axis.stride, over: 1)
            : length.affine(
                multiplier: axis.stride,
                addend: axis.span(w[2]) + outputPadding - axis.stride - axis.padBegin - axis.padEnd)
        if let fixed = output.fixedValue, fixed < 1 {
            throw OssicleError(.shapeMismatch, "input length \(length) gives an output of \(fixed) frames")
        }
        return [ValueType(batch + [.fixed(channels), output])]
    }

    public func flops(_ inputs: [[Int]], _ outputs: [[Int]]) -> Int {
        2 * inputs[0].reduce(1, *) * inputs[1].dropFirst().reduce(1, *)
    }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        guard let kernel = node.inputs[1].shape.last?.fixedValue else {
            return StreamingForm(self, latency: node.latency)
        }
        // The cropped front frames come out and count as latency; the newest input frame completes `stride` outputs.
        var form = self
        form.axis.past = (axis.span(kernel) - 1) / axis.stride
        form.axis.padBegin = 0
        form.axis.padEnd = 0
        form.outputPadding = 0
        return StreamingForm(
            form, latency: node.latency * axis.stride + axis.padBegin, needsSilentPast: true)
    }
}
