/// What is done to a graph before it is planned.
enum Passes {
    static func optimize(_ graph: Graph) throws -> Graph {
        var graph = graph
        graph = try FoldConstants.run(graph)
        graph = try FoldBatchNorm.run(graph)
        graph = try FuseConvolutions.run(graph)
        graph = FuseActivations.run(graph)
        return graph.withoutDeadNodes()
    }
}

extension Graph {
    /// Drops nodes whose outputs nothing reads.
    func withoutDeadNodes() -> Graph {
        var live = Set(outputs.map(\.value))
        var kept: [Node] = []
        for node in nodes.reversed() where node.outputs.contains(where: live.contains) || node.hasEffects {
            kept.append(node)
            live.formUnion(node.inputs)
        }
        var graph = self
        graph.nodes = kept.reversed()
        return graph
    }

    /// The node that makes each value.
    var producers: [ValueID: Int] {
        var result: [ValueID: Int] = [:]
        for (i, node) in nodes.enumerated() { for id in node.outputs { result[id] = i } }
        return result
    }
}

extension Node {
    /// Whether running it does more than make its outputs.
    var hasEffects: Bool { operation is any EffectfulOperation }
}

/// An operation that changes state beside its outputs, so it must run even when nothing reads them.
protocol EffectfulOperation: Operation {}
