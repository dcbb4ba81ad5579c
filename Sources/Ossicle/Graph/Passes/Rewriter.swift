/// The bookkeeping that fusing passes share: who makes a value, how often it is read, which nodes are gone.
struct Rewriter {
    var graph: Graph
    private(set) var producers: [ValueID: Int]
    var uses: [Int]
    private var removed: Set<Int> = []

    init(_ graph: Graph) {
        self.graph = graph
        producers = graph.producers
        uses = graph.useCounts
    }

    /// The node that makes `id`, when this is its only output and `id` is read once only.
    func soleProducer(of id: ValueID) -> (index: Int, node: Node)? {
        guard uses[id.index] == 1, let index = producers[id], !removed.contains(index),
            graph.nodes[index].outputs.count == 1
        else { return nil }
        return (index, graph.nodes[index])
    }

    func producer(of id: ValueID) -> (index: Int, node: Node)? {
        guard let index = producers[id], !removed.contains(index) else { return nil }
        return (index, graph.nodes[index])
    }

    func useCount(of id: ValueID) -> Int { uses[id.index] }

    /// Puts `operation` in place of node `index` (keeping its outputs) and drops the nodes it took in.
    mutating func replace(
        _ index: Int, with operation: any Operation, inputs: [ValueID], absorbing others: [Int]
    ) {
        for id in graph.nodes[index].inputs { uses[id.index] -= 1 }
        for other in others {
            removed.insert(other)
            for id in graph.nodes[other].inputs { uses[id.index] -= 1 }
        }
        for id in inputs { uses[id.index] += 1 }
        graph.nodes[index].operation = operation
        graph.nodes[index].inputs = inputs
        if let first = others.first { graph.nodes[index].name = graph.nodes[first].name }
    }

    var result: Graph {
        var graph = graph
        graph.nodes = graph.nodes.indices.filter { !removed.contains($0) }.map { graph.nodes[$0] }
        return graph
    }
}
