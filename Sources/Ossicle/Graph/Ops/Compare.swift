/// A comparison of two values of one type, broadcast as NumPy does. Gives bool.
public struct Compare: Operation {
    public enum Kind: Int32, Sendable, CaseIterable {
        case equal, notEqual, less, lessEqual, greater, greaterEqual
    }

    public var kind: Kind
    public init(_ kind: Kind) { self.kind = kind }

    public var name: String { "\(kind)" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 2...2)
        try elementType(inputs)
        return [ValueType(try broadcast(inputs[0].shape, inputs[1].shape), .bool)]
    }
}

/// A logical function of bools, broadcast as NumPy does. `not` takes one, the others two.
public struct Logical: Operation {
    public enum Kind: Int32, Sendable, CaseIterable { case and, or, xor, not }

    public var kind: Kind
    public init(_ kind: Kind) { self.kind = kind }

    public var name: String { "logical_\(kind)" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: kind == .not ? 1...1 : 2...2)
        try elementType(inputs, of: [.bool])
        return [ValueType(try broadcast(inputs[0].shape, inputs[inputs.count - 1].shape), .bool)]
    }
}

/// `condition ? a : b` for every element, all three broadcast as NumPy does. Inputs: condition (bool), a, b.
public struct Select: Operation {
    public init() {}

    public var name: String { "select" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 3...3)
        try expect(inputs[0], type: .bool, "condition")
        let type = try elementType([inputs[1], inputs[2]])
        return [
            ValueType(try broadcast(try broadcast(inputs[0].shape, inputs[1].shape), inputs[2].shape), type)
        ]
    }
}
