/// Checks what every reader of a program relies on: names are defined once in their scope and before use (so
/// that there are no cycles), and blocks return what exists.
struct MILVerifier {
    private var scopes: [Set<String>] = []

    /// - Throws: `malformed` naming function, operation and value.
    static func verify(_ program: MILProgram) throws {
        guard !program.functions.isEmpty else { throw OssicleError(.malformed, "the program has no function") }
        var names: Set<String> = []
        for function in program.functions {
            guard names.insert(function.name).inserted else {
                throw OssicleError(.malformed, "function '\(function.name)' is defined twice")
            }
            do {
                var verifier = MILVerifier(scopes: [[]])
                for input in function.inputs { try verifier.define(input.name) }
                try verifier.verify(function.body)
            } catch let error as OssicleError {
                throw error.within("function '\(function.name)'")
            }
        }
    }

    private mutating func verify(_ block: MILBlock) throws {
        guard scopes.count <= CoreMLLimits.nesting else {
            throw OssicleError(.malformed, "blocks are nested deeper than \(CoreMLLimits.nesting) levels")
        }
        for input in block.inputs { try define(input.name) }
        for operation in block.operations {
            for (parameter, argument) in operation.arguments {
                for name in argument.names where !isDefined(name) {
                    let what = operation.outputs.first?.name ?? operation.type
                    throw OssicleError(
                        .malformed,
                        "'\(what)' (\(operation.type)): parameter '\(parameter)' is '\(name)', which is not defined before it")
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
            throw OssicleError(.malformed, "the block returns '\(name)', which is not defined")
        }
    }

    private func isDefined(_ name: String) -> Bool { scopes.contains { $0.contains(name) } }

    private mutating func define(_ name: String) throws {
        guard !isDefined(name) else { throw OssicleError(.malformed, "'\(name)' is defined twice") }
        scopes[scopes.count - 1].insert(name)
    }
}
