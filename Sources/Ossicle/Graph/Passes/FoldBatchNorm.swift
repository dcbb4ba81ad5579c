/// Takes a batch norm into the weights and bias of the convolution or linear operation in front of it, in float64.
enum FoldBatchNorm {
    static func run(_ graph: Graph) throws -> Graph {
        var rewriter = Rewriter(graph)
        for index in graph.nodes.indices { try fold(&rewriter, index) }
        return rewriter.result
    }

    private static func fold(_ rewriter: inout Rewriter, _ index: Int) throws {
        let node = rewriter.graph.nodes[index]
        guard let norm = node.operation as? BatchNormalization,
            let (i, source) = rewriter.soleProducer(of: node.inputs[0]),
            let target = Target(source.operation, rank: rewriter.graph.type(of: node.inputs[0]).rank),
            target.channelAxis == norm.axis
        else { return }
        func values(_ id: ValueID) -> [Float] { rewriter.graph.constant(id)!.floats() }
        let needed =
            target.weights.map { source.inputs[$0] } + node.inputs.dropFirst()
            + (target.bias.map { [source.inputs[$0]] } ?? [])
        guard needed.allSatisfy({ rewriter.graph.constant($0) != nil }) else { return }
        let (scale, shift) = norm.factors(
            mean: values(node.inputs[1]), variance: values(node.inputs[2]),
            weight: norm.hasWeight ? values(node.inputs[3]) : nil,
            bias: norm.hasBias ? values(node.inputs[norm.biasIndex]) : nil)
        var inputs = source.inputs
        for position in target.weights {
            let weight = rewriter.graph.constant(inputs[position])!
            var scaled = weight.floats()
            let channel = target.channel(shape: weight.shape)
            for k in scaled.indices { scaled[k] = Float(Double(scaled[k]) * scale[channel(k)]) }
            inputs[position] = rewriter.addConstant(
                "\(source.name).weight", try Tensor(scaled, shape: weight.shape))
        }
        let old = target.bias.map { values(inputs[$0]) }
        let bias = shift.indices.map { Float(Double(old?[$0] ?? 0) * scale[$0] + shift[$0]) }
        let folded = rewriter.addConstant("\(source.name).bias", try Tensor(bias, shape: [bias.count]))
        if let position = target.bias { inputs[position] = folded } else { inputs.append(folded) }
        rewriter.replace(index, with: target.withBias, inputs: inputs, absorbing: [i])
    }
}

/// An operation that a batch norm behind it can go into: nothing else has been done to its result yet.
private struct Target {
    /// Positions among its inputs; the bias comes last.
    let weights: [Int]
    let bias: Int?
    let channelAxis: Int
    let withBias: any Operation
    private let transposedGroups: Int?

    init?(_ operation: any Operation, rank: Int) {
        switch operation {
        case var conv as Convolution
        where conv.activation.isIdentity && conv.gate == nil && !conv.hasResidual:
            weights = conv.sources.indices.map { 2 * $0 + 1 }
            bias = conv.biasIndex
            channelAxis = rank - conv.spatialRank - 1
            transposedGroups = nil
            conv.hasBias = true
            withBias = conv
        case var conv as TransposedConvolution where conv.activation.isIdentity:
            weights = [1]
            bias = conv.hasBias ? 2 : nil
            channelAxis = rank - 2
            transposedGroups = conv.groups
            conv.hasBias = true
            withBias = conv
        case var linear as LinearOperation where linear.activation.isIdentity:
            weights = [1]
            bias = linear.hasBias ? 2 : nil
            channelAxis = rank - 1
            transposedGroups = nil
            linear.hasBias = true
            withBias = linear
        default: return nil
        }
    }

    /// The output channel of each element of a weight of this shape.
    func channel(shape: [Int]) -> (Int) -> Int {
        guard let groups = transposedGroups else {
            let depth = shape.dropFirst().reduce(1, *)
            return { $0 / depth }
        }
        // [C, O/groups, kernel]
        let depth = shape[0] / groups
        return { k in k / shape[2] / shape[1] / depth * shape[1] + k / shape[2] % shape[1] }
    }
}
