/// What is done to a graph before it is planned.
enum Passes {
    static func optimize(_ graph: Graph) throws -> Graph {
        var graph = graph
        graph = try FoldConstants.run(graph)
        for i in graph.nodes.indices {
            graph.nodes[i] = graph.sinkingConstants(into: graph.nodes[i])
            graph.nodes[i].regions = try graph.nodes[i].regions.map(optimize)
        }
        graph = try LinearFromMatMul.run(graph)
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

    /// The node with the constants that its regions only read made constants of the regions, so that they can be packed
    /// and folded there.
    func sinkingConstants(into node: Node) -> Node {
        guard node.operation is While || node.operation is If else { return node }
        var node = node
        // What is carried round a loop changes; a branch has its condition in front.
        let first = (node.operation as? While)?.carried ?? 1
        let offset = node.operation is While ? 0 : 1
        for i in (first..<max(first, node.inputs.count)).reversed() {
            guard let tensor = constant(node.inputs[i]) else { continue }
            node.inputs.remove(at: i)
            for r in node.regions.indices {
                let port = node.regions[r].inputs.remove(at: i - offset)
                node.regions[r][port.value].constant = tensor
            }
        }
        return node
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
    var hasEffects: Bool {
        operation is any EffectfulOperation || regions.contains { $0.nodes.contains(where: \.hasEffects) }
    }
}

/// An operation that changes state beside its outputs, so it must run even when nothing reads them.
public protocol EffectfulOperation: Operation {}
