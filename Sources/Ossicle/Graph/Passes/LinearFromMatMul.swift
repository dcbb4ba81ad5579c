/// Turns products with a constant matrix into linear operations, whose weights are laid out once, and takes a constant
/// added behind them as their bias.
enum LinearFromMatMul {
    static func run(_ graph: Graph) throws -> Graph {
        var rewriter = Rewriter(graph)
        for index in graph.nodes.indices {
            try product(&rewriter, index)
            bias(&rewriter, index)
        }
        return rewriter.result
    }

    private static func product(_ rewriter: inout Rewriter, _ index: Int) throws {
        let node = rewriter.graph.nodes[index]
        guard let matmul = node.operation as? MatMul, !matmul.transposesX,
            rewriter.graph.constant(node.inputs[0]) == nil, let y = rewriter.graph.constant(node.inputs[1]),
            y.shape.count == 2
        else { return }
        let weight = try matmul.transposesY ? y : y.transposedMatrix()
        let id = rewriter.addConstant("\(node.name).weight", weight)
        rewriter.replace(
            index, with: LinearOperation(hasBias: false), inputs: [node.inputs[0], id], absorbing: [])
    }

    private static func bias(_ rewriter: inout Rewriter, _ index: Int) {
        let node = rewriter.graph.nodes[index]
        guard (node.operation as? Binary)?.kind == .add else { return }
        for (own, other) in [(0, 1), (1, 0)] {
            guard let bias = rewriter.graph.constant(node.inputs[other]),
                let (i, source) = rewriter.soleProducer(of: node.inputs[own]),
                var linear = source.operation as? LinearOperation, !linear.hasBias,
                linear.activation.isIdentity,
                bias.shape.last == bias.count,
                rewriter.graph.type(of: node.inputs[own]).shape.last == .fixed(bias.count),
                rewriter.graph.type(of: node.outputs[0]) == rewriter.graph.type(of: node.inputs[own]),
                let flat = try? Tensor(bias.floats(), shape: [bias.count])
            else { continue }
            linear.hasBias = true
            let id = rewriter.addConstant("\(node.name).bias", flat)
            return rewriter.replace(index, with: linear, inputs: source.inputs + [id], absorbing: [i])
        }
    }
}

extension Tensor {
    /// `[a, b]` as `[b, a]`, in float32.
    fileprivate func transposedMatrix() throws -> Tensor {
        let values = floats()
        let (rows, columns) = (shape[0], shape[1])
        let turned = (0..<columns).flatMap { c in (0..<rows).map { r in values[r * columns + c] } }
        return try Tensor(turned, shape: [columns, rows])
    }
}
