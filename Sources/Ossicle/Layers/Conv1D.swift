/// PyTorch's `Conv1d`: input `[N?, C, L]`, weight `[out_channels, in_channels / groups, kernel_size]`.
public struct Conv1D: Layer {
    /// How the borders are extended.
    public enum Padding: Sendable, Hashable {
        case frames(Int)
        /// Output length equals input length; stride 1 only. An odd frame goes to the end, as PyTorch does.
        case same
        /// All padding in front: output t depends on input ≤ t only.
        case causal
    }

    public let inChannels, outChannels, kernelSize, stride, dilation, groups: Int
    public let padding: Padding
    public let bias: Bool
    public let paddingMode: PaddingMode

    /// - Throws: `invalidArgument` naming the argument that is out of range.
    public init(
        inChannels: Int, outChannels: Int, kernelSize: Int, stride: Int = 1, padding: Padding = .frames(0),
        dilation: Int = 1, groups: Int = 1, bias: Bool = true, paddingMode: PaddingMode = .zeros
    ) throws {
        self.inChannels = inChannels
        self.outChannels = outChannels
        self.kernelSize = kernelSize
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.groups = groups
        self.bias = bias
        self.paddingMode = paddingMode
        try require(
            inChannels > 0 && outChannels > 0 && kernelSize > 0 && stride > 0 && dilation > 0 && groups > 0,
            "channels, kernel_size, stride, dilation and groups must be positive")
        try require(
            inChannels % groups == 0 && outChannels % groups == 0,
            "\(inChannels) and \(outChannels) channels do not divide into \(groups) groups")
        try require(
            kernelSize.multipliedReportingOverflow(by: dilation).overflow == false
                && kernelSize * dilation <= 1 << 24 && stride <= 1 << 20, "the window is too large")
        if case .frames(let count) = padding {
            try require(0...(1 << 24) ~= count, "padding must not be negative")
        }
        if padding == .same { try require(stride == 1, "padding 'same' needs stride 1") }
    }

    public var module: String { "Conv1d" }
    public var inputShape: [Dim]? { [.fixed(inChannels), .dynamic] }

    public var parameters: [Parameter] {
        [Parameter("weight", [outChannels, inChannels / groups, kernelSize])]
            + (bias ? [Parameter("bias", [outChannels])] : [])
    }

    var axis: ConvolutionAxis {
        let total = (kernelSize - 1) * dilation
        let (begin, end) =
            switch padding {
            case .frames(let count): (count, count)
            case .same: (total / 2, total - total / 2)
            case .causal: (total, 0)
            }
        return ConvolutionAxis(stride: stride, dilation: dilation, padBegin: begin, padEnd: end)
    }

    public func append(to graph: inout Graph, _ inputs: [ValueID], weights: [String: ValueID]) throws
        -> [ValueID]
    {
        try graph.add(
            Convolution(axes: [axis], groups: groups, padding: paddingMode, hasBias: bias),
            [inputs[0], weights["weight"]!] + (bias ? [weights["bias"]!] : []))
    }
}

/// PyTorch's `ConvTranspose1d`: input `[N?, C, L]`, weight `[in_channels, out_channels / groups, kernel_size]`.
public struct ConvTranspose1D: Layer {
    public let inChannels, outChannels, kernelSize, stride, padding, outputPadding, groups, dilation: Int
    public let bias: Bool

    /// - Throws: `invalidArgument` naming the argument that is out of range.
    public init(
        inChannels: Int, outChannels: Int, kernelSize: Int, stride: Int = 1, padding: Int = 0,
        outputPadding: Int = 0,
        groups: Int = 1, bias: Bool = true, dilation: Int = 1
    ) throws {
        self.inChannels = inChannels
        self.outChannels = outChannels
        self.kernelSize = kernelSize
        self.stride = stride
        self.padding = padding
        self.outputPadding = outputPadding
        self.groups = groups
        self.bias = bias
        self.dilation = dilation
        try require(
            inChannels > 0 && outChannels > 0 && kernelSize > 0 && stride > 0 && dilation > 0 && groups > 0,
            "channels, kernel_size, stride, dilation and groups must be positive")
        try require(
            inChannels % groups == 0 && outChannels % groups == 0,
            "\(inChannels) and \(outChannels) channels do not divide into \(groups) groups")
        try require(
            kernelSize <= 1 << 20 && dilation <= 1 << 20 && kernelSize * dilation <= 1 << 24
                && stride <= 1 << 20,
            "the window is too large")
        try require(0...(1 << 24) ~= padding, "padding must not be negative")
        try require(
            outputPadding >= 0 && (outputPadding < stride || outputPadding < dilation),
            "output_padding \(outputPadding) must be smaller than stride \(stride) or dilation \(dilation)")
    }

    public var module: String { "ConvTranspose1d" }
    public var inputShape: [Dim]? { [.fixed(inChannels), .dynamic] }

    public var parameters: [Parameter] {
        [Parameter("weight", [inChannels, outChannels / groups, kernelSize])]
            + (bias ? [Parameter("bias", [outChannels])] : [])
    }

    public func append(to graph: inout Graph, _ inputs: [ValueID], weights: [String: ValueID]) throws
        -> [ValueID]
    {
        let axis = ConvolutionAxis(stride: stride, dilation: dilation, padBegin: padding, padEnd: padding)
        return try graph.add(
            TransposedConvolution(axis: axis, outputPadding: outputPadding, groups: groups, hasBias: bias),
            [inputs[0], weights["weight"]!] + (bias ? [weights["bias"]!] : []))
    }
}
