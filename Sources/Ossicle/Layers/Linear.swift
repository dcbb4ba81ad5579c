import CKernels

/// PyTorch's `Linear`: y = x · Wᵀ + b over the last axis, weight `[out_features, in_features]`.
public struct Linear: Layer {
    public let inFeatures: Int
    public let outFeatures: Int
    public let bias: Bool

    /// - Throws: `invalidArgument` when a size is not positive.
    public init(inFeatures: Int, outFeatures: Int, bias: Bool = true) throws {
        self.inFeatures = inFeatures
        self.outFeatures = outFeatures
        self.bias = bias
        try require(inFeatures > 0 && outFeatures > 0, "in_features and out_features must be positive")
    }

    public var module: String { "Linear" }
    public var inputShape: [Dim]? { [.dynamic, .fixed(inFeatures)] }

    public var parameters: [Parameter] {
        [Parameter("weight", [outFeatures, inFeatures])] + (bias ? [Parameter("bias", [outFeatures])] : [])
    }

    public func append(to graph: inout Graph, _ inputs: [ValueID], weights: [String: ValueID]) throws
        -> [ValueID]
    {
        try graph.add(
            LinearOperation(hasBias: bias),
            [inputs[0], weights["weight"]!] + (bias ? [weights["bias"]!] : []))
    }
}

extension Linear {
    /// From this batch on a GPU takes over, where there is one. Read when a program is built; safe from any thread.
    /// Values below 1 count as 1.
    public static var mpsBatchThreshold: Int {
        get { Int(ok_gpu_batch_threshold()) }
        set { ok_set_gpu_batch_threshold(Int64(newValue)) }
    }

    /// How a batch is computed.
    public enum Strategy: String, Sendable { case gemv, gemm, gpu }

    /// What would run a batch of this size on this machine with `compute` at `automatic`. The plan of a session says what
    /// really does.
    public static func strategy(batch: Int) -> Strategy {
        if batch >= mpsBatchThreshold, GPU.isAvailable { return .gpu }
        return batch == 1 ? .gemv : .gemm
    }

    public func strategy(batch: Int) -> Strategy { Self.strategy(batch: batch) }
}
