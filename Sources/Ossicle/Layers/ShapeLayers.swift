/// PyTorch's `Softmax` and `LogSoftmax`.
public struct SoftmaxLayer: Layer {
    public let dim: Int
    public let isLogarithm: Bool
    public var module: String { isLogarithm ? "LogSoftmax" : "Softmax" }

    public init(dim: Int, isLogarithm: Bool = false) {
        self.dim = dim
        self.isLogarithm = isLogarithm
    }

    public func append(to graph: inout Graph, _ inputs: [ValueID], weights: [String: ValueID]) throws
        -> [ValueID]
    {
        let axis = try axis(dim, in: graph.type(of: inputs[0]).shape, module)
        return try graph.add(Softmax(axis: axis, isLogarithm: isLogarithm), [inputs[0]])
    }
}

/// PyTorch's `GLU`: the first half along `dim` times the sigmoid of the second.
public struct GLU: Layer {
    public let dim: Int
    public var module: String { "GLU" }
    public init(dim: Int = -1) { self.dim = dim }

    public func append(to graph: inout Graph, _ inputs: [ValueID], weights: [String: ValueID]) throws
        -> [ValueID]
    {
        let axis = try axis(dim, in: graph.type(of: inputs[0]).shape, module)
        return [try graph.glu(inputs[0], axis: axis, name: "glu_\(graph.nodes.count)")]
    }
}

/// PyTorch's `MaxPool1d` and `AvgPool1d`.
public struct Pool1D: Layer {
    public let kind: Pool.Kind
    public let kernelSize: Int
    public let axis: ConvolutionAxis
    public let ceilMode, countIncludePad: Bool
    public var module: String { kind == .max ? "MaxPool1d" : "AvgPool1d" }

    /// - Parameter stride: the kernel size when nil.
    /// - Throws: `invalidArgument` naming what is out of range.
    public init(
        _ kind: Pool.Kind, kernelSize: Int, stride: Int? = nil, padding: Int = 0, dilation: Int = 1,
        ceilMode: Bool = false, countIncludePad: Bool = true
    ) throws {
        self.kind = kind
        self.kernelSize = kernelSize
        self.axis = ConvolutionAxis(
            stride: stride ?? kernelSize, dilation: dilation, padBegin: padding, padEnd: padding)
        self.ceilMode = ceilMode
        self.countIncludePad = countIncludePad
        try require(
            1...(1 << 20) ~= kernelSize && 1...(1 << 20) ~= axis.stride && 1...(1 << 20) ~= dilation,
            "kernel_size, stride and dilation must be in 1…\(1 << 20)")
        try require(
            0...kernelSize / 2 ~= padding,
            "padding \(padding) must be at most half the kernel size \(kernelSize)")
    }

    public func append(to graph: inout Graph, _ inputs: [ValueID], weights: [String: ValueID]) throws
        -> [ValueID]
    {
        try graph.add(
            Pool(
                kind, kernel: [kernelSize], axes: [axis], ceilMode: ceilMode, countsPadding: countIncludePad),
            [inputs[0]])
    }
}

/// PyTorch's `AdaptiveAvgPool1d` and `AdaptiveMaxPool1d`.
public struct AdaptivePool1D: Layer {
    public let kind: Pool.Kind
    public let outputSize: Int
    public var module: String { kind == .max ? "AdaptiveMaxPool1d" : "AdaptiveAvgPool1d" }

    /// - Throws: `invalidArgument` when `outputSize` is not positive.
    public init(_ kind: Pool.Kind, outputSize: Int) throws {
        self.kind = kind
        self.outputSize = outputSize
        try require(1...(1 << 24) ~= outputSize, "output_size must be positive")
    }

    public func append(to graph: inout Graph, _ inputs: [ValueID], weights: [String: ValueID]) throws
        -> [ValueID]
    {
        try graph.add(AdaptivePool(kind, sizes: [outputSize]), [inputs[0]])
    }
}

/// PyTorch's `Upsample` for signals `[N?, C, L]`, `nearest` or `linear`.
public struct Upsample: Layer {
    public let mode: Resize.Mode
    public let target: Resize.Target
    public let alignCorners, recomputesFactor: Bool
    public var module: String { "Upsample" }

    /// - Parameter recomputesFactor: samples are as far apart as the output's length makes them, not 1 / factor.
    /// - Throws: `invalidArgument` when the target is not positive.
    public init(
        _ mode: Resize.Mode, _ target: Resize.Target, alignCorners: Bool = false,
        recomputesFactor: Bool = false
    ) throws {
        self.mode = mode
        self.target = target
        self.alignCorners = alignCorners
        self.recomputesFactor = recomputesFactor
        switch target {
        case .factor(let factor):
            try require(factor > 0 && factor <= 65536, "scale_factor must be positive and at most 65536")
        case .extent(let extent), .grid(let extent, _, _):
            try require(1...(1 << 30) ~= extent, "size must be positive")
        }
    }

    public func append(to graph: inout Graph, _ inputs: [ValueID], weights: [String: ValueID]) throws
        -> [ValueID]
    {
        let last = graph.type(of: inputs[0]).rank - 1
        var target = target
        if recomputesFactor,
            case .fixed(let extent) = try target.extent(of: graph.type(of: inputs[0]).shape[last])
        {
            target = .extent(extent)
        }
        return try graph.add(
            Resize(mode, axes: [last], targets: [target], alignsCorners: alignCorners), [inputs[0]])
    }
}

/// PyTorch's `ConstantPad1d`, `ZeroPad1d`, `ReflectionPad1d`, `ReplicationPad1d`, `CircularPad1d`.
public struct Pad1D: Layer {
    public let module: String
    public let mode: PaddingMode
    public let begin, end: Int
    public let value: Float

    /// - Throws: `invalidArgument` when an amount is negative where the mode does not crop.
    public init(_ module: String, _ mode: PaddingMode, begin: Int, end: Int, value: Float = 0) throws {
        self.module = module
        self.mode = mode
        self.begin = begin
        self.end = end
        self.value = value
        let limit = 1 << 24
        try require(
            abs(begin) <= limit && abs(end) <= limit && (mode == .zeros || begin >= 0 && end >= 0),
            "padding (\(begin), \(end)) is out of range")
    }

    public func append(to graph: inout Graph, _ inputs: [ValueID], weights: [String: ValueID]) throws
        -> [ValueID]
    {
        let last = graph.type(of: inputs[0]).rank - 1
        return try graph.add(
            Pad([AxisPadding(axis: last, begin: begin, end: end)], mode: mode, value: value), [inputs[0]])
    }
}
