/// Variables that outlive a call (coremltools `ops/defs/iOS18/states.py`).
enum MILStates {
    static let rules: [String: MILLowering.Rule] = [:]
}

extension MILLowering {
    func state(_ input: MILNamedType, _ element: MILElementType) throws -> MILLowered {
        .unknown
    }
}
