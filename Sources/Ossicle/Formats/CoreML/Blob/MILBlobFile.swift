/// A weight file of an ML Program (`weights/weight.bin`), mapped: MILBlob storage, version 2.
///
/// Little-endian: a header of 64 bytes (u32 count, u32 version), then blobs, each a 64-byte metadata record (u32
/// sentinel, u32 type, u64 size in bytes, u64 absolute offset of the data, the rest reserved) and its data.
/// Source: apple/coremltools, mlmodel/src/MILBlob/Blob/StorageFormat.hpp. Reserved words are not checked, as
/// writers before iOS 18 left garbage in them.
struct MILBlobFile: Sendable {
    let path: String
    let storage: Storage

    /// Type numbers of `BlobDataType.hpp`.
    private static let elementTypes: [MILElementType?] = [
        nil, .fp16, .fp32, .uint8, .int8, .bf16, .int16, .uint16, .int4, .uint1, .uint2, .uint4, .uint3,
        .uint6,
        .int32, .uint32, .fp8e4m3fn, .fp8e5m2,
    ]
    private static let sentinel: UInt32 = 0xdead_beef
    private static let recordSize = 64

    /// - Throws: `io`, or `malformed` or `unsupported` naming the path.
    init(path: String) throws { try self.init(storage: Storage.map(path: path), path: path) }

    init(storage: Storage, path: String) throws {
        self.path = path
        self.storage = storage
        guard storage.count >= Self.recordSize else {
            throw OssicleError(.malformed, "\(path): \(storage.count) bytes, a weight file has at least 64")
        }
        let version = word(4, UInt32.self)
        guard version == 2 else {
            throw OssicleError(.unsupported, "\(path): weight file version \(version), version 2 is read")
        }
    }

    struct Blob {
        /// The type the file states; `nil` for a number of a later version. The program's type rules, since
        /// packed palettes are stored as plain bytes.
        let element: MILElementType?
        let range: Range<Int>
    }

    /// The blob whose metadata is at `offset`.
    ///
    /// - Throws: `malformed` naming path and offset.
    func blob(at offset: UInt64) throws -> Blob {
        func failure(_ what: String) -> OssicleError {
            OssicleError(.malformed, "\(path): blob at byte \(offset): \(what)")
        }
        guard let start = Int(exactly: offset), start >= Self.recordSize,
            start <= storage.count - Self.recordSize
        else { throw failure("outside the file of \(storage.count) bytes") }
        guard word(start, UInt32.self) == Self.sentinel else { throw failure("no blob begins there") }
        let type = Int(word(start + 4, UInt32.self))
        let size = word(start + 8, UInt64.self)
        let data = word(start + 16, UInt64.self)
        guard data <= UInt64(storage.count), size <= UInt64(storage.count) - data else {
            throw failure("\(size) bytes at \(data) are outside the file of \(storage.count) bytes")
        }
        let range = Int(data)..<(Int(data) + Int(size))
        return Blob(element: type < Self.elementTypes.count ? Self.elementTypes[type] : nil, range: range)
    }

    private func word<T: FixedWidthInteger>(_ position: Int, _: T.Type) -> T {
        T(littleEndian: storage.bytes.loadUnaligned(fromByteOffset: position, as: T.self))
    }
}

/// The weight files of one program, opened once.
struct MILBlobFiles: Sendable {
    static let root = "@model_path/"
    private let files: [String: MILBlobFile]

    /// Opens every file the program names.
    ///
    /// - Parameter directory: what `@model_path` stands for.
    /// - Throws: `malformed` for a path that leaves the model, and as `MILBlobFile.init`.
    init(of program: MILProgram, directory: String) throws {
        var files: [String: MILBlobFile] = [:]
        for reference in program.blobReferences where files[reference.path] == nil {
            files[reference.path] = try MILBlobFile(path: Self.resolve(reference.path, in: directory))
        }
        self.files = files
    }

    init(_ files: [String: MILBlobFile]) { self.files = files }

    subscript(path: String) -> MILBlobFile? { files[path] }

    /// The file's path on this machine. A model must not reach outside its own directory.
    static func resolve(_ path: String, in directory: String) throws -> String {
        let relative = path.dropFirst(root.count)
        let parts = relative.split(separator: "/", omittingEmptySubsequences: false)
        guard path.hasPrefix(root), !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }),
            !relative.utf8.contains(0)
        else { throw OssicleError(.malformed, "weight file \(Quoting.quoted(path)) is not inside \(root)") }
        return directory + "/" + relative
    }
}

extension MILProgram {
    /// Every reference into weight files.
    var blobReferences: Set<MILBlobReference> {
        var found: Set<MILBlobReference> = []
        func visit(_ value: MILValue) {
            switch value.content {
            case .blob(let reference): found.insert(reference)
            case .tuple(let values), .list(let values): values.forEach(visit)
            case .dictionary(let entries):
                for entry in entries {
                    visit(entry.key)
                    visit(entry.value)
                }
            case .bools, .integers, .floats, .doubles, .strings: break
            }
        }
        func visit(_ block: MILBlock) {
            for operation in block.operations {
                for argument in operation.arguments.values {
                    for case .value(let value) in argument.bindings { visit(value) }
                }
                operation.attributes.values.forEach(visit)
                operation.blocks.forEach(visit)
            }
        }
        for function in functions { visit(function.body) }
        return found
    }
}
