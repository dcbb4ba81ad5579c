/// Turns one function of an ML Program into a graph of fixed shapes.
///
/// Names resolve through scopes as blocks nest. Weights are expanded when they are first used and kept once; what
/// depends on constants alone is computed on the way, so that shapes, indices and trip counts are numbers by the time
/// an operation asks for them.
final class MILLowering {
    var graph = Graph()
    /// What cannot be done, in the order it was met; the load fails with all of it.
    var problems: [String] = []
    let constants: MILConstantTable
    /// The version of the operations' definitions that the function names.
    let opset: MILOpset
    var scope: [String: MILLowered] = [:]
    var known: [String: ValueID] = [:]
    /// The function's states and the types of their values.
    var states: [String: ValueType] = [:]
    /// Operations lowered so far, those of unrolled loops each time.
    private var budget = CoreMLLimits.loweredOperations
    private var constantBudget = CoreMLLimits.computedBytes

    typealias Rule = @Sendable (MILCall) throws -> [MILLowered]

    init(_ function: MILFunction, files: MILBlobFiles) {
        constants = MILConstantTable(function, files: files)
        opset = function.opset
    }

    // MARK: Names

    func define(_ name: String, _ value: MILLowered) { scope[name] = value }

    func value(_ name: String) throws -> MILLowered {
        if let value = scope[name] { return value }
        return .tensor(try constant(name))
    }

    private func constant(_ name: String) throws -> ValueID {
        if let id = known[name] { return id }
        let tensor = try constants.array(name).tensor()
        // What a program writes out itself, it means.
        if tensor.dataType == .float32, let file = constants.file(of: name) {
            try WeightCheck(file: file.path, options: LoadOptions())
                .refuseNaN(tensor.bytes.bindMemory(to: Float.self), name: name)
        }
        let id = graph.constant(name, tensor)
        known[name] = id
        return id
    }

    func immediate(_ value: MILValue, name: String) throws -> ValueID {
        graph.constant(name, try MILArray(value, files: constants.files).tensor())
    }

    func shape(_ id: ValueID) -> [Int] {
        // Every extent is fixed: inputs are, and each operation's shape rule keeps them so.
        graph.type(of: id).shape.evaluate(1)
    }

    // MARK: Blocks

    /// Lowers the operations of a block and answers what it returns. Names inside are gone afterwards.
    func lower(_ block: MILBlock, inputs: [MILLowered] = []) throws -> [MILLowered] {
        let outer = scope
        defer { scope = outer }
        guard inputs.count == block.inputs.count else {
            throw OssicleError(
                .malformed, "a block of \(block.inputs.count) inputs is given \(inputs.count) values")
        }
        for (input, value) in zip(block.inputs, inputs) { scope[input.name] = value }
        for operation in block.operations where !MILConstants.isConstant(operation) {
            let values = try lower(operation)
            for (output, value) in zip(operation.outputs, values) { scope[output.name] = value }
        }
        return try block.outputs.map(value)
    }

    private func lower(_ operation: MILOperation) throws -> [MILLowered] {
        budget -= 1
        guard budget >= 0 else {
            throw OssicleError(
                .unsupported, "loops unroll to more than \(CoreMLLimits.loweredOperations) operations")
        }
        let label =
            "\(Quoting.quoted(operation.outputs.first?.name ?? "")) (\(Quoting.quoted(operation.type)))"
        guard let rule = MILOperationTable.rules[operation.type] else {
            // The survey before has reported it.
            return operation.outputs.map { placeholder($0) }
        }
        if isUnknown(operation) { return operation.outputs.map { placeholder($0) } }
        let foreign = MILParameterTable.unknown(in: operation)
        guard foreign.isEmpty else {
            let names = foreign.map { "parameter \(Quoting.quoted($0))" }.joined(separator: ", ")
            problems.append("\(label): \(names) of no known operation set")
            return operation.outputs.map { placeholder($0) }
        }
        do {
            let values = try rule(MILCall(operation: operation, lowering: self))
            guard values.count == operation.outputs.count else {
                throw OssicleError(
                    .malformed, "gives \(values.count) values, \(operation.outputs.count) are named")
            }
            for (output, value) in zip(operation.outputs, values) { try check(value, against: output) }
            return values
        } catch let error as OssicleError where error.code == .unsupported {
            problems.append("\(label): \(error.message)")
            return operation.outputs.map { placeholder($0) }
        } catch let error as OssicleError {
            let inside = error.message.hasPrefix(label) ? error : error.within(label)
            // What an operation does not take is the file's fault, not an argument's.
            let isFile = [.invalidArgument, .shapeMismatch].contains(error.code)
            throw isFile ? OssicleError(.malformed, inside.message) : inside
        }
    }

    /// Stands for what an unsupported operation would give, so that the rest is looked at as well.
    private func placeholder(_ output: MILNamedType) -> MILLowered {
        guard case .tensor(let element, _) = output.type, let shape = output.type.shape else {
            return .unknown
        }
        return .tensor(
            graph.makeValue(output.name, ValueType(shape.map { .fixed($0) }, element.computed)))
    }

    private func isUnknown(_ operation: MILOperation) -> Bool {
        operation.arguments.values.flatMap(\.names).contains {
            if case .unknown = scope[$0] { true } else { false }
        }
    }

    /// The program states the type of every value: a check on the file and on the rule alike.
    private func check(_ value: MILLowered, against output: MILNamedType) throws {
        guard case .tensor(let id) = value, let dimensions = output.type.dimensions else { return }
        let found = shape(id)
        let fits =
            found.count == dimensions.count
            && zip(found, dimensions).allSatisfy { extent, dimension in
                if case .fixed(let stated) = dimension { extent == stated } else { true }
            }
        guard fits else {
            throw OssicleError(
                .malformed,
                "\(Quoting.quoted(output.name)) is declared \(output.type), the operation gives \(found)")
        }
    }

    /// What a trial may change. Its work still counts: nested trials must end.
    struct Snapshot {
        fileprivate let graph: Graph
        fileprivate let known: [String: ValueID]
        fileprivate let problems: [String]
    }

    func snapshot() -> Snapshot { Snapshot(graph: graph, known: known, problems: problems) }

    func restore(_ snapshot: Snapshot) {
        (graph, known, problems) = (snapshot.graph, snapshot.known, snapshot.problems)
    }

    // MARK: Nodes

    func add(_ operation: any Operation, _ inputs: [ValueID], name: String, regions: [Graph] = []) throws
        -> [ValueID]
    {
        let outputs = try graph.add(operation, inputs, name: name, regions: regions)
        for id in outputs { _ = try CoreMLShape.count(shape(id)) }
        let values = inputs.map { graph.constant($0) }
        let node = graph.nodes[graph.nodes.count - 1]
        guard !values.isEmpty, values.allSatisfy({ $0 != nil }), regions.isEmpty, !node.hasEffects else {
            return outputs
        }
        // What a value grows by; a weight that is only turned round costs nothing.
        let made = outputs.reduce(0) { $0 + shape($1).reduce(4, *) }
        try spend(max(made - values.reduce(0) { $0 + $1!.byteCount }, 0))
        graph.nodes.removeLast()
        for (id, tensor) in zip(outputs, try FoldConstants.evaluate(node, values.map { $0! })) {
            graph[id].constant = tensor
        }
        return outputs
    }

    /// Accounts for a constant that is made here and not in the file.
    func spend(_ bytes: Int) throws {
        constantBudget -= bytes
        guard constantBudget >= 0 else {
            throw OssicleError(
                .unsupported, "constants computed at load take more than \(CoreMLLimits.computedBytes) bytes")
        }
    }
}
