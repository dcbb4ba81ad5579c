/// Memory of the intermediate values of one instance. Shared with a device, it goes when both have let go.
final class Workspace: Sendable {
    /// A multiple of every page size in use: 4 KiB on Intel, 16 KiB on Apple silicon.
    static let pageSize = 16384

    nonisolated(unsafe) let bytes: UnsafeMutableRawBufferPointer
    var start: UnsafeMutableRawPointer { bytes.baseAddress! }

    /// Zeroed, and touched, so that no run meets a page for the first time.
    ///
    /// - Parameter isPaged: whole pages, as a device maps them.
    init(byteCount: Int, isPaged: Bool) {
        let alignment = isPaged ? Self.pageSize : 64
        let size = isPaged ? (max(byteCount, 1) + alignment - 1) / alignment * alignment : max(byteCount, 1)
        bytes = .allocate(byteCount: size, alignment: alignment)
        bytes.initializeMemory(as: UInt8.self, repeating: 0)
    }

    deinit { bytes.deallocate() }
}
