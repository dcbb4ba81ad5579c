extension MILParser {
    mutating func type() throws -> MILType { try type(startingWith: try identifier("a type")) }

    /// Reads a type whose first word is taken already.
    mutating func type(startingWith word: String) throws -> MILType {
        try nested { parser in
            switch word {
            case "tensor": return try parser.bracketed { .tensor(try $0.elementType(), try $0.shape()) }
            case "list":
                return try parser.bracketed { parser in
                    let element = try parser.type()
                    try parser.expect(",")
                    return .list(element, try parser.dimension())
                }
            case "tuple":
                var types: [MILType] = []
                try parser.expect("<")
                try parser.list(until: ">") { types.append(try $0.type()) }
                return .tuple(types)
            case "dict":
                return try parser.bracketed { parser in
                    let key = try parser.type()
                    try parser.expect(",")
                    return .dictionary(key: key, value: try parser.type())
                }
            case "state": return try parser.bracketed { .state(try $0.type()) }
            default:
                guard let element = MILElementType(spelling: word) else {
                    throw parser.failure("unknown type \(Quoting.quoted(word))")
                }
                return .scalar(element)
            }
        }
    }

    private mutating func bracketed(_ body: (inout MILParser) throws -> MILType) throws -> MILType {
        try expect("<")
        let type = try body(&self)
        try expect(">")
        return type
    }

    private mutating func elementType() throws -> MILElementType {
        let word = try identifier("an element type")
        guard let element = MILElementType(spelling: word) else {
            throw failure("unknown element type \(Quoting.quoted(word))")
        }
        return element
    }

    private mutating func shape() throws -> [MILDimension] {
        try expect(",")
        try expect("[")
        var dimensions: [MILDimension] = []
        try list(until: "]") { dimensions.append(try $0.dimension()) }
        guard dimensions.count <= CoreMLLimits.rank else {
            throw failure("a tensor of \(dimensions.count) axes; at most \(CoreMLLimits.rank) are read")
        }
        return dimensions
    }

    private mutating func dimension() throws -> MILDimension {
        if try accept("?") { return .unknown }
        guard case .number(let text) = token, let extent = Int(text), extent >= 0 else {
            throw failure("expected an extent or '?', found \(token.description)")
        }
        try advance()
        return .fixed(extent)
    }
}
