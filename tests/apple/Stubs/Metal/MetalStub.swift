/// Not Apple's: how tests make the stand-in fail or delay. Faults hold inside `MetalStub.$faults.withValue(…)`, for the
/// current task alone, so tests may run in parallel.
public enum MetalStub {
    /// Writes the stand-in's form of a precompiled library.
    public static func compile(_ source: String, to library: URL) throws {
        try Compiler.shared.compile(source, to: library)
    }

    public struct Faults: Sendable {
        public var noDevice = false
        public var noQueue = false
        public var noCommandBuffer = false
        public var noEncoder = false
        /// makeBuffer(bytesNoCopy:) returns nil.
        public var noSharedMemory = false
        /// MPSSupportsMTLDevice answers false.
        public var noPerformanceShaders = false
        /// makeBuffer returns nil when this is used up.
        public var budget: Budget?
        /// Text put in front of the shader source, for a real compiler's error about it.
        public var shaderPrefix = ""
        /// A kernel that the library does not have.
        public var missingFunction: String?
        /// The GPU's error for every command buffer.
        public var commandBufferError: String?
        /// Work starts this many seconds after commit, on another thread, and its results are not there before.
        public var delay: Double?
        /// Counts what is submitted.
        public var counter: Counter?
        public init() {}
    }

    /// Command buffers committed, kernels in them, and buffers made and still alive.
    public final class Counter: Sendable {
        private struct Counts { var commandBuffers = 0, kernels = 0, live = 0 }
        private let counts = Locked(Counts())
        public init() {}
        public var commandBuffers: Int { counts.withLock { $0.commandBuffers } }
        public var kernels: Int { counts.withLock { $0.kernels } }
        public var liveBuffers: Int { counts.withLock { $0.live } }
        func commit(kernels: Int) {
            counts.withLock {
                $0.commandBuffers += 1
                $0.kernels += kernels
            }
        }
        func add(live: Int) { counts.withLock { $0.live += live } }
    }

    /// How many buffers may still be made.
    public final class Budget: Sendable {
        private let left: Locked<Int>
        public init(buffers: Int) { left = Locked(buffers) }
        func take() -> Bool {
            left.withLock {
                $0 -= 1
                return $0 >= 0
            }
        }
    }

    @TaskLocal public static var faults = Faults()

    /// Adds work to a command buffer, as the kernels of Metal Performance Shaders do.
    public static func append(to commandBuffer: any MTLCommandBuffer, _ work: @escaping () -> String?) {
        (commandBuffer as! CommandBuffer).append(work)
    }

    /// Fails loudly on wrong use, as Metal's validation layer does.
    static func validate(_ condition: Bool, _ rule: String) {
        precondition(condition, "Metal misused: \(rule)")
    }
}

/// A value behind a lock.
final class Locked<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value
    init(_ value: Value) { self.value = value }
    func withLock<R>(_ body: (inout Value) throws -> R) rethrows -> R {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value)
    }
}
