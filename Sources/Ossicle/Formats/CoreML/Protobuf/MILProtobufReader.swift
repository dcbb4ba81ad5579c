/// Reads an ML Program from its Protocol Buffers form (`MILSpec.Program` of Apple's `MIL.proto`).
enum MILProtobufReader {
    /// - Parameter description: gives the shapes of flexible inputs, which the program itself leaves out.
    /// - Throws: `malformed` or `unsupported`, naming message and byte, or function and value.
    static func program(
        _ reader: ProtobufReader, specification: Int, description: CoreMLModelDescription
    ) throws -> MILProgram {
        guard reader.range.count <= CoreMLLimits.programBytes else {
            throw reader.failure("\(reader.range.count) bytes, more than \(CoreMLLimits.programBytes)")
        }
        var reader = reader
        var program = MILProgram(version: MILVersion(specification: specification), functions: [])
        while let field = try reader.next() {
            switch field.number {
            case 2:
                let entry = try field.mapEntry { try $0.map { try function($0.message("Function")) } }
                guard var function = entry.value else { throw field.failure("is a function without content") }
                function.name = entry.key
                function.flexibleShapes = try description.flexibleShapes(function: entry.key)
                program.functions.append(function)
            case 4: try addAttribute(field, to: &program.attributes)
            default: break
            }
        }
        program.functions.sort { $0.name < $1.name }
        try MILVerifier.verify(program)
        return program
    }

    private static func function(_ reader: ProtobufReader) throws -> MILFunction {
        var reader = reader
        var inputs: [MILNamedType] = []
        var attributes: [String: MILValue] = [:]
        var opsetName = ""
        var specializations: [String: ProtobufField] = [:]
        while let field = try reader.next() {
            switch field.number {
            case 1: inputs.append(try namedType(field.message("NamedValueType")))
            case 2: opsetName = try field.string()
            case 3:
                let entry = try field.mapEntry { $0 }
                specializations[entry.key] = entry.value
            case 4: try addAttribute(field, to: &attributes)
            default: break
            }
        }
        guard let opset = MILOpset.allCases.first(where: { "CoreML\($0.rawValue)" == opsetName }) else {
            throw OssicleError(.unsupported, "\(reader.name): opset \(Quoting.quoted(opsetName))")
        }
        guard let active = specializations[opsetName] else {
            throw reader.failure("no block for opset \(Quoting.quoted(opsetName))")
        }
        inputs.sort { $0.name < $1.name }
        return MILFunction(
            name: "", opset: opset, inputs: inputs, body: try block(active.message("Block")),
            attributes: attributes)
    }

    private static func block(_ reader: ProtobufReader) throws -> MILBlock {
        var reader = reader
        var block = MILBlock(operations: [], outputs: [])
        while let field = try reader.next() {
            switch field.number {
            case 1: block.inputs.append(try namedType(field.message("NamedValueType")))
            case 2: block.outputs.append(try field.string())
            case 3: block.operations.append(try operation(field.message("Operation")))
            case 4: try addAttribute(field, to: &block.attributes)
            default: break
            }
        }
        return block
    }

    private static func operation(_ reader: ProtobufReader) throws -> MILOperation {
        var reader = reader
        var operation = MILOperation(type: "", outputs: [])
        while let field = try reader.next() {
            switch field.number {
            case 1: operation.type = try field.string()
            case 2:
                let entry = try field.mapEntry { try $0.map { try argument($0.message("Argument")) } }
                guard
                    operation.arguments.updateValue(entry.value ?? MILArgument([]), forKey: entry.key) == nil
                else {
                    throw field.failure("repeats parameter \(Quoting.quoted(entry.key))")
                }
            case 3: operation.outputs.append(try namedType(field.message("NamedValueType")))
            case 4: operation.blocks.append(try block(field.message("Block")))
            case 5: try addAttribute(field, to: &operation.attributes)
            default: break
            }
        }
        guard !operation.type.isEmpty else { throw reader.failure("an operation without a type") }
        return operation
    }

    private static func argument(_ reader: ProtobufReader) throws -> MILArgument {
        var reader = reader
        var argument = MILArgument([])
        while let field = try reader.next(1) {
            var binding = try field.message("Binding")
            while let inner = try binding.next() {
                switch inner.number {
                case 1: argument.bindings.append(.name(try inner.string()))
                case 2:
                    argument.bindings.append(.value(try MILProtobufValueReader.value(inner.message("Value"))))
                default: break
                }
            }
        }
        return argument
    }

    private static func namedType(_ reader: ProtobufReader) throws -> MILNamedType {
        var reader = reader
        var name = ""
        var type: MILType?
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try field.string()
            case 2: type = try MILProtobufValueReader.type(field.message("ValueType"))
            default: break
            }
        }
        guard let type, !name.isEmpty else { throw reader.failure("a value without a name or a type") }
        return MILNamedType(name: name, type: type)
    }

    private static func addAttribute(_ field: ProtobufField, to attributes: inout [String: MILValue]) throws {
        let entry = try field.mapEntry {
            try $0.map { try MILProtobufValueReader.value($0.message("Value")) }
        }
        guard let value = entry.value, attributes.updateValue(value, forKey: entry.key) == nil else {
            throw field.failure("is an attribute \(Quoting.quoted(entry.key)) that is empty or occurs twice")
        }
    }
}

extension CoreMLModelDescription {
    /// The shapes of the function's inputs that can change, as Apple's compiler gathers them: only flexible inputs
    /// are listed.
    func flexibleShapes(function name: String) throws -> MILFlexibleShapes? {
        let features = function(named: name)?.inputs ?? []
        var defaults: [String: [Int]] = [:]
        var ranges: [String: [MILRange]] = [:]
        var enumerated: [(name: String, shapes: [[Int]])] = []
        for feature in features {
            guard case .multiArray(let array) = feature.type, array.flexibility != .fixed else { continue }
            defaults[feature.name] = array.shape
            switch array.flexibility {
            case .fixed: break
            case .ranges(let axes): ranges[feature.name] = axes
            case .enumerated(let shapes): enumerated.append((feature.name, shapes))
            }
        }
        if enumerated.isEmpty {
            return ranges.isEmpty ? nil : MILFlexibleShapes(defaults: defaults, choice: .ranges(ranges))
        }
        // Inputs with enumerated shapes change together: the n-th shape of each belongs to the n-th set.
        guard ranges.isEmpty, let count = enumerated.first?.shapes.count,
            enumerated.allSatisfy({ $0.shapes.count == count })
        else {
            throw OssicleError(
                .unsupported, "function \(Quoting.quoted(name)) mixes enumerated shapes with others")
        }
        let sets = (0..<count).map { index in
            Dictionary(enumerated.map { ($0.name, $0.shapes[index]) }) { first, _ in first }
        }
        return MILFlexibleShapes(defaults: defaults, choice: .enumerated(sets))
    }
}
