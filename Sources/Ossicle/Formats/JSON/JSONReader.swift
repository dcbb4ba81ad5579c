/// What a JSON document may cost.
struct JSONLimits: Sendable {
    /// Bytes of the whole document.
    var maxBytes = 128 << 20
    /// Arrays and objects inside each other.
    var maxDepth = 128
    /// Values other than the numbers of a pure array of numbers: an empty array takes two bytes of text and
    /// ten times that in memory, so their count is bounded apart from the size.
    var maxValues = 1 << 22
}

/// A strict reader of RFC 8259 over bytes in memory.
///
/// Stricter than the letter where the letter leaves a choice: duplicate keys, lone surrogates, a byte order mark
/// and numbers beyond binary64's range are refused. Numbers are rounded correctly.
struct JSONReader {
    let bytes: UnsafeBufferPointer<UInt8>
    let limits: JSONLimits
    var position = 0
    private var values = 0

    /// - Throws: `malformed` with the line, column and byte offset; `unsupported` when a limit is passed.
    static func parse(_ bytes: UnsafeRawBufferPointer, limits: JSONLimits = JSONLimits()) throws -> JSONValue
    {
        guard bytes.count <= limits.maxBytes else {
            throw OssicleError(
                .unsupported, "JSON of \(bytes.count) bytes is over the limit of \(limits.maxBytes)")
        }
        var reader = JSONReader(bytes: bytes.assumingMemoryBound(to: UInt8.self), limits: limits)
        reader.skipSpace()
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.position == bytes.count else { throw reader.unexpected("the end of the document") }
        return value
    }

    private init(bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// The byte at `position`; 0, which no rule of the grammar accepts, at the end.
    var byte: UInt8 { position < bytes.count ? bytes[position] : 0 }

    mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0a, 0x0d, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func value(depth: Int) throws -> JSONValue {
        try charge(1)
        switch byte {
        case UInt8(ascii: "{"): return .object(try object(depth: depth))
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        default: throw unexpected("a value")
        }
    }

    private mutating func charge(_ count: Int) throws {
        values += count
        guard values <= limits.maxValues else {
            throw error(.unsupported, "more than \(limits.maxValues) values")
        }
    }

    private mutating func literal(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
        for i in 0..<word.utf8CodeUnitCount {
            guard byte == word.utf8Start[i] else { throw unexpected(word.description) }
            position += 1
        }
        return value
    }

    private mutating func open(depth: Int) throws {
        guard depth < limits.maxDepth else {
            throw error(.unsupported, "nested deeper than \(limits.maxDepth) levels")
        }
        position += 1
        skipSpace()
    }

    /// Skips spaces after an element; true when a comma announces another, false past the closing bracket.
    private mutating func another(before close: Unicode.Scalar) throws -> Bool {
        skipSpace()
        if byte == UInt8(ascii: close) {
            position += 1
            return false
        }
        guard byte == UInt8(ascii: ",") else { throw unexpected("',' or '\(close)'") }
        position += 1
        skipSpace()
        return true
    }

    private mutating func array(depth: Int) throws -> JSONValue {
        try open(depth: depth)
        if byte == UInt8(ascii: "]") {
            position += 1
            return .array([])
        }
        var numbers: [Double] = []
        while byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            numbers.append(try number())
            guard try another(before: "]") else { return .numbers(numbers) }
        }
        // A mixed array: what was read as bare numbers counts as values too.
        try charge(numbers.count)
        var elements = numbers.map(JSONValue.number)
        repeat { elements.append(try value(depth: depth + 1)) } while try another(before: "]")
        return .array(elements)
    }

    private mutating func object(depth: Int) throws -> JSONObject {
        try open(depth: depth)
        var object = JSONObject()
        if byte == UInt8(ascii: "}") {
            position += 1
            return object
        }
        repeat {
            let start = position
            guard byte == UInt8(ascii: "\"") else { throw unexpected("a string as key") }
            let key = try string()
            skipSpace()
            guard byte == UInt8(ascii: ":") else { throw unexpected("':'") }
            position += 1
            skipSpace()
            guard object.insert(key, try value(depth: depth + 1)) else {
                position = start
                throw error(.malformed, "the key \(Quoting.quoted(key)) is there twice")
            }
        } while try another(before: "}")
        return object
    }
}

extension JSONReader {
    private mutating func number() throws -> Double {
        let start = position
        let negative = byte == UInt8(ascii: "-")
        if negative { position += 1 }
        var digits = Digits()
        if byte == UInt8(ascii: "0") {
            position += 1
        } else {
            try run(into: &digits)
        }
        var exponent = 0
        if byte == UInt8(ascii: ".") {
            position += 1
            exponent = -(try run(into: &digits))
        }
        if byte | 0x20 == UInt8(ascii: "e") { exponent += try self.exponent() }
        if !digits.overflowed, let value = JSONNumber.exact(digits.significand, exponent: exponent) {
            return negative ? -value : value
        }
        // Rare: more than 19 digits or a large exponent. The standard library reads it in the C locale.
        guard let value = Double(String(decoding: bytes[start..<position], as: UTF8.self)), value.isFinite
        else {
            position = start
            throw error(.malformed, "a number beyond the range of binary64")
        }
        return value
    }

    /// The decimal digits of a number without leading zeros, as long as 64 bits hold them.
    private struct Digits {
        var significand: UInt64 = 0
        var count = 0
        var overflowed: Bool { count > 19 }
    }

    /// Reads one or more digits and returns how many.
    @discardableResult
    private mutating func run(into digits: inout Digits) throws -> Int {
        let start = position
        while position < bytes.count {
            if digits.count > 0, let eight = JSONNumber.eightDigits(bytes, at: position) {
                digits.significand = digits.significand &* 100_000_000 &+ eight
                digits.count += 8
                position += 8
                continue
            }
            let digit = bytes[position] &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            // Wraps only past 19 digits, where `overflowed` says so.
            digits.significand = digits.significand &* 10 &+ UInt64(digit)
            if digits.significand != 0 || digits.count > 0 { digits.count += 1 }
            position += 1
        }
        guard position > start else { throw unexpected("a digit") }
        return position - start
    }

    private mutating func exponent() throws -> Int {
        position += 1
        let negative = byte == UInt8(ascii: "-")
        if negative || byte == UInt8(ascii: "+") { position += 1 }
        let start = position
        var value = 0
        while position < bytes.count {
            let digit = bytes[position] &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            // Saturates far beyond any exponent that the exact method takes.
            value = min(value * 10 + Int(digit), 1 << 40)
            position += 1
        }
        guard position > start else { throw unexpected("a digit") }
        return negative ? -value : value
    }
}
