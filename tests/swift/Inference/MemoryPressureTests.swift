import Foundation
import Testing

@testable import Ossicle

@Suite struct MemoryPressureTests {
    /// Remembers what it is told; allows what it is set to allow.
    final class Recorder: MemoryPressureDelegate, @unchecked Sendable {
        private let lock = NSLock()
        private var seen: [MemoryPressureLevel] = []
        let allows: Bool
        init(allows: Bool) { self.allows = allows }

        var levels: [MemoryPressureLevel] { lock.withLock { seen } }

        func memoryPressureObserver(
            _ observer: MemoryPressureObserver, didChangeTo level: MemoryPressureLevel
        ) {
            lock.withLock { seen.append(level) }
        }

        func memoryPressureObserver(
            _ observer: MemoryPressureObserver, shouldReleaseWorkspaceOf inference: BNNSInference
        ) -> Bool { allows }

        func wait(for level: MemoryPressureLevel, seconds: Double = 10) -> Bool {
            let end = Date().addingTimeInterval(seconds)
            while Date() < end {
                if levels.last == level { return true }
                usleep(5000)
            }
            return false
        }
    }

    @Test func criticalReleasesWhatTheDelegateAllows() throws {
        let model = try InferenceTests.load("wavenet_amp_fp32.mlpackage")
        let x = InferenceTests.noise(128)
        let before = try model.predict(x)
        let recorder = Recorder(allows: true)
        let observer = MemoryPressureObserver(delegate: recorder)
        observer.watch(model)
        observer.setLevel(.warning)
        #expect(model.hasWorkspace)
        observer.setLevel(.critical)
        #expect(!model.hasWorkspace)
        // A prediction is refused and rebuilds nothing.
        expectError(.notReady, "prepareWorkspace") { _ = try model.predict(x) }
        #expect(!model.hasWorkspace)
        observer.setLevel(.normal)
        #expect(!model.hasWorkspace)
        try model.prepareWorkspace()
        #expect(try model.predict(x) == before)
        #expect(recorder.levels == [.warning, .critical, .normal])
    }

    @Test func nothingIsReleasedWithoutPermission() throws {
        let model = try InferenceTests.load("linear_fp32.mlpackage")
        let recorder = Recorder(allows: false)
        let observer = MemoryPressureObserver(delegate: recorder)
        observer.watch(model)
        observer.setLevel(.critical)
        #expect(model.hasWorkspace && observer.level == .critical)
        observer.delegate = nil
        observer.setLevel(.normal)
        observer.setLevel(.critical)
        #expect(model.hasWorkspace)
    }

    @Test func statesSurviveARelease() throws {
        let model = try InferenceTests.load("stateful_stream_conv_fp16.mlpackage")
        let x = InferenceTests.noise(32)
        _ = try model.predict(x)
        let second = try model.predict(x)
        model.resetState()
        _ = try model.predict(x)
        #expect(model.releaseWorkspace() && model.releaseWorkspace())
        try model.prepareWorkspace()
        #expect(try model.predict(x) == second)
    }

    /// A prediction either has its workspace to its end or is refused; releasing never waits for more than one.
    @Test func workspacesComeAndGoBesidePredictions() throws {
        final class Audio: @unchecked Sendable {
            let model: BNNSInference
            let x: [Float], expected: [Float]
            var statuses: Set<Int32> = []
            var isRight = true
            let isOver = Locked(false)
            let done = DispatchSemaphore(value: 0)

            init(_ model: BNNSInference, x: [Float]) throws {
                (self.model, self.x, expected) = (model, x, try model.predict(x))
            }

            func run() {
                var y = [Float](repeating: 0, count: expected.count)
                while !isOver.withLock({ $0 }) {
                    let status = x.withUnsafeBufferPointer { x in
                        y.withUnsafeMutableBufferPointer { model.predictStatus(x, $0) }
                    }
                    statuses.insert(status)
                    if status == 0, y != expected { isRight = false }
                    sched_yield()  // as a callback leaves time between two blocks
                }
                done.signal()
            }
        }
        let audio = try Audio(InferenceTests.load("wavenet_amp_fp32.mlpackage"), x: InferenceTests.noise(128))
        let thread = Thread { audio.run() }
        thread.start()
        var released = 0
        let end = Date().addingTimeInterval(20)
        while released < 100, Date() < end {
            if audio.model.releaseWorkspace() { released += 1 }
            usleep(50)
            try audio.model.prepareWorkspace()
            usleep(50)
        }
        audio.isOver.withLock { $0 = true }
        audio.done.wait()
        #expect(released == 100 && audio.isRight)
        #expect(audio.statuses.isSubset(of: [0, OssicleError.Code.notReady.rawValue]))
        #expect(audio.statuses.contains(0))
    }

    #if os(Linux)
        /// A stand-in for the file the kernel keeps.
        @Test func theControlGroupsCountersAreFollowed() throws {
            let path = FileManager.default.temporaryDirectory.path + "/memory.events.\(UUID().uuidString)"
            defer { unlink(path) }
            func write(high: Int, max: Int) throws {
                try "low 0\nhigh \(high)\nmax \(max)\noom 0\noom_kill 0\n".write(
                    toFile: path, atomically: true, encoding: .utf8)
            }
            try write(high: 7, max: 1)
            let recorder = Recorder(allows: false)
            let observer = MemoryPressureObserver(delegate: recorder)
            try observer.start(GroupEventsSource(path: path, interval: 10))
            try write(high: 8, max: 1)
            #expect(recorder.wait(for: .warning))
            try write(high: 8, max: 2)
            #expect(recorder.wait(for: .critical))
            #expect(recorder.wait(for: .normal))
            observer.stop()
            try write(high: 9, max: 2)
            usleep(100_000)
            #expect(recorder.levels.last == .normal)
        }

        @Test func aMissingSourceSaysWhy() {
            expectError(.unsupported, "/nowhere") { _ = try StallSource(path: "/nowhere") }
            expectError(.unsupported, "/nowhere") { _ = try GroupEventsSource(path: "/nowhere") }
        }

        /// Whatever this machine offers is used, and given back; or the reason is told.
        @Test func theSystemsSourceStartsOrExplains() throws {
            let observer = MemoryPressureObserver()
            do {
                try observer.start()
                observer.stop()
            } catch let error as OssicleError {
                #expect(error.code == .unsupported && error.message.contains("/proc/pressure/memory"))
            }
        }
    #endif
}
