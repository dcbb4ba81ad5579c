/// Element types of MIL. The raw values are those of `MILSpec.DataType` in Apple's `MIL.proto`.
public enum MILElementType: Int, Sendable, Hashable, CaseIterable {
    case bool = 1
    case string = 2
    case fp16 = 10
    case fp32 = 11
    case fp64 = 12
    case bf16 = 13
    case int8 = 21
    case int16 = 22
    case int32 = 23
    case int64 = 24
    case int4 = 25
    case uint8 = 31
    case uint16 = 32
    case uint32 = 33
    case uint64 = 34
    case uint4 = 35
    case uint2 = 36
    case uint1 = 37
    case uint6 = 38
    case uint3 = 39
    case fp8e4m3fn = 40
    case fp8e5m2 = 41

    /// The name in MIL text.
    public var spelling: String { "\(self)" }

    /// Bits of one stored element; sub-byte elements are packed. A string has none.
    public var bitWidth: Int {
        switch self {
        case .string: 0
        case .uint1: 1
        case .uint2: 2
        case .uint3: 3
        case .int4, .uint4: 4
        case .uint6: 6
        case .bool, .int8, .uint8, .fp8e4m3fn, .fp8e5m2: 8
        case .fp16, .bf16, .int16, .uint16: 16
        case .fp32, .int32, .uint32: 32
        case .fp64, .int64, .uint64: 64
        }
    }

    public var isFloat: Bool {
        switch self {
        case .fp16, .fp32, .fp64, .bf16, .fp8e4m3fn, .fp8e5m2: true
        default: false
        }
    }

    public var isInteger: Bool { self != .bool && self != .string && !isFloat }

    /// The values an integer type can take, as far as `Int64` can say them; `nil` for the other types.
    public var integerRange: ClosedRange<Int64>? {
        switch self {
        case .int4: -8...7
        case .int8: Int64(Int8.min)...Int64(Int8.max)
        case .int16: Int64(Int16.min)...Int64(Int16.max)
        case .int32: Int64(Int32.min)...Int64(Int32.max)
        case .int64: Int64.min...Int64.max
        case .uint64: 0...Int64.max
        case .uint1, .uint2, .uint3, .uint4, .uint6, .uint8, .uint16, .uint32: 0...(1 << Int64(bitWidth) - 1)
        default: nil
        }
    }

    private static let bySpelling = Dictionary(uniqueKeysWithValues: allCases.map { ($0.spelling, $0) })

    init?(spelling: String) {
        guard let found = Self.bySpelling[spelling] else { return nil }
        self = found
    }
}

/// One axis of a tensor type, or the length of a list.
public enum MILDimension: Sendable, Hashable {
    case fixed(Int)
    /// Known only when the model runs; `?` in MIL text.
    case unknown
}

/// The type of a value: of an input, of an operation's output, or of a constant.
public indirect enum MILType: Sendable, Hashable {
    /// A scalar is a tensor without axes.
    case tensor(MILElementType, [MILDimension])
    case list(MILType, MILDimension)
    case tuple([MILType])
    case dictionary(key: MILType, value: MILType)
    /// A variable that outlives a call; read by `read_state`, written by `write_state`.
    case state(MILType)

    public static func scalar(_ element: MILElementType) -> MILType { .tensor(element, []) }
    public static func fixed(_ element: MILElementType, _ shape: [Int]) -> MILType {
        .tensor(element, shape.map(MILDimension.fixed))
    }

    /// The element type of a tensor, or of the tensor in a state.
    public var elementType: MILElementType? {
        switch self {
        case .tensor(let element, _): element
        case .state(let wrapped): wrapped.elementType
        default: nil
        }
    }

    /// The axes of a tensor, or of the tensor in a state.
    public var dimensions: [MILDimension]? {
        switch self {
        case .tensor(_, let dimensions): dimensions
        case .state(let wrapped): wrapped.dimensions
        default: nil
        }
    }

    /// The shape of a tensor whose every axis is fixed.
    public var shape: [Int]? {
        guard let dimensions else { return nil }
        var shape: [Int] = []
        for case .fixed(let extent) in dimensions { shape.append(extent) }
        return shape.count == dimensions.count ? shape : nil
    }
}

extension MILType: CustomStringConvertible {
    public var description: String { spelling(bareScalars: true) }

    /// As MIL text has it.
    ///
    /// - Parameter bareScalars: `fp32` for `tensor<fp32, []>`, as later versions write it.
    func spelling(bareScalars: Bool) -> String {
        func inner(_ type: MILType) -> String { type.spelling(bareScalars: bareScalars) }
        switch self {
        case .tensor(let element, let dimensions):
            return dimensions.isEmpty && bareScalars
                ? element.spelling : "tensor<\(element.spelling), \(dimensions.spelling)>"
        case .list(let element, let length):
            guard case .fixed(let count) = length else { return "list<\(inner(element)), ?>" }
            return "list<\(inner(element)), \(count)>"
        case .tuple(let types): return "tuple<\(types.map(inner).joined(separator: ", "))>"
        case .dictionary(let key, let value): return "dict<\(inner(key)), \(inner(value))>"
        case .state(let wrapped): return "state<\(inner(wrapped))>"
        }
    }
}

/// A name with its type: a function's or block's input, or an operation's output.
public struct MILNamedType: Sendable, Hashable {
    public var name: String
    public var type: MILType

    public init(name: String, type: MILType) {
        self.name = name
        self.type = type
    }
}
