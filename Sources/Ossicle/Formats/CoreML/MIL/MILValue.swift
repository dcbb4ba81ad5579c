/// A compile-time value: typed, and either written in the program or lying in a weight file.
public struct MILValue: Sendable, Equatable {
    public var type: MILType
    public var content: Content

    public init(type: MILType, content: Content) {
        self.type = type
        self.content = content
    }

    public indirect enum Content: Sendable, Equatable {
        // The elements of a tensor, row-major. Every integer type is widened to Int64, every float type up to
        // fp32 to Float: exact, and one case less for each reader of the program.
        case bools([Bool])
        case integers([Int64])
        case floats([Float])
        case doubles([Double])
        case strings([String])

        case tuple([MILValue])
        case list([MILValue])
        case dictionary([MILEntry])

        /// Bytes in a weight file, not read yet.
        case blob(MILBlobReference)
    }
}

public struct MILEntry: Sendable, Equatable {
    public var key: MILValue
    public var value: MILValue

    public init(key: MILValue, value: MILValue) {
        self.key = key
        self.value = value
    }
}

/// Where a constant lies: the program's own path of the file (`@model_path/weights/weight.bin`) and the byte
/// offset of the blob's metadata in it.
public struct MILBlobReference: Sendable, Hashable {
    public var path: String
    public var offset: UInt64

    public init(path: String, offset: UInt64) {
        self.path = path
        self.offset = offset
    }
}

extension MILValue {
    public static func string(_ text: String) -> MILValue {
        MILValue(type: .scalar(.string), content: .strings([text]))
    }

    /// The shape of a tensor value.
    public var shape: [Int]? { type.shape }

    /// Elements of an integer tensor, when they are written in the program.
    public var integers: [Int]? {
        guard case .integers(let values) = content else { return nil }
        return values.map { Int($0) }
    }

    /// Elements of a float tensor of any width, or of an integer one, when they are written in the program.
    public var floats: [Float]? {
        switch content {
        case .floats(let values): values
        case .doubles(let values): values.map { Float($0) }
        case .integers(let values): values.map { Float($0) }
        default: nil
        }
    }

    public var bools: [Bool]? {
        guard case .bools(let values) = content else { return nil }
        return values
    }

    public var strings: [String]? {
        guard case .strings(let values) = content else { return nil }
        return values
    }

    public var blob: MILBlobReference? {
        guard case .blob(let reference) = content else { return nil }
        return reference
    }

    /// The only element of a one-element value, of each kind.
    public var integer: Int? { integers.flatMap { $0.count == 1 ? $0[0] : nil } }
    public var float: Float? { floats.flatMap { $0.count == 1 ? $0[0] : nil } }
    public var bool: Bool? { bools.flatMap { $0.count == 1 ? $0[0] : nil } }
    public var string: String? { strings.flatMap { $0.count == 1 ? $0[0] : nil } }

    /// The value under a string key of a dictionary.
    public subscript(key: String) -> MILValue? {
        guard case .dictionary(let entries) = content else { return nil }
        return entries.first { $0.key.string == key }?.value
    }
}
