import CKernels

/// What a function of a Core ML model shows outside, at the shapes it runs at.
struct InferencePorts: Sendable {
    typealias Feature = BNNSInference.Feature

    let modelPath: String
    let function: String
    let functions: [String]
    /// In the order in which the model describes them.
    let inputs: [Feature]
    var outputs: [Feature]
    let states: [Feature]

    /// What a system's compiler has to be told: nothing where there is one function only.
    var functionToName: String? { functions.count > 1 ? function : nil }

    /// As our own engine sees them.
    init(_ model: CoreMLModel, function name: String?, _ graph: Graph) throws {
        let place = try Place(model, name)
        func feature(_ name: String, _ type: ValueType) -> Feature {
            Feature(
                name: name, shape: type.shape.evaluate(1), dataType: type.dataType,
                declaredType: place.types[name]?.elementType ?? .fp32,
                flexibility: place.choice.flexibility(of: name), defaultValue: place.defaultValue(of: name))
        }
        (modelPath, function, functions) = (model.path, place.function.name, place.functions)
        inputs = graph.inputs.map { feature($0.name, graph.type(of: $0.value)) }
        outputs = graph.outputs.map { feature($0.name, graph.type(of: $0.value)) }
        states = graph.states.map { feature($0.name, $0.type) }
    }

    /// As the model declares them, whatever stands between them. An extent of an output that only running the model
    /// would tell is -1.
    ///
    /// - Throws: `shapeMismatch` or `invalidArgument` as `MILShapeChoice` says, `malformed` for a port that is no tensor.
    init(declaredBy model: CoreMLModel, function name: String?, shapes: [String: [Int]]) throws {
        let place = try Place(model, name)
        let chosen = try model.naming { try place.choice.choose(shapes) }
        func feature(_ name: String) throws -> Feature {
            guard let type = place.types[name], let element = type.elementType, let axes = type.dimensions
            else {
                throw OssicleError(.malformed, "\(model.path): \(Quoting.quoted(name)) is no tensor")
            }
            let declared = axes.map { if case .fixed(let extent) = $0 { extent } else { -1 } }
            return Feature(
                name: name, shape: chosen[name] ?? declared, dataType: element.computed,
                declaredType: element, flexibility: place.choice.flexibility(of: name),
                defaultValue: place.defaultValue(of: name))
        }
        (modelPath, function, functions) = (model.path, place.function.name, place.functions)
        let names = MILLowering.ordered(place.function.inputs.map(\.name), place.features?.inputs) { $0 }
        inputs = try names.filter { chosen[$0] != nil }.map(feature)
        states = try names.filter { chosen[$0] == nil }.map(feature)
        outputs = try MILLowering.ordered(place.function.body.outputs, place.features?.outputs) { $0 }
            .map(feature)
    }

    /// A function of a program, with what the model says of it.
    private struct Place {
        let function: MILFunction
        let functions: [String]
        let features: CoreMLFunctionDescription?
        let choice: MILShapeChoice
        let types: [String: MILType]

        init(_ model: CoreMLModel, _ name: String?) throws {
            guard let program = model.program else {
                throw OssicleError(.unsupported, "\(model.path): an older neural network, no ML Program")
            }
            function = try model.naming { try program.function(orDefault: name, model.description) }
            functions = program.functions.map(\.name)
            features = model.description.function(named: function.name)
            choice = MILShapeChoice(function, features)
            types = function.valueTypes
        }

        func defaultValue(of name: String) -> Double? {
            guard function.inputs.count <= OK_MAX_DEFAULTS else { return nil }
            return features?.inputs.first { $0.name == name }?.defaultValue
        }
    }
}

extension MILFunction {
    /// The types of its inputs and of what its own operations give.
    var valueTypes: [String: MILType] {
        var types: [String: MILType] = [:]
        for input in inputs { types[input.name] = input.type }
        for output in body.operations.flatMap(\.outputs) { types[output.name] = output.type }
        return types
    }
}
