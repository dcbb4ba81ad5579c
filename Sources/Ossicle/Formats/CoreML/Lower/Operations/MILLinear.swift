/// Matrix products (coremltools `ops/defs/iOS15/linear.py`, `ops/defs/iOS18/transformers.py`).
enum MILLinear {
    static let rules: [String: MILLowering.Rule] = [
        "linear": linear,
    ]

    private static func linear(_ call: MILCall) throws -> [MILLowered] {
        let bias = try call.optionalTensor("bias")
        let inputs = [try call.tensor("x"), try call.tensor("weight")] + [bias].compactMap { $0 }
        return [.tensor(try call.add(LinearOperation(hasBias: bias != nil), inputs)[0])]
    }
}
