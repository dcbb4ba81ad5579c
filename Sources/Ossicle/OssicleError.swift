/// The one error type of the engine.
///
/// `code` has the fixed number that the C ABI returns and the Python package turns into its exception class;
/// `message` names the file, tensor or argument at fault, what was expected and what was found.
public struct OssicleError: Error, Sendable, CustomStringConvertible {
    /// Fixed numbers: never renumber, only append. They are `ossicle_status` in `ossicle.h`.
    public enum Code: Int32, Sendable {
        /// An argument is out of its stated range.
        case invalidArgument = 1
        /// Two shapes, or a shape and a buffer, do not fit.
        case shapeMismatch = 2
        /// A handle is NULL, destroyed, or of another kind.
        case invalidHandle = 3
        /// A file cannot be opened or read.
        case io = 4
        /// A file is not what its format says.
        case malformed = 5
        /// A valid request that this engine does not support.
        case unsupported = 6
        /// A weight is missing, left over, wrongly shaped, NaN or infinite.
        case weights = 7
        /// Memory could not be had.
        case outOfMemory = 8
        /// The object is not prepared for this call.
        case notReady = 9
        /// A block is longer than the prepared maximum.
        case blockTooLong = 10
        /// A defect of the engine itself.
        case `internal` = 11
    }

    public let code: Code
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }

    /// The same error with `context` (a file or tensor name) in front.
    public func within(_ context: String) -> OssicleError { OssicleError(code, "\(context): \(message)") }
}
