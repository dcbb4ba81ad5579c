/// Pooling over the axes behind the channels (coremltools `ops/defs/iOS15/pool.py`).
enum MILPooling {
    static let rules: [String: MILLowering.Rule] = [
        "max_pool": { [.tensor(try pool($0, .max))] },
        "avg_pool": { [.tensor(try pool($0, .average))] },
        "l2_pool": l2Pool,
    ]

    private static func pool(_ call: MILCall, _ kind: Pool.Kind) throws -> ValueID {
        try call.apply(operation(call, kind), call.tensor("x"))
    }

    private static func operation(_ call: MILCall, _ kind: Pool.Kind) throws -> Pool {
        let kernel = try call.integers("kernel_sizes")
        return Pool(
            kind, kernel: kernel, axes: try call.windows(kernel: kernel, of: call.tensor("x")),
            ceilMode: try call.bool("ceil_mode", default: false),
            countsPadding: try !call.bool("exclude_padding_from_average", default: false))
    }

    /// √(Σ x²) over each window.
    private static func l2Pool(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        var pool = try operation(call, .average)
        if pool.ceilMode {
            // A mean does not count what hangs over the end, but padding it does: the sum is then always the same
            // multiple of it.
            let counts = try pool.infer([call.lowering.graph.type(of: x)], regions: [])[0].shape.evaluate(1)
            for (i, (extent, count)) in zip(call.shape(x), counts).dropFirst(2).enumerated() {
                let axis = pool.axes[i]
                let reach = (count - 1) * axis.stride + axis.span(pool.kernel[i]) - axis.padBegin
                pool.axes[i].padEnd = max(reach - extent, 0)
            }
            pool.ceilMode = false
        }
        let mean = try call.apply(pool, call.apply(Binary(.multiply), x, x))
        let count = Float(pool.kernel.reduce(1, *))
        return [.tensor(try call.apply(Unary(Activation(.sqrt)), call.scaled(mean, by: count)))]
    }
}
