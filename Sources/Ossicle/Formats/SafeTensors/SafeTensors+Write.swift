#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension SafeTensors {
    /// The bytes of a file with `tensors` and `metadata`.
    ///
    /// Canonical: tensors sorted by element type (widest alignment first) and then by name, the header compact
    /// and padded with spaces to 8 bytes. The reference implementation writes the same bytes.
    ///
    /// - Throws: `invalidArgument` for a name that is there twice or reserved.
    public static func encode(
        _ tensors: [(name: String, tensor: Tensor)], metadata: [(key: String, value: String)] = []
    ) throws -> [UInt8] {
        try checkNames(tensors.map(\.name) + [metadataKey])
        try checkNames(metadata.map(\.key))
        func rank(_ type: DataType) -> Int { typeNames.firstIndex { $0.type == type }! }
        let sorted = tensors.sorted { a, b in
            let (left, right) = (rank(a.tensor.dataType), rank(b.tensor.dataType))
            return left != right ? left > right : a.name.utf8.lexicographicallyPrecedes(b.name.utf8)
        }
        var members: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.map { "\(Quoting.json($0.key)):\(Quoting.json($0.value))" }
            members.append("\"\(metadataKey)\":{\(pairs.joined(separator: ","))}")
        }
        var offset = 0
        for (name, tensor) in sorted {
            let end = offset + tensor.byteCount
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            members.append(
                "\(Quoting.json(name)):{\"dtype\":\"\(typeNames[rank(tensor.dataType)].name)\","
                    + "\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
            offset = end
        }
        var header = Array("{\(members.joined(separator: ","))}".utf8)
        header += Array(repeating: 0x20, count: (8 - header.count % 8) % 8)
        var file = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
        file.reserveCapacity(8 + header.count + offset)
        file += header
        for (_, tensor) in sorted { file += tensor.bytes }
        return file
    }

    /// Writes `encode`'s bytes to a file, replacing one that is there.
    ///
    /// - Throws: as `encode`; `io` naming the path and the system's reason.
    public static func write(
        _ tensors: [(name: String, tensor: Tensor)], metadata: [(key: String, value: String)] = [],
        to path: String
    ) throws {
        let bytes = try encode(tensors, metadata: metadata)
        func fail() -> OssicleError {
            OssicleError(.io, "\(path): cannot write: \(String(cString: strerror(errno)))")
        }
        guard let stream = fopen(path, "wb") else { throw fail() }
        let written = fwrite(bytes, 1, bytes.count, stream)
        // Buffered bytes may fail to reach the disk only here.
        guard fclose(stream) == 0, written == bytes.count else { throw fail() }
    }

    private static func checkNames(_ names: [String]) throws {
        var seen = Set<ByteName>()
        for name in names where !seen.insert(ByteName(name)).inserted {
            throw OssicleError(
                .invalidArgument, "the name \(Quoting.quoted(name)) is there twice or reserved")
        }
    }
}
