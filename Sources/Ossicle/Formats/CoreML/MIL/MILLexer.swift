/// Cuts MIL text into tokens.
struct MILLexer {
    enum Token: Equatable {
        case identifier(String)
        /// As written; what it may be depends on the type in front of it.
        case number(String)
        case string(String)
        case punctuation(UInt8)
        case arrow
        case end

        var description: String {
            switch self {
            case .identifier(let text), .number(let text): "\(Quoting.quoted(text))"
            case .string(let text): "the string \(Quoting.quoted(text))"
            case .punctuation(let byte): "'\(Character(UnicodeScalar(byte)))'"
            case .arrow: "'->'"
            case .end: "the end of the text"
            }
        }
    }

    let text: UnsafeRawBufferPointer
    private(set) var position = 0

    init(_ text: UnsafeRawBufferPointer) { self.text = text }

    /// Line and column (in bytes, from 1) of the current position, for messages.
    var location: String {
        var line = 1
        var start = 0
        for i in 0..<min(position, text.count) where text[i] == UInt8(ascii: "\n") {
            line += 1
            start = i + 1
        }
        return "\(line):\(position - start + 1)"
    }

    func failure(_ message: String) -> OssicleError { OssicleError(.malformed, "\(location): \(message)") }

    mutating func next() throws -> Token {
        while position < text.count, Self.isSpace(text[position]) { position += 1 }
        guard position < text.count else { return .end }
        let byte = text[position]
        if Self.isLetter(byte) { return .identifier(take(while: Self.isIdentifier)) }
        if byte == UInt8(ascii: "\"") { return .string(try quoted()) }
        if byte == UInt8(ascii: "-"), position + 1 < text.count, text[position + 1] == UInt8(ascii: ">") {
            position += 2
            return .arrow
        }
        if byte == UInt8(ascii: "-") || Self.isDigit(byte) { return .number(number()) }
        guard "()[]{}<>,=;?.".utf8.contains(byte) else { throw failure("unexpected byte \(byte)") }
        position += 1
        return .punctuation(byte)
    }

    /// A sign, then letters, digits and points; a sign inside only after an exponent letter.
    private mutating func number() -> String {
        let start = position
        position += 1
        let hexadecimal = start + 2 < text.count && text[start...].prefix(4).contains(UInt8(ascii: "x"))
        while position < text.count {
            let byte = text[position]
            let previous = text[position - 1] | 0x20
            let signed = byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+")
            let afterExponent = previous == UInt8(ascii: hexadecimal ? "p" : "e")
            guard Self.isIdentifier(byte) || byte == UInt8(ascii: ".") || (signed && afterExponent) else {
                break
            }
            position += 1
        }
        return String(decoding: text[start..<position], as: UTF8.self)
    }

    private mutating func take(while condition: (UInt8) -> Bool) -> String {
        let start = position
        while position < text.count, condition(text[position]) { position += 1 }
        return String(decoding: text[start..<position], as: UTF8.self)
    }

    private mutating func quoted() throws -> String {
        position += 1
        var bytes: [UInt8] = []
        while position < text.count {
            let byte = text[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(utf8: bytes) else {
                    throw failure("a string is not UTF-8")
                }
                return string
            case UInt8(ascii: "\\"): bytes.append(try escaped())
            default: bytes.append(byte)
            }
        }
        throw failure("a string does not end")
    }

    private mutating func escaped() throws -> UInt8 {
        guard position < text.count else { throw failure("a string does not end") }
        defer { position += 1 }
        switch text[position] {
        case UInt8(ascii: "n"): return UInt8(ascii: "\n")
        case UInt8(ascii: "t"): return UInt8(ascii: "\t")
        case UInt8(ascii: "r"): return UInt8(ascii: "\r")
        case UInt8(ascii: "\\"), UInt8(ascii: "\""), UInt8(ascii: "'"): return text[position]
        default: throw failure("unknown escape in a string")
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0d) }
    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }
    static func isLetter(_ byte: UInt8) -> Bool {
        (byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")) || byte == UInt8(ascii: "_")
    }
    static func isIdentifier(_ byte: UInt8) -> Bool {
        isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "@")
    }
}
