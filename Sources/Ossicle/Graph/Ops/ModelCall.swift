/// A whole Core ML model as one node, for backends that take it as one. Its region is the same model as nodes of our own.
///
/// Only a graph that is about to be planned has such nodes: `Graph.placingCalls` gives each to the backend that takes it,
/// and puts the region in the place of the others.
struct ModelCall: Operation {
    let ports: InferencePorts
    /// Of the region's nodes, each counted once.
    let flops: Int

    var name: String { "coreml" }

    func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: ports.inputs.count...ports.inputs.count)
        for (input, feature) in zip(inputs, ports.inputs) {
            try expect(input, shape: feature.shape.map { .fixed($0) }, feature.name)
        }
        return regions[0].outputs.map { regions[0].type(of: $0.value) }
    }

    func flops(_ inputs: [[Int]], _ outputs: [[Int]]) -> Int { flops }
}

/// A backend that runs whole models.
protocol ModelBackend: Backend {
    /// The operation that this backend runs in the place of the call, made ready; nil, after a message, where it does not
    /// take the model.
    func take(_ call: ModelCall) -> (any Operation)?
}

extension Graph {
    /// The graph of a Core ML model as one call of it. One with states stays as it is: they belong to the whole graph.
    func calling(_ model: CoreMLModel, function: String?) throws -> Graph {
        guard states.isEmpty else { return self }
        var graph = Graph()
        let values = inputs.map { graph.input($0.name, type(of: $0.value)) }
        let ports = try InferencePorts(model, function: function, self)
        func shapes(_ ids: [ValueID]) -> [[Int]] { ids.map { type(of: $0).shape.evaluate(1) } }
        let flops = nodes.reduce(0) { $0 + $1.operation.flops(shapes($1.inputs), shapes($1.outputs)) }
        let call = ModelCall(ports: ports, flops: flops)
        let results = try graph.add(call, values, name: "model", regions: [self])
        for (port, value) in zip(outputs, results) { graph.output(port.name, value) }
        return graph
    }

    /// The graph with every call given to the first backend that takes it, and the others as the nodes they stand for.
    func placingCalls(_ backends: [any Backend]) throws -> Graph {
        guard nodes.contains(where: { $0.operation is ModelCall }) else { return self }
        var graph = self
        graph.nodes = []
        var moved: [ValueID: ValueID] = [:]
        for var node in nodes {
            node.inputs = node.inputs.map { moved[$0] ?? $0 }
            if let call = node.operation as? ModelCall {
                let taken = backends.lazy.compactMap { ($0 as? any ModelBackend)?.take(call) }.first
                guard let taken else {
                    // "bottleneck.model": its nodes are "bottleneck.…".
                    let results = try graph.splice(
                        node.regions[0], inputs: node.inputs,
                        prefix: String(node.name.dropLast("model".count)))
                    for (old, new) in zip(node.outputs, results) { moved[old] = new }
                    continue
                }
                node.operation = taken
            }
            graph.nodes.append(node)
        }
        for i in graph.outputs.indices {
            graph.outputs[i].value = moved[graph.outputs[i].value] ?? graph.outputs[i].value
        }
        return graph
    }

    /// Appends the nodes of `other`, its inputs being these values; answers its outputs.
    mutating func splice(_ other: Graph, inputs: [ValueID], prefix: String = "") throws -> [ValueID] {
        var values = Dictionary(uniqueKeysWithValues: zip(other.inputs.map(\.value), inputs))
        /// A value of the other graph here; constants come over when they are asked for.
        func here(_ id: ValueID, _ graph: inout Graph) throws -> ValueID {
            if let value = values[id] { return value }
            guard let tensor = other.constant(id) else {
                throw OssicleError(.internal, "\(other[id].name) is never made")
            }
            let value = graph.constant(other[id].name, tensor)
            values[id] = value
            return value
        }
        for node in other.nodes {
            let inputs = try node.inputs.map { try here($0, &self) }
            let outputs = try add(node.operation, inputs, name: prefix + node.name, regions: node.regions)
            for (old, new) in zip(node.outputs, outputs) { values[old] = new }
        }
        return try other.outputs.map { try here($0.value, &self) }
    }
}
