/// Decimal to binary64, rounded correctly (to nearest, ties to even).
enum JSONNumber {
    /// The largest power of five that 64 bits hold is 5²⁷.
    static let maxPower = 27
    private static let powersOfFive: [UInt64] = (0...maxPower).map { n in (0..<n).reduce(1) { p, _ in p * 5 }
    }

    /// `significand` · 10^`exponent`, or nil where this exact method does not reach (|exponent| > 27).
    ///
    /// 10^e = 5^e · 2^e, and 5^27 fits 64 bits: the product or the quotient with a 64-bit significand is exact in
    /// 128-bit integer arithmetic. Its leading 64 bits with a sticky last bit for all that follows are enough
    /// for one correct rounding, which is the conversion to Double. Weights as Python prints them (17 digits,
    /// exponents to e-10) all come here; strtod takes several times as long.
    static func exact(_ significand: UInt64, exponent: Int) -> Double? {
        guard significand != 0 else { return 0 }
        guard abs(exponent) <= maxPower else { return nil }
        let power = powersOfFive[abs(exponent)]
        let shift = significand.leadingZeroBitCount
        if exponent >= 0 {
            let product = (significand << UInt64(shift)).multipliedFullWidth(by: power)
            // The product's high word has as many leading zeros as makes its top bit the result's.
            guard product.high != 0 else { return Double(product.low) * twoTo(exponent - shift) }
            let zeros = product.high.leadingZeroBitCount
            let top = product.high << UInt64(zeros) | (zeros == 0 ? 0 : product.low >> UInt64(64 - zeros))
            let rest = product.low << UInt64(zeros)
            return Double(top | (rest == 0 ? 0 : 1)) * twoTo(64 - zeros + exponent - shift)
        }
        // Both operands with the top bit set, numerator times 2⁶³: the quotient lies in 2⁶²..<2⁶⁴ and the
        // numerator's high word is below the divisor, as `dividingFullWidth` requires.
        let numerator = significand << UInt64(shift)
        let divisorShift = power.leadingZeroBitCount
        let divisor = power << UInt64(divisorShift)
        let (quotient, remainder) = divisor.dividingFullWidth((numerator >> 1, numerator << 63))
        let rounded = Double(quotient | (remainder == 0 ? 0 : 1))
        return rounded * twoTo(exponent - 63 - shift + divisorShift)
    }

    /// The number that eight bytes spell when all are digits: summed in pairs, fours and eights in one register
    /// (D. Lemire, "Number Parsing at a Gigabyte per Second", arXiv:2101.11408).
    static func eightDigits(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int) -> UInt64? {
        guard position + 8 <= bytes.count else { return nil }
        let word = UInt64(
            littleEndian: UnsafeRawPointer(bytes.baseAddress! + position).loadUnaligned(as: UInt64.self))
        let high: UInt64 = 0xf0f0_f0f0_f0f0_f0f0
        // A digit is 0x3n, and stays so with six added.
        guard word & high | ((word &+ 0x0606_0606_0606_0606) & high) >> 4 == 0x3333_3333_3333_3333 else {
            return nil
        }
        let digits = word &- 0x3030_3030_3030_3030
        let pairs = digits &* 10 &+ digits >> 8
        let even = (pairs & 0xff_0000_00ff) &* (100 &+ 1_000_000 << 32)
        let odd = (pairs >> 16 & 0xff_0000_00ff) &* (1 &+ 10_000 << 32)
        return (even &+ odd) >> 32
    }

    /// 2^exponent for exponents of normal numbers; here |exponent| < 200.
    private static func twoTo(_ exponent: Int) -> Double {
        Double(bitPattern: UInt64(1023 + exponent) << 52)
    }
}
