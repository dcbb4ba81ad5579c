/// A Core ML ML Program in memory. `model.mil` and `model.mlmodel` give the same one.
///
/// Values are named, each name is defined once in its scope and before its use (`MILVerifier` has checked it).
/// Inputs and functions are sorted by name, as they are unordered in both formats; the order in which an
/// application sees inputs is in `CoreMLModelDescription`.
public struct MILProgram: Sendable, Equatable {
    /// The text form's version: 1.0 up to specification 8, 1.3 from 9 on.
    public var version: MILVersion
    public var functions: [MILFunction]
    /// `buildInfo` (the tools that made the model) and whatever else the file says of itself.
    public var attributes: [String: MILValue]

    public init(version: MILVersion, functions: [MILFunction], attributes: [String: MILValue] = [:]) {
        self.version = version
        self.functions = functions
        self.attributes = attributes
    }

    public func function(named name: String) -> MILFunction? { functions.first { $0.name == name } }
}

public struct MILVersion: Sendable, Hashable {
    public var major: Int
    public var minor: Int

    public init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// The version a compiler writes for a specification version.
    init(specification: Int) { self.init(1, specification >= 9 ? 3 : 0) }
}

/// The set of operations a function is written in. Raw values are Core ML's: `CoreML5` is iOS 15.
public enum MILOpset: Int, Sendable, Comparable, CaseIterable {
    case ios15 = 5
    case ios16, ios17, ios18, ios26

    /// The name in MIL text.
    public var spelling: String { "\(self)" }

    public static func < (a: MILOpset, b: MILOpset) -> Bool { a.rawValue < b.rawValue }
}

public struct MILFunction: Sendable, Equatable {
    public var name: String
    public var opset: MILOpset
    /// Tensors and states, sorted by name.
    public var inputs: [MILNamedType]
    public var body: MILBlock
    /// The shapes inputs with unknown axes may take, if the model says.
    public var flexibleShapes: MILFlexibleShapes?
    public var attributes: [String: MILValue]

    public init(
        name: String, opset: MILOpset, inputs: [MILNamedType], body: MILBlock,
        flexibleShapes: MILFlexibleShapes? = nil, attributes: [String: MILValue] = [:]
    ) {
        self.name = name
        self.opset = opset
        self.inputs = inputs
        self.body = body
        self.flexibleShapes = flexibleShapes
        self.attributes = attributes
    }
}

/// The shapes of a function's flexible inputs (`FlexibleShapeInformation` in MIL text).
public struct MILFlexibleShapes: Sendable, Equatable {
    public enum Choice: Sendable, Equatable {
        /// For each input, the range of each axis.
        case ranges([String: [MILRange]])
        /// Sets of shapes, one shape for each input in a set.
        case enumerated([[String: [Int]]])
    }

    /// The shape each input has when nothing else is asked for.
    public var defaults: [String: [Int]]
    public var choice: Choice

    public init(defaults: [String: [Int]], choice: Choice) {
        self.defaults = defaults
        self.choice = choice
    }
}

/// An inclusive range of extents; no upper bound when `upper` is `nil`.
public struct MILRange: Sendable, Hashable {
    public var lower: Int
    public var upper: Int?

    public init(_ lower: Int, _ upper: Int?) {
        self.lower = lower
        self.upper = upper
    }

    public func contains(_ extent: Int) -> Bool { extent >= lower && extent <= upper ?? .max }
}

/// Operations in order of execution. Only `while_loop` and `cond` have blocks with inputs of their own.
public struct MILBlock: Sendable, Equatable {
    public var inputs: [MILNamedType]
    public var operations: [MILOperation]
    /// Names of the values the block returns.
    public var outputs: [String]
    public var attributes: [String: MILValue]

    public init(
        inputs: [MILNamedType] = [], operations: [MILOperation], outputs: [String],
        attributes: [String: MILValue] = [:]
    ) {
        self.inputs = inputs
        self.operations = operations
        self.outputs = outputs
        self.attributes = attributes
    }
}

public struct MILOperation: Sendable, Equatable {
    /// `conv`, `const`, `constexpr_lut_to_dense` …
    public var type: String
    public var arguments: [String: MILArgument]
    public var outputs: [MILNamedType]
    /// Bodies of control flow: `[condition, body]` of `while_loop`, `[then, else]` of `cond`.
    public var blocks: [MILBlock]
    /// `name`; of a `const` also `val`; of iOS 16 `constexpr_*` operations all the parameters.
    public var attributes: [String: MILValue]

    public init(
        type: String, arguments: [String: MILArgument] = [:], outputs: [MILNamedType],
        blocks: [MILBlock] = [],
        attributes: [String: MILValue] = [:]
    ) {
        self.type = type
        self.arguments = arguments
        self.outputs = outputs
        self.blocks = blocks
        self.attributes = attributes
    }

    /// The name people gave the operation, which may be no identifier and need not be unique.
    public var label: String? { attributes["name"]?.string }

    /// A parameter of either spelling: an argument, or (iOS 16 `constexpr_*`) an attribute.
    public func parameter(_ name: String) -> MILArgument? {
        arguments[name] ?? attributes[name].map { MILArgument([.value($0)]) }
    }
}

/// What is bound to a parameter: one thing, or a tuple of them (`values` of `concat`, `loop_vars`).
public struct MILArgument: Sendable, Equatable {
    public enum Binding: Sendable, Equatable {
        /// The output of an earlier operation, or an input.
        case name(String)
        case value(MILValue)
    }

    public var bindings: [Binding]

    public init(_ bindings: [Binding]) { self.bindings = bindings }

    /// The name, when the argument is exactly one.
    public var name: String? {
        guard bindings.count == 1, case .name(let name) = bindings[0] else { return nil }
        return name
    }

    /// The inline value, when the argument is exactly one.
    public var value: MILValue? {
        guard bindings.count == 1, case .value(let value) = bindings[0] else { return nil }
        return value
    }

    /// Every name in the argument.
    public var names: [String] {
        bindings.compactMap { if case .name(let name) = $0 { name } else { nil } }
    }
}
