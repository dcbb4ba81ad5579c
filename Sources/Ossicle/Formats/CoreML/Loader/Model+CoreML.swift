extension Model {
    /// Whether `path` looks like a Core ML model: a directory, or a specification file.
    static func isCoreML(path: String) -> Bool { CoreMLModel.isDirectory(path) || path.hasSuffix(".mlmodel") }

    /// A Core ML model whose inputs and outputs are all float, for whole tensors. `BNNSInference` runs the others too,
    /// chooses functions and keeps states.
    ///
    /// - Throws: `unsupported` with what cannot be run, or the input or output of another type.
    static func coreML(path: String) throws -> Model { try coreML(CoreMLModel(path: path)) }

    /// - Parameters:
    ///   - shapes: of flexible inputs, by name, for `graph`.
    ///   - isCall: whether a system's engine may take it as a whole, where a session is allowed to use one.
    static func coreML(
        _ coreML: CoreMLModel, function: String? = nil, shapes: [String: [Int]] = [:], isCall: Bool = true
    ) throws -> Model {
        let graph = try Graph(coreML, function: function, shapes: shapes)
        for port in graph.inputs + graph.outputs where graph.type(of: port.value).dataType != .float32 {
            throw OssicleError(
                .unsupported,
                "\(coreML.path): \(Quoting.quoted(port.name)) is \(graph.type(of: port.value)); models with other types than float run as BNNSInference"
            )
        }
        let names = graph.inputs.map(\.name)
        var facts = Facts(format: "coreml")
        facts.layers = graph.nodes.map { "\($0.operation.name) \($0.name)" }
        return try Model(facts: facts, inputShapes: graph.inputs.map { graph.type(of: $0.value).shape }) {
            shapes in
            let chosen = zip(names, shapes.map { $0.evaluate(1) })
            let graph = try Graph(
                coreML, function: function, shapes: Dictionary(uniqueKeysWithValues: chosen))
            return isCall ? try graph.calling(coreML, function: function) : graph
        }
    }
}

extension BNNSInference {
    /// The function that runs, at its shapes, as a model for sessions or as the bottleneck of a `HybridPipeline`; reads
    /// the file again. Which engine runs it there is for the session's `compute` to say; a model that was opened with
    /// `engine: .ossicle` stays with that.
    ///
    /// - Throws: as loading it, and `unsupported` for an input or output that is not float or an operation that Ossicle's
    ///   own engine does not run.
    public func model() throws -> Model {
        try Model.coreML(
            CoreMLModel(path: modelPath), function: function,
            shapes: Dictionary(uniqueKeysWithValues: inputs.map { ($0.name, $0.shape) }),
            isCall: wanted != .ossicle)
    }
}
