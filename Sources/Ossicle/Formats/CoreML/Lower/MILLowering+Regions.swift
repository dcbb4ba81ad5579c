/// Blocks that become graphs of their own: bodies of loops and branches that cannot be written out.
extension MILLowering {
    /// A value that a block reads from outside, by the name it has there.
    struct Capture {
        let name: String
        let lowered: MILLowered
        let value: ValueID
    }

    /// What blocks read from outside and is not constant, in the order it is met.
    func captures(of blocks: [MILBlock]) -> [Capture] {
        var found: [Capture] = []
        var seen: Set<String> = []
        func visit(_ name: String) {
            guard seen.insert(name).inserted, let lowered = scope[name] else { return }
            switch lowered {
            case .tensor(let id) where graph.constant(id) == nil:
                found.append(Capture(name: name, lowered: lowered, value: id))
            case .list(let list):
                guard let id = list.tensor, graph.constant(id) == nil else { return }
                found.append(Capture(name: name, lowered: lowered, value: id))
            case .tensor, .state, .unknown: break
            }
        }
        func visit(_ block: MILBlock) {
            for operation in block.operations {
                operation.arguments.values.flatMap(\.names).forEach(visit)
                operation.blocks.forEach(visit)
            }
            block.outputs.forEach(visit)
        }
        blocks.forEach(visit)
        return found
    }

    /// A graph of its own, with inputs of these types, built by `body` through the same calls as the one around it.
    /// Constants of the graph around are constants there too; what else it needs has to be among the inputs.
    func region(
        _ inputs: [(name: String, type: ValueType)], _ body: ([ValueID]) throws -> [ValueID]
    ) throws -> Graph {
        let outside = (graph: graph, scope: scope, known: known)
        let problemCount = problems.count
        graph = Graph()
        known = [:]
        defer { (graph, scope, known) = outside }
        for (name, lowered) in outside.scope { scope[name] = constant(lowered, in: outside.graph) }
        let results = try body(inputs.map { graph.input($0.name, $0.type) })
        for (i, result) in results.enumerated() { graph.output("result \(i)", result) }
        guard problems.count == problemCount else {
            throw OssicleError(.unsupported, "its blocks hold what is not supported")
        }
        return graph
    }

    /// A block as a graph: its inputs are those of the block, then what is captured.
    ///
    /// - Parameters:
    ///   - inputs: what the block is given, in the graph around it.
    ///   - values: the tensors of those.
    func region(
        _ block: MILBlock, inputs: [MILLowered], values: [ValueID], captured: [Capture]
    ) throws -> Graph {
        let named = values.enumerated().map { (name: "carried \($0)", type: graph.type(of: $1)) }
        let taken = captured.map { (name: $0.name, type: graph.type(of: $0.value)) }
        return try region(named + taken) { ids in
            for (capture, id) in zip(captured, ids[inputs.count...]) {
                scope[capture.name] = capture.lowered.with(id)
            }
            return try lower(block, inputs: zip(inputs, ids).map { $0.with($1) }).compactMap { result in
                switch result {
                case .tensor(let id): return id
                case .list(let list): return list.tensor
                // A placeholder behind something unsupported.
                case .state, .unknown: return nil
                }
            }
        }
    }

    /// Bytes of the constants that blocks read, which every turn of an unrolled loop would have packed again.
    func constantBytes(of blocks: [MILBlock]) -> Int {
        var seen: Set<String> = []
        var total = 0
        func visit(_ block: MILBlock) {
            for operation in block.operations {
                operation.blocks.forEach(visit)
                guard !MILConstants.isConstant(operation) else { continue }
                for name in operation.arguments.values.flatMap(\.names) where seen.insert(name).inserted {
                    let outputs = constants.operation(name)?.outputs ?? []
                    for output in outputs where output.name == name {
                        // Of strings there are none.
                        total += 4 * ((output.type.shape.flatMap { try? CoreMLShape.count($0) }) ?? 0)
                    }
                }
            }
        }
        blocks.forEach(visit)
        return total
    }

    /// A constant of the graph around is one of the region too; what else is not captured is out of reach.
    private func constant(_ lowered: MILLowered, in outside: Graph) -> MILLowered? {
        switch lowered {
        case .tensor(let id):
            return outside.constant(id).map { .tensor(graph.constant(outside[id].name, $0)) }
        case .list(let list):
            guard let id = list.tensor else { return lowered }
            return outside.constant(id).map { lowered.with(graph.constant(outside[id].name, $0)) }
        case .state, .unknown: return lowered
        }
    }
}
