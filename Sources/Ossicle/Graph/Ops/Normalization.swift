/// y = (x - mean) / √(variance + ε) · weight + bias with stored statistics for each channel: PyTorch's `BatchNorm`
/// at inference, and `InstanceNorm` with running statistics.
///
/// Inputs: x, running mean and variance `[C]`, then weight and bias `[C]` where there are any.
public struct BatchNormalization: Operation {
    /// The axis of channels.
    public var axis: Int
    public var epsilon: Float
    public var hasWeight: Bool
    public var hasBias: Bool

    public init(axis: Int, epsilon: Float = 1e-5, hasWeight: Bool = true, hasBias: Bool = true) {
        self.axis = axis
        self.epsilon = epsilon
        self.hasWeight = hasWeight
        self.hasBias = hasBias
    }

    public var name: String { "batch_norm" }
    var biasIndex: Int { hasWeight ? 4 : 3 }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        let count = 3 + (hasWeight ? 1 : 0) + (hasBias ? 1 : 0)
        try expect(inputs, count: count...count)
        try expect(axis, of: inputs[0])
        let channels = [inputs[0].shape[axis]]
        try expect(inputs[1], shape: channels, "running_mean")
        try expect(inputs[2], shape: channels, "running_var")
        if hasWeight { try expect(inputs[3], shape: channels, "weight") }
        if hasBias { try expect(inputs[biasIndex], shape: channels, "bias") }
        return [inputs[0]]
    }

    public func flops(_ inputs: [[Int]], _ outputs: [[Int]]) -> Int { 2 * outputs[0].reduce(1, *) }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        try requireWholeSignal(axis, of: node.inputs[0])
        return StreamingForm(self, latency: node.latency)
    }

    /// What it comes down to: y = x · scale + shift, for each channel.
    func factors(mean: [Float], variance: [Float], weight: [Float]?, bias: [Float]?) -> (
        scale: [Double], shift: [Double]
    ) {
        let scale = variance.indices.map { i in
            Double(weight?[i] ?? 1) / (Double(variance[i]) + Double(epsilon)).squareRoot()
        }
        let shift = mean.indices.map { i in Double(bias?[i] ?? 0) - Double(mean[i]) * scale[i] }
        return (scale, shift)
    }
}

/// PyTorch's `LayerNorm`, and uncentred its `RMSNorm`: statistics over a run of neighbouring axes.
///
/// Inputs: x, then weight and bias of the shape of those axes where there are any.
public struct LayerNormalization: Operation {
    /// The axes that are mixed. PyTorch's are the last ones; channels of `[N, C, L]` work as well.
    public var axes: Range<Int>
    public var epsilon: Float
    /// Off for `RMSNorm`: y = x / √(mean(x²) + ε) · weight.
    public var isCentred: Bool
    public var hasWeight: Bool
    public var hasBias: Bool

    /// What PyTorch's `RMSNorm` takes for `eps=None`.
    public static let defaultRMSEpsilon = Float.ulpOfOne

    public init(
        axes: Range<Int>, epsilon: Float = 1e-5, isCentred: Bool = true, hasWeight: Bool = true,
        hasBias: Bool = true
    ) {
        self.axes = axes
        self.epsilon = epsilon
        self.isCentred = isCentred
        self.hasWeight = hasWeight
        self.hasBias = hasBias
    }

    public var name: String { isCentred ? "layer_norm" : "rms_norm" }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        let count = 1 + (hasWeight ? 1 : 0) + (hasBias ? 1 : 0)
        try expect(inputs, count: count...count)
        guard !axes.isEmpty, axes.lowerBound >= 0, axes.upperBound <= inputs[0].rank else {
            throw OssicleError(.invalidArgument, "axes \(axes) are not axes of \(inputs[0].shape.text)")
        }
        let shape = Array(inputs[0].shape[axes])
        if hasWeight { try expect(inputs[1], shape: shape, "weight") }
        if hasBias { try expect(inputs[count - 1], shape: shape, "bias") }
        return [inputs[0]]
    }

    public func flops(_ inputs: [[Int]], _ outputs: [[Int]]) -> Int {
        (isCentred ? 7 : 4) * outputs[0].reduce(1, *)
    }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        for axis in axes { try requireWholeSignal(axis, of: node.inputs[0]) }
        return StreamingForm(self, latency: node.latency)
    }
}

/// PyTorch's `GroupNorm`, and with as many groups as channels its `InstanceNorm`: statistics over the channels of a
/// group and all axes behind the channels.
///
/// Inputs: x, then weight and bias `[C]` where there are any.
public struct GroupNormalization: Operation {
    /// The axis of channels.
    public var axis: Int
    public var groups: Int
    public var epsilon: Float
    public var hasWeight: Bool
    public var hasBias: Bool

    public init(axis: Int, groups: Int, epsilon: Float = 1e-5, hasWeight: Bool = true, hasBias: Bool = true) {
        self.axis = axis
        self.groups = groups
        self.epsilon = epsilon
        self.hasWeight = hasWeight
        self.hasBias = hasBias
    }

    public var name: String { "group_norm" }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        let count = 1 + (hasWeight ? 1 : 0) + (hasBias ? 1 : 0)
        try expect(inputs, count: count...count)
        try expect(axis, of: inputs[0])
        guard let channels = inputs[0].shape[axis].fixedValue, groups > 0, channels % groups == 0 else {
            throw OssicleError(
                .invalidArgument, "\(inputs[0].shape[axis]) channels do not divide into \(groups) groups")
        }
        if hasWeight { try expect(inputs[1], shape: [.fixed(channels)], "weight") }
        if hasBias { try expect(inputs[count - 1], shape: [.fixed(channels)], "bias") }
        return [inputs[0]]
    }

    public func flops(_ inputs: [[Int]], _ outputs: [[Int]]) -> Int { 7 * outputs[0].reduce(1, *) }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        for axis in (axis + 1)..<max(axis + 1, node.inputs[0].rank) {
            try requireWholeSignal(axis, of: node.inputs[0])
        }
        return StreamingForm(self, latency: node.latency)
    }
}

extension Operation {
    func expect(_ axis: Int, of type: ValueType) throws {
        guard type.shape.indices.contains(axis) else {
            throw OssicleError(.invalidArgument, "axis \(axis) is not one of \(type.shape.text)")
        }
    }
}
