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
    private let isPaged: Bool
    var start: UnsafeMutableRawPointer { bytes.baseAddress! }

    /// Zeroed, and touched, so that no run meets a page for the first time.
    ///
    /// - Parameter isPaged: whole pages of their own from the system, not the heap's: a device maps a region.
    /// - Throws: `outOfMemory`.
    init(byteCount: Int, isPaged: Bool) throws {
        let pages = (max(byteCount, 1) + Self.pageSize - 1) / Self.pageSize
        let size = isPaged ? pages * Self.pageSize : max(byteCount, 1)
        guard let block = isPaged ? Self.map(size) : Self.allocate(size) else {
            throw OssicleError(.outOfMemory, "no \(size) bytes for a workspace")
        }
        memset(block, 0, size)
        self.isPaged = isPaged
        bytes = UnsafeMutableRawBufferPointer(start: block, count: size)
    }

    /// - Throws: `outOfMemory` where the system would not give that much; it is asked, and given it back.
    static func probe(byteCount: Int) throws {
        guard let block = allocate(max(byteCount, 1)) else {
            throw OssicleError(.outOfMemory, "no \(byteCount) bytes for a run")
        }
        free(block)
    }

    private static func allocate(_ size: Int) -> UnsafeMutableRawPointer? {
        var block: UnsafeMutableRawPointer?
        return posix_memalign(&block, 64, size) == 0 ? block : nil
    }

    private static func map(_ size: Int) -> UnsafeMutableRawPointer? {
        let block = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
        return block == MAP_FAILED ? nil : block
    }

    deinit { if isPaged { munmap(start, bytes.count) } else { free(start) } }
}
