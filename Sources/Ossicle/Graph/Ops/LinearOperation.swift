/// y = activation(x · Wᵀ + b) over the last axis, PyTorch's `Linear`.
///
/// Inputs: x `[…, features]`, weight `[out, features]`, bias `[out]` when there is one.
public struct LinearOperation: Operation {
    public var hasBias: Bool
    public var activation = Activation.identity

    public init(hasBias: Bool) { self.hasBias = hasBias }

    public var name: String { "linear" }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: hasBias ? 3...3 : 2...2)
        try expect(inputs[1], rank: 2...2, "weight")
        let weight = inputs[1].shape
        guard let features = inputs[0].shape.last, features == weight[1] else {
            throw OssicleError(
                .shapeMismatch,
                "input \(inputs[0].shape.text) must end in \(weight[1]) features, as weight \(weight.text) expects"
            )
        }
        if hasBias { try expect(inputs[2], shape: [weight[0]], "bias") }
        return [ValueType(Array(inputs[0].shape.dropLast()) + [weight[0]])]
    }

    public func flops(_ inputs: [[Int]], _ outputs: [[Int]]) -> Int {
        2 * outputs[0].reduce(1, *) * inputs[1][1]
    }
}
