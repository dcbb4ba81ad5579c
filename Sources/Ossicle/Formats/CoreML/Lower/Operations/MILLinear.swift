/// Matrix products (coremltools `ops/defs/iOS15/linear.py`, `ops/defs/iOS18/transformers.py`).
enum MILLinear {
    static let rules: [String: MILLowering.Rule] = [
        "linear": linear,
        "matmul": matmul,
        "einsum": einsum,
        "scaled_dot_product_attention": attention,
    ]

    private static func linear(_ call: MILCall) throws -> [MILLowered] {
        let bias = try call.optionalTensor("bias")
        let inputs = [try call.tensor("x"), try call.tensor("weight")] + [bias].compactMap { $0 }
        return [.tensor(try call.add(LinearOperation(hasBias: bias != nil), inputs)[0])]
    }

    /// A product with a constant matrix on the right is a linear layer, whose weights are packed.
    private static func matmul(_ call: MILCall) throws -> [MILLowered] {
        let (x, y) = (try call.tensor("x"), try call.tensor("y"))
        let turnsX = try call.bool("transpose_x", default: false)
        let turnsY = try call.bool("transpose_y", default: false)
        if !turnsX, call.rank(x) > 1, call.rank(y) == 2, call.lowering.graph.constant(y) != nil,
            call.lowering.graph.constant(x) == nil, call.dataType(y) == .float32
        {
            let weight = turnsY ? y : try call.transpose(y, [1, 0])
            return [.tensor(try call.apply(LinearOperation(hasBias: false), x, weight))]
        }
        return [.tensor(try call.apply(MatMul(transposesX: turnsX, transposesY: turnsY), x, y))]
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
        guard let features = call.shape(query).last else { throw OssicleError(.malformed, "query has no axes") }
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
