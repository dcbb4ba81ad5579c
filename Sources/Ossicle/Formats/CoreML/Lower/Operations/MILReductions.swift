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
            let x = try call.tensor("x")
            let sum = try call.cast(call.reduced(.sum, x), to: .float32)
            return [.tensor(try call.cast(call.apply(Unary(Activation(.log)), sum), to: call.dataType(x)))]
        },
        "reduce_log_sum_exp": logSumExp,
        "reduce_argmax": { try $0.extremum(.max) },
        "reduce_argmin": { try $0.extremum(.min) },
    ]

    private static func logSumExp(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let (axes, keeps) = (try call.axes(of: x), try call.bool("keep_dims", default: false))
        // Of one element it is the element.
        if axes.isEmpty { return [.tensor(x)] }
        let result = try call.lowering.graph.logSumExp(
            call.cast(x, to: .float32), axes: axes, keepsAxes: keeps, name: call.name)
        return [.tensor(try call.cast(result, to: call.dataType(x)))]
    }
}

extension MILCall {
    func reduced(_ kind: Reduce.Kind, _ x: ValueID) throws -> ValueID {
        let axes = try axes(of: x)
        let reduce = Reduce(kind, axes: axes, keepsAxes: try bool("keep_dims", default: false))
        // A scalar, or no axis at all: each element alone.
        if axes.isEmpty {
            switch kind {
            case .sum, .mean, .max, .min, .product: return x
            case .sumOfSquares: return try apply(Binary(.multiply), x, x)
            case .l1Norm, .l2Norm: return try magnitude(x)
            }
        }
        guard kind == .l2Norm else { return try apply(reduce, x) }
        return try cast(apply(reduce, cast(x, to: .float32)), to: dataType(x))
    }

    func reduction(_ kind: Reduce.Kind) throws -> [MILLowered] { [.tensor(try reduced(kind, tensor("x")))] }

    func extremum(_ kind: ArgReduce.Kind) throws -> [MILLowered] {
        let x = try tensor("x")
        let axis = try axis("axis", default: -1, of: x)
        return [
            .tensor(try apply(ArgReduce(kind, axis: axis, keepsAxis: bool("keep_dims", default: false)), x))
        ]
    }
}
