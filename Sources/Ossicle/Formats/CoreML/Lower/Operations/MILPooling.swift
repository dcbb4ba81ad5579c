/// Pooling over the axes behind the channels (coremltools `ops/defs/iOS15/pool.py`).
enum MILPooling {
    static let rules: [String: MILLowering.Rule] = [
        "max_pool": { [.tensor(try pool($0, .max))] },
        "avg_pool": { [.tensor(try pool($0, .average))] },
        "l2_pool": l2Pool,
    ]

    private static func pool(_ call: MILCall, _ kind: Pool.Kind, of given: ValueID? = nil) throws -> ValueID {
        let x = try given ?? call.tensor("x")
        let kernel = try call.integers("kernel_sizes")
        let axes = try call.windows(kernel: kernel, of: x)
        let operation = Pool(
            kind, kernel: kernel, axes: axes, ceilMode: try call.bool("ceil_mode", default: false),
            countsPadding: try !call.bool("exclude_padding_from_average", default: false))
        return try call.apply(operation, x)
    }

    /// √(Σ x²) over each window.
    private static func l2Pool(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let mean = try pool(call, .average, of: call.apply(Binary(.multiply), x, x))
        let count = Float(try call.integers("kernel_sizes").reduce(1, *))
        return [.tensor(try call.apply(Unary(Activation(.sqrt)), call.scaled(mean, by: count)))]
    }
}
