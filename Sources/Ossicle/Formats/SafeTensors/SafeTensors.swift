/// A file of named tensors in the safetensors format.
///
/// Eight bytes of little-endian header length, a JSON header, then the tensors' bytes, which the header must
/// cover exactly: no hole, no overlap, nothing after them. Nothing is copied: tensors are views into the mapped
/// file. The file must not be changed or truncated while a tensor of it is alive.
///
/// Source of the rules: the "Format" section of the safetensors README and its reference implementation's
/// validation errors.
public struct SafeTensors: Sendable {
    public struct Entry: Sendable {
        public let name: String
        public let dataType: DataType
        /// Row-major extents; empty for a scalar.
        public let shape: [Int]
        /// Bytes of the whole file.
        public let byteRange: Range<Int>
    }

    /// How errors call the file.
    public let file: String
    /// In the order of the header.
    public let entries: [Entry]
    /// The `__metadata__` strings in the order of the header.
    public let metadata: [(key: String, value: String)]
    private let storage: Storage
    private let index: [ByteName: Int]

    /// Opens a file by mapping it.
    ///
    /// - Throws: `io`, `malformed` or `unsupported`, naming the file and the tensor at fault.
    public init(path: String) throws { try self.init(Storage.map(path: path), file: path) }

    /// Reads a file that is in memory already; `file` is its name in errors.
    public init(_ storage: Storage, file: String) throws {
        let header = try naming(file) { try Header(storage.bytes) }
        self.file = file
        self.storage = storage
        self.entries = header.entries
        self.metadata = header.metadata
        self.index = Dictionary(
            header.entries.enumerated().map { (ByteName($1.name), $0) },
            uniquingKeysWith: { first, _ in first })
    }

    /// The tensor of that name: a view where the file aligns it for its element type (every usual writer
    /// does), else a copy.
    ///
    /// - Throws: `weights` when there is none.
    public func tensor(_ name: String) throws -> Tensor {
        guard let i = index[ByteName(name)] else {
            throw OssicleError(.weights, "\(file): tensor \(Quoting.quoted(name)): missing")
        }
        return try tensor(entries[i])
    }

    private func tensor(_ entry: Entry) throws -> Tensor {
        let bytes = UnsafeRawBufferPointer(rebasing: storage.bytes[entry.byteRange])
        let aligned = Int(bitPattern: bytes.baseAddress) % entry.dataType.size == 0
        return try Tensor(
            shape: entry.shape, dataType: entry.dataType, storage: aligned ? storage : .copy(bytes),
            byteOffset: aligned ? entry.byteRange.lowerBound : 0)
    }

    /// All tensors as a source of weights, each to be taken exactly once.
    public func weights(options: LoadOptions = LoadOptions()) throws -> WeightSource {
        try WeightSource(entries.map { ($0.name, try tensor($0)) }, file: file, options: options)
    }
}

extension SafeTensors {
    /// The format's names of element types. Sub-byte, 8-bit float and complex types are refused.
    static let typeNames: [(name: String, type: DataType)] = [
        ("BOOL", .bool), ("U8", .uint8), ("I8", .int8), ("I16", .int16), ("U16", .uint16), ("F16", .float16),
        ("BF16", .bfloat16), ("I32", .int32), ("U32", .uint32), ("F32", .float32), ("F64", .float64),
        ("I64", .int64), ("U64", .uint64),
    ]
    static let unsupportedTypes = ["F4", "F6_E2M3", "F6_E3M2", "F8_E5M2", "F8_E4M3", "F8_E8M0", "C64"]
    static let metadataKey = "__metadata__"
    /// The format's bound on the header, against files that ask for absurd memory.
    static let maxHeaderBytes = 100_000_000
    /// Our own bound on a shape's length; nothing has more than a few dimensions.
    static let maxRank = 64
}
