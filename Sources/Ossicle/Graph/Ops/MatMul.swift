/// Products of the matrices in the last two axes, outer axes broadcast: NumPy's `matmul`, and with one axis its vector
/// forms. Either side may be taken transposed.
public struct MatMul: Operation {
    public var transposesX: Bool
    public var transposesY: Bool

    public init(transposesX: Bool = false, transposesY: Bool = false) {
        self.transposesX = transposesX
        self.transposesY = transposesY
    }

    public var name: String { "matmul" }

    /// The matrices of both inputs: rows and columns as they are multiplied. A vector is a row on the left and a
    /// column on the right, and cannot be transposed.
    func matrices(_ x: [Dim], _ y: [Dim]) -> (x: (rows: Dim, columns: Dim), y: (rows: Dim, columns: Dim)) {
        func pair(_ shape: [Dim], _ transposed: Bool) -> (rows: Dim, columns: Dim) {
            let (a, b) = (shape[shape.count - 2], shape[shape.count - 1])
            return transposed ? (b, a) : (a, b)
        }
        return (
            x.count == 1 ? (.fixed(1), x[0]) : pair(x, transposesX),
            y.count == 1 ? (y[0], .fixed(1)) : pair(y, transposesY)
        )
    }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 2...2)
        let (x, y) = (inputs[0].shape, inputs[1].shape)
        guard !x.isEmpty, !y.isEmpty else {
            throw OssicleError(
                .shapeMismatch, "cannot multiply \(x.text) and \(y.text): a scalar is no matrix")
        }
        let (left, right) = matrices(x, y)
        guard left.columns == right.rows else {
            throw OssicleError(
                .shapeMismatch,
                "cannot multiply \(x.text)\(transposesX ? " transposed" : "") and "
                    + "\(y.text)\(transposesY ? " transposed" : ""): \(left.columns) is not \(right.rows)")
        }
        var shape = try broadcast(Array(x.dropLast(2)), Array(y.dropLast(2)))
        if x.count > 1 { shape.append(left.rows) }
        if y.count > 1 { shape.append(right.columns) }
        return [ValueType(shape)]
    }

    public func flops(_ inputs: [[Int]], _ outputs: [[Int]]) -> Int {
        let terms = inputs[0].count == 1 || !transposesX ? inputs[0].last! : inputs[0][inputs[0].count - 2]
        return 2 * outputs[0].reduce(1, *) * terms
    }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        let (x, y) = (node.inputs[0].shape, node.inputs[1].shape)
        let (left, right) = matrices(x, y)
        // Rows of x may be frames, as long as y stays; sums over frames and products of frames with frames may not.
        guard left.columns.isFixed, right.columns.isFixed || left.rows.isFixed else {
            throw OssicleError(
                .unsupported, "\(name) of \(x.text) and \(y.text) mixes all frames and cannot stream")
        }
        return StreamingForm(self, latency: node.latency)
    }
}
