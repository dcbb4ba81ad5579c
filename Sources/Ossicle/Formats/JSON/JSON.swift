/// A value of a JSON document together with its path, so that every complaint says where.
///
/// `try root.required("config").int("hidden_size", in: 1...4096)` either gives the number or throws
/// "config.hidden_size: expected an integer in 1...4096, found the string "8"". All errors are `malformed`.
struct JSON: Sendable {
    let value: JSONValue
    let path: String

    init(_ value: JSONValue, path: String = "") {
        self.value = value
        self.path = path
    }

    static func parse(_ bytes: UnsafeRawBufferPointer, limits: JSONLimits = JSONLimits()) throws -> JSON {
        JSON(try JSONReader.parse(bytes, limits: limits))
    }

    static func parse(_ text: String, limits: JSONLimits = JSONLimits()) throws -> JSON {
        var text = text
        return try text.withUTF8 { try parse(UnsafeRawBufferPointer($0), limits: limits) }
    }

    /// Parses bytes that the call keeps alive; `file` leads the messages of its errors.
    static func parse(_ storage: Storage, file: String, limits: JSONLimits = JSONLimits()) throws -> JSON {
        try withExtendedLifetime(storage) {
            try naming(file) { try parse(storage.bytes, limits: limits) }
        }
    }

    /// "path: expected …, found …".
    func expected(_ what: String) -> OssicleError { failure("expected \(what), found \(value.kind)") }

    func failure(_ what: String) -> OssicleError {
        OssicleError(.malformed, path.isEmpty ? what : "\(path): \(what)")
    }

    private func child(_ key: String, _ value: JSONValue) -> JSON {
        // Plain keys read as in source code; anything odd is quoted and shortened.
        let plain = key.utf8.count <= 80 && key.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != 0x22 }
        let name = plain ? key : Quoting.quoted(key)
        return JSON(value, path: path.isEmpty ? name : "\(path).\(name)")
    }
}

// MARK: Objects

extension JSON {
    func object() throws -> JSONObject {
        guard case .object(let object) = value else { throw expected("an object") }
        return object
    }

    /// The members in file order.
    func members() throws -> [(key: String, value: JSON)] {
        try object().members.map { ($0.key, child($0.key, $0.value)) }
    }

    func required(_ key: String) throws -> JSON {
        guard let value = try object()[key] else {
            throw failure("the key \(Quoting.quoted(key)) is missing")
        }
        return child(key, value)
    }

    /// Nil when the key is absent or null.
    func optional(_ key: String) throws -> JSON? {
        guard let value = try object()[key] else { return nil }
        if case .null = value { return nil }
        return child(key, value)
    }

    func int(_ key: String, in range: ClosedRange<Int>) throws -> Int { try required(key).int(in: range) }
    func double(_ key: String) throws -> Double { try required(key).double() }
    func bool(_ key: String) throws -> Bool { try required(key).bool() }
    func string(_ key: String) throws -> String { try required(key).string() }
}

// MARK: Scalars

extension JSON {
    /// An integer: a number without fraction below 2⁵³, where binary64 still tells neighbours apart.
    func int(in range: ClosedRange<Int>) throws -> Int {
        guard case .number(let number) = value, let int = Int(exactly: number), int.magnitude < 1 << 53,
            range.contains(int)
        else { throw expected("an integer in \(range)") }
        return int
    }

    func double() throws -> Double {
        guard case .number(let number) = value else { throw expected("a number") }
        return number
    }

    /// A number that float32 can hold.
    func float() throws -> Float {
        let float = Float(try double())
        guard float.isFinite else { throw expected("a number in the range of float32") }
        return float
    }

    func bool() throws -> Bool {
        guard case .bool(let bool) = value else { throw expected("true or false") }
        return bool
    }

    func string() throws -> String {
        guard case .string(let string) = value else { throw expected("a string") }
        return string
    }
}

// MARK: Arrays

extension JSON {
    /// How many elements the array has.
    func count() throws -> Int {
        switch value {
        case .array(let values): return values.count
        case .numbers(let values): return values.count
        default: throw expected("an array")
        }
    }

    /// The elements one by one; for the few layers of a model, not for its weights.
    func elements(atMost limit: Int = 1 << 16) throws -> [JSON] {
        let count = try count()
        guard count <= limit else { throw failure("expected at most \(limit) elements, found \(count)") }
        return (0..<count).map(element)
    }

    /// Integers such as a shape.
    func ints(in range: ClosedRange<Int>, atMost limit: Int = 1 << 16) throws -> [Int] {
        try elements(atMost: limit).map { try $0.int(in: range) }
    }

    private func element(_ i: Int) -> JSON {
        let path = "\(path)[\(i)]"
        switch value {
        case .array(let values): return JSON(values[i], path: path)
        case .numbers(let values): return JSON(.number(values[i]), path: path)
        default: return JSON(.null, path: path)
        }
    }

    /// An array of nothing but numbers, `count` of them if given.
    func numbers(count: Int? = nil) throws -> [Double] {
        let numbers: [Double]
        switch value {
        case .numbers(let values): numbers = values
        case .array(let values) where values.isEmpty: numbers = []
        case .array(let values):
            let odd = values.firstIndex { if case .number = $0 { false } else { true } } ?? 0
            throw JSON(values[odd], path: "\(path)[\(odd)]").expected("a number")
        default: throw expected("an array of numbers")
        }
        if let count, numbers.count != count {
            throw failure("expected \(count) numbers, found \(numbers.count)")
        }
        return numbers
    }

    /// `numbers` rounded to float32.
    ///
    /// Values beyond its range become infinite here; the weight checks then name them.
    func floats(count: Int? = nil) throws -> [Float] { try numbers(count: count).map { Float($0) } }

    /// Nested arrays of exactly `shape`, flattened row-major: `[[1, 2], [3, 4]]` for `[2, 2]`.
    func floats(shape: [Int]) throws -> [Float] {
        guard let extent = shape.first else { return [try float()] }
        if shape.count == 1 { return try floats(count: extent) }
        guard case .array(let rows) = value else {
            throw expected("an array of \(extent) arrays")
        }
        guard rows.count == extent else { throw failure("expected \(extent) arrays, found \(rows.count)") }
        var all: [Float] = []
        for (i, row) in rows.enumerated() {
            all += try JSON(row, path: "\(path)[\(i)]").floats(shape: Array(shape.dropFirst()))
        }
        return all
    }
}
