/// One tensor a layer learns, under PyTorch's `state_dict` name.
public struct Parameter: Sendable, Equatable {
    public var name: String
    public var shape: [Int]
    /// Whether it mixes inputs, as kernels and matrices do: one that is the same number throughout is then unusual,
    /// and a warning.
    public var mixes: Bool

    /// - Parameter mixes: by default, whether it has two axes or more.
    public init(_ name: String, _ shape: [Int], mixes: Bool? = nil) {
        self.name = name
        self.shape = shape
        self.mixes = mixes ?? (shape.count >= 2)
    }
}

/// A layer is a front end to the graph: it names its parameters and appends its nodes. It holds no weights and does
/// no arithmetic of its own.
public protocol Layer: Sendable {
    /// PyTorch's class name, such as `Conv1d`.
    var module: String { get }

    var parameters: [Parameter] { get }

    /// The input it expects, 0 (dynamic) where any extent fits; nil when any shape does.
    var inputShape: [Dim]? { get }

    /// Appends the layer's nodes.
    ///
    /// - Parameters:
    ///   - inputs: the main input, then whatever `extraInputs` names.
    ///   - weights: a value for each parameter, by name.
    /// - Returns: the main output, then whatever `extraOutputs` names.
    /// - Throws: `shapeMismatch` or `invalidArgument`.
    func append(to graph: inout Graph, _ inputs: [ValueID], weights: [String: ValueID]) throws -> [ValueID]

    /// Optional inputs beside the main one, for a main input of this type: initial states.
    func extraInputs(for input: ValueType) -> [(name: String, type: ValueType)]

    /// Names of outputs beside the main one: final states.
    var extraOutputs: [String] { get }

    /// The output's shape for an input whose extents may be dynamic.
    func outputShape(for input: [Dim]) throws -> [Dim]
}

extension Layer {
    public var parameters: [Parameter] { [] }
    public var inputShape: [Dim]? { nil }
    public var extraOutputs: [String] { [] }
    public func extraInputs(for input: ValueType) -> [(name: String, type: ValueType)] { [] }

    public func outputShape(for input: [Dim]) throws -> [Dim] {
        var graph = Graph()
        let value = graph.input("x", ValueType(input))
        var weights: [String: ValueID] = [:]
        for parameter in parameters {
            // Never read: only types matter here.
            weights[parameter.name] = graph.input(
                parameter.name, ValueType(parameter.shape.map { .fixed($0) }))
        }
        let output = try append(to: &graph, [value], weights: weights)[0]
        return graph.type(of: output).shape
    }

    public var parameterCount: Int { parameters.reduce(0) { $0 + $1.shape.reduce(1, *) } }

    func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
        if !condition { throw OssicleError(.invalidArgument, "\(module): \(message())") }
    }
}
