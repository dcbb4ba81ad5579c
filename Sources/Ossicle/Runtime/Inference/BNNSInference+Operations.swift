extension BNNSInference {
    /// The operations of ML Programs that Ossicle's own engine runs, by their MIL names, sorted.
    public static let supportedOperations = (MILOperationTable.rules.keys + MILConstants.operations).sorted()
}
