extension BNNSInference {
    /// BNNS Graph where the system has it and takes the model, else our own engine, with a message when the system's
    /// refused.
    ///
    /// - Parameter wanted: this engine or an error.
    static func makeEngine(
        _ wanted: Engine?, _ model: CoreMLModel, _ graph: Graph, function: String?, inputs: [Feature],
        outputs: [Feature], states: [Feature], singleThreaded: Bool
    ) throws -> any InferenceEngine {
        #if canImport(Accelerate)
            if wanted != .ossicle, #available(macOS 15, iOS 18, *) {
                do {
                    return try BNNSGraphEngine(
                        path: model.path, function: function, inputs: inputs, outputs: outputs,
                        states: states,
                        singleThreaded: singleThreaded)
                } catch {
                    if wanted == .bnns { throw error }
                    Diagnostics.report("\(error); Ossicle's own engine runs it")
                }
            }
        #endif
        if wanted == .bnns {
            throw OssicleError(.unsupported, "\(model.path): this system has no BNNS Graph")
        }
        return try model.naming { try OssicleEngine(graph) }
    }
}
