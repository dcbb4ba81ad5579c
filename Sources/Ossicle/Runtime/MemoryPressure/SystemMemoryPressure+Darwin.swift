#if canImport(Darwin)
    enum SystemMemoryPressure {
        static func source() throws -> any MemoryPressureSource { DispatchMemoryPressure() }
    }
#endif

#if canImport(Darwin) || canImport(DispatchPressure)
    import Dispatch
    #if canImport(DispatchPressure)
        import DispatchPressure  // a stand-in for what Linux's Dispatch lacks (tests/apple)
    #endif

    /// The system's own notices, on a queue of our own.
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
