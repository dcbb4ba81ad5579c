import CKernels

/// What belongs to the graph whose nodes are being emitted. A region has a scope of its own.
struct EmitterScope {
    var graph: Graph
    var operands: [ValueID: Operand] = [:]
    var externalSlots: [ValueID: Int] = [:]
    var remainingUses: [Int]
    /// How far back each value is looked at.
    var pasts: [ValueID: Int]
    var steps: [PlannedStep] = []
    var node: Node?
    var backendName = ""
    var nodeFlops = 0
    var touched: Set<Int> = []

    init(_ graph: Graph, pasts: [ValueID: Int] = [:]) {
        self.graph = graph
        self.pasts = pasts
        remainingUses = graph.useCounts
    }
}

extension Emitter {
    /// The steps of a region of the current node, taken out of the main list. Its inputs lie in `inputs`; `finish` gets
    /// its outputs and emits what is to be done with them. Inputs may be overwritten where the region reads them last,
    /// but those that are protected, and `keeps`.
    func region(
        _ region: Graph, inputs: [Operand], keeps: [Operand] = [], _ finish: ([Operand]) throws -> Void
    ) throws -> [PlannedStep] {
        try withScope(EmitterScope(region), keeping: keeps) {
            for (port, operand) in zip(region.inputs, inputs) { setInput(port.value, operand) }
            for node in region.nodes { _ = try emit(node) }
            // Outputs live until `finish` is through with them.
            let results = try region.outputs.map { try operand(of: $0.value) }
            let first = clock
            try finish(results)
            settle(first...max(first, clock - 1))
        }
    }

    func store(_ steps: [PlannedStep]) -> ok_steps {
        ok_steps(
            first: memory.store(steps.map { ok_step(run: $0.kernel, args: $0.arguments) }), count: steps.count
        )
    }

    /// A slot where each instance has what the resource makes for it.
    func resource(_ resource: any InstanceResource) -> Int {
        makeSlot(.resource(resource), byteCount: 0, name: current.name)
    }

    /// The slot whose bytes `slot` looks into.
    func base(of slot: Int) -> Int {
        var slot = slot
        while case .view(let base) = slots[slot].place { slot = base }
        return slot
    }

    /// Where each of the graph's states lies in the state block; those that no node asked for get a place now.
    func placedStates(of graph: Graph) throws -> [String: (offset: Int, byteCount: Int)] {
        var places: [String: (offset: Int, byteCount: Int)] = [:]
        for state in graph.states {
            let slot = slots[try namedState(state.name, state.type).slot]
            guard case .state(let offset) = slot.place else { continue }
            places[state.name] = (offset, slot.byteCount)
        }
        return places
    }

    /// One of the graph's states, by name.
    ///
    /// - Throws: `invalidArgument` when there is none of this name and type.
    func namedState(_ name: String, _ type: ValueType) throws -> Operand {
        guard let state = states[name], state.type.shape == type.shape, let shape = type.shape.fixedValues,
            state.type.dataType.computed == type.dataType.computed
        else {
            throw OssicleError(.invalidArgument, "there is no state \(name) \(type)")
        }
        let slot = stateSlot(name) {
            self.state(
                byteCount: shape.reduce(1, *) * type.dataType.computed.size, initial: state.initial,
                name: name)
        }
        return Operand(
            slot: slot, shape: type.shape, strides: Operand.denseStrides(type.shape),
            dataType: type.dataType.computed)
    }
}

extension Operand {
    func isSamePlace(as other: Operand) -> Bool {
        slot == other.slot && shape == other.shape && strides == other.strides
    }
}
