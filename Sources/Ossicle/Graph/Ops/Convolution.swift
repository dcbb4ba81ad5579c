/// How a convolution walks one spatial axis.
public struct ConvolutionAxis: Hashable, Sendable {
    public var stride = 1
    public var dilation = 1
    public var padBegin = 0
    public var padEnd = 0
    /// Whoever builds the graph vouches that the stride divides every length, and that the padding makes the short side
    /// exactly length / stride: extents stay exact then, so that going down and up again cancels.
    var dividesEvenly = false
    /// Streaming only: the first window starts this many frames before the block.
    var past: Int?

    public init(stride: Int = 1, dilation: Int = 1, padBegin: Int = 0, padEnd: Int = 0) {
        self.stride = stride
        self.dilation = dilation
        self.padBegin = padBegin
        self.padEnd = padEnd
    }

    /// Frames a window spans: (kernel - 1) · dilation + 1.
    func span(_ kernel: Int) -> Int { (kernel - 1) * dilation + 1 }

    /// For a stream whose frames lag by `latency`: the lag of the output, and how many frames before the block the
    /// first window starts.
    func streaming(kernel: Int, latency: Int) -> (latency: Int, past: Int) {
        // Output j of the whole-signal graph reads frames j·s - p …; its last frame must have arrived.
        let lookahead = latency + span(kernel) - 1 - padBegin
        let outputLatency = max(0, -((stride - 1 - lookahead).flooredQuotient(stride)))
        return (outputLatency, outputLatency * stride + padBegin - latency)
    }

    func outputLength(_ length: Dim, kernel: Int) -> Dim {
        if past != nil || dividesEvenly { return length.scaledExactly(by: 1, over: stride) }
        return length.affine(addend: padBegin + padEnd - span(kernel) + stride, divisor: stride)
    }
}

/// What a padded border holds. PyTorch's `padding_mode`.
public enum PaddingMode: Int32, Sendable, Hashable { case zeros, reflect, replicate, circular }

/// Convolution over one or two spatial axes, PyTorch's `Conv1d` / `Conv2d`, and the sums that fuse into it.
///
/// Inputs: for each source x `[N?, C, spatial…]` and weight `[O, C/groups, kernel…]`; then bias `[O]` and a residual
/// of the output's shape when there are any. The result is
/// `activation(Σ conv(xᵢ, wᵢ) + bias)`, or with a gate `activation(first half) · gate(second half)` over channels,
/// plus the residual.
public struct Convolution: Operation {
    /// One list of axes for each source.
    public var sources: [[ConvolutionAxis]]
    public var groups = 1
    public var padding = PaddingMode.zeros
    public var hasBias: Bool
    public var hasResidual = false
    public var activation = Activation.identity
    public var gate: Activation?

    public init(axes: [ConvolutionAxis], groups: Int = 1, padding: PaddingMode = .zeros, hasBias: Bool) {
        self.sources = [axes]
        self.groups = groups
        self.padding = padding
        self.hasBias = hasBias
    }

    public var name: String { "conv" }
    var spatialRank: Int { sources[0].count }
    var biasIndex: Int? { hasBias ? 2 * sources.count : nil }
    var residualIndex: Int? { hasResidual ? 2 * sources.count + (hasBias ? 1 : 0) : nil }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        let count = 2 * sources.count + (hasBias ? 1 : 0) + (hasResidual ? 1 : 0)
        try expect(inputs, count: count...count)
        var output: [Dim]?
        for (i, axes) in sources.enumerated() {
            let shape = try outputShape(inputs[2 * i], inputs[2 * i + 1], axes)
            if let first = output, first != shape {
                throw OssicleError(
                    .shapeMismatch, "summed convolutions differ: \(first.text) and \(shape.text)")
            }
            output = shape
        }
        var shape = output!
        let channelAxis = shape.count - spatialRank - 1
        if let bias = biasIndex { try expect(inputs[bias], shape: [shape[channelAxis]], "bias") }
        if gate != nil {
            guard let channels = shape[channelAxis].fixedValue, channels % 2 == 0 else {
                throw OssicleError(
                    .shapeMismatch,
                    "a gated convolution needs an even number of channels, found \(shape.text)")
            }
            shape[channelAxis] = .fixed(channels / 2)
        }
        if let residual = residualIndex { try expect(inputs[residual], shape: shape, "residual") }
        return [ValueType(shape)]
    }

    private func outputShape(_ x: ValueType, _ weight: ValueType, _ axes: [ConvolutionAxis]) throws -> [Dim] {
        try expect(x, rank: (axes.count + 1)...(axes.count + 2))
        guard let w = weight.shape.fixedValues, w.count == axes.count + 2 else {
            throw OssicleError(
                .shapeMismatch,
                "weight: expected \(axes.count + 2) fixed dimensions, found \(weight.shape.text)")
        }
        let batch = Array(x.shape.dropLast(axes.count + 1))
        let channels = x.shape[batch.count]
        guard channels == .fixed(w[1] * groups) else {
            throw OssicleError(
                .shapeMismatch,
                "input \(x.shape.text) has \(channels) channels, weight \(w) with groups \(groups) expects \(w[1] * groups)"
            )
        }
        guard w[0] % groups == 0 else {
            throw OssicleError(
                .invalidArgument, "\(w[0]) output channels do not divide into \(groups) groups")
        }
        let spatial = try axes.enumerated().map { i, axis in
            let length = x.shape[batch.count + 1 + i]
            let result = axis.outputLength(length, kernel: w[2 + i])
            if let fixed = result.fixedValue, fixed < 1 {
                throw OssicleError(
                    .shapeMismatch,
                    "input length \(length) is shorter than the window of \(axis.span(w[2 + i])) "
                        + "(padding \(axis.padBegin)+\(axis.padEnd))")
            }
            if let fixed = length.fixedValue { try checkPadding(axis, fixed) }
            return result
        }
        return batch + [.fixed(w[0])] + spatial
    }

    private func checkPadding(_ axis: ConvolutionAxis, _ length: Int) throws {
        let pad = max(axis.padBegin, axis.padEnd)
        let limit =
            switch padding {
            case .zeros, .replicate: Int.max
            case .reflect: length - 1
            case .circular: length
            }
        if pad > limit {
            throw OssicleError(
                .invalidArgument, "\(padding) padding of \(pad) needs more than the input's \(length) frames")
        }
    }

    public func flops(_ inputs: [[Int]], _ outputs: [[Int]]) -> Int {
        let outputs = outputs[0].reduce(1, *) * (gate == nil ? 1 : 2)
        return sources.indices.reduce(0) { sum, i in
            sum + 2 * outputs * inputs[2 * i + 1].dropFirst().reduce(1, *)
        }
    }

    public var takesLead: Bool { true }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        var form = self
        guard sources.count == 1, let time = sources[0].last,
            let kernel = node.inputs[1].shape.last?.fixedValue,
            node.inputs[0].shape.last?.isFixed == false
        else { return StreamingForm(self, latency: node.latency) }
        guard padding == .zeros || time.padBegin + time.padEnd == 0 else {
            throw OssicleError(
                .unsupported, "\(padding) padding needs the ends of the signal and cannot stream")
        }
        let (latency, past) = time.streaming(kernel: kernel, latency: node.latency)
        let last = sources[0].count - 1
        form.sources[0][last].padBegin = 0
        form.sources[0][last].padEnd = 0
        form.sources[0][last].past = past
        return StreamingForm(form, latency: latency, needsSilentPast: time.padBegin > 0)
    }
}
