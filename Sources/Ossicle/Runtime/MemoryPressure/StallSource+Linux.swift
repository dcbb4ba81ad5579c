#if os(Linux)
    import Glibc

    /// The kernel's pressure-stall information (Documentation/accounting/psi.rst): the kernel wakes the thread when
    /// tasks stood still for want of memory longer than a threshold.
    final class StallSource: MemoryPressureSource {
        /// Microseconds of standing still within a window of two seconds, the shortest an ordinary process may ask for.
        private static let triggers = ["some 150000 2000000", "full 100000 2000000"]
        /// Milliseconds without an event until the level is normal again.
        private static let calm = 4000

        private let files: [Int32]
        private let thread = PressureThread()

        /// - Parameter path: `/proc/pressure/memory`, or `memory.pressure` of a control group.
        /// - Throws: `unsupported` when the kernel has none there or lets this process set no trigger.
        init(path: String) throws {
            var opened: [Int32] = []
            for trigger in Self.triggers {
                let file = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
                if file >= 0 { opened.append(file) }
                // The terminating zero belongs to it.
                let written = file < 0 ? -1 : trigger.withCString { write(file, $0, trigger.utf8.count + 1) }
                guard written > 0 else {
                    let reason = String(cString: strerror(errno))
                    for file in opened { close(file) }
                    throw OssicleError(.unsupported, "\(path): \(reason)")
                }
            }
            files = opened
        }

        deinit {
            stop()
            for file in files { close(file) }
        }

        func start(_ report: @escaping @Sendable (MemoryPressureLevel) -> Void) throws {
            let watched = files.map { (file: $0, events: Int32(POLLPRI)) }
            try thread.start { wake in
                while let happened = PressureThread.wait(watched, wake: wake, milliseconds: Self.calm) {
                    // The control group is gone.
                    if happened.contains(where: { $0 & Int32(POLLERR) != 0 }) { return }
                    if happened[1] != 0 {
                        report(.critical)
                    } else {
                        report(happened[0] != 0 ? .warning : .normal)
                    }
                }
            }
        }

        func stop() { thread.stop() }
    }
#endif
