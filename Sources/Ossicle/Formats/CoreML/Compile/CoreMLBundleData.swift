/// `coremldata.bin` of a compiled model: its kind, specification version and description.
///
/// Little-endian: u32 kind, three u64 of format version, the string "generic", u64 specification version, three u64
/// of zero, the description (Protocol Buffers bytes) as a string, u64 kind, u64 count and as many strings: the
/// outputs of an older network. A string is a u64 length and its bytes.
struct CoreMLBundleData {
    /// 502 ML Program, 500 network.
    let kind: Int
    let specificationVersion: Int
    let description: CoreMLModelDescription

    /// - Throws: `io`, or `malformed` naming the path.
    init(path: String) throws {
        let storage = try Storage.map(path: path)
        do { try self.init(storage) } catch let error as OssicleError { throw error.within(path) }
    }

    init(_ storage: Storage) throws {
        guard storage.count <= CoreMLLimits.sideFileBytes else {
            throw OssicleError(.malformed, "\(storage.count) bytes, more than \(CoreMLLimits.sideFileBytes)")
        }
        var position = 0
        func take<T: FixedWidthInteger>(_: T.Type) throws -> T {
            let size = MemoryLayout<T>.size
            guard size <= storage.count - position else {
                throw OssicleError(.malformed, "the file ends too early")
            }
            defer { position += size }
            return T(littleEndian: storage.bytes.loadUnaligned(fromByteOffset: position, as: T.self))
        }
        func takeString() throws -> Range<Int> {
            let length = try take(UInt64.self)
            guard length <= UInt64(storage.count - position) else {
                throw OssicleError(
                    .malformed, "a string of \(length) bytes, \(storage.count - position) are left")
            }
            defer { position += Int(length) }
            return position..<(position + Int(length))
        }
        kind = Int(try take(UInt32.self))
        for _ in 0..<3 { _ = try take(UInt64.self) }
        let family = String(decoding: storage.bytes[try takeString()], as: UTF8.self)
        guard family == "generic" else {
            throw OssicleError(
                .unsupported, "a model of family \(Quoting.quoted(family)), expected \"generic\"")
        }
        guard let version = Int(exactly: try take(UInt64.self)) else {
            throw OssicleError(.malformed, "no specification version")
        }
        specificationVersion = version
        for _ in 0..<3 { _ = try take(UInt64.self) }
        let bytes = Storage.copy(UnsafeRawBufferPointer(rebasing: storage.bytes[try takeString()]))
        description = try CoreMLModelDescription(ProtobufReader(bytes, name: "ModelDescription"))
    }

    /// The file for an ML Program.
    static func encode(specificationVersion: Int, description: UnsafeRawBufferPointer) -> [UInt8] {
        var file: [UInt8] = []
        func put<T: FixedWidthInteger>(_ value: T) {
            withUnsafeBytes(of: value.littleEndian) { file.append(contentsOf: $0) }
        }
        put(UInt32(502))
        for part in [specificationVersion >= 9 ? 9 : 5, 0, 0] { put(UInt64(part)) }
        put(UInt64(7))
        file.append(contentsOf: Array("generic".utf8))
        for part in [specificationVersion, 0, 0, 0] { put(UInt64(part)) }
        put(UInt64(description.count))
        file.append(contentsOf: description)
        put(UInt64(502))
        put(UInt64(0))
        return file
    }
}
