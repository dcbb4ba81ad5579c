/// A copy in the workspace: of an input, for a device that reads nothing else, or of an output that was made there.
struct Staging: Operation {
    var name: String { "stage" }

    func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...1)
        return inputs
    }
}

extension Graph {
    /// The graph with every value copied that crosses between a caller's buffer and the nodes that `isOnDevice` names.
    func stagingPorts(_ isOnDevice: (Node) throws -> Bool) throws -> Graph {
        let onDevice = try nodes.filter(isOnDevice)
        if onDevice.isEmpty { return self }
        var graph = self
        graph.nodes = []
        var copies: [ValueID: ValueID] = [:]
        for port in inputs where type(of: port.value).dataType == .float32 {
            // Views of an input lie where it lies, so all of its readers take the copy.
            copies[port.value] = try graph.apply(Staging(), port.value, name: "\(port.name).in")
        }
        graph.nodes += nodes.map { node in
            var node = node
            node.inputs = node.inputs.map { copies[$0] ?? $0 }
            return node
        }
        let made = Set(onDevice.flatMap(\.outputs))
        for i in graph.outputs.indices where made.contains(graph.outputs[i].value) {
            graph.outputs[i].value = try graph.apply(
                Staging(), graph.outputs[i].value, name: "\(graph.outputs[i].name).out")
        }
        return graph
    }
}
