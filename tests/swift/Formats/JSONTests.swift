import Testing

@testable import Ossicle

/// Every rule of RFC 8259's grammar, from both sides.
@Suite struct JSONGrammar {
    static let accepted: [String] = [
        // Structure and white space.
        "[]", "{}", " [ ] ", "\t{\n}\r ", "[[]]", "[{}]", "{\"\":{}}", "[[],[[]]]", "{\"a\":[]}", "[1,2]",
        "[ 1 , 2 ]", "{\"a\":1,\"b\":2}", "{ \"a\" : 1 , \"b\" : 2 }", "[null,true,false]", "[1,\"a\",null]",
        "{\"a\":1,\"A\":2}", "[\n1\n,\n2\n]",
        // Any value may be the document.
        "null", "true", "false", "0", "-0", "\"\"", "\"a\"", " 1 ",
        // Numbers.
        "[0]", "[-0]", "[-0.0]", "[0e1]", "[0e+1]", "[0E-1]", "[1E22]", "[1E+2]", "[1e-2]", "[1.5]",
        "[123.456e78]",
        "[1.0e0]", "[0.000000000000000000000000000000000000000000001]", "[-123]", "[20e1]", "[1e-10000]",
        "[100000000000000000000000000000]", "[1.7976931348623157e308]", "[4.9e-324]", "[0.1]",
        "[0e999999999]",
        // Strings.
        "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", "[\"\\u0000\"]", "[\"\\u0012\"]", "[\"\\uFFFF\"]",
        "[\"\\u00e9\\u00E9\"]",
        "[\"\\ud834\\udd1e\"]", "[\"\\uDBFF\\uDFFF\"]", "[\"\u{7f}\"]", "[\"\u{80}\"]", "[\"é€𝄞\"]",
        "[\"\u{2028}\u{2029}\"]", "[\"\\\\u0061\"]", "[\"/\"]", "[\"// no comment\"]",
        "{\"\\u0061\":1,\"b\":2}", "{\"\u{e9}\":1,\"e\u{301}\":2}",
    ]

    static let rejected: [String] = [
        // Structure.
        "", " ", "[", "]", "{", "}", "[1", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1]]", "[1}",
        "{]", "[1]x",
        "[][]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{\"a\":1,,\"b\":2}", "{\"a\" 1}", "{\"a\",1}",
        "{\"a\":1 \"b\":2}",
        "{a:1}", "{'a':1}", "{1:1}", "{null:1}", "{\"a\":1", "{\"a\":", "{\"a\"", "{\"a", "{\"a\":1}}",
        "{[]:1}", "[:1]",
        "[\"a\":1]", "{\"a\"::1}", "[1;2]", "(1)", "[<1>]", "[1]//", "[1]/**/", "/**/[]", "#\n[]",
        "[1,\n1\n,1", "*",
        // Duplicate keys, also when written differently.
        "{\"a\":1,\"a\":1}", "{\"a\":1,\"b\":2,\"a\":3}", "{\"\":1,\"\":2}", "{\"a\":1,\"\\u0061\":1}",
        // White space that is none.
        "\u{feff}[]", "[\u{a0}]", "[\u{b}1]", "[\u{c}1]", "[\u{2060}]", "[1]\u{0}", "\u{0}", "[\u{0}]",
        // Literals.
        "nul", "nulll", "tru", "truth", "True", "TRUE", "NULL", "fals", "falsey", "undefined", "NaN",
        "Infinity", "inf", "n",
        "[-NaN]", "[NaN]", "[-Infinity]", "[+Infinity]", "[nan]", "[Inf]", "[True]", "[nul]",
        // Numbers.
        "[-]", "[+1]", "[--1]", "[- 1]", "[01]", "[-01]", "[00]", "[-00]", "[1.]", "[.5]", "[-.5]", "[1.e1]",
        "[1e]", "[1e+]",
        "[1E-]", "[1eE2]", "[1e1.5]", "[1e+-2]", "[1.2.3]", "[1..2]", "[0x1]", "[0x42]", "[0b1]", "[1_000]",
        "[1,000.5e]",
        "[1a]", "[1 000]", "[1e400]", "[-1e400]", "[1e99999999999999999999]", "[1.8e308]", "[１]", "[1f]",
        "[2.e3]", "[0e]",
        "[0.e1]", "[9.e+]", "[0e+-1]", "[-a]", "[1/2]", "[∞]", "-", "0.", "1e", "1.0e+", "[0.3e]", "[.]",
        "[e1]", "[-e1]",
        // Strings.
        "\"", "\"a", "[\"a]", "['a']", "[`a`]", "[a]", "[\"\\x41\"]", "[\"\\a\"]", "[\"\\'\"]", "[\"\\0\"]",
        "[\"\\\"]", "[\"\\",
        "[\"\\u\"]", "[\"\\u1\"]", "[\"\\u12\"]", "[\"\\u123\"]", "[\"\\u12g4\"]", "[\"\\U0041\"]",
        "[\"\\u{41}\"]",
        "[\"\\u 041\"]", "[\"\\u+041\"]", "[\"\\u004\u{661}\"]", "[\"\\é\"]", "[\"\\\u{0}\"]",
        "[\"a\u{0}a\"]", "[\"\u{1}\"]",
        "[\"\u{1f}\"]", "[\"\n\"]", "[\"\r\"]", "[\"\t\"]", "[\"new\nline\"]", "[\"\\ \"]", "\\u0022a\"",
        "[\"a\" \"b\"]",
        // Surrogates.
        "[\"\\ud800\"]", "[\"\\uDFFF\"]", "[\"\\ud800\\n\"]", "[\"\\ud800\\u\"]", "[\"\\ud800\\u0041\"]",
        "[\"\\ud800\\ud800\"]",
        "[\"\\udc00\\ud800\"]", "[\"\\ud800x\"]", "[\"\\ud800\\\\udc00\"]", "[\"\\udd1e\\ud834\"]",
        "[\"\\uD834\\uDd\"]",
    ]

    /// Bytes that are not UTF-8, inside and outside strings.
    static let rejectedBytes: [[UInt8]] = [
        [0x80], [0xff], [0xbf], [0xc0, 0x80], [0xc1, 0xbf], [0xc3], [0xc3, 0x28], [0xe0, 0x9f, 0xbf],
        [0xe0, 0x80, 0x80], [0xe2, 0x82], [0xe2, 0x28, 0xa1], [0xe2, 0x82, 0x28], [0xed, 0xa0, 0x80],
        [0xed, 0xbf, 0xbf], [0xf0, 0x80, 0x80, 0x80], [0xf0, 0x8f, 0xbf, 0xbf], [0xf0, 0x90, 0x80],
        [0xf0, 0x90, 0x28, 0xbc], [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xfc, 0x80, 0x80],
        [0xe4], [0xfe], [0xc3, 0xc3, 0xa9],
    ]

    /// Well-formed UTF-8 at the edges of each length, noncharacters included (escapes cannot spell them).
    static let acceptedBytes: [[UInt8]] = [
        [0x20], [0x7f], [0xc2, 0x80], [0xdf, 0xbf], [0xe0, 0xa0, 0x80], [0xed, 0x9f, 0xbf],
        [0xee, 0x80, 0x80],
        [0xef, 0xb7, 0x90], [0xef, 0xbf, 0xbf], [0xf0, 0x90, 0x80, 0x80], [0xf4, 0x8f, 0xbf, 0xbf],
    ]

    @Test(arguments: acceptedBytes) func acceptsBytes(_ bytes: [UInt8]) throws {
        let document = [0x22] + bytes + [0x22]
        #expect(try document.withUnsafeBytes { try JSON.parse($0) }.string().utf8.elementsEqual(bytes))
    }

    @Test(arguments: accepted) func accepts(_ text: String) throws { _ = try JSON.parse(text) }

    @Test(arguments: rejected) func rejects(_ text: String) {
        let error = #expect(throws: OssicleError.self) { try JSON.parse(text) }
        #expect(error?.code == .malformed)
        #expect(error?.message.contains("JSON line ") == true)
    }

    @Test(arguments: rejectedBytes) func rejectsBytes(_ bytes: [UInt8]) {
        for document in [
            bytes, Array("[\"".utf8) + bytes + Array("\"]".utf8),
            Array("{\"".utf8) + bytes + Array("\":1}".utf8),
        ] {
            #expect(throws: OssicleError.self) { try document.withUnsafeBytes { try JSON.parse($0) } }
        }
    }

    /// No proper prefix of a bracketed document is a document.
    @Test func rejectsEveryPrefix() throws {
        let text = #"{"a":[1,-2.5e-3,"x\u00e9\ud834\udd1eé€",true,null,{"b":[]}],"c":[[0.5],[]]}"#
        _ = try JSON.parse(text)
        let bytes = Array(text.utf8)
        for end in 0..<bytes.count {
            #expect(throws: OssicleError.self) { try bytes[..<end].withUnsafeBytes { try JSON.parse($0) } }
        }
    }
}

@Suite struct JSONLimitsTests {
    @Test func depth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try JSON.parse(nested(128))
        #expect(throws: OssicleError.self) { try JSON.parse(nested(129)) }
        let error = #expect(throws: OssicleError.self) { try JSON.parse(nested(1_000_000)) }
        #expect(error?.code == .unsupported)
    }

    @Test func sizeAndValues() throws {
        let limits = JSONLimits(maxBytes: 20, maxValues: 5)
        _ = try JSON.parse("[[],[],[],1]        ", limits: limits)
        #expect(throws: OssicleError.self) { try JSON.parse("[[],[],[],1]         ", limits: limits) }
        #expect(throws: OssicleError.self) { try JSON.parse("[[],[],[],1,1]", limits: limits) }
        #expect(throws: OssicleError.self) { try JSON.parse("[1,1,1,1,1,[]]", limits: limits) }
        // Pure arrays of numbers are bounded by the size alone.
        _ = try JSON.parse("[1,1,1,1,1,1,1,1]", limits: limits)
    }

    @Test func pureNumberArraysAreCompact() throws {
        guard case .numbers(let values) = try JSON.parse("[1, 2.5 ,-3]").value else {
            Issue.record("expected a compact array")
            return
        }
        #expect(values == [1, 2.5, -3])
        #expect(MemoryLayout<JSONValue>.stride <= 24)
    }

    @Test func errorsSayWhere() {
        let error = #expect(throws: OssicleError.self) { try JSON.parse("{\n  \"a\": [1,\n 2 x]\n}") }
        #expect(error?.message == "JSON line 3, column 4 (byte 16): expected ',' or ']', found 'x'")
    }
}

@Suite struct JSONStringTests {
    @Test func escapesAndUnicode() throws {
        let text = #""q\" b\\ s\/ \b\f\n\r\t \u0041\u00e9\u20AC\ud834\udd1e é€𝄞 end""#
        #expect(try JSON.parse(text).string() == "q\" b\\ s/ \u{8}\u{c}\n\r\t Aé€𝄞 é€𝄞 end")
        #expect(try JSON.parse(#""\u0000""#).string().unicodeScalars.map(\.value) == [0])
    }

    @Test func writingReadsBack() throws {
        let text = String(String.UnicodeScalarView((0...0x2ff).map { Unicode.Scalar($0)! })) + "𝄞\u{10fffd}"
        #expect(try JSON.parse(Quoting.json(text)).string().utf8.elementsEqual(text.utf8))
    }

    /// Strings of Core ML's two forms, which may hold anything.
    @Test func onlyUTF8IsTaken() {
        for text in ["", "a", "é€𝄞", "\u{0}", "\u{fffd}"] { #expect(String(utf8: Array(text.utf8)) == text) }
        // Stray, cut short, too long, half of a pair, beyond the last.
        let wrong: [[UInt8]] = [
            [0x80], [0xff], [0xc3], [0xe2, 0x82], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80],
        ]
        for bytes in wrong { #expect(String(utf8: [0x61] + bytes) == nil, "\(bytes)") }
    }

    @Test func quotingShortensOnScalarBoundaries() {
        #expect(Quoting.quoted("a\n\"") == #""a\n\"""#)
        let long = Quoting.quoted(String(repeating: "é", count: 1000))
        #expect(long == "\"" + String(repeating: "é", count: 40) + "…\"")
    }

    @Test func manyKeysKeepTheirOrderAndPlace() throws {
        let text = "{" + (0..<100).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + "}"
        let json = try JSON.parse(text)
        #expect(try json.members().map(\.key) == (0..<100).map { "k\($0)" })
        for i in 0..<100 { #expect(try json.int("k\(i)", in: i...i) == i) }
        #expect(throws: OssicleError.self) { try json.required("k100") }
    }
}
