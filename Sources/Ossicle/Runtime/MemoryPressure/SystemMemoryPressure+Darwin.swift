#if canImport(Darwin)
    import Dispatch

    /// The system's own notices, on a queue of our own.
    enum SystemMemoryPressure {
        static func source() throws -> any MemoryPressureSource { DispatchMemoryPressure() }
    }

    final class DispatchMemoryPressure: MemoryPressureSource {
        private let queue = DispatchQueue(label: "ossicle.memory-pressure")
        private let source: any DispatchSourceMemoryPressure

        init() {
            source = DispatchSource.makeMemoryPressureSource(
                eventMask: [.normal, .warning, .critical], queue: queue)
        }

        func start(_ report: @escaping @Sendable (MemoryPressureLevel) -> Void) {
            source.setEventHandler { [unowned source] in
                let event = source.data
                report(event.contains(.critical) ? .critical : event.contains(.warning) ? .warning : .normal)
            }
            source.activate()
        }

        /// Events that have begun have ended when this returns.
        func stop() {
            source.cancel()
            queue.sync {}
        }
    }
#endif
