/// Reads the text form of an ML Program (`model.mil` of a compiled model), versions 1.0 and 1.3.
///
/// The grammar is not published; it is what Apple's compiler writes:
///
///     program(version) [attributes] { function… }
///     func name<opset>(type name, …) [attributes] { operation… } -> (name, …);
///     type name, … = operation(parameter = argument, …)[attribute = value, …];
///     argument: name | value | (argument, …)        value: type(literal)
///
/// How a nested block is spelled has not been seen in any file, so blocks are refused.
struct MILParser {
    var lexer: MILLexer
    var token = MILLexer.Token.end
    var depth = 0

    /// - Parameter name: what errors call the text, for instance the file's path.
    /// - Throws: `malformed` with name, line and column; `unsupported` for nested blocks and unknown opsets.
    static func parse(_ text: UnsafeRawBufferPointer, name: String) throws -> MILProgram {
        do {
            guard text.count <= CoreMLLimits.programBytes else {
                throw OssicleError(
                    .malformed, "\(text.count) bytes of text, more than \(CoreMLLimits.programBytes)")
            }
            var parser = MILParser(lexer: MILLexer(text))
            try parser.advance()
            let program = try parser.program()
            try MILVerifier.verify(program)
            return program
        } catch let error as OssicleError {
            throw error.within(name)
        }
    }

    static func parse(_ text: String, name: String = "MIL text") throws -> MILProgram {
        var text = text
        return try text.withUTF8 { try parse(UnsafeRawBufferPointer($0), name: name) }
    }

    // MARK: Tokens

    mutating func advance() throws { token = try lexer.next() }

    func failure(_ message: String) -> OssicleError { lexer.failure(message) }

    mutating func take(_ character: Character) -> Bool {
        guard case .punctuation(let byte) = token, byte == character.asciiValue else { return false }
        return true
    }

    mutating func accept(_ character: Character) throws -> Bool {
        guard take(character) else { return false }
        try advance()
        return true
    }

    mutating func expect(_ character: Character) throws {
        guard try accept(character) else {
            throw failure("expected '\(character)', found \(token.description)")
        }
    }

    mutating func identifier(_ what: String) throws -> String {
        guard case .identifier(let name) = token else {
            throw failure("expected \(what), found \(token.description)")
        }
        try advance()
        return name
    }

    mutating func keyword(_ word: String) throws {
        let found = try identifier("'\(word)'")
        guard found == word else { throw failure("expected '\(word)', found \(Quoting.quoted(found))") }
    }

    /// Reads `item {, item}` up to and with `close`.
    mutating func list(until close: Character, _ item: (inout MILParser) throws -> Void) throws {
        guard try !accept(close) else { return }
        repeat { try item(&self) } while try accept(",")
        try expect(close)
    }

    /// Runs `body` one level deeper.
    mutating func nested<T>(_ body: (inout MILParser) throws -> T) throws -> T {
        depth += 1
        defer { depth -= 1 }
        guard depth <= CoreMLLimits.nesting else {
            throw failure("nested deeper than \(CoreMLLimits.nesting) levels")
        }
        return try body(&self)
    }

    // MARK: Program

    private mutating func program() throws -> MILProgram {
        try keyword("program")
        try expect("(")
        let version = try version()
        try expect(")")
        let attributes = try accept("[") ? self.attributes() : [:]
        try expect("{")
        var functions: [MILFunction] = []
        while try !accept("}") { functions.append(try function()) }
        guard token == .end else { throw failure("expected the end of the text, found \(token.description)") }
        functions.sort { $0.name < $1.name }
        return MILProgram(version: version, functions: functions, attributes: attributes)
    }

    private mutating func version() throws -> MILVersion {
        guard case .number(let text) = token else {
            throw failure("expected a version, found \(token.description)")
        }
        let version: MILVersion
        switch text {
        case "1.0": version = MILVersion(1, 0)
        case "1.3": version = MILVersion(1, 3)
        default:
            throw OssicleError(
                .unsupported, "\(lexer.location): MIL version \(Quoting.quoted(text)); 1.0 and 1.3 are known")
        }
        try advance()
        return version
    }

    private mutating func function() throws -> MILFunction {
        try keyword("func")
        let name = try identifier("a function name")
        try expect("<")
        let opset = try opset()
        try expect(">")
        try expect("(")
        var inputs: [MILNamedType] = []
        try list(until: ")") { inputs.append(try $0.namedType()) }
        inputs.sort { $0.name < $1.name }
        var attributes = try accept("[") ? self.attributes() : [:]
        let flexible = try attributes.removeValue(forKey: MILFlexibleShapes.attribute).map(
            MILFlexibleShapes.init)
        try expect("{")
        var operations: [MILOperation] = []
        while try !accept("}") { operations.append(try operation()) }
        guard token == .arrow else { throw failure("expected '->', found \(token.description)") }
        try advance()
        try expect("(")
        var outputs: [String] = []
        try list(until: ")") { outputs.append(try $0.identifier("an output name")) }
        try expect(";")
        return MILFunction(
            name: name, opset: opset, inputs: inputs,
            body: MILBlock(operations: operations, outputs: outputs),
            flexibleShapes: flexible, attributes: attributes)
    }

    private mutating func opset() throws -> MILOpset {
        let text = try identifier("an opset")
        guard let opset = MILOpset.allCases.first(where: { $0.spelling == text }) else {
            throw OssicleError(.unsupported, "\(lexer.location): opset \(Quoting.quoted(text))")
        }
        return opset
    }

    private mutating func namedType() throws -> MILNamedType {
        let type = try type()
        return MILNamedType(name: try identifier("a name"), type: type)
    }

    private mutating func operation() throws -> MILOperation {
        var outputs: [MILNamedType] = []
        var first = try identifier("an operation")
        if !take("(") {
            // Not an operation's name, so a type: the operation has outputs.
            outputs.append(MILNamedType(name: "", type: try type(startingWith: first)))
            outputs[0].name = try identifier("a name")
            while try accept(",") { outputs.append(try namedType()) }
            try expect("=")
            first = try identifier("an operation")
        }
        try expect("(")
        var arguments: [String: MILArgument] = [:]
        try list(until: ")") { parser in
            let name = try parser.identifier("a parameter name")
            try parser.expect("=")
            let argument = try parser.argument()
            guard arguments.updateValue(argument, forKey: name) == nil else {
                throw parser.failure("parameter \(Quoting.quoted(name)) occurs twice")
            }
        }
        let attributes = try accept("[") ? self.attributes() : [:]
        guard !take("{"), token != .identifier("block") else {
            throw OssicleError(
                .unsupported,
                "\(lexer.location): \(Quoting.quoted(first)) has nested blocks, which are not read from text")
        }
        try expect(";")
        return MILOperation(type: first, arguments: arguments, outputs: outputs, attributes: attributes)
    }

    private mutating func argument() throws -> MILArgument {
        guard try accept("(") else { return MILArgument([try binding()]) }
        var bindings: [MILArgument.Binding] = []
        try list(until: ")") { bindings.append(try $0.binding()) }
        return MILArgument(bindings)
    }

    private mutating func binding() throws -> MILArgument.Binding {
        let first = try identifier("a name or a value")
        guard take("<") || take("(") else { return .name(first) }
        return .value(try value(type: try type(startingWith: first)))
    }

    private mutating func attributes() throws -> [String: MILValue] {
        var attributes: [String: MILValue] = [:]
        try list(until: "]") { parser in
            let name = try parser.identifier("an attribute name")
            try parser.expect("=")
            let value = try parser.value(type: try parser.type())
            guard attributes.updateValue(value, forKey: name) == nil else {
                throw parser.failure("attribute \(Quoting.quoted(name)) occurs twice")
            }
        }
        return attributes
    }
}
