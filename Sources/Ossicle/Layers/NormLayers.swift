/// PyTorch's `BatchNorm1d` and `InstanceNorm1d` with running statistics, at inference.
public struct BatchNorm1D: Layer {
    public let module: String
    public let numFeatures: Int
    public let eps: Float
    public let affine: Bool

    /// - Throws: `invalidArgument` when `numFeatures` is not positive.
    public init(numFeatures: Int, eps: Float = 1e-5, affine: Bool = true, module: String = "BatchNorm1d")
        throws
    {
        self.module = module
        self.numFeatures = numFeatures
        self.eps = eps
        self.affine = affine
        try require(numFeatures > 0, "num_features must be positive")
    }

    public var inputShape: [Dim]? { [.fixed(numFeatures), .dynamic] }

    public var parameters: [Parameter] {
        (affine ? ["weight", "bias"] : []).map { Parameter($0, [numFeatures]) }
            + ["running_mean", "running_var"].map { Parameter($0, [numFeatures]) }
    }

    public func append(to graph: inout Graph, _ inputs: [ValueID], weights: [String: ValueID]) throws
        -> [ValueID]
    {
        let axis =
            module == "InstanceNorm1d"
            ? max(graph.type(of: inputs[0]).rank - 2, 0)
            : try graph.channelAxis(inputs[0], channels: numFeatures, module)
        let names = ["running_mean", "running_var"] + (affine ? ["weight", "bias"] : [])
        return try graph.add(
            BatchNormalization(axis: axis, epsilon: eps, hasWeight: affine, hasBias: affine),
            [inputs[0]] + names.map { weights[$0]! })
    }
}

/// PyTorch's `LayerNorm`: statistics over the trailing `normalized_shape`.
public struct LayerNorm: Layer {
    public let normalizedShape: [Int]
    public let eps: Float
    public let affine, bias: Bool
    public var module: String { "LayerNorm" }

    /// - Throws: `invalidArgument` when the shape is empty or not positive.
    public init(normalizedShape: [Int], eps: Float = 1e-5, affine: Bool = true, bias: Bool = true) throws {
        self.normalizedShape = normalizedShape
        self.eps = eps
        self.affine = affine
        self.bias = affine && bias
        try require(
            !normalizedShape.isEmpty && normalizedShape.allSatisfy { $0 > 0 },
            "normalized_shape must be positive")
    }

    public var inputShape: [Dim]? { [.dynamic] + normalizedShape.map { .fixed($0) } }

    public var parameters: [Parameter] {
        ((affine ? ["weight"] : []) + (bias ? ["bias"] : []))
            .map { Parameter($0, normalizedShape, mixes: false) }
    }

    public func append(to graph: inout Graph, _ inputs: [ValueID], weights: [String: ValueID]) throws
        -> [ValueID]
    {
        let axes = try trailingAxes(graph.type(of: inputs[0]).shape, normalizedShape, module)
        return try graph.add(
            LayerNormalization(axes: axes, epsilon: eps, hasWeight: affine, hasBias: bias),
            [inputs[0]] + parameters.map { weights[$0.name]! })
    }
}

/// PyTorch's `RMSNorm`: y = x / √(mean(x²) + eps) · weight over the trailing `normalized_shape`.
public struct RMSNorm: Layer {
    public let normalizedShape: [Int]
    public let eps: Float
    public let affine: Bool
    public var module: String { "RMSNorm" }

    /// - Parameter eps: nil as PyTorch's `None`, the epsilon of float32.
    /// - Throws: `invalidArgument` when the shape is empty or not positive.
    public init(normalizedShape: [Int], eps: Float? = nil, affine: Bool = true) throws {
        self.normalizedShape = normalizedShape
        self.eps = eps ?? LayerNormalization.defaultRMSEpsilon
        self.affine = affine
        try require(
            !normalizedShape.isEmpty && normalizedShape.allSatisfy { $0 > 0 },
            "normalized_shape must be positive")
    }

    public var inputShape: [Dim]? { [.dynamic] + normalizedShape.map { .fixed($0) } }
    public var parameters: [Parameter] {
        affine ? [Parameter("weight", normalizedShape, mixes: false)] : []
    }

    public func append(to graph: inout Graph, _ inputs: [ValueID], weights: [String: ValueID]) throws
        -> [ValueID]
    {
        let axes = try trailingAxes(graph.type(of: inputs[0]).shape, normalizedShape, module)
        return try graph.add(
            LayerNormalization(axes: axes, epsilon: eps, isCentred: false, hasWeight: affine, hasBias: false),
            [inputs[0]] + parameters.map { weights[$0.name]! })
    }
}

/// PyTorch's `GroupNorm` and `InstanceNorm1d`: statistics over the channels of a group and everything behind them.
public struct GroupNorm: Layer {
    public let module: String
    public let numGroups, numChannels: Int
    public let eps: Float
    public let affine: Bool

    /// - Throws: `invalidArgument` when the channels do not divide into the groups.
    public init(
        numGroups: Int, numChannels: Int, eps: Float = 1e-5, affine: Bool = true, module: String = "GroupNorm"
    ) throws {
        self.module = module
        self.numGroups = numGroups
        self.numChannels = numChannels
        self.eps = eps
        self.affine = affine
        try require(
            numGroups > 0 && numChannels > 0 && numChannels % numGroups == 0,
            "\(numChannels) channels do not divide into \(numGroups) groups")
    }

    public var inputShape: [Dim]? { [.fixed(numChannels), .dynamic] }
    public var parameters: [Parameter] {
        (affine ? ["weight", "bias"] : []).map { Parameter($0, [numChannels]) }
    }

    public func append(to graph: inout Graph, _ inputs: [ValueID], weights: [String: ValueID]) throws
        -> [ValueID]
    {
        // InstanceNorm1d takes [C, L] by PyTorch's own rule; GroupNorm takes [N, C].
        let axis =
            module == "InstanceNorm1d"
            ? max(graph.type(of: inputs[0]).rank - 2, 0)
            : try graph.channelAxis(inputs[0], channels: numChannels, module)
        return try graph.add(
            GroupNormalization(
                axis: axis, groups: numGroups, epsilon: eps, hasWeight: affine, hasBias: affine),
            [inputs[0]] + parameters.map { weights[$0.name]! })
    }
}

/// PyTorch's `PReLU`: one slope, or one for each channel.
public struct PReLU: Layer {
    public let numParameters: Int
    public var module: String { "PReLU" }
    public var inputShape: [Dim]? { numParameters == 1 ? nil : [.fixed(numParameters), .dynamic] }
    public var parameters: [Parameter] { [Parameter("weight", [numParameters])] }

    /// - Throws: `invalidArgument` when `numParameters` is not positive.
    public init(numParameters: Int = 1) throws {
        self.numParameters = numParameters
        try require(numParameters > 0, "num_parameters must be positive")
    }

    public func append(to graph: inout Graph, _ inputs: [ValueID], weights: [String: ValueID]) throws
        -> [ValueID]
    {
        let axis = numParameters == 1 ? 0 : try graph.channelAxis(inputs[0], channels: numParameters, module)
        return [try graph.prelu(inputs[0], weight: weights["weight"]!, axis: axis)]
    }
}

extension Graph {
    /// Which axis holds the channels: 1 as PyTorch has it, except for an unbatched signal `[C, L]`. Where both fit,
    /// what a convolution made is a signal, so that one length means nothing else than the others.
    fileprivate func channelAxis(_ value: ValueID, channels: Int, _ module: String) throws -> Int {
        let shape = type(of: value).shape
        let leads = shape.count == 2 && shape[0] == .fixed(channels) && isSignal(value)
        if shape.count >= 2, shape[1] == .fixed(channels), !leads { return 1 }
        if shape.count <= 2, shape.first == .fixed(channels) { return 0 }
        throw OssicleError(
            .shapeMismatch, "\(module) expects \(channels) channels on axis 1, found \(shape.text)")
    }

    /// Whether something that has channels before time made it, element-wise steps aside.
    private func isSignal(_ value: ValueID) -> Bool {
        var value = value
        while let node = producer(of: value) {
            switch node.operation {
            case is Convolution, is TransposedConvolution, is Pool, is AdaptivePool, is Resize: return true
            case is Unary, is Binary, is BatchNormalization, is GroupNormalization: value = node.inputs[0]
            default: return false
            }
        }
        return false
    }
}

private func trailingAxes(_ shape: [Dim], _ normalized: [Int], _ module: String) throws -> Range<Int> {
    let first = shape.count - normalized.count
    guard first >= 0, Array(shape[first...]) == normalized.map({ .fixed($0) }) else {
        throw OssicleError(
            .shapeMismatch, "\(module) expects a shape that ends in \(normalized), found \(shape.text)")
    }
    return first..<shape.count
}
