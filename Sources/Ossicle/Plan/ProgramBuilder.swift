import CKernels

/// Walks a graph and lets each node's backend emit its steps.
struct ProgramBuilder {
    let emitter: Emitter
    private(set) var inputSlots: [Int] = []
    private(set) var outputSlots: [Int] = []
    /// Bytes of each port, for the length of a run.
    private(set) var inputBytes: [ok_len] = []
    private(set) var outputBytes: [ok_len] = []
    /// The backend of each node, in order.
    private(set) var placed: [String] = []
    let granularity: Int

    init(graph source: Graph, mode: PlanMode, placement: Placement, kernels: UnsafePointer<ok_kernels>?)
        throws
    {
        guard let kernels = kernels ?? ok_kernels_named(ok_best_isa()) else {
            throw OssicleError(
                .unsupported, "this processor has none of the instruction sets the kernels need")
        }
        let ported = try Self.withPlacedPorts(source, stream: mode.isStream)
        let graph = try ported.stagingPorts {
            try placement.backend(for: $0, in: ported, mode: mode) is any DeviceBackend
        }
        for value in graph.values {
            try Graph.check(value.type, value.name, length: mode.maxLength)
        }
        emitter = Emitter(
            graph: graph, mode: mode, kernels: kernels, pasts: Self.pasts(graph), placement: placement)
        granularity = graph.granularity
        inputBytes = graph.inputs.map(emitter.byteCount)
        outputBytes = graph.outputs.map(emitter.byteCount)
        for port in graph.inputs { inputSlots.append(emitter.bindInput(port)) }
        for port in graph.outputs { outputSlots.append(emitter.bindOutput(port)) }
        for node in graph.nodes { placed.append(try emitter.emit(node)) }
        try emitter.endDeviceRun()
    }

    /// Gives every output a node of its own that writes it, and copies a stream's input, so that no step after the
    /// first reads what the caller may have overwritten.
    private static func withPlacedPorts(_ source: Graph, stream: Bool) throws -> Graph {
        var graph = source
        if stream {
            for i in graph.inputs.indices {
                let old = graph.inputs[i].value
                let nodes = graph.nodes
                graph.nodes = []
                let copy = try graph.apply(Unary(.identity), old, name: "\(graph.inputs[i].name).in")
                graph.nodes += nodes.map { node in
                    var node = node
                    node.inputs = node.inputs.map { $0 == old ? copy : $0 }
                    return node
                }
                for o in graph.outputs.indices where graph.outputs[o].value == old {
                    graph.outputs[o].value = copy
                }
            }
        }
        let made = Set(graph.nodes.flatMap(\.outputs))
        let readers = graph.nodes.reduce(into: Set<ValueID>()) { set, node in
            for (i, id) in node.inputs.enumerated() where readsPast(node, i) { set.insert(id) }
        }
        var seen = Set<ValueID>()
        for i in graph.outputs.indices {
            let value = graph.outputs[i].value
            // A history cannot lie in the caller's buffer, nor can one value lie in two.
            if made.contains(value), !readers.contains(value), seen.insert(value).inserted { continue }
            graph.outputs[i].value = try graph.apply(
                Unary(.identity), value, name: "\(graph.outputs[i].name).out")
        }
        return graph
    }

    private static func readsPast(_ node: Node, _ index: Int) -> Bool {
        ((node.operation as? any HistoryReader)?.past(ofInput: index) ?? 0) > 0
    }

    private static func pasts(_ graph: Graph) -> [ValueID: Int] {
        var pasts: [ValueID: Int] = [:]
        for node in graph.nodes {
            guard let reader = node.operation as? any HistoryReader else { continue }
            for (i, id) in node.inputs.enumerated() {
                let past = reader.past(ofInput: i)
                if past > 0 { pasts[id] = max(pasts[id] ?? 0, past) }
            }
        }
        return pasts
    }
}

extension Emitter {
    func bindInput(_ port: Port) -> Int {
        let type = graph.type(of: port.value)
        let operand = dense(type.shape, type.dataType, place: .external, name: port.name)
        setInput(port.value, operand)
        return operand.slot
    }

    func byteCount(_ port: Port) -> ok_len {
        let type = graph.type(of: port.value)
        return length(type.shape.product * .fixed(type.dataType.size))
    }

    func bindOutput(_ port: Port) -> Int {
        let type = graph.type(of: port.value)
        let slot = makeSlot(
            .external, byteCount: maximum(type.shape.product) * type.dataType.size, name: port.name)
        setExternal(port.value, slot)
        return slot
    }
}
