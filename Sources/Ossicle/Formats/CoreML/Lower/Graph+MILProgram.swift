extension Graph {
    /// One function of an ML Program as a graph that the engine plans and runs.
    ///
    /// Every float type is computed in float32 and every integer type in int32: float16 inputs and outputs are float32
    /// here, and float16 weights are widened exactly. A model that Core ML runs in float16 therefore differs from it
    /// by that format's rounding.
    ///
    /// - Parameters:
    ///   - model: an opened ML Program.
    ///   - function: the function's name; the default one when nil.
    ///   - shapes: of inputs that can be chosen, by name; the default shapes for the others.
    /// - Throws: `unsupported` with everything in the function that cannot be run, each by operation and name;
    ///   `shapeMismatch` naming the range of a shape that is not in it; `malformed` where the program contradicts
    ///   itself.
    public init(_ model: CoreMLModel, function name: String? = nil, shapes: [String: [Int]] = [:]) throws {
        guard case .program(let program, let files) = model.content else {
            throw OssicleError(
                .unsupported,
                "\(model.path): an older neural network, whose weights can be read; only ML Programs are run")
        }
        self = try model.naming {
            let function = try program.function(orDefault: name, model.description)
            let features = model.description.function(named: function.name)
            let choice = MILShapeChoice(function, features)
            func lower(_ shapes: [String: [Int]]) throws -> Graph {
                try MILLowering(function, files: files).lower(function, shapes: shapes, features)
            }
            let chosen = try choice.choose(shapes)
            do { return try lower(chosen) } catch let error as OssicleError where error.code == .malformed {
                // Where the default shapes work, or there are none, those that were asked for do not go together.
                let standard = try? choice.choose([:])
                guard !shapes.isEmpty, standard != chosen,
                    standard.map({ shapes in (try? lower(shapes)) != nil }) ?? true
                else { throw error }
                let asked = shapes.sorted { $0.key < $1.key }.map { "\(Quoting.quoted($0)) \($1)" }
                throw OssicleError(
                    .shapeMismatch,
                    "the shapes \(asked.joined(separator: ", ")) do not go together: \(error.message)")
            }
        }
    }
}

extension MILProgram {
    /// The function called `name`; without a name the model's default, `main`, or the only one.
    ///
    /// - Throws: `invalidArgument` with the names there are.
    func function(orDefault name: String?, _ description: CoreMLModelDescription) throws -> MILFunction {
        if let name {
            if let function = function(named: name) { return function }
            let names = functions.map { Quoting.quoted($0.name) }.joined(separator: ", ")
            throw OssicleError(.invalidArgument, "no function \(Quoting.quoted(name)); there are \(names)")
        }
        return function(named: description.defaultFunctionName) ?? function(named: "main") ?? functions[0]
    }
}

extension MILLowering {
    /// The whole function. Inputs and outputs come in the order in which the model describes them.
    func lower(
        _ function: MILFunction, shapes: [String: [Int]], _ features: CoreMLFunctionDescription?
    ) throws -> Graph {
        survey(function.body)
        for input in Self.ordered(function.inputs, features?.inputs, \.name) {
            guard let element = input.type.elementType else {
                throw OssicleError(
                    .malformed, "input \(Quoting.quoted(input.name)) is no tensor but \(input.type)")
            }
            if case .state = input.type {
                try defineState(input, element)
            } else {
                let type = ValueType(shapes[input.name]!.map { .fixed($0) }, element.computed)
                define(input.name, .tensor(graph.input(input.name, type)))
            }
        }
        let results = zip(function.body.outputs, try lower(function.body))
        for (name, value) in Self.ordered(Array(results), features?.outputs, \.0) {
            if case .tensor(let id) = value {
                graph.output(name, id)
            } else if problems.isEmpty {
                throw OssicleError(.malformed, "output \(Quoting.quoted(name)) is not a tensor")
            }
        }
        guard problems.isEmpty else {
            throw OssicleError(
                .unsupported,
                "function \(Quoting.quoted(function.name)) cannot be run: " + problems.joined(separator: "; ")
            )
        }
        return graph
    }

    /// Finds operations no rule is known for, the whole function over, one line for each kind.
    private func survey(_ block: MILBlock) {
        var missing: [(type: String, names: [String])] = []
        var constants: Set<String> = []
        func visit(_ block: MILBlock) {
            for operation in block.operations {
                operation.blocks.forEach(visit)
                let name = operation.outputs.first?.name ?? operation.label ?? ""
                if MILConstants.isConstant(operation) {
                    if !constants.insert(name).inserted {
                        problems.append("constant \(Quoting.quoted(name)) is defined in several blocks")
                    }
                } else if MILOperationTable.rules[operation.type] == nil {
                    if let known = missing.firstIndex(where: { $0.type == operation.type }) {
                        missing[known].names.append(name)
                    } else {
                        missing.append((operation.type, [name]))
                    }
                }
            }
        }
        visit(block)
        for (type, names) in missing {
            let times = names.count == 1 ? "" : " and \(names.count - 1) more"
            problems.append(
                "operation \(Quoting.quoted(type)) is not supported (\(Quoting.quoted(names[0]))\(times))")
        }
    }

    /// `items` as the model describes them, the others behind in their own order.
    static func ordered<T>(
        _ items: [T], _ features: [CoreMLFeature]?, _ name: (T) -> String
    ) -> [T] {
        var rank: [String: Int] = [:]
        for (i, feature) in (features ?? []).enumerated() { rank[feature.name] = i }
        return items.enumerated().sorted { a, b in
            (rank[name(a.element)] ?? .max, a.offset) < (rank[name(b.element)] ?? .max, b.offset)
        }.map(\.element)
    }
}
