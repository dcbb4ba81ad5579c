// What Linux's Dispatch lacks: the source of memory-pressure events. Declarations as on Apple's pages of
// DispatchSource.makeMemoryPressureSource(eventMask:queue:), DispatchSource.MemoryPressureEvent and
// DispatchSourceMemoryPressure, as far as the engine uses them.
import Dispatch
import Foundation

extension DispatchSource {
    public struct MemoryPressureEvent: OptionSet, Sendable {
        public let rawValue: UInt
        public init(rawValue: UInt) { self.rawValue = rawValue }

        public static let normal = MemoryPressureEvent(rawValue: 1)
        public static let warning = MemoryPressureEvent(rawValue: 2)
        public static let critical = MemoryPressureEvent(rawValue: 4)
        public static let all: MemoryPressureEvent = [.normal, .warning, .critical]
    }

    /// A source of collected bits, which is what the system's is too.
    public class func makeMemoryPressureSource(
        eventMask: MemoryPressureEvent, queue: DispatchQueue? = nil
    ) -> any DispatchSourceMemoryPressure {
        let source = makeUserDataOrSource(queue: queue) as! DispatchSource
        DispatchPressureStub.add(source, eventMask)
        return source
    }
}

/// Bound to classes, as every protocol that comes from Objective-C.
public protocol DispatchSourceMemoryPressure: AnyObject, DispatchSourceProtocol {
    var data: DispatchSource.MemoryPressureEvent { get }
}

extension DispatchSource: DispatchSourceMemoryPressure {
    public var data: MemoryPressureEvent {
        let bits: UInt = (self as any DispatchSourceProtocol).data
        return MemoryPressureEvent(rawValue: bits)
    }
}

/// Raises what the system would, to every source that exists and asked for it.
public enum DispatchPressureStub {
    private struct Entry {
        weak var source: DispatchSource?
        let mask: DispatchSource.MemoryPressureEvent
    }
    private static let lock = NSLock()
    nonisolated(unsafe) private static var entries: [Entry] = []

    static func add(_ source: DispatchSource, _ mask: DispatchSource.MemoryPressureEvent) {
        lock.withLock { entries.append(Entry(source: source, mask: mask)) }
    }

    public static func raise(_ event: DispatchSource.MemoryPressureEvent) {
        for entry in lock.withLock({ entries }) {
            guard let source = entry.source, !entry.mask.isDisjoint(with: event) else { continue }
            (source as any DispatchSourceUserDataOr).or(data: entry.mask.intersection(event).rawValue)
        }
    }
}
