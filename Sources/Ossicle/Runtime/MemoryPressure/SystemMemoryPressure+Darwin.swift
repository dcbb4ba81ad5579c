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

    /// The system's own notices, on a queue of our own. Dispatch's objects may be used from any thread, whether or not an
    /// SDK declares them `Sendable`.
    final class DispatchMemoryPressure: MemoryPressureSource, @unchecked Sendable {
        private let queue = DispatchQueue(label: "ossicle.memory-pressure")
        private let source: any DispatchSourceMemoryPressure

        init() {
            source = DispatchSource.makeMemoryPressureSource(
                eventMask: [.normal, .warning, .critical], queue: queue)
        }

        func start(_ report: @escaping @Sendable (MemoryPressureLevel) -> Void) {
            source.setEventHandler { [weak self] in
                guard let event = self?.source.data else { return }
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
