#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Immutable bytes shared by tensors: a copy in memory or a read-only map of a file.
///
/// A storage is written only while it is being made, so sharing it between threads is safe.
public final class Storage: @unchecked Sendable {
    public let bytes: UnsafeRawBufferPointer
    private let release: (UnsafeRawBufferPointer) -> Void

    /// Wraps bytes that `release` frees when the last tensor lets go.
    init(bytes: UnsafeRawBufferPointer, release: @escaping (UnsafeRawBufferPointer) -> Void) {
        self.bytes = bytes
        self.release = release
    }

    deinit { release(bytes) }

    public var count: Int { bytes.count }

    /// Allocates 64-byte aligned memory and fills it once.
    public static func make(
        byteCount: Int, _ fill: (UnsafeMutableRawBufferPointer) throws -> Void
    ) throws -> Storage {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(byteCount, 1), alignment: 64)
        do {
            try fill(UnsafeMutableRawBufferPointer(rebasing: memory[..<byteCount]))
        } catch {
            memory.deallocate()
            throw error
        }
        return Storage(bytes: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(memory)[..<byteCount]))
        {
            UnsafeMutableRawBufferPointer(mutating: $0).baseAddress?.deallocate()
        }
    }

    public static func copy(_ source: UnsafeRawBufferPointer) -> Storage {
        // The fill closure cannot throw here.
        try! make(byteCount: source.count) { $0.copyMemory(from: source) }
    }

    public static func copy(_ source: [UInt8]) -> Storage { source.withUnsafeBytes { copy($0) } }
}

extension Storage {
    /// Maps a file read-only; nothing is read before it is touched.
    ///
    /// - Throws: `io` naming the path and the system's reason.
    public static func map(path: String) throws -> Storage {
        func fail(_ what: String) -> OssicleError {
            OssicleError(.io, "\(path): cannot \(what): \(String(cString: strerror(errno)))")
        }
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { throw fail("open") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw fail("stat") }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw OssicleError(.io, "\(path): not a regular file")
        }
        let size = Int(status.st_size)
        guard size > 0 else { return copy([]) }
        guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED
        else {
            throw fail("map")
        }
        return Storage(bytes: UnsafeRawBufferPointer(start: address, count: size)) {
            munmap(UnsafeMutableRawPointer(mutating: $0.baseAddress!), $0.count)
        }
    }
}
