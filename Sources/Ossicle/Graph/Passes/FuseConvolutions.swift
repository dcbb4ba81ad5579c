/// Takes sums, gates and residuals into the convolutions in front of them.
enum FuseConvolutions {
    static func run(_ graph: Graph) throws -> Graph {
        var graph = graph
        for step in [sums, activations, gates, residuals] {
            var rewriter = Rewriter(graph)
            for index in graph.nodes.indices { step(&rewriter, index) }
            graph = rewriter.result
        }
        return graph
    }

    /// A convolution whose result nothing has been done to yet.
    private static func plain(_ rewriter: Rewriter, _ id: ValueID) -> (index: Int, node: Node, Convolution)? {
        guard let (index, node) = rewriter.soleProducer(of: id), let conv = node.operation as? Convolution,
            conv.activation.isIdentity, conv.gate == nil, !conv.hasResidual
        else { return nil }
        return (index, node, conv)
    }

    /// conv(x, v) + conv(y, w) becomes one sum over both inputs.
    private static func sums(_ rewriter: inout Rewriter, _ index: Int) {
        let node = rewriter.graph.nodes[index]
        guard (node.operation as? Binary)?.kind == .add, node.inputs[0] != node.inputs[1],
            let (i, a, first) = plain(rewriter, node.inputs[0]),
            let (j, b, second) = plain(rewriter, node.inputs[1]),
            first.groups == 1, second.groups == 1, first.spatialRank == 1, second.spatialRank == 1,
            first.padding == second.padding,
            rewriter.graph.type(of: a.outputs[0]) == rewriter.graph.type(of: b.outputs[0])
        else { return }
        var fused = first
        fused.sources += second.sources
        var inputs =
            Array(a.inputs.prefix(2 * first.sources.count)) + b.inputs.prefix(2 * second.sources.count)
        let biases = [(first, a), (second, b)].compactMap { conv, node in
            conv.biasIndex.map { node.inputs[$0] }
        }
        if biases.count == 2 {
            let x = rewriter.graph.constant(biases[0])!.floats()
            let y = rewriter.graph.constant(biases[1])!.floats()
            guard let sum = try? Tensor(zip(x, y).map(+), shape: [x.count]) else { return }
            inputs.append(rewriter.addConstant("\(a.name).bias", sum))
        } else {
            inputs += biases
        }
        fused.hasBias = !biases.isEmpty
        rewriter.replace(index, with: fused, inputs: inputs, absorbing: [i, j])
    }

    private static func activations(_ rewriter: inout Rewriter, _ index: Int) {
        let node = rewriter.graph.nodes[index]
        guard let unary = node.operation as? Unary, !unary.activation.isIdentity,
            let (i, source, conv) = plain(rewriter, node.inputs[0])
        else { return }
        var fused = conv
        fused.activation = unary.activation
        rewriter.replace(index, with: fused, inputs: source.inputs, absorbing: [i])
    }

    /// f(first half of the channels) · g(second half), as WaveNets and GLUs have it.
    private static func gates(_ rewriter: inout Rewriter, _ index: Int) {
        let node = rewriter.graph.nodes[index]
        guard (node.operation as? Binary)?.kind == .multiply, node.inputs[0] != node.inputs[1],
            let a = half(rewriter, node.inputs[0]), let b = half(rewriter, node.inputs[1]),
            a.value == b.value,
            rewriter.useCount(of: a.value) == 2, let (i, source) = rewriter.producer(of: a.value),
            let conv = source.operation as? Convolution, conv.activation.isIdentity, conv.gate == nil,
            !conv.hasResidual, conv.groups == 1
        else { return }
        let shape = rewriter.graph.type(of: a.value).shape
        guard a.slice.axis == shape.count - conv.spatialRank - 1,
            let channels = shape[a.slice.axis].fixedValue,
            a.isHalf(of: channels), b.isHalf(of: channels), a.slice.start != b.slice.start
        else { return }
        let (first, second) = a.slice.start == 0 ? (a, b) : (b, a)
        var fused = conv
        fused.activation = first.activation
        fused.gate = second.activation
        rewriter.replace(index, with: fused, inputs: source.inputs, absorbing: [i] + a.nodes + b.nodes)
    }

    private struct Half {
        var value: ValueID
        var slice: Slice
        var activation: Activation
        var nodes: [Int]

        func isHalf(of channels: Int) -> Bool {
            channels % 2 == 0 && slice.step == 1 && slice.count == .fixed(channels / 2)
                && (slice.start == 0 || slice.start == channels / 2)
        }
    }

    private static func half(_ rewriter: Rewriter, _ id: ValueID) -> Half? {
        guard var (index, node) = rewriter.soleProducer(of: id) else { return nil }
        var activation = Activation.identity
        var nodes = [index]
        if let unary = node.operation as? Unary {
            activation = unary.activation
            guard let next = rewriter.soleProducer(of: node.inputs[0]) else { return nil }
            (index, node) = next
            nodes.append(index)
        }
        guard let slice = node.operation as? Slice else { return nil }
        return Half(value: node.inputs[0], slice: slice, activation: activation, nodes: nodes)
    }

    private static func residuals(_ rewriter: inout Rewriter, _ index: Int) {
        let node = rewriter.graph.nodes[index]
        guard (node.operation as? Binary)?.kind == .add, node.inputs[0] != node.inputs[1] else { return }
        for (own, other) in [(1, 0), (0, 1)] {
            guard let (i, source) = rewriter.soleProducer(of: node.inputs[own]),
                let conv = source.operation as? Convolution, !conv.hasResidual,
                rewriter.graph.type(of: node.inputs[own]) == rewriter.graph.type(of: node.inputs[other])
            else { continue }
            var fused = conv
            fused.hasResidual = true
            return rewriter.replace(
                index, with: fused, inputs: source.inputs + [node.inputs[other]], absorbing: [i])
        }
    }
}

extension Rewriter {
    mutating func addConstant(_ name: String, _ tensor: Tensor) -> ValueID {
        let id = graph.constant(name, tensor)
        uses.append(0)
        return id
    }
}
