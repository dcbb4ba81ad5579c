/// One Protocol Buffers message: walks its fields without copying.
///
/// The wire format is https://protobuf.dev/programming-guides/encoding/. Unknown fields are the caller's to skip;
/// groups (wire types 3 and 4), which no Core ML message has, are refused.
struct ProtobufReader {
    let storage: Storage
    /// The message's name, for errors.
    let name: StaticString
    private(set) var position: Int
    let end: Int
    private let depth: Int

    init(_ storage: Storage, name: StaticString) {
        self.init(storage: storage, name: name, position: 0, end: storage.count, depth: 0)
    }

    fileprivate init(storage: Storage, name: StaticString, position: Int, end: Int, depth: Int) {
        self.storage = storage
        self.name = name
        self.position = position
        self.end = end
        self.depth = depth
    }

    var range: Range<Int> { position..<end }

    func failure(_ message: String) -> OssicleError {
        OssicleError(.malformed, "\(name) at byte \(position): \(message)")
    }

    /// The next field, or `nil` at the end of the message.
    mutating func next() throws -> ProtobufField? {
        guard position < end else { return nil }
        let start = position
        let key = try varint()
        let number = key >> 3
        guard number >= 1, number < 1 << 29 else { throw failure("field number \(number)") }
        let payload: ProtobufField.Payload
        switch key & 7 {
        case 0: payload = .varint(try varint())
        case 1: payload = .fixed64(try bytes(8).loadUnaligned(as: UInt64.self).littleEndian)
        case 2:
            let length = try varint()
            guard length <= UInt64(end - position) else {
                throw failure("field \(number) has \(length) bytes, \(end - position) are left")
            }
            let first = position
            position += Int(length)
            payload = .bytes(first..<position)
        case 5: payload = .fixed32(try bytes(4).loadUnaligned(as: UInt32.self).littleEndian)
        default: throw failure("field \(number) has wire type \(key & 7)")
        }
        return ProtobufField(
            number: Int(number), payload: payload, message: name, start: start, end: position,
            storage: storage,
            depth: depth)
    }

    /// The next field of that number; others are skipped.
    mutating func next(_ number: Int) throws -> ProtobufField? {
        while let field = try next() {
            if field.number == number { return field }
        }
        return nil
    }

    private mutating func bytes(_ count: Int) throws -> UnsafeRawBufferPointer {
        guard count <= end - position else { throw failure("the message ends inside a field") }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: storage.bytes[position..<(position + count)])
    }

    /// Seven bits a byte, least significant first; at most ten bytes, of which the last holds one bit.
    mutating func varint() throws -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard position < end else { throw failure("the message ends inside a number") }
            let byte = UInt64(storage.bytes[position])
            position += 1
            guard shift < 63 || byte <= 1 else { break }
            value |= (byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        throw failure("a number longer than 64 bits")
    }
}

struct ProtobufField {
    enum Payload {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        case bytes(Range<Int>)
    }

    let number: Int
    let payload: Payload
    let message: StaticString
    /// The field's bytes in the file, key included.
    let start, end: Int
    let storage: Storage
    fileprivate let depth: Int

    func failure(_ message: String) -> OssicleError {
        OssicleError(.malformed, "\(self.message) at byte \(start): field \(number) \(message)")
    }

    /// The bytes of a string, bytes, message or packed field.
    func bytes() throws -> Range<Int> {
        guard case .bytes(let range) = payload else { throw failure("is a number, expected bytes") }
        return range
    }

    func message(_ name: StaticString) throws -> ProtobufReader {
        guard depth < CoreMLLimits.nesting else {
            throw failure("is nested deeper than \(CoreMLLimits.nesting) levels")
        }
        let range = try bytes()
        return ProtobufReader(
            storage: storage, name: name, position: range.lowerBound, end: range.upperBound, depth: depth + 1)
    }

    func string() throws -> String {
        guard let text = String(utf8: storage.bytes[try bytes()]) else {
            throw failure("is not UTF-8")
        }
        return text
    }

    func uint64() throws -> UInt64 {
        guard case .varint(let value) = payload else { throw failure("is not a number") }
        return value
    }

    func int64() throws -> Int64 { Int64(bitPattern: try uint64()) }
    func bool() throws -> Bool { try uint64() != 0 }

    /// A count, size or extent.
    func count() throws -> Int {
        guard let value = Int(exactly: try uint64()) else { throw failure("is too large") }
        return value
    }

    func float() throws -> Float {
        guard case .fixed32(let bits) = payload else { throw failure("is not a float") }
        return Float(bitPattern: bits)
    }

    func double() throws -> Double {
        guard case .fixed64(let bits) = payload else { throw failure("is not a double") }
        return Double(bitPattern: bits)
    }

    /// Calls `body` for each varint of a repeated field, packed or not.
    func eachVarint(_ body: (UInt64) throws -> Void) throws {
        if case .varint(let value) = payload { return try body(value) }
        var reader = try message(message)
        while reader.position < reader.end { try body(try reader.varint()) }
    }

    /// Calls `body` for each number of a repeated fixed-width field, packed or not.
    func eachFixed<T: FixedWidthInteger>(_: T.Type, _ body: (T) throws -> Void) throws {
        switch payload {
        case .fixed32(let bits) where T.bitWidth == 32: try body(T(truncatingIfNeeded: bits))
        case .fixed64(let bits) where T.bitWidth == 64: try body(T(truncatingIfNeeded: bits))
        case .bytes(let range):
            let size = T.bitWidth / 8
            guard range.count % size == 0 else {
                throw failure("has \(range.count) bytes, no multiple of \(size)")
            }
            for position in stride(from: range.lowerBound, to: range.upperBound, by: size) {
                try body(T(littleEndian: storage.bytes.loadUnaligned(fromByteOffset: position, as: T.self)))
            }
        default: throw failure("is not a repeated number")
        }
    }

    /// An entry of a `map<string, V>`: `value` is given the field that holds V, absent when V is the default.
    func mapEntry<V>(_ value: (ProtobufField?) throws -> V) throws -> (key: String, value: V) {
        var reader = try message(message)
        var key = ""
        var held: ProtobufField?
        while let field = try reader.next() {
            switch field.number {
            case 1: key = try field.string()
            case 2: held = field
            default: break
            }
        }
        return (key, try value(held))
    }
}
