#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Memory of the intermediate values of one instance. Shared with a device, it goes when both have let go.
final class Workspace: Sendable {
    /// A multiple of every page size in use: 4 KiB on Intel, 16 KiB on Apple silicon.
    static let pageSize = 16384

    nonisolated(unsafe) let bytes: UnsafeMutableRawBufferPointer
    var start: UnsafeMutableRawPointer { bytes.baseAddress! }

    /// Zeroed, and touched, so that no run meets a page for the first time.
    ///
    /// - Parameter isPaged: whole pages, as a device maps them.
    /// - Throws: `outOfMemory`.
    init(byteCount: Int, isPaged: Bool) throws {
        let alignment = isPaged ? Self.pageSize : 64
        let size = isPaged ? (max(byteCount, 1) + alignment - 1) / alignment * alignment : max(byteCount, 1)
        var block: UnsafeMutableRawPointer?
        guard posix_memalign(&block, alignment, size) == 0, let block else {
            throw OssicleError(.outOfMemory, "no \(size) bytes for a workspace")
        }
        memset(block, 0, size)
        bytes = UnsafeMutableRawBufferPointer(start: block, count: size)
    }

    /// - Throws: `outOfMemory` where the system would not give that much; it is asked, and given it back.
    static func probe(byteCount: Int) throws {
        var block: UnsafeMutableRawPointer?
        guard posix_memalign(&block, 64, max(byteCount, 1)) == 0 else {
            throw OssicleError(.outOfMemory, "no \(byteCount) bytes for a run")
        }
        free(block)
    }

    deinit { free(start) }
}
