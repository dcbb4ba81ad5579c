#if os(Linux)
    import Glibc

    /// Counters in `memory.events` of a control group (Documentation/admin-guide/cgroup-v2.rst): how often it was
    /// throttled (`high`), met its limit (`max`), or lost a process (`oom`).
    final class GroupEventsSource: MemoryPressureSource {
        private let path: String
        private let interval: Int
        private let thread = PressureThread()

        /// - Parameters:
        ///   - path: the file.
        ///   - interval: milliseconds between two looks.
        /// - Throws: `unsupported` when it cannot be read.
        init(path: String, interval: Int = 1000) throws {
            self.path = path
            self.interval = interval
            guard Self.read(path) != nil else { throw OssicleError(.unsupported, "\(path): cannot be read") }
        }

        func start(_ report: @escaping @Sendable (MemoryPressureLevel) -> Void) throws {
            let (path, interval) = (path, interval)
            // From now on: what happens before the thread runs counts, too.
            guard let first = Self.read(path) else {
                throw OssicleError(.unsupported, "\(path): cannot be read")
            }
            try thread.start { wake in
                var last = first
                // A level holds for some looks, or it would flicker.
                var held = 0
                while PressureThread.wait([], wake: wake, milliseconds: interval) != nil {
                    guard let now = Self.read(path) else { return }
                    if now.limit > last.limit {
                        report(.critical)
                        held = 4
                    } else if now.throttled > last.throttled {
                        report(.warning)
                        held = 4
                    } else if held > 0 {
                        held -= 1
                        if held == 0 { report(.normal) }
                    }
                    last = now
                }
            }
        }

        func stop() { thread.stop() }

        private static func read(_ path: String) -> (throttled: Int, limit: Int)? {
            guard let text = try? SystemMemoryPressure.text(path) else { return nil }
            var counts: [Substring: Int] = [:]
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ")
                if words.count == 2, let count = Int(words[1]) { counts[words[0]] = count }
            }
            guard let high = counts["high"] else { return nil }
            return (high, (counts["max"] ?? 0) + (counts["oom"] ?? 0))
        }
    }
#endif
