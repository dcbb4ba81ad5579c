/// The operations of ML Programs that can be run, by MIL name. Each family says its own.
enum MILOperationTable {
    static let rules: [String: MILLowering.Rule] = {
        var all: [String: MILLowering.Rule] = [:]
        for family in [
            MILElementwise.rules, MILActivations.rules, MILShapes.rules, MILSlices.rules, MILLinear.rules,
            MILConvolutions.rules, MILNormalizations.rules, MILPooling.rules, MILResizing.rules, MILReductions.rules,
            MILRecurrent.rules, MILIndexing.rules, MILQuantization.rules, MILControlFlow.rules, MILLists.rules,
            MILStates.rules,
        ] {
            all.merge(family) { _, _ in preconditionFailure("an operation is in two families") }
        }
        return all
    }()
}
