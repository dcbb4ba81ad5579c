#if os(Linux)
    import Glibc

    /// The best source this process may read: stalls of the whole machine, of its control group, or the group's
    /// counters.
    enum SystemMemoryPressure {
        /// - Throws: `unsupported` with the reason of each.
        static func source() throws -> any MemoryPressureSource {
            var reasons: [String] = []
            func attempt(_ make: () throws -> any MemoryPressureSource) -> (any MemoryPressureSource)? {
                do { return try make() } catch {
                    reasons.append("\(error)")
                    return nil
                }
            }
            if let source = attempt({ try StallSource(path: "/proc/pressure/memory") }) { return source }
            if let group = controlGroup() {
                if let source = attempt({ try StallSource(path: group + "/memory.pressure") }) {
                    return source
                }
                if let source = attempt({ try GroupEventsSource(path: group + "/memory.events") }) {
                    return source
                }
            }
            throw OssicleError(
                .unsupported, "memory pressure cannot be observed: " + reasons.joined(separator: "; "))
        }

        /// The directory of this process's control group (version 2).
        private static func controlGroup() -> String? {
            guard let text = try? text("/proc/self/cgroup"),
                let line = text.split(separator: "\n").first(where: { $0.hasPrefix("0::/") })
            else { return nil }
            let path = "/sys/fs/cgroup" + line.dropFirst(3)
            return path.hasSuffix("/") ? String(path.dropLast()) : path
        }

        /// A small file of the kernel's, which has no size before it is read.
        static func text(_ path: String) throws -> String {
            let file = open(path, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else { throw OssicleError(.io, "\(path): \(String(cString: strerror(errno)))") }
            defer { close(file) }
            var bytes = [UInt8](repeating: 0, count: 1 << 16)
            let count = read(file, &bytes, bytes.count)
            guard count >= 0 else { throw OssicleError(.io, "\(path): \(String(cString: strerror(errno)))") }
            return String(decoding: bytes[..<count], as: UTF8.self)
        }
    }
#endif
