/// Text from a file, made fit for an error message or a JSON document.
enum Quoting {
    /// `text` in double quotes, with escapes for control characters and an ellipsis after 80 bytes: a hostile
    /// name must not flood or reshape a log.
    static func quoted(_ text: String) -> String {
        let limit = 80
        guard text.utf8.count > limit else { return json(text) }
        var short = String.UnicodeScalarView()
        var used = 0
        for scalar in text.unicodeScalars {
            used += UTF8.width(scalar)
            if used > limit { break }
            short.append(scalar)
        }
        return json(String(short) + "…")
    }

    /// `text` as a JSON string. Only what RFC 8259 §7 demands is escaped.
    static func json(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "\u{8}": out += "\\b"
            case "\u{c}": out += "\\f"
            case "\u{0}"..<"\u{20}":
                let hex = String(scalar.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}

/// A name that is compared and hashed by its bytes.
///
/// Swift's `String` compares by Unicode canonical equivalence, which would merge names that a file keeps apart
/// and lets a hostile file buy long normalisations.
struct ByteName: Hashable, Sendable {
    let text: String
    init(_ text: String) { self.text = text }

    static func == (a: ByteName, b: ByteName) -> Bool { a.text.hasSameBytes(as: b.text) }

    func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension String {
    func hasSameBytes(as other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }
}

/// Runs `body` and puts `context` in front of the message of any error it throws.
///
/// The checks of weights name their file themselves; it is not named twice.
func naming<T>(_ context: String, _ body: () throws -> T) throws -> T {
    do {
        return try body()
    } catch let error as OssicleError where !error.message.hasPrefix("\(context): ") {
        throw error.within(context)
    }
}

extension String {
    /// Nil for bytes that are not UTF-8: `String(validating:as:)` is there from macOS 15 and iOS 18 on.
    init?(utf8 bytes: some Collection<UInt8>) {
        self.init(decoding: bytes, as: UTF8.self)
        // What is wrong has been replaced.
        guard utf8.elementsEqual(bytes) else { return nil }
    }
}
