#if OSSICLE_APPLE_STUBS
    import DispatchPressure
    import Foundation
    import Testing

    @testable import Ossicle

    /// The source of Apple's systems, on a stand-in of its Dispatch source. Serial: an event reaches every source.
    @Suite(.serialized) struct DispatchMemoryPressureTests {
        private final class Levels: @unchecked Sendable {
            private let lock = NSLock()
            private var seen: [MemoryPressureLevel] = []
            func add(_ level: MemoryPressureLevel) { lock.withLock { seen.append(level) } }
            var all: [MemoryPressureLevel] { lock.withLock { seen } }

            func wait(_ count: Int) -> [MemoryPressureLevel] {
                for _ in 0..<2000 where all.count < count { usleep(5000) }
                return all
            }
        }

        @Test func eventsBecomeLevels() {
            let (source, levels) = (DispatchMemoryPressure(), Levels())
            DispatchPressureStub.raise(.critical)  // before the start: kept by Dispatch, told at the start
            source.start(levels.add)
            #expect(levels.wait(1) == [.critical])
            DispatchPressureStub.raise(.warning)
            #expect(levels.wait(2) == [.critical, .warning])
            DispatchPressureStub.raise(.normal)
            #expect(levels.wait(3) == [.critical, .warning, .normal])
            // Together, the worst counts.
            DispatchPressureStub.raise([.normal, .critical, .warning])
            #expect(levels.wait(4).last == .critical)
            source.stop()
            DispatchPressureStub.raise(.warning)
            usleep(50_000)
            #expect(levels.all.count == 4)
        }

        @Test func anObserverOnIt() throws {
            final class Delegate: MemoryPressureDelegate, @unchecked Sendable {
                let levels = Levels()
                func memoryPressureObserver(
                    _ observer: MemoryPressureObserver, didChangeTo level: MemoryPressureLevel
                ) { levels.add(level) }
            }
            let delegate = Delegate()
            let observer = MemoryPressureObserver(delegate: delegate)
            try observer.start(DispatchMemoryPressure())
            DispatchPressureStub.raise(.warning)
            #expect(delegate.levels.wait(1) == [.warning])
            observer.stop()
        }
    }
#endif
