/// Matrix products (coremltools `ops/defs/iOS15/linear.py`, `ops/defs/iOS18/transformers.py`).
enum MILLinear {
    static let rules: [String: MILLowering.Rule] = [
        "linear": linear,
        "matmul": matmul,
        "einsum": einsum,
        "scaled_dot_product_attention": attention,
    ]

    private static func linear(_ call: MILCall) throws -> [MILLowered] {
        try call.require(call.isKnown("weight", "bias"))
        let (x, weight) = (try call.tensor("x"), try call.tensor("weight"))
        let bias = try call.optionalTensor("bias")
        if call.dataType(x) == .int32, call.dataType(weight) == .int32 {
            let product = try integerProduct(call, x, false, weight, true)
            return [.tensor(try bias.map { try call.apply(Binary(.add), product, $0) } ?? product)]
        }
        let inputs = [x, weight] + [bias].compactMap { $0 }
        return [.tensor(try call.add(LinearOperation(hasBias: bias != nil), inputs)[0])]
    }

    private static func matmul(_ call: MILCall) throws -> [MILLowered] {
        let (x, y) = (try call.tensor("x"), try call.tensor("y"))
        let (transposesX, transposesY) = (
            try call.bool("transpose_x", default: false), try call.bool("transpose_y", default: false)
        )
        if call.dataType(x) == .int32, call.dataType(y) == .int32 {
            return [.tensor(try integerProduct(call, x, transposesX, y, transposesY))]
        }
        return [.tensor(try call.apply(MatMul(transposesX: transposesX, transposesY: transposesY), x, y))]
    }

    /// All products, [… m, k, 1] · [… 1, k, n], summed over k: integers are seldom multiplied as matrices, and then
    /// small ones.
    private static func integerProduct(
        _ call: MILCall, _ x: ValueID, _ transposesX: Bool, _ y: ValueID, _ transposesY: Bool
    ) throws -> ValueID {
        func matrix(_ id: ValueID, _ vector: [Int], _ transposed: Bool) throws -> ValueID {
            let rank = call.rank(id)
            guard rank >= 1 else { throw OssicleError(.malformed, "a scalar is no matrix") }
            guard rank >= 2 else { return try call.reshape(id, vector) }
            let order = Array(0..<(rank - 2)) + [rank - 1, rank - 2]
            return transposed ? try call.transpose(id, order) : id
        }
        let (a, b) = (
            try matrix(x, [1] + call.shape(x), transposesX), try matrix(y, call.shape(y) + [1], transposesY)
        )
        let (left, right) = (call.shape(a), call.shape(b))
        guard left.last == right[right.count - 2] else {
            throw OssicleError(.malformed, "\(left) and \(right) cannot be multiplied")
        }
        let products = try call.apply(
            Binary(.multiply), call.reshape(a, left + [1]),
            call.reshape(b, right.dropLast(2) + [1] + right.suffix(2)))
        let axis = call.rank(products) - 2
        let sums = try call.apply(Reduce(.sum, axes: [axis], keepsAxes: false), products)
        var shape = call.shape(products)
        shape.remove(at: axis)
        if call.rank(y) == 1 { shape.removeLast() }
        if call.rank(x) == 1 { shape.remove(at: shape.count - (call.rank(y) == 1 ? 1 : 2)) }
        return try call.reshape(sums, shape)
    }

    private static func einsum(_ call: MILCall) throws -> [MILLowered] {
        let values = try call.tensors("values")
        guard values.count == 2 else { throw OssicleError(.unsupported, "\(values.count) values") }
        let equation = try call.string("equation")
        return [.tensor(try call.lowering.graph.einsum(equation, values[0], values[1], name: call.name))]
    }

    /// softmax(query · keyᵀ / √features + mask) · value.
    private static func attention(_ call: MILCall) throws -> [MILLowered] {
        let query = try call.tensor("query")
        guard let features = call.shape(query).last else {
            throw OssicleError(.malformed, "query has no axes")
        }
        let scaled = try call.scaled(query, by: 1 / Float(features).squareRoot())
        var scores = try call.apply(MatMul(transposesY: true), scaled, call.tensor("key"))
        if let mask = try call.optionalTensor("attn_mask") {
            scores =
                call.dataType(mask) == .bool
                ? try call.apply(Select(), mask, scores, call.constant(-Float.infinity))
                : try call.apply(Binary(.add), scores, mask)
        }
        let weights = try call.apply(Softmax(axis: call.rank(scores) - 1), scores)
        return [.tensor(try call.apply(MatMul(), weights, call.tensor("value")))]
    }
}
