extension Model {
    /// Whether `path` looks like a Core ML model: a directory, or a specification file.
    static func isCoreML(path: String) -> Bool { CoreMLModel.isDirectory(path) || path.hasSuffix(".mlmodel") }

    /// A Core ML model whose inputs and outputs are all float, for whole tensors. `BNNSInference` runs the others too,
    /// chooses functions and keeps states.
    ///
    /// - Throws: `unsupported` with what cannot be run, or the input or output of another type.
    static func coreML(path: String) throws -> Model {
        let coreML = try CoreMLModel(path: path)
        let graph = try Graph(coreML)
        for port in graph.inputs + graph.outputs where graph.type(of: port.value).dataType != .float32 {
            throw OssicleError(
                .unsupported,
                "\(path): \(Quoting.quoted(port.name)) is \(graph.type(of: port.value)); models with other types than float run as BNNSInference"
            )
        }
        let names = graph.inputs.map(\.name)
        var facts = Facts(format: "coreml")
        facts.layers = graph.nodes.map { "\($0.operation.name) \($0.name)" }
        return try Model(facts: facts, inputShapes: graph.inputs.map { graph.type(of: $0.value).shape }) { shapes in
            try Graph(coreML, shapes: Dictionary(uniqueKeysWithValues: zip(names, shapes.map { $0.evaluate(1) })))
        }
    }
}
