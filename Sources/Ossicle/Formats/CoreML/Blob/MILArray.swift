/// A constant that is known: a view of a weight file, or values in memory.
struct MILArray {
    enum Elements {
        /// Bytes of `storage` that nothing has copied.
        case packed(PackedElements, Storage, Range<Int>)
        case floats([Float])
        case integers([Int64])
    }

    let element: MILElementType
    let shape: [Int]
    let count: Int
    let elements: Elements

    init(_ element: MILElementType, _ shape: [Int], _ elements: Elements) throws {
        self.element = element
        self.shape = shape
        self.count = try CoreMLShape.count(shape)
        self.elements = elements
    }

    func integer(_ i: Int) -> Int64 {
        switch elements {
        case .packed(let packed, _, _): packed.integer(i)
        case .integers(let values): values[i]
        // Palettes and sparse constants of integers are expanded as floats, which hold them exactly.
        case .floats(let values): Int64(exactly: values[i].rounded(.towardZero)) ?? 0
        }
    }

    func float(_ i: Int) -> Float {
        switch elements {
        case .packed(let packed, _, _): Float(packed.double(i))
        case .floats(let values): values[i]
        case .integers(let values): Float(values[i])
        }
    }

    /// The elements as float32, row-major: a view of the file where it holds float32 already, else a copy.
    func float32() throws -> Tensor {
        if case .packed(_, let storage, let range) = elements, element == .fp32,
            (Int(bitPattern: storage.bytes.baseAddress) &+ range.lowerBound) % 4 == 0
        {
            return try Tensor(
                shape: shape, dataType: .float32, storage: storage, byteOffset: range.lowerBound)
        }
        return try Tensor(
            shape: shape, dataType: .float32,
            storage: .make(byteCount: count * 4) { bytes in
                let floats = bytes.bindMemory(to: Float.self)
                for i in 0..<count { floats[i] = float(i) }
            })
    }
}

extension MILArray {
    /// - Throws: `malformed` when the value is no numeric tensor, or its blob does not hold it.
    init(_ value: MILValue, files: MILBlobFiles) throws {
        guard case .tensor(let element, _) = value.type, let shape = value.shape else {
            throw OssicleError(.malformed, "not a tensor of fixed shape")
        }
        switch value.content {
        case .blob(let reference): self = try Self.blob(reference, element, shape, files)
        case .floats(let values): try self.init(element, shape, .floats(values))
        case .doubles(let values): try self.init(element, shape, .floats(values.map { Float($0) }))
        case .integers(let values): try self.init(element, shape, .integers(values))
        case .bools(let values): try self.init(element, shape, .integers(values.map { $0 ? 1 : 0 }))
        case .strings, .tuple, .list, .dictionary: throw OssicleError(.malformed, "not a tensor of numbers")
        }
    }

    private static func blob(
        _ reference: MILBlobReference, _ element: MILElementType, _ shape: [Int], _ files: MILBlobFiles
    ) throws -> MILArray {
        guard let file = files[reference.path] else {
            throw OssicleError(.internal, "weight file \(Quoting.quoted(reference.path)) is not open")
        }
        let range = try file.blob(at: reference.offset).range
        let count = try CoreMLShape.count(shape)
        guard let packed = PackedElements(element, bytes: file.storage.bytes, range: range),
            packed.holds(count)
        else {
            throw OssicleError(
                .malformed,
                "\(file.path): blob at byte \(reference.offset) has \(range.count) bytes, "
                    + "\(element.spelling) \(shape) needs \(PackedElements.byteCount(element, count) ?? 0)")
        }
        return try MILArray(element, shape, .packed(packed, file.storage, range))
    }
}
