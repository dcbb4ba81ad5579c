/// A graph that works block by block.
struct StreamingGraph: Sendable {
    var graph: Graph
    /// By how many output frames its output lags.
    var latency: Int
}

/// Turns a whole-signal graph into one that works block by block with the same results.
///
/// Every operation says what it becomes (`Operation.streaming`) and by how much its output lags. Where branches with
/// different lags meet, the quicker one is delayed; where a padded layer stands behind one with lookahead, the frames
/// before the true start are silenced. The recurrent state and histories are then the planner's matter.
struct StreamingPass {
    private let source: Graph
    private var target = Graph()
    private var values: [ValueID: ValueID] = [:]
    private var latencies: [ValueID: Int] = [:]

    static func run(_ graph: Graph) throws -> StreamingGraph {
        var pass = StreamingPass(source: graph)
        return try pass.run()
    }

    private init(source: Graph) { self.source = source }

    private mutating func run() throws -> StreamingGraph {
        let dynamic = source.inputs.filter { !$0.isOptional }
        guard dynamic.count == 1, let port = dynamic.first, let output = source.outputs.first,
            source.type(of: port.value).shape.filter({ !$0.isFixed }).count == 1
        else {
            throw OssicleError(
                .unsupported,
                "a stream needs one input with one dynamic dimension; found "
                    + dynamic.map { "\($0.name) \(source.type(of: $0.value))" }.joined(separator: ", "))
        }
        target.states = source.states
        for input in source.inputs { try addInput(input) }
        for node in source.nodes { try add(node) }
        guard var value = values[output.value], latencies[value] != nil else {
            throw OssicleError(.unsupported, "the output does not depend on the stream's input")
        }
        value = try align(value, to: 0, output.name)
        target.output(output.name, value)
        return StreamingGraph(graph: target, latency: latencies[value]!)
    }

    private mutating func addInput(_ port: Port) throws {
        let type = source.type(of: port.value)
        if port.isOptional {
            // Initial states: a stream starts from zero.
            guard let shape = type.shape.fixedValues else {
                throw OssicleError(
                    .unsupported, "optional input \(port.name) \(type) cannot be dynamic in a stream")
            }
            values[port.value] = target.constant(
                port.name, try Tensor([Float](repeating: 0, count: shape.reduce(1, *)), shape: shape))
            return
        }
        let value = target.input(port.name, type)
        values[port.value] = value
        latencies[value] = 0
    }

    private mutating func map(_ id: ValueID) -> ValueID {
        if let known = values[id] { return known }
        let value = target.constant(source[id].name, source[id].constant!)
        values[id] = value
        return value
    }

    private mutating func add(_ node: Node) throws {
        var inputs = node.inputs.map { map($0) }
        var latency = inputs.compactMap { latencies[$0] }.max()
        if let lead = latency, lead < 0, !node.operation.takesLead { latency = 0 }
        if let latency { inputs = try inputs.map { try align($0, to: latency, node.name) } }
        let form: StreamingForm
        do {
            form = try node.operation.streaming(
                StreamingNode(inputs: inputs.map { target.type(of: $0) }, latency: latency ?? 0))
        } catch let error as OssicleError { throw error.within(node.name) }
        if form.needsSilentPast, let latency, latency > 0 {
            inputs = try inputs.map { id in
                latencies[id] == nil ? id : try insert(Mute(frames: latency), id, "\(node.name).mute")
            }
        }
        let outputs = try target.add(form.operation, inputs, name: node.name, regions: node.regions)
        for (old, new) in zip(node.outputs, outputs) {
            values[old] = new
            if latency != nil { latencies[new] = form.latency }
        }
    }

    private mutating func align(_ id: ValueID, to latency: Int, _ name: String) throws -> ValueID {
        guard let own = latencies[id], own < latency else { return id }
        let type = target.type(of: id)
        guard type.shape.last?.isFixed == false else {
            throw OssicleError(
                .unsupported,
                "\(name): branches that lag by \(own) and \(latency) frames meet in \(type.shape.text); "
                    + "only a last axis of frames can be delayed")
        }
        return try insert(Delay(frames: latency - own), id, "\(name).delay")
    }

    private mutating func insert(_ operation: any Operation, _ id: ValueID, _ name: String) throws -> ValueID
    {
        let latency = latencies[id]!
        let output = try target.apply(operation, id, name: name)
        latencies[output] = latency + ((operation as? Delay)?.frames ?? 0)
        return output
    }
}
