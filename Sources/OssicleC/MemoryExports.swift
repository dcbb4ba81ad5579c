import COssicle
import Ossicle

/// An observer with the callbacks of a C program behind an `ossicle_memory_observer` handle.
private final class MemoryWatch: MemoryPressureDelegate, @unchecked Sendable {
    struct Permission {
        let ask: ossicle_memory_permission
        let context: UnsafeMutableRawPointer?
    }

    let observer = MemoryPressureObserver()
    let permission = Locked(Permission?.none)
    private let callback: ossicle_memory_callback?
    /// Handed back to the caller only.
    private let context: UnsafeMutableRawPointer?

    init(_ callback: ossicle_memory_callback?, _ context: UnsafeMutableRawPointer?) {
        self.callback = callback
        self.context = context
        observer.delegate = self
    }

    func memoryPressureObserver(
        _ observer: MemoryPressureObserver, didChangeTo level: MemoryPressureLevel
    ) {
        callback?(context, Int32(level.rawValue))
    }

    /// Whoever watches a model agrees, unless there is someone to ask. A model that was destroyed meanwhile has no
    /// handle to ask about, and goes anyway.
    func memoryPressureObserver(
        _ observer: MemoryPressureObserver, shouldReleaseWorkspaceOf inference: BNNSInference
    ) -> Bool {
        guard let permission = permission.withLock({ $0 }) else { return true }
        let object = Unmanaged.passUnretained(inference).toOpaque()
        guard let handle = ok_handle_of(object, OK_HANDLE_INFERENCE) else { return false }
        return permission.ask(permission.context, OpaquePointer(handle)) != 0
    }
}

private func watch(_ handle: OpaquePointer?) throws -> MemoryWatch {
    try object(handle, OK_HANDLE_MEMORY_OBSERVER, as: MemoryWatch.self)
}

@c(ossicle_memory_observer_create) @implementation
public func ossicle_memory_observer_create(
    _ callback: ossicle_memory_callback!, _ context: UnsafeMutableRawPointer!,
    _ observer: UnsafeMutablePointer<OpaquePointer?>!
) -> Int32 {
    status(on: nil) {
        let out = try require(observer, "observer")
        out.pointee = try makeHandle(OK_HANDLE_MEMORY_OBSERVER, MemoryWatch(callback, context))
    }
}

@c(ossicle_memory_observer_destroy) @implementation
public func ossicle_memory_observer_destroy(_ observer: OpaquePointer!) -> Int32 {
    (try? watch(observer))?.observer.stop()
    return destroyHandle(observer, OK_HANDLE_MEMORY_OBSERVER, MemoryWatch.self)
}

@c(ossicle_memory_observer_ask) @implementation
public func ossicle_memory_observer_ask(
    _ observer: OpaquePointer!, _ permission: ossicle_memory_permission!, _ context: UnsafeMutableRawPointer!
) -> Int32 {
    status(on: UnsafeRawPointer(observer)) {
        let asked = permission.map { MemoryWatch.Permission(ask: $0, context: context) }
        try watch(observer).permission.withLock { $0 = asked }
    }
}

@c(ossicle_memory_observer_watch) @implementation
public func ossicle_memory_observer_watch(_ observer: OpaquePointer!, _ model: OpaquePointer!) -> Int32 {
    status(on: UnsafeRawPointer(observer)) { try watch(observer).observer.watch(inference(model)) }
}

@c(ossicle_memory_observer_unwatch) @implementation
public func ossicle_memory_observer_unwatch(_ observer: OpaquePointer!, _ model: OpaquePointer!) -> Int32 {
    status(on: UnsafeRawPointer(observer)) { try watch(observer).observer.stopWatching(inference(model)) }
}

@c(ossicle_memory_observer_start) @implementation
public func ossicle_memory_observer_start(_ observer: OpaquePointer!) -> Int32 {
    status(on: UnsafeRawPointer(observer)) { try watch(observer).observer.start() }
}

@c(ossicle_memory_observer_stop) @implementation
public func ossicle_memory_observer_stop(_ observer: OpaquePointer!) -> Int32 {
    status(on: UnsafeRawPointer(observer)) { try watch(observer).observer.stop() }
}

@c(ossicle_memory_observer_level) @implementation
public func ossicle_memory_observer_level(_ observer: OpaquePointer!) -> Int32 {
    (try? watch(observer)).map { Int32($0.observer.level.rawValue) } ?? -1
}

@c(ossicle_memory_observer_set_level) @implementation
public func ossicle_memory_observer_set_level(_ observer: OpaquePointer!, _ level: Int32) -> Int32 {
    status(on: UnsafeRawPointer(observer)) {
        let observer = try watch(observer).observer
        guard let level = MemoryPressureLevel(rawValue: Int(level)) else {
            throw OssicleError(.invalidArgument, "level is \(level), allowed are 0…2")
        }
        observer.setLevel(level)
    }
}
