extension BNNSInference {
    /// BNNS Graph where the system has it and takes the model, else our own engine, with a message when the system's
    /// refused. The system's is asked first, also about a model that ours cannot run.
    ///
    /// - Parameter wanted: this engine or an error.
    static func makeEngine(
        _ wanted: Engine?, _ model: CoreMLModel, function name: String?, shapes: [String: [Int]],
        singleThreaded: Bool
    ) throws -> (any InferenceEngine, InferencePorts) {
        let graph: Graph?, refusal: OssicleError?
        do { (graph, refusal) = (try Graph(model, function: name, shapes: shapes), nil) } catch let error
            as OssicleError where error.code == .unsupported
        { (graph, refusal) = (nil, error) }
        #if canImport(Accelerate)
            if wanted != .ossicle, #available(macOS 15, iOS 18, *) {
                do {
                    let ports =
                        try graph.map { try InferencePorts(model, function: name, $0) }
                        ?? InferencePorts(declaredBy: model, function: name, shapes: shapes)
                    let engine = try BNNSGraphEngine(ports, singleThreaded: singleThreaded)
                    return (engine, engine.ports)
                } catch let error as OssicleError {
                    if wanted == .bnns { throw error }
                    if let refusal {
                        throw OssicleError(.unsupported, "\(refusal.message); \(error.message)")
                    }
                    Diagnostics.report("\(error); Ossicle's own engine runs it")
                }
            }
        #endif
        if wanted == .bnns {
            throw OssicleError(
                .unsupported, "\(model.path): engine bnns was asked for, and this system has no BNNS Graph")
        }
        guard let graph else { throw refusal! }
        let ports = try InferencePorts(model, function: name, graph)
        return (try model.naming { try OssicleEngine(graph) }, ports)
    }
}
