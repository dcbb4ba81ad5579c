#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// How short the machine is of memory.
public enum MemoryPressureLevel: Int, Sendable, Comparable, CaseIterable {
    case normal, warning, critical

    public static func < (a: MemoryPressureLevel, b: MemoryPressureLevel) -> Bool { a.rawValue < b.rawValue }
}

/// Told of memory pressure, on the observer's thread; never on an audio thread.
public protocol MemoryPressureDelegate: AnyObject, Sendable {
    /// The level has changed. When it is normal again, `prepareWorkspace` makes released models ready.
    func memoryPressureObserver(_ observer: MemoryPressureObserver, didChangeTo level: MemoryPressureLevel)

    /// Whether the workspace of a model may be released now that the level is critical. No by default: its
    /// predictions are refused until `prepareWorkspace`.
    func memoryPressureObserver(
        _ observer: MemoryPressureObserver, shouldReleaseWorkspaceOf inference: BNNSInference
    ) -> Bool
}

extension MemoryPressureDelegate {
    public func memoryPressureObserver(_ observer: MemoryPressureObserver, didChangeTo level: MemoryPressureLevel) {}
    public func memoryPressureObserver(
        _ observer: MemoryPressureObserver, shouldReleaseWorkspaceOf inference: BNNSInference
    ) -> Bool { false }
}

/// Watches the system's memory and, at critical, releases the workspaces its delegate allows.
///
/// The level comes from the system (`start`) or by hand (`setLevel`). A released model says `notReady` until
/// `prepareWorkspace` is called for it; nothing rebuilds it behind the caller's back.
public final class MemoryPressureObserver: @unchecked Sendable {
    private struct Watched {
        weak var inference: BNNSInference?
    }

    private struct Contents {
        var level = MemoryPressureLevel.normal
        weak var delegate: (any MemoryPressureDelegate)?
        var watched: [Watched] = []
        var source: (any MemoryPressureSource)?
    }

    private let contents = Locked(Contents())

    public init(delegate: (any MemoryPressureDelegate)? = nil) { self.delegate = delegate }

    deinit { stop() }

    public var level: MemoryPressureLevel { contents.withLock { $0.level } }

    public var delegate: (any MemoryPressureDelegate)? {
        get { contents.withLock { $0.delegate } }
        set { contents.withLock { $0.delegate = newValue } }
    }

    /// Puts a model under the observer's care. It is not kept alive.
    public func watch(_ inference: BNNSInference) {
        contents.withLock { contents in
            contents.watched.removeAll { $0.inference == nil || $0.inference === inference }
            contents.watched.append(Watched(inference: inference))
        }
    }

    public func stopWatching(_ inference: BNNSInference) {
        contents.withLock { $0.watched.removeAll { $0.inference == nil || $0.inference === inference } }
    }

    /// Sets the level by hand, with all that follows from it, on the calling thread.
    public func setLevel(_ level: MemoryPressureLevel) {
        let change = contents.withLock { contents -> (delegate: (any MemoryPressureDelegate)?, models: [BNNSInference])? in
            guard contents.level != level else { return nil }
            contents.level = level
            return (contents.delegate, contents.watched.compactMap(\.inference))
        }
        guard let change else { return }
        change.delegate?.memoryPressureObserver(self, didChangeTo: level)
        guard level == .critical, let delegate = change.delegate else { return }
        for model in change.models
        where model.hasWorkspace && delegate.memoryPressureObserver(self, shouldReleaseWorkspaceOf: model) {
            release(model)
        }
    }

    /// Between two predictions; one takes milliseconds, so a few tries will do.
    private func release(_ model: BNNSInference) {
        for _ in 0..<100 where !model.releaseWorkspace() { usleep(1000) }
    }

    /// Begins to follow the system's memory pressure.
    ///
    /// - Throws: `unsupported` when the system offers no source that this process may read.
    public func start() throws { try start(SystemMemoryPressure.source()) }

    /// The same from a given source.
    func start(_ source: any MemoryPressureSource) throws {
        stop()
        try source.start { [weak self] level in self?.setLevel(level) }
        contents.withLock { $0.source = source }
    }

    /// Stops following the system. Returns when its thread has ended.
    public func stop() {
        let source = contents.withLock { contents -> (any MemoryPressureSource)? in
            defer { contents.source = nil }
            return contents.source
        }
        source?.stop()
    }
}

/// Where levels come from.
protocol MemoryPressureSource: AnyObject {
    /// Calls `report` on a thread of its own whenever the level changes.
    func start(_ report: @escaping @Sendable (MemoryPressureLevel) -> Void) throws
    /// Returns when `report` will not be called any more.
    func stop()
}
