/// Checks what every reader of a program relies on: names are identifiers, defined once in their scope and before use
/// (so that there are no cycles), and blocks return what exists.
struct MILVerifier {
    private var scopes: [Set<String>] = []

    /// - Throws: `malformed` naming function, operation and value.
    static func verify(_ program: MILProgram) throws {
        guard !program.functions.isEmpty else {
            throw OssicleError(.malformed, "the program has no function")
        }
        var names: Set<String> = []
        for function in program.functions {
            guard names.insert(function.name).inserted else {
                throw OssicleError(.malformed, "function \(Quoting.quoted(function.name)) is defined twice")
            }
            do {
                try requireIdentifier(function.name)
                var verifier = MILVerifier(scopes: [[]])
                for input in function.inputs { try verifier.define(input.name) }
                try verifier.verify(function.body)
            } catch let error as OssicleError {
                throw error.within("function \(Quoting.quoted(function.name))")
            }
        }
    }

    private mutating func verify(_ block: MILBlock) throws {
        guard scopes.count <= CoreMLLimits.nesting else {
            throw OssicleError(.malformed, "blocks are nested deeper than \(CoreMLLimits.nesting) levels")
        }
        for input in block.inputs { try define(input.name) }
        for operation in block.operations {
            try Self.requireIdentifier(operation.type)
            for attribute in operation.attributes.keys { try Self.requireIdentifier(attribute) }
            for (parameter, argument) in operation.arguments {
                try Self.requireIdentifier(parameter)
                for name in argument.names where !isDefined(name) {
                    let what = operation.outputs.first?.name ?? operation.type
                    throw OssicleError(
                        .malformed,
                        "\(Quoting.quoted(what)) (\(Quoting.quoted(operation.type))): parameter \(Quoting.quoted(parameter)) is \(Quoting.quoted(name)), which is not defined before it"
                    )
                }
            }
            for nested in operation.blocks {
                scopes.append([])
                try verify(nested)
                scopes.removeLast()
            }
            for output in operation.outputs { try define(output.name) }
        }
        for name in block.outputs where !isDefined(name) {
            throw OssicleError(.malformed, "the block returns \(Quoting.quoted(name)), which is not defined")
        }
    }

    private func isDefined(_ name: String) -> Bool { scopes.contains { $0.contains(name) } }

    /// `[A-Za-z_][A-Za-z0-9_@]*`, as `MIL.proto` demands; anything else could not be written as text.
    private static func requireIdentifier(_ name: String) throws {
        guard let first = name.utf8.first, MILLexer.isLetter(first),
            name.utf8.allSatisfy(MILLexer.isIdentifier)
        else {
            throw OssicleError(.malformed, "\(Quoting.quoted(name)) is no identifier")
        }
    }

    private mutating func define(_ name: String) throws {
        try Self.requireIdentifier(name)
        guard !isDefined(name) else {
            throw OssicleError(.malformed, "\(Quoting.quoted(name)) is defined twice")
        }
        scopes[scopes.count - 1].insert(name)
    }
}
