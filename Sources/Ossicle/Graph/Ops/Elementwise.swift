import CKernels

/// An activation applied to every element.
public struct Unary: Operation {
    public var activation: Activation
    public init(_ activation: Activation) { self.activation = activation }

    public var name: String { "\(activation.kind)" }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...1)
        return inputs
    }

    public func flops(_ inputs: [[Int]], _ outputs: [[Int]]) -> Int { outputs[0].reduce(1, *) }
}

/// A function of two values, broadcast as NumPy does.
public struct Binary: Operation {
    public enum Kind: Int32, Sendable { case add, subtract, multiply, divide, maximum, minimum, power, prelu }
    public var kind: Kind
    public init(_ kind: Kind) { self.kind = kind }

    public var name: String { "\(kind)" }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 2...2)
        return [ValueType(try broadcast(inputs[0].shape, inputs[1].shape), inputs[0].dataType)]
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
