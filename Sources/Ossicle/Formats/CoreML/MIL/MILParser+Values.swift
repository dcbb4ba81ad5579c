extension MILParser {
    /// Reads `(literal)` of a value whose type is taken already.
    mutating func value(type: MILType) throws -> MILValue {
        try expect("(")
        let value = try literal(type: type)
        try expect(")")
        return value
    }

    private mutating func literal(type: MILType) throws -> MILValue {
        if case .identifier("BLOBFILE") = token {
            return MILValue(type: type, content: .blob(try blobFile()))
        }
        return try nested { parser in
            switch type {
            case .tensor(let element, let dimensions): try parser.tensor(element, dimensions)
            case .list(let element, let length): try parser.listLiteral(type, element, length)
            case .tuple(let types): try parser.tupleLiteral(type, types)
            case .dictionary(let key, let value): try parser.dictionaryLiteral(type, key, value)
            case .state: throw parser.failure("a state has no literal")
            }
        }
    }

    private mutating func blobFile() throws -> MILBlobReference {
        try advance()
        try expect("(")
        var path: String?
        var offset: UInt64?
        try list(until: ")") { parser in
            let name = try parser.identifier("'path' or 'offset'")
            try parser.expect("=")
            let value = try parser.value(type: try parser.type())
            switch name {
            case "path": path = value.string
            case "offset": offset = value.integer.flatMap { UInt64(exactly: $0) }
            default: throw parser.failure("unknown parameter \(Quoting.quoted(name)) of BLOBFILE")
            }
        }
        guard let path, let offset else {
            throw failure("BLOBFILE needs a string 'path' and an integer 'offset'")
        }
        return MILBlobReference(path: path, offset: offset)
    }

    private mutating func listLiteral(
        _ type: MILType, _ element: MILType, _ length: MILDimension
    ) throws -> MILValue {
        var values: [MILValue] = []
        try expect("[")
        try list(until: "]") { values.append(try $0.literal(type: element)) }
        if case .fixed(let count) = length, count != values.count {
            throw failure("a list of \(count) has \(values.count) elements")
        }
        return MILValue(type: type, content: .list(values))
    }

    private mutating func tupleLiteral(_ type: MILType, _ types: [MILType]) throws -> MILValue {
        var values: [MILValue] = []
        try expect("(")
        try list(until: ")") { parser in
            guard values.count < types.count else {
                throw parser.failure("a tuple of \(types.count) has more elements")
            }
            values.append(try parser.literal(type: types[values.count]))
        }
        guard values.count == types.count else {
            throw failure("a tuple of \(types.count) has \(values.count) elements")
        }
        return MILValue(type: type, content: .tuple(values))
    }

    private mutating func dictionaryLiteral(
        _ type: MILType, _ key: MILType, _ value: MILType
    ) throws -> MILValue {
        var entries: [MILEntry] = []
        try expect("{")
        try list(until: "}") { parser in
            try parser.expect("{")
            let entryKey = try parser.literal(type: key)
            try parser.expect(",")
            entries.append(MILEntry(key: entryKey, value: try parser.literal(type: value)))
            try parser.expect("}")
        }
        return MILValue(type: type, content: .dictionary(entries))
    }

    // MARK: Tensors

    private mutating func tensor(_ element: MILElementType, _ dimensions: [MILDimension]) throws -> MILValue {
        var elements = MILElements(element)
        var extents: [Int?] = Array(repeating: nil, count: dimensions.count)
        try rows(axis: 0, extents: &extents, into: &elements)
        // A row without elements hides the axes inside it; the type knows them.
        var shape: [Int] = []
        for (found, declared) in zip(extents, dimensions) {
            switch (found, declared) {
            case (let found?, .fixed(let extent)) where found != extent:
                throw failure("a tensor of shape \(dimensions.spelling) has \(found) elements on an axis")
            case (let found?, _): shape.append(found)
            case (nil, .fixed(let extent)): shape.append(extent)
            case (nil, .unknown): shape.append(0)
            }
        }
        return MILValue(type: .fixed(element, shape), content: elements.content)
    }

    private mutating func rows(axis: Int, extents: inout [Int?], into elements: inout MILElements) throws {
        guard axis < extents.count else { return try scalar(into: &elements) }
        try expect("[")
        var count = 0
        if try !accept("]") {
            repeat {
                try rows(axis: axis + 1, extents: &extents, into: &elements)
                count += 1
            } while try accept(",")
            try expect("]")
        }
        if let other = extents[axis], other != count {
            throw failure("rows of \(other) and of \(count) elements")
        }
        extents[axis] = count
    }

    private mutating func scalar(into elements: inout MILElements) throws {
        let text: String
        switch token {
        case .string(let string):
            guard elements.append(string: string) else {
                throw failure("a string in \(elements.element.spelling)")
            }
            return try advance()
        case .number(let number): text = number
        case .identifier(let word): text = word
        default: throw failure("expected a \(elements.element.spelling), found \(token.description)")
        }
        guard elements.append(literal: text) else {
            throw failure("\(Quoting.quoted(text)) is not a \(elements.element.spelling)")
        }
        try advance()
    }
}

extension [MILDimension] {
    /// `[1, ?, 8]`.
    var spelling: String {
        let axes = map { if case .fixed(let extent) = $0 { "\(extent)" } else { "?" } }
        return "[" + axes.joined(separator: ", ") + "]"
    }
}
