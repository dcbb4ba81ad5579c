/// What can be told of a Core ML model before it is run.
public struct CoreMLSummary: Sendable {
    public enum Kind: String, Sendable {
        case program = "ML Program"
        case network = "neural network"
        case espresso = "compiled neural network"
    }

    public struct Function: Sendable {
        public let name: String
        public let inputs: [MILNamedType]
        public let outputs: [MILNamedType]
        public let states: [MILNamedType]
        /// How often each operation stands in the function and its blocks, by MIL name; constants are left out.
        public let operations: [(name: String, count: Int)]
        /// Why it cannot be run for its default shapes, all of it; nil when it can.
        public let unsupported: String?
    }

    public let kind: Kind
    public let specificationVersion: Int
    /// Empty for the older kinds, whose weights can be read but which are not run.
    public let functions: [Function]
    public let defaultFunction: String
    /// `Float16`, or `Mixed (Float16, Float32)`, as Core ML's own tools name it; empty where nothing is computed.
    public let computePrecision: String
    /// The same of the weights in files; nil when there are none.
    public let storagePrecision: String?

    /// Reads nothing but the program; expands weights to see whether it can be run.
    public init(_ model: CoreMLModel) {
        specificationVersion = model.specificationVersion
        switch model.content {
        case .program: kind = .program
        case .network: kind = .network
        case .espresso: kind = .espresso
        }
        let program = model.program
        let survey = CoreMLProgramSurvey(program?.functions ?? [])
        computePrecision = survey.computePrecision
        storagePrecision = survey.storagePrecision
        functions = program?.functions.map { Function($0, model) } ?? []
        defaultFunction = (try? program?.function(orDefault: nil, model.description).name) ?? ""
    }
}

extension CoreMLSummary.Function {
    fileprivate init(_ function: MILFunction, _ model: CoreMLModel) {
        name = function.name
        func isState(_ input: MILNamedType) -> Bool { if case .state = input.type { true } else { false } }
        inputs = function.inputs.filter { !isState($0) }
        states = function.inputs.filter(isState)
        let types = function.valueTypes
        outputs = function.body.outputs.compactMap { name in
            types[name].map { MILNamedType(name: name, type: $0) }
        }
        operations = CoreMLProgramSurvey([function]).operations
            .sorted { ($1.1, $0.0) < ($0.1, $1.0) }.map { (name: $0.0, count: $0.1) }
        do {
            _ = try Graph(model, function: function.name)
            unsupported = nil
        } catch { unsupported = "\(error)" }
    }
}
