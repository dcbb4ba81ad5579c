/// A dense, row-major, immutable array: a weight, a constant, or a value handed over by a reader.
public struct Tensor: Sendable {
    public let shape: [Int]
    public let dataType: DataType
    public let storage: Storage
    /// First byte of the tensor in `storage`.
    public let byteOffset: Int

    public var count: Int { shape.reduce(1, *) }
    public var byteCount: Int { count * dataType.size }
    public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: storage.bytes[byteOffset..<(byteOffset + byteCount)])
    }

    /// - Throws: `shapeMismatch` when the storage does not hold `shape` from `byteOffset` on.
    public init(shape: [Int], dataType: DataType, storage: Storage, byteOffset: Int = 0) throws {
        var total = dataType.size
        for extent in shape {
            let (product, overflow) = total.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow else {
                throw OssicleError(.shapeMismatch, "shape \(shape) is negative or too large")
            }
            total = product
        }
        guard byteOffset >= 0, byteOffset <= storage.count, total <= storage.count - byteOffset else {
            throw OssicleError(
                .shapeMismatch,
                "shape \(shape) of \(dataType) needs \(total) bytes from byte \(byteOffset), the storage has \(storage.count)"
            )
        }
        self.shape = shape
        self.dataType = dataType
        self.storage = storage
        self.byteOffset = byteOffset
    }

    public init(_ values: [Float], shape: [Int]) throws {
        try self.init(shape: shape, dataType: .float32, storage: values.withUnsafeBytes { .copy($0) })
    }

    public init(_ values: [Int32], shape: [Int]) throws {
        try self.init(shape: shape, dataType: .int32, storage: values.withUnsafeBytes { .copy($0) })
    }

    /// One byte, 0 or 1, an element.
    public init(_ values: [Bool], shape: [Int]) throws {
        try self.init(shape: shape, dataType: .bool, storage: .copy(values.map { $0 ? 1 : 0 }))
    }

    /// The same values as float32.
    func widened() throws -> Tensor { try Tensor(floats(), shape: shape) }

    /// The elements of an integer or bool tensor, row-major; floats are cut towards zero, and 0 where they do not fit.
    public func ints() -> [Int] {
        let raw = bytes
        func read<T: BinaryInteger & BitwiseCopyable>(_ type: T.Type) -> [Int] {
            (0..<count).map {
                Int(clamping: raw.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.size, as: T.self))
            }
        }
        return switch dataType {
        case .int8: read(Int8.self)
        case .int16: read(Int16.self)
        case .int32: read(Int32.self)
        case .int64: read(Int64.self)
        case .uint8, .bool: read(UInt8.self)
        case .uint16: read(UInt16.self)
        case .uint32: read(UInt32.self)
        case .uint64: read(UInt64.self)
        case .float32, .float16, .bfloat16, .float64:
            floats().map { Int(exactly: $0.rounded(.towardZero)) ?? 0 }
        }
    }

    /// The elements widened to float32, row-major.
    public func floats() -> [Float] {
        let raw = bytes
        func read<T>(_ type: T.Type, _ convert: (T) -> Float) -> [Float] {
            [Float](unsafeUninitializedCapacity: count) { buffer, filled in
                for i in 0..<count {
                    let value = raw.loadUnaligned(fromByteOffset: i * MemoryLayout<T>.size, as: T.self)
                    buffer.initializeElement(at: i, to: convert(value))
                }
                filled = count
            }
        }
        return switch dataType {
        case .float32: read(Float.self) { $0 }
        case .float16: read(UInt16.self, Float.init(halfBits:))
        case .bfloat16: read(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
        case .float64: read(Double.self) { Float($0) }
        case .int8: read(Int8.self) { Float($0) }
        case .int16: read(Int16.self) { Float($0) }
        case .int32: read(Int32.self) { Float($0) }
        case .int64: read(Int64.self) { Float($0) }
        case .uint8, .bool: read(UInt8.self) { Float($0) }
        case .uint16: read(UInt16.self) { Float($0) }
        case .uint32: read(UInt32.self) { Float($0) }
        case .uint64: read(UInt64.self) { Float($0) }
        }
    }
}

extension Float {
    /// Widens an IEEE 754 binary16 bit pattern. (`Float16` is missing on Intel Macs, so it is done by hand.)
    init(halfBits h: UInt16) {
        let sign = UInt32(h & 0x8000) << 16
        let exponent = UInt32(h >> 10) & 0x1f
        let fraction = UInt32(h) & 0x3ff
        switch exponent {
        case 0:
            // Subnormal: fraction · 2⁻²⁴ is exact in binary32.
            let magnitude = Float(fraction) * 0x1p-24
            self = sign == 0 ? magnitude : -magnitude
        case 31: self = Float(bitPattern: sign | 0x7f80_0000 | fraction << 13)
        default: self = Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}
