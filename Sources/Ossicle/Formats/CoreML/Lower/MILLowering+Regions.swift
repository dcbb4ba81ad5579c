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

    /// A block as a graph: its inputs are those of the block, then what is captured.
    ///
    /// - Parameter inputs: what the block is given, in the graph around it.
    func region(_ block: MILBlock, inputs: [MILLowered], captured: [Capture]) throws -> Graph {
        let outside = (graph: graph, scope: scope, known: known)
        let problemCount = problems.count
        graph = Graph()
        known = [:]
        defer { (graph, scope, known) = outside }
        func enter(_ name: String, _ lowered: MILLowered, _ id: ValueID) -> MILLowered {
            lowered.with(graph.input(name, outside.graph.type(of: id)))
        }
        var given: [MILLowered] = []
        for (i, input) in inputs.enumerated() {
            switch input {
            case .tensor(let id): given.append(enter("carried \(i)", input, id))
            case .list(let list): given.append(enter("carried \(i)", input, list.tensor!))
            case .state, .unknown: throw OssicleError(.internal, "a region is given no tensor")
            }
        }
        for (name, lowered) in outside.scope { scope[name] = constant(lowered, in: outside.graph) }
        for capture in captured { scope[capture.name] = enter(capture.name, capture.lowered, capture.value) }
        for (i, result) in try lower(block, inputs: given).enumerated() {
            switch result {
            case .tensor(let id): graph.output("result \(i)", id)
            case .list(let list): if let id = list.tensor { graph.output("result \(i)", id) }
            case .state, .unknown: break
            }
        }
        guard problems.count == problemCount else {
            throw OssicleError(.unsupported, "its blocks hold what is not supported")
        }
        return graph
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
