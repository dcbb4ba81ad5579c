/// Replaces what depends on constants alone by its value, computed by the engine itself.
enum FoldConstants {
    static func run(_ source: Graph) throws -> Graph {
        var graph = source
        var kept: [Node] = []
        for node in graph.nodes {
            let constants = node.inputs.map { graph.constant($0) }
            guard !constants.isEmpty, !constants.contains(where: { $0 == nil }), node.regions.isEmpty,
                !node.hasEffects, node.outputs.allSatisfy({ graph.type(of: $0).shape.fixedValues != nil })
            else {
                kept.append(node)
                continue
            }
            let results = try evaluate(node, constants.map { $0! })
            for (id, tensor) in zip(node.outputs, results) { graph[id].constant = tensor }
        }
        graph.nodes = kept
        return graph
    }

    static func evaluate(_ node: Node, _ constants: [Tensor]) throws -> [Tensor] {
        // A graph lets constants of any type pass as weights; here they are what is computed with.
        if !node.operation.takesIntegers,
            let other = constants.first(where: { [.int32, .bool].contains($0.dataType) })
        {
            throw OssicleError(
                .unsupported, "\(node.name): \(node.operation.name) takes float32, found \(other.dataType)")
        }
        var graph = Graph()
        let inputs = constants.enumerated().map { graph.constant("input \($0.offset)", $0.element) }
        for (i, value) in try graph.add(node.operation, inputs, name: node.name).enumerated() {
            graph.output("output \(i)", value)
        }
        let program = try Program(graph, mode: .fixed(length: 0), optimize: false)
        return try Instance(program).run([])
    }
}
