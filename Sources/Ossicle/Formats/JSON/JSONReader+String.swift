extension JSONReader {
    /// Reads a string from its opening to past its closing quote.
    mutating func string() throws -> String {
        position += 1
        let start = position
        try skipPlain()
        if byte == UInt8(ascii: "\"") {
            position += 1
            return String(decoding: bytes[start..<(position - 1)], as: UTF8.self)
        }
        var text = [UInt8](bytes[start..<position])
        while byte == UInt8(ascii: "\\") {
            try escape(into: &text)
            let run = position
            try skipPlain()
            text.append(contentsOf: bytes[run..<position])
        }
        position += 1
        return String(decoding: text, as: UTF8.self)
    }

    /// Skips characters that stand for themselves, up to a quote or backslash.
    private mutating func skipPlain() throws {
        while true {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): return
            case 0..<0x20:
                throw unexpected(position < bytes.count ? "an escape for a control character" : "'\"'")
            case 0x20..<0x80: position += 1
            default: position += try sequenceLength()
            }
        }
    }

    /// The length of the well-formed UTF-8 sequence at `position` (Unicode Standard, table 3-7).
    private func sequenceLength() throws -> Int {
        func at(_ offset: Int) -> UInt8 { position + offset < bytes.count ? bytes[position + offset] : 0 }
        let second = at(1)
        let valid: (length: Int, second: ClosedRange<UInt8>)? =
            switch byte {
            case 0xc2...0xdf: (2, 0x80...0xbf)
            case 0xe0: (3, 0xa0...0xbf)
            case 0xe1...0xec, 0xee...0xef: (3, 0x80...0xbf)
            case 0xed: (3, 0x80...0x9f)
            case 0xf0: (4, 0x90...0xbf)
            case 0xf1...0xf3: (4, 0x80...0xbf)
            case 0xf4: (4, 0x80...0x8f)
            default: nil
            }
        guard let valid, valid.second.contains(second),
            (2..<max(valid.length, 2)).allSatisfy({ (0x80...0xbf).contains(at($0)) })
        else { throw error(.malformed, "invalid UTF-8") }
        return valid.length
    }

    private mutating func escape(into text: inout [UInt8]) throws {
        let start = position
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            text.append(contentsOf: String(Character(try scalar(from: start))).utf8)
            return
        default: throw unexpected("one of \"\\/bfnrtu after a backslash")
        }
        position += 1
    }

    /// Reads `uXXXX`, or a surrogate pair of two escapes, whose backslash is at `start`.
    private mutating func scalar(from start: Int) throws -> Unicode.Scalar {
        let first = try hex4()
        if let scalar = Unicode.Scalar(first) { return scalar }
        if first < 0xdc00, byte == UInt8(ascii: "\\") {
            position += 1
            if byte == UInt8(ascii: "u") {
                let second = try hex4()
                if (0xdc00..<0xe000).contains(second) {
                    return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))!
                }
            }
        }
        position = start
        throw error(.malformed, "a lone surrogate escape")
    }

    /// Reads `u` and four hexadecimal digits.
    private mutating func hex4() throws -> UInt32 {
        position += 1
        var value: UInt32 = 0
        for _ in 0..<4 {
            let digit: UInt8 =
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
                case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
                case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
                default: throw unexpected("a hexadecimal digit")
                }
            value = value << 4 | UInt32(digit)
            position += 1
        }
        return value
    }
}

extension JSONReader {
    /// An error at `position`, with line and column counted in bytes from 1.
    func error(_ code: OssicleError.Code, _ what: String) -> OssicleError {
        let before = bytes[..<min(position, bytes.count)]
        let line = 1 + before.count { $0 == 0x0a }
        let lineStart = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
        return OssicleError(
            code, "JSON line \(line), column \(before.count - lineStart + 1) (byte \(position)): \(what)")
    }

    func unexpected(_ expected: String) -> OssicleError {
        let found =
            switch byte {
            case _ where position >= bytes.count: "the end of the document"
            case 0x21..<0x7f: "'\(Unicode.Scalar(byte))'"
            default: "byte 0x" + String(byte, radix: 16)
            }
        return error(.malformed, "expected \(expected), found \(found)")
    }
}
