/// The elements of a tensor as a Core ML file stores them: little-endian, types narrower than a byte packed from
/// the least significant bit on, across byte borders.
struct PackedElements {
    let element: MILElementType
    let bytes: UnsafeRawBufferPointer

    /// - Returns: `nil` for strings, which have no packed form.
    init?(_ element: MILElementType, bytes: UnsafeRawBufferPointer, range: Range<Int>) {
        guard element != .string else { return nil }
        self.element = element
        self.bytes = UnsafeRawBufferPointer(rebasing: bytes[range])
    }

    /// Bytes of `count` elements, or `nil` when no file can have so many.
    static func byteCount(_ element: MILElementType, _ count: Int) -> Int? {
        let (bits, overflow) = count.multipliedReportingOverflow(by: element.bitWidth)
        guard count >= 0, !overflow, bits <= Int.max - 7 else { return nil }
        return (bits + 7) / 8
    }

    /// Whether the bytes are exactly those of `count` elements.
    func holds(_ count: Int) -> Bool { Self.byteCount(element, count) == bytes.count }

    /// Element `i` of an integer or bool type. `uint64` wraps.
    func integer(_ i: Int) -> Int64 {
        switch element {
        case .bool: bytes[i] == 0 ? 0 : 1
        case .int4:
            // The shift pair extends the sign of the nibble.
            Int64(Int8(bitPattern: bits(i) << 4) >> 4)
        case .uint1, .uint2, .uint3, .uint4, .uint6: Int64(bits(i))
        case .int8: Int64(load(i, Int8.self))
        case .uint8: Int64(bytes[i])
        case .int16: Int64(load(i, Int16.self))
        case .uint16: Int64(load(i, UInt16.self))
        case .int32: Int64(load(i, Int32.self))
        case .uint32: Int64(load(i, UInt32.self))
        case .int64: load(i, Int64.self)
        case .uint64: Int64(bitPattern: load(i, UInt64.self))
        case .fp16, .fp32, .fp64, .bf16, .fp8e4m3fn, .fp8e5m2, .string: 0
        }
    }

    /// Element `i` of any type as a number.
    func double(_ i: Int) -> Double {
        switch element {
        case .fp16: Double(Float(halfBits: load(i, UInt16.self)))
        case .bf16: Double(Float(bitPattern: UInt32(load(i, UInt16.self)) << 16))
        case .fp32: Double(Float(bitPattern: load(i, UInt32.self)))
        case .fp64: Double(bitPattern: load(i, UInt64.self))
        // Binary8 with five exponent bits is the upper half of a binary16.
        case .fp8e5m2: Double(Float(halfBits: UInt16(bytes[i]) << 8))
        case .fp8e4m3fn: Double(Float(e4m3Bits: bytes[i]))
        default: Double(integer(i))
        }
    }

    func append(_ i: Int, to elements: inout MILElements) -> Bool {
        if element == .bool { return elements.append(bool: bytes[i] != 0) }
        return element.isFloat ? elements.append(double: double(i)) : elements.append(integer: integer(i))
    }

    private func load<T: FixedWidthInteger>(_ i: Int, _: T.Type) -> T {
        T(littleEndian: bytes.loadUnaligned(fromByteOffset: i * MemoryLayout<T>.size, as: T.self))
    }

    private func bits(_ i: Int) -> UInt8 {
        let width = element.bitWidth
        let first = i * width
        let low = UInt16(bytes[first >> 3])
        let high = first & 7 + width > 8 ? UInt16(bytes[first >> 3 + 1]) << 8 : 0
        return UInt8(truncatingIfNeeded: (low | high) >> UInt16(first & 7)) & (1 << UInt8(width) - 1)
    }
}

extension Float {
    /// OCP 8-bit float with four exponent bits, bias 7, no infinity: only 0x7f and 0xff are NaN.
    init(e4m3Bits byte: UInt8) {
        let exponent = Int(byte >> 3) & 15
        let fraction = Float(byte & 7)
        let magnitude: Float
        switch (exponent, byte & 7) {
        case (0, _): magnitude = fraction * 0x1p-9
        case (15, 7): magnitude = .nan
        default: magnitude = (1 + fraction / 8) * Float(sign: .plus, exponent: exponent - 7, significand: 1)
        }
        self = byte & 0x80 == 0 ? magnitude : -magnitude
    }

    /// The nearest value of binary16, ties to even; beyond its range infinity.
    var roundedToHalf: Float {
        let size = magnitude
        guard size.isFinite else { return self }
        // Halfway between the largest half (65504) and what would be the next.
        guard size < 65520 else { return Float(signOf: self, magnitudeOf: .infinity) }
        // A half has 11 significant bits, and none below 2⁻²⁴; multiples of its unit are integers after scaling.
        let exponent = max(size < 0x1p-14 ? -14 : Int(size.exponent), -14) - 10
        let unit = Float(sign: .plus, exponent: exponent, significand: 1)
        return (self / unit).rounded(.toNearestOrEven) * unit
    }
}

enum CoreMLShape {
    /// Elements of a tensor of `shape`.
    ///
    /// - Throws: `malformed` when an extent is negative or the product above `CoreMLLimits.elements`.
    static func count(_ shape: [Int]) throws -> Int {
        // An extent of 0 must not hide others whose product, taken alone, would overflow.
        var product = 1
        for extent in shape {
            let (next, overflow) = product.multipliedReportingOverflow(by: max(extent, 1))
            guard extent >= 0, !overflow, next <= CoreMLLimits.elements else { throw tooLarge(shape) }
            product = next
        }
        return shape.contains(0) ? 0 : product
    }

    private static func tooLarge(_ shape: [Int]) -> OssicleError {
        OssicleError(.malformed, "shape \(shape) is not one of at most \(CoreMLLimits.elements) elements")
    }
}
