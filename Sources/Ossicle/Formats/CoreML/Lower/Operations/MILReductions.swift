/// Reductions (coremltools `ops/defs/iOS15/reduction.py`).
enum MILReductions {
    static let rules: [String: MILLowering.Rule] = [
        "reduce_sum": { try $0.reduction(.sum) },
        "reduce_mean": { try $0.reduction(.mean) },
        "reduce_max": { try $0.reduction(.max) },
        "reduce_min": { try $0.reduction(.min) },
        "reduce_prod": { try $0.reduction(.product) },
        "reduce_sum_square": { try $0.reduction(.sumOfSquares) },
        "reduce_l1_norm": { try $0.reduction(.l1Norm) },
        "reduce_l2_norm": { try $0.reduction(.l2Norm) },
        "reduce_log_sum": { call in
            [.tensor(try call.apply(Unary(Activation(.log)), call.reduced(.sum, call.tensor("x"))))]
        },
        "reduce_log_sum_exp": logSumExp,
    ]

    /// max + log Σ e^(x - max), which does not overflow.
    private static func logSumExp(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let axes = try call.axes(of: x)
        let top = try call.apply(Reduce(.max, axes: axes, keepsAxes: true), x)
        let powers = try call.apply(Unary(Activation(.exp)), call.apply(Binary(.subtract), x, top))
        let sum = try call.reduced(.sum, powers)
        let log = try call.apply(Unary(Activation(.log)), sum)
        return [.tensor(try call.apply(Binary(.add), log, call.reshape(top, call.shape(sum))))]
    }
}

extension MILCall {
    func reduced(_ kind: Reduce.Kind, _ x: ValueID) throws -> ValueID {
        let axes = try axes(of: x)
        // A scalar, or no axis at all: nothing to reduce over.
        if axes.isEmpty { return x }
        return try apply(Reduce(kind, axes: axes, keepsAxes: bool("keep_dims", default: false)), x)
    }

    func reduction(_ kind: Reduce.Kind) throws -> [MILLowered] { [.tensor(try reduced(kind, tensor("x")))] }
}
