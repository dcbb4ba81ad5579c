// Linux stand-in for the part of Metal that the engine uses. Names, labels, optionality, `throws` and Sendable follow
// Apple's published Swift interface (checked against madsmtm/objc2's generated bindings and Apple's documentation).
@_exported import Foundation  // as Apple's module does

public struct MTLSize: Equatable, Sendable {
    public var width: Int
    public var height: Int
    public var depth: Int

    public init() { self.init(width: 0, height: 0, depth: 0) }

    public init(width: Int, height: Int, depth: Int) {
        self.width = width
        self.height = height
        self.depth = depth
    }
}

public func MTLSizeMake(_ width: Int, _ height: Int, _ depth: Int) -> MTLSize {
    MTLSize(width: width, height: height, depth: depth)
}

public struct MTLOrigin: Equatable, Sendable {
    public var x: Int
    public var y: Int
    public var z: Int

    public init() { self.init(x: 0, y: 0, z: 0) }

    public init(x: Int, y: Int, z: Int) {
        self.x = x
        self.y = y
        self.z = z
    }
}

public struct MTLResourceOptions: OptionSet, Sendable {
    public let rawValue: UInt
    public init(rawValue: UInt) { self.rawValue = rawValue }
    public static let cpuCacheModeWriteCombined = MTLResourceOptions(rawValue: 1)
    public static var storageModeShared: MTLResourceOptions { [] }
    public static let storageModeManaged = MTLResourceOptions(rawValue: 1 << 4)
    public static let storageModePrivate = MTLResourceOptions(rawValue: 2 << 4)
    public static let hazardTrackingModeUntracked = MTLResourceOptions(rawValue: 1 << 8)
}

public enum MTLCommandBufferStatus: UInt, Sendable {
    case notEnqueued = 0
    case enqueued = 1
    case committed = 2
    case scheduled = 3
    case completed = 4
    case error = 5
}

public enum MTLMathMode: Int, Sendable {
    case safe = 0
    case relaxed = 1
    case fast = 2
}

public enum MTLMathFloatingPointFunctions: Int, Sendable {
    case fast = 0
    case precise = 1
}

public enum MTLGPUFamily: Int, Sendable {
    case apple7 = 1007
    case apple8 = 1008
    case apple9 = 1009
    case mac2 = 2002
    case metal3 = 5001
}

public final class MTLCompileOptions: NSObject {
    /// Sets the other two, as Apple's does.
    public var fastMathEnabled = true {
        didSet {
            mathMode = fastMathEnabled ? .fast : .safe
            mathFloatingPointFunctions = fastMathEnabled ? .fast : .precise
        }
    }
    public var mathMode = MTLMathMode.fast
    public var mathFloatingPointFunctions = MTLMathFloatingPointFunctions.fast
    public var preprocessorMacros: [String: NSObject]?
}

/// What the stub throws; Apple's are NSErrors whose localizedDescription is the compiler's or the GPU's text.
struct StubError: LocalizedError {
    let message: String
    var errorDescription: String? { message }
}
