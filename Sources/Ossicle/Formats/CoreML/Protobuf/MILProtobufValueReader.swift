/// Reads types and compile-time values of the Protocol Buffers form.
enum MILProtobufValueReader {
    // MARK: Types

    static func type(_ reader: ProtobufReader) throws -> MILType {
        var reader = reader
        var type: MILType?
        while let field = try reader.next() {
            switch field.number {
            case 1: type = try tensorType(field.message("TensorType"))
            case 2: type = try listType(field.message("ListType"))
            case 3:
                var tuple = try field.message("TupleType")
                var types: [MILType] = []
                while let inner = try tuple.next(1) {
                    types.append(try self.type(inner.message("ValueType")))
                }
                type = .tuple(types)
            case 4: type = try dictionaryType(field.message("DictionaryType"))
            case 5:
                var state = try field.message("StateType")
                while let inner = try state.next(1) {
                    type = .state(try self.type(inner.message("ValueType")))
                }
            default: break
            }
        }
        guard let type else { throw reader.failure("a type of unknown kind") }
        return type
    }

    private static func tensorType(_ reader: ProtobufReader) throws -> MILType {
        var reader = reader
        var element: MILElementType?
        var rank: Int64 = 0
        var dimensions: [MILDimension] = []
        while let field = try reader.next() {
            switch field.number {
            case 1:
                let number = try field.count()
                element = MILElementType(rawValue: number)
                guard element != nil else { throw field.failure("is the unknown element type \(number)") }
            case 2: rank = try field.int64()
            case 3: dimensions.append(try dimension(field.message("Dimension")))
            default: break
            }
        }
        guard rank >= 0 else { throw OssicleError(.unsupported, "a tensor without a fixed number of axes") }
        guard let element, rank == dimensions.count, rank <= CoreMLLimits.rank else {
            throw reader.failure(
                "a tensor of rank \(rank) with \(dimensions.count) axes, or without element type")
        }
        return .tensor(element, dimensions)
    }

    private static func dimension(_ reader: ProtobufReader) throws -> MILDimension {
        var reader = reader
        var dimension: MILDimension?
        while let field = try reader.next() {
            var inner = try field.message("Dimension")
            switch field.number {
            case 1:
                var extent = 0
                while let size = try inner.next(1) { extent = try size.count() }
                dimension = .fixed(extent)
            case 2:
                while let variadic = try inner.next(1) {
                    guard try !variadic.bool() else {
                        throw OssicleError(.unsupported, "a variadic tensor axis")
                    }
                }
                dimension = .unknown
            default: break
            }
        }
        guard let dimension else { throw reader.failure("an axis of unknown kind") }
        return dimension
    }

    private static func listType(_ reader: ProtobufReader) throws -> MILType {
        var reader = reader
        var element: MILType?
        var length = MILDimension.unknown
        while let field = try reader.next() {
            switch field.number {
            case 1: element = try type(field.message("ValueType"))
            case 2: length = try dimension(field.message("Dimension"))
            default: break
            }
        }
        guard let element else { throw reader.failure("a list without an element type") }
        return .list(element, length)
    }

    private static func dictionaryType(_ reader: ProtobufReader) throws -> MILType {
        var reader = reader
        var key: MILType?
        var value: MILType?
        while let field = try reader.next() {
            switch field.number {
            case 1: key = try type(field.message("ValueType"))
            case 2: value = try type(field.message("ValueType"))
            default: break
            }
        }
        guard let key, let value else { throw reader.failure("a dictionary without types") }
        return .dictionary(key: key, value: value)
    }

    // MARK: Values

    static func value(_ reader: ProtobufReader) throws -> MILValue {
        var reader = reader
        var type: MILType?
        var immediate: ProtobufField?
        var blob: ProtobufField?
        while let field = try reader.next() {
            switch field.number {
            case 2: type = try self.type(field.message("ValueType"))
            case 3: immediate = field
            case 5: blob = field
            default: break
            }
        }
        guard let type else { throw reader.failure("a value without a type") }
        if let blob {
            return MILValue(type: type, content: .blob(try blobFile(blob.message("BlobFileValue"))))
        }
        guard let immediate else { throw reader.failure("a value without content") }
        return MILValue(type: type, content: try content(immediate.message("ImmediateValue"), type: type))
    }

    private static func blobFile(_ reader: ProtobufReader) throws -> MILBlobReference {
        var reader = reader
        var reference = MILBlobReference(path: "", offset: 0)
        while let field = try reader.next() {
            switch field.number {
            case 1: reference.path = try field.string()
            case 2: reference.offset = try field.uint64()
            default: break
            }
        }
        return reference
    }

    private static func content(_ reader: ProtobufReader, type: MILType) throws -> MILValue.Content {
        var reader = reader
        while let field = try reader.next() {
            switch (field.number, type) {
            case (1, .tensor(let element, _)):
                guard let shape = type.shape else {
                    throw field.failure("is a tensor value of unknown shape")
                }
                return try tensor(field.message("TensorValue"), element, shape)
            case (2, .tuple(let types)):
                let values = try self.values(field.message("TupleValue"))
                guard values.map(\.type) == types else { throw field.failure("does not fit its tuple type") }
                return .tuple(values)
            case (3, .list): return .list(try values(field.message("ListValue")))
            case (4, .dictionary): return .dictionary(try entries(field.message("DictionaryValue")))
            case (1...4, _): throw field.failure("does not fit its type")
            default: break
            }
        }
        throw reader.failure("a value without content")
    }

    private static func values(_ reader: ProtobufReader) throws -> [MILValue] {
        var reader = reader
        var values: [MILValue] = []
        while let field = try reader.next(1) {
            values.append(try value(field.message("Value")))
        }
        return values
    }

    private static func entries(_ reader: ProtobufReader) throws -> [MILEntry] {
        var reader = reader
        var entries: [MILEntry] = []
        while let field = try reader.next(1) {
            var pair = try field.message("KeyValuePair")
            var key: MILValue?
            var value: MILValue?
            while let inner = try pair.next() {
                switch inner.number {
                case 1: key = try self.value(inner.message("Value"))
                case 2: value = try self.value(inner.message("Value"))
                default: break
                }
            }
            guard let key, let value else { throw pair.failure("an entry without key or value") }
            entries.append(MILEntry(key: key, value: value))
        }
        return entries
    }

    // MARK: Tensors

    private static func tensor(
        _ reader: ProtobufReader, _ element: MILElementType, _ shape: [Int]
    ) throws -> MILValue.Content {
        var reader = reader
        var elements = MILElements(element)
        let expected = try CoreMLShape.count(shape)
        var count = 0
        func accept(_ fits: Bool, _ field: ProtobufField) throws {
            count += 1
            guard fits, count <= expected else {
                throw field.failure(
                    "has more than \(expected) elements, or one that is not a \(element.spelling)")
            }
        }
        while let field = try reader.next() {
            var inner = try field.message("TensorValue")
            while let values = try inner.next(1) {
                switch field.number {
                case 1:
                    try values.eachFixed(UInt32.self) {
                        try accept(elements.append(double: Double(Float(bitPattern: $0))), field)
                    }
                case 2, 5:
                    try values.eachVarint {
                        try accept(elements.append(integer: Int64(bitPattern: $0)), field)
                    }
                case 3: try values.eachVarint { try accept(elements.append(bool: $0 != 0), field) }
                case 4: try accept(elements.append(string: try values.string()), field)
                case 6:
                    try values.eachFixed(UInt64.self) {
                        try accept(elements.append(double: Double(bitPattern: $0)), field)
                    }
                case 7:
                    let packed = PackedElements(
                        element, bytes: values.storage.bytes, range: try values.bytes())
                    guard let packed, packed.holds(expected) else {
                        throw field.failure("does not hold \(expected) elements of \(element.spelling)")
                    }
                    for index in 0..<expected { try accept(packed.append(index, to: &elements), field) }
                default: break
                }
            }
        }
        guard count == expected else { throw reader.failure("\(count) elements, the type has \(expected)") }
        return elements.content
    }
}
