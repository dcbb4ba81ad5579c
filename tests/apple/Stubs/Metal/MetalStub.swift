/// Not Apple's: how tests make the stand-in fail or delay. Faults hold inside `MetalStub.$faults.withValue(…)`, for the
/// current task alone, so tests may run in parallel.
public enum MetalStub {
    public struct Faults: Sendable {
        public var noDevice = false
        public var noQueue = false
        public var noCommandBuffer = false
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
        public init() {}
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

    /// Buffers that are alive.
    public static var liveBuffers: Int { liveBufferCount.withLock { $0 } }

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

let liveBufferCount = Locked(0)
