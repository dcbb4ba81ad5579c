import Testing

@testable import Ossicle

/// Numbers must be rounded as the standard library's correctly rounding parser does, bit for bit.
@Suite struct JSONNumberTests {
    func expectSame(_ text: String) throws {
        let found = try JSON.parse("[\(text)]").numbers(count: 1)[0]
        let expected = try #require(Double(text))
        #expect(found.bitPattern == expected.bitPattern, "\(text): \(found), expected \(expected)")
    }

    static let hard = [
        "0", "-0", "0.0", "-0.0e5", "0e-999", "1", "-1", "9007199254740991", "9007199254740993",
        "9007199254740992.5",
        "9007199254740995", "18446744073709551615", "18446744073709551616", "9999999999999999999",
        "99999999999999999999",
        "0.1", "0.2", "0.3", "1e22", "1e23", "8.5e22", "1e27", "1e28", "9999999999999999999e27", "1e-27",
        "1e-28",
        "9999999999999999999e-27", "1.7976931348623157e308", "2.2250738585072014e-308",
        "2.2250738585072011e-308", "4.9e-324",
        "2.4703282292062327e-324", "2.4703282292062328e-324", "1e-400", "123456789012345678901234567890e-30",
        "0.500000000000000166533453693773481063544750213623046875", "3.518437208883201171875e13",
        "62.5364939768271845828",
        "8.10109172351e-10", "1.50000000000000011102230246251565", "5.9604644775390625e-8",
        "7450580596923828125e-27",
        "7450580596923828124e-27", "7450580596923828126e-27", "9007199254740993e0", "900719925474099300e-2",
        "000e0",
    ]

    @Test(arguments: hard.filter { $0 != "000e0" }) func hardCases(_ text: String) throws {
        try expectSame(text)
    }

    @Test func randomDecimals() throws {
        var generator = SplitMix64(state: 1)
        for _ in 0..<100_000 {
            let digits = Int.random(in: 1...21, using: &generator)
            var text = String(Int.random(in: 1...9, using: &generator))
            for _ in 1..<digits { text += String(Int.random(in: 0...9, using: &generator)) }
            if digits > 1, Bool.random(using: &generator) {
                text.insert(
                    ".",
                    at: text.index(text.startIndex, offsetBy: Int.random(in: 1..<digits, using: &generator)))
            }
            if Bool.random(using: &generator) { text = "0." + text.filter { $0 != "." } }
            text += "e\(Int.random(in: -50...50, using: &generator))"
            try expectSame((Bool.random(using: &generator) ? "-" : "") + text)
        }
    }

    /// What Python and C print for a weight: the shortest text of a random float or double.
    @Test func shortestTexts() throws {
        var generator = SplitMix64(state: 2)
        for _ in 0..<100_000 {
            let bits = UInt64.random(in: 0...UInt64.max, using: &generator)
            let double = Double(bitPattern: bits)
            if double.isFinite { try expectSame("\(double)".replacing("+", with: "")) }
            let weight = Double(Float(Int32(truncatingIfNeeded: bits)) * 0x1p-30)
            try expectSame("\(weight)")
        }
    }

    /// Exact ties and their neighbours: m + ½ for 53-bit m, scaled by powers of ten that keep them exact.
    @Test func ties() throws {
        var generator = SplitMix64(state: 3)
        for _ in 0..<20_000 {
            let m = UInt64.random(in: 1 << 52..<1 << 53, using: &generator)
            try expectSame("\(m).5")
            try expectSame("\(m * 10 + 5)e-1")
            try expectSame("\(2 * m + 1)")
            try expectSame("\((2 * m + 1) * 2)")
            try expectSame("\(m).50000000000000000001")
            try expectSame("\(m).4999")
        }
    }

    /// The comparison must reach the 128-bit method, in both directions, not only the fallback.
    @Test func exactMethodIsUsed() throws {
        #expect(JSONNumber.exact(123_456_789_012_345_678, exponent: -18) == 0.123456789012345678)
        #expect(JSONNumber.exact(.max, exponent: 27) == 18446744073709551615e27)
        #expect(JSONNumber.exact(1, exponent: 28) == nil)
        #expect(JSONNumber.exact(1, exponent: -28) == nil)
        #expect(JSONNumber.exact(0, exponent: -1000) == 0)
    }

    /// Eight at once only where all eight are digits, and never past the end.
    @Test func eightDigits() {
        var text = Array("x98765432".utf8)
        text.withUnsafeBufferPointer { bytes in
            #expect(JSONNumber.eightDigits(bytes, at: 1) == 98_765_432)
            #expect(JSONNumber.eightDigits(bytes, at: 0) == nil)
            #expect(JSONNumber.eightDigits(bytes, at: 2) == nil)
        }
        for i in 1...8 {
            for byte in UInt8.min ... .max where !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                let digit = text[i]
                text[i] = byte
                text.withUnsafeBufferPointer { #expect(JSONNumber.eightDigits($0, at: 1) == nil) }
                text[i] = digit
            }
        }
    }
}

/// Steele, Lea and Flood's SplitMix64: the same numbers on every machine.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
