/// A model with its weights as a layer of a larger network: the bottleneck of a `HybridPipeline`, say.
///
/// Its nodes become part of the larger graph, so they share its plan and its memory. The model has one required input;
/// where that has a leading axis of 1 that the surrounding value lacks, the axis is added and taken away again. Only its
/// first output is handed on.
public struct ModelLayer: Layer {
    public let model: Model

    public init(_ model: Model) { self.model = model }

    /// A graph with one required input, for exactly its shapes.
    ///
    /// - Throws: `unsupported` for a graph of several inputs.
    public init(_ graph: Graph) throws {
        let required = graph.inputs.filter { !$0.isOptional }
        guard required.count == 1 else {
            throw OssicleError(.unsupported, "expected a graph with one input, found \(required.count)")
        }
        model = try Model(
            facts: Model.Facts(format: "graph"), inputShapes: [graph.type(of: required[0].value).shape]
        ) { _ in graph }
    }

    public var module: String { "Model" }
    public var inputShape: [Dim]? { model.graph.inputs.first.map { model.graph.type(of: $0.value).shape } }

    /// - Throws: `unsupported` for a model of several inputs, `shapeMismatch` as its layers say.
    public func append(to graph: inout Graph, _ inputs: [ValueID], weights: [String: ValueID]) throws
        -> [ValueID]
    {
        let required = model.graph.inputs.filter { !$0.isOptional }
        guard required.count == 1, !model.graph.outputs.isEmpty else {
            throw OssicleError(
                .unsupported, "expected a model with one input and an output, found \(required.count) inputs")
        }
        let own = model.graph.type(of: required[0].value).shape, given = graph.type(of: inputs[0]).shape
        let isWrapped = own.count == given.count + 1 && own[0] == .fixed(1)
        guard isWrapped else { return [try graph.inline(model.graph(for: [given]), input: inputs[0])] }
        let wrapped = try graph.apply(Reshape([.fixed(1)] + given), inputs[0])
        let y = try graph.inline(model.graph(for: [[.fixed(1)] + given]), input: wrapped)
        let shape = graph.type(of: y).shape
        guard shape.first == .fixed(1) else {
            throw OssicleError(
                .shapeMismatch, "expected an output that begins with an axis of 1, found \(shape.text)")
        }
        return [try graph.apply(Reshape(Array(shape.dropFirst())), y)]
    }
}

extension Graph {
    /// Appends the nodes of `other`, whose one required input is `input`; optional inputs are zero. Answers its first
    /// output.
    mutating func inline(_ other: Graph, input: ValueID) throws -> ValueID {
        guard other.states.isEmpty else {
            throw OssicleError(.unsupported, "a model with named states cannot be a layer of another")
        }
        let inputs = try other.inputs.map { port in
            let type = other.type(of: port.value)
            guard port.isOptional else {
                guard type == self.type(of: input) else {
                    throw OssicleError(
                        .shapeMismatch,
                        "the model takes \(type), the layer before it gives \(self.type(of: input))")
                }
                return input
            }
            guard let shape = type.shape.fixedValues else {
                throw OssicleError(.unsupported, "the optional input \(port.name) \(type) has no fixed shape")
            }
            let zeros = [Float](repeating: 0, count: shape.reduce(1, *))
            return constant(port.name, try Tensor(zeros, shape: shape))
        }
        return try splice(other, inputs: inputs)[0]
    }
}
