/// One number for all elements along some axes.
public struct Reduce: Operation {
    public enum Kind: Int32, Sendable, CaseIterable {
        case sum, mean, max, min, product, sumOfSquares, l1Norm, l2Norm
    }

    public var kind: Kind
    public var axes: [Int]
    /// Whether reduced axes stay, with an extent of 1.
    public var keepsAxes: Bool

    public init(_ kind: Kind, axes: [Int], keepsAxes: Bool) {
        self.kind = kind
        self.axes = axes
        self.keepsAxes = keepsAxes
    }

    public var name: String { "reduce_\(kind)" }
    /// Integer sums wrap, and means are cut towards zero.
    public var takesIntegers: Bool { kind != .l2Norm }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...1)
        let type = try elementType(inputs, of: [.float32, .int32])
        guard !axes.isEmpty, Set(axes).count == axes.count else {
            throw OssicleError(.invalidArgument, "axes \(axes) must be different ones, at least one")
        }
        for axis in axes { try expect(axis, of: inputs[0]) }
        let shape = inputs[0].shape.indices.compactMap { i in
            axes.contains(i) ? (keepsAxes ? .fixed(1) : nil) : inputs[0].shape[i]
        }
        return [ValueType(shape, type)]
    }

    public func flops(_ inputs: [[Int]], _ outputs: [[Int]]) -> Int { inputs[0].reduce(1, *) }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        for axis in axes { try requireWholeSignal(axis, of: node.inputs[0]) }
        return StreamingForm(self, latency: node.latency)
    }
}
