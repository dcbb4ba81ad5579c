/// Takes an activation into the operation in front of it, for those that apply one on their way out.
enum FuseActivations {
    static func run(_ graph: Graph) -> Graph {
        var rewriter = Rewriter(graph)
        for (index, node) in graph.nodes.enumerated() {
            guard let unary = node.operation as? Unary, !unary.activation.isIdentity,
                let (i, source) = rewriter.soleProducer(of: node.inputs[0]),
                let operation = fused(source.operation, unary.activation)
            else { continue }
            rewriter.replace(index, with: operation, inputs: source.inputs, absorbing: [i])
        }
        return rewriter.result
    }

    private static func fused(_ operation: any Operation, _ activation: Activation) -> (any Operation)? {
        if var linear = operation as? LinearOperation, linear.activation.isIdentity {
            linear.activation = activation
            return linear
        }
        if var conv = operation as? TransposedConvolution, conv.activation.isIdentity {
            conv.activation = activation
            return conv
        }
        return nil
    }
}
