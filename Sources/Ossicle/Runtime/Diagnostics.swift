#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Messages about what went another way than asked for and yet gave a right result: a GPU that failed, a model that the
/// system's engine refused.
public enum Diagnostics {
    private static let handler = Locked<(@Sendable (String) -> Void)?>(nil)

    /// Sends messages to `handler` instead of standard error; nil goes back to that. The handler may be called from any
    /// thread that makes or runs a session, never from a stream.
    public static func setHandler(_ handler: (@Sendable (String) -> Void)?) {
        Self.handler.withLock { $0 = handler }
    }

    static func report(_ message: String) {
        if let handler = handler.withLock({ $0 }) { return handler(message) }
        let line = Array("ossicle: \(message)\n".utf8)
        _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }
}
