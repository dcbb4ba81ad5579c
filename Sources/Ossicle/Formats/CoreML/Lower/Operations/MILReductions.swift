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
        "reduce_argmax": { try $0.extremum(.max) },
        "reduce_argmin": { try $0.extremum(.min) },
    ]

    private static func logSumExp(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let (axes, keeps) = (try call.axes(of: x), try call.bool("keep_dims", default: false))
        return [.tensor(try call.lowering.graph.logSumExp(x, axes: axes, keepsAxes: keeps, name: call.name))]
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

    func extremum(_ kind: ArgReduce.Kind) throws -> [MILLowered] {
        let x = try tensor("x")
        let axis = try axis("axis", default: -1, of: x)
        return [.tensor(try apply(ArgReduce(kind, axis: axis, keepsAxis: bool("keep_dims", default: false)), x))]
    }
}
