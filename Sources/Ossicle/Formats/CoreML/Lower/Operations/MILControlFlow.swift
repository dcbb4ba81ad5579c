/// Loops and branches (coremltools `ops/defs/iOS15/control_flow.py`).
///
/// A loop whose trip count is known when the model is loaded is unrolled, as far as that is reasonable: its indices
/// are then constants and its slices views.
enum MILControlFlow {
    static let rules: [String: MILLowering.Rule] = ["while_loop": whileLoop, "cond": branch]

    private static func whileLoop(_ call: MILCall) throws -> [MILLowered] {
        let blocks = call.operation.blocks
        guard blocks.count == 2 else { throw OssicleError(.malformed, "\(blocks.count) blocks, expected 2") }
        let start = try call.bound("loop_vars")
        let before = call.lowering.snapshot()
        if let values = try unrolled(call, start) { return values }
        call.lowering.restore(before)
        throw OssicleError(.unsupported, "a loop whose turns depend on the inputs")
    }

    /// The loop written out; nil when how often it turns is not known, or too often.
    private static func unrolled(_ call: MILCall, _ start: [MILLowered]) throws -> [MILLowered]? {
        let blocks = call.operation.blocks
        var values = start
        for _ in 0...CoreMLLimits.unrolledTurns {
            guard case .tensor(let condition)? = try call.lowering.lower(blocks[0], inputs: values).first,
                let known = call.lowering.graph.constant(condition)?.ints().first
            else { return nil }
            if known == 0 { return values }
            values = try call.lowering.lower(blocks[1], inputs: values)
            guard values.count == start.count else {
                throw OssicleError(.malformed, "the body gives \(values.count) values, expected \(start.count)")
            }
        }
        return nil
    }

    private static func branch(_ call: MILCall) throws -> [MILLowered] {
        let blocks = call.operation.blocks
        guard blocks.count == 2 else { throw OssicleError(.malformed, "\(blocks.count) blocks, expected 2") }
        if call.isConstant("pred") {
            return try call.lowering.lower(blocks[try call.integers("pred").first != 0 ? 0 : 1])
        }
        throw OssicleError(.unsupported, "a condition that depends on the inputs")
    }
}
