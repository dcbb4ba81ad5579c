import CKernels

/// An activation applied to every element.
public struct Unary: Operation {
    public var activation: Activation
    public init(_ activation: Activation) { self.activation = activation }

    public var name: String { "\(activation.kind)" }
    /// The identity copies any type.
    public var takesIntegers: Bool { activation.isIdentity }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...1)
        return inputs
    }

    public func flops(_ inputs: [[Int]], _ outputs: [[Int]]) -> Int { outputs[0].reduce(1, *) }
}

/// A function of two values, both float32 or both int32, broadcast as NumPy does.
///
/// Of integers, overflow wraps, `divide` gives float32, and the other quotients and remainders by zero are 0.
public struct Binary: Operation {
    public enum Kind: Int32, Sendable, CaseIterable {
        case add, subtract, multiply, divide, maximum, minimum, power, prelu
        /// floor(a / b), and what is left: it has the sign of b, as in Python.
        case floorDivide, modulo
    }
    public var kind: Kind
    public init(_ kind: Kind) { self.kind = kind }

    public var name: String { "\(kind)" }
    public var takesIntegers: Bool { kind != .prelu }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 2...2)
        let type = try elementType(inputs, of: takesIntegers ? [.float32, .int32] : [.float32])
        return [
            ValueType(try broadcast(inputs[0].shape, inputs[1].shape), kind == .divide ? .float32 : type)
        ]
    }

    public func flops(_ inputs: [[Int]], _ outputs: [[Int]]) -> Int { outputs[0].reduce(1, *) }
}

/// NumPy's broadcasting rule. - Throws: `shapeMismatch` with both shapes.
func broadcast(_ a: [Dim], _ b: [Dim]) throws -> [Dim] {
    let rank = max(a.count, b.count)
    return try (0..<rank).map { i in
        let x = i < rank - a.count ? .fixed(1) : a[i - (rank - a.count)]
        let y = i < rank - b.count ? .fixed(1) : b[i - (rank - b.count)]
        if x == y || y == .fixed(1) { return x }
        if x == .fixed(1) { return y }
        throw OssicleError(.shapeMismatch, "shapes \(a.text) and \(b.text) do not broadcast")
    }
}
