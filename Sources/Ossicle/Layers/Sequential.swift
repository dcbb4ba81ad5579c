/// Layers one after another, with PyTorch's `state_dict` names for their weights ("0.weight", "2.bias_hh_l0" …).
///
/// Build it once all weights are given; the model is independent of the sequential afterwards. Not for use from two
/// threads at once.
public final class Sequential {
    public private(set) var layers: [any Layer] = []
    private var weights: [String: Tensor] = [:]
    /// What the layers take and give, up to the first that does not fit.
    private var example: ExampleInput?
    private var fits = true
    /// Where the weights come from, as errors are to call it.
    public var source = "state_dict"

    public init() {}

    /// - Throws: as `add`.
    public convenience init(_ layers: [any Layer]) throws {
        self.init()
        for layer in layers { try add(layer) }
    }

    /// Appends a layer and checks that it takes what the previous one gives; 0 (dynamic) fits any extent.
    ///
    /// - Throws: `shapeMismatch` with both shapes.
    public func add(_ layer: any Layer) throws {
        if extend(layer) { return }
        if fits, let input = example?.outputs.last {
            do { _ = try layer.outputShape(for: input) } catch let error as OssicleError {
                let expected = layer.inputShape.map { " expects \($0.text) and" } ?? ""
                throw OssicleError(
                    .shapeMismatch,
                    "layer \(layers.count) (\(layer.module))\(expected) does not take the output \(input.text) of "
                        + "layer \(layers.count - 1) (\(layers.last!.module)): \(error.message)")
            }
        }
        appendMisfit(layer)
    }

    /// Appends a layer without the check; a mismatch then shows when the model is built.
    public func addUnchecked(_ layer: any Layer) {
        if !extend(layer) { appendMisfit(layer) }
    }

    private func appendMisfit(_ layer: any Layer) {
        layers.append(layer)
        fits = false
    }

    /// Appends a layer if there is an input that all layers then take.
    private func extend(_ layer: any Layer) -> Bool {
        guard fits else { return false }
        if let last = example?.outputs.last, let output = try? layer.outputShape(for: last) {
            example!.outputs.append(output)
        } else if let other = ExampleInput(for: layers + [layer]) {
            example = other
        } else {
            return false
        }
        layers.append(layer)
        return true
    }

    /// Appends a module by PyTorch's class name, its constructor arguments a JSON object.
    ///
    /// - Throws: `unsupported` for an unknown class, `invalidArgument` naming the argument, `shapeMismatch`.
    public func add(module: String, arguments: String? = nil, unchecked: Bool = false) throws {
        let layer = try LayerRegistry.make(module, arguments)
        if unchecked { addUnchecked(layer) } else { try add(layer) }
    }

    /// Every weight it needs, in order.
    public var parameters: [Parameter] {
        layers.enumerated().flatMap { i, layer in
            layer.parameters.map { Parameter("\(i).\($0.name)", $0.shape, mixes: $0.mixes) }
        }
    }

    /// Gives one weight, replacing an earlier one of that name. A single layer also takes plain names ("weight").
    public func setWeight(_ name: String, _ tensor: Tensor) { weights[qualified(name)] = tensor }

    /// Takes every tensor of a safetensors file with `state_dict` names.
    ///
    /// - Throws: `io` or `malformed` naming the file. What is missing or left over shows in `build`.
    public func loadWeights(path: String) throws {
        let file = try SafeTensors(path: path)
        weights = [:]
        for entry in file.entries { weights[qualified(entry.name)] = try file.tensor(entry.name) }
        source = path
    }

    private func qualified(_ name: String) -> String {
        layers.count == 1 && !name.hasPrefix("0.") ? "0.\(name)" : name
    }

    /// Validates the weights and makes the model: every one given, none left over, all finite.
    ///
    /// - Parameter compute: what may run its sessions. Only `cpu` is real-time safe everywhere; streams always are.
    /// - Throws: `weights` naming the tensor; `shapeMismatch` when `addUnchecked` let a mismatch through;
    ///   `unsupported` for a GPU that is not there.
    public func build(options: LoadOptions = LoadOptions(), compute: Compute = .automatic) throws -> Model {
        guard !layers.isEmpty else { throw OssicleError(.notReady, "a sequential needs at least one layer") }
        // Messages call the weights of a single layer as PyTorch does, without an index.
        let single = layers.count == 1
        func shown(_ name: String) -> String {
            single && name.hasPrefix("0.") ? String(name.dropFirst(2)) : name
        }
        let given = try WeightSource(
            weights.sorted { $0.key < $1.key }.map { (name: shown($0.key), tensor: $0.value) }, file: source,
            options: options)
        var taken: [String: Tensor] = [:]
        for parameter in parameters {
            taken[parameter.name] = try given.take(parameter, as: shown(parameter.name))
        }
        // Batch norm counts its training batches; inference has no use for it.
        for name in given.remaining where name.hasSuffix("num_batches_tracked") { try given.discard(name) }
        try given.finish()

        let (layers, tensors) = (layers, taken)
        var facts = Model.Facts(format: "sequential")
        facts.layers = summary
        return try Model(facts: facts, inputShapes: [inputShape]) { shapes in
            try Self.graph(layers, tensors, input: shapes[0])
        }.running(on: compute)
    }

    /// What a model is planned for until a call brings another shape.
    private var inputShape: [Dim] { example?.shape ?? layers[0].inputShape ?? [.dynamic] }

    private static func graph(_ layers: [any Layer], _ tensors: [String: Tensor], input: [Dim]) throws
        -> Graph
    {
        var graph = Graph()
        var value = graph.input("input", ValueType(input))
        for (i, layer) in layers.enumerated() {
            var weights: [String: ValueID] = [:]
            for parameter in layer.parameters {
                let name = "\(i).\(parameter.name)"
                weights[parameter.name] = graph.constant(name, tensors[name]!)
            }
            var inputs = [value]
            if layers.count == 1 {
                inputs += layer.extraInputs(for: graph.type(of: value)).map { name, type in
                    graph.input(name, type, optional: true)
                }
            }
            let first = graph.nodes.count
            let outputs: [ValueID]
            do { outputs = try layer.append(to: &graph, inputs, weights: weights) } catch let error
                as OssicleError
            {
                throw error.within("layer \(i) (\(layer.module))")
            }
            for node in first..<graph.nodes.count {
                graph.nodes[node].name = "\(i).\(graph.nodes[node].operation.name)"
            }
            value = outputs[0]
            if layers.count == 1 {
                graph.output("output", value)
                for (name, id) in zip(layer.extraOutputs, outputs.dropFirst()) { graph.output(name, id) }
            }
        }
        if layers.count > 1 { graph.output("output", value) }
        return graph
    }

    /// Memory of a plan for one run of `length` (the dynamic extent), weights not counted. Needs no weights.
    ///
    /// - Throws: what `build` would, weights apart.
    public func bufferStats(length: Int) throws -> Program.BufferStats {
        guard !layers.isEmpty, length > 0 else {
            throw OssicleError(.invalidArgument, "buffer statistics need a layer and a positive length")
        }
        var tensors: [String: Tensor] = [:]
        for parameter in parameters {
            let count = parameter.shape.reduce(1, *)
            tensors[parameter.name] = try Tensor([Float](repeating: 0, count: count), shape: parameter.shape)
        }
        let shape = inputShape.map { Dim.fixed($0.evaluate(length)) }
        return try Program(Self.graph(layers, tensors, input: shape), mode: .fixed(length: length))
            .bufferStats
    }

    /// One line for each layer: index, class, output shape, parameters.
    public var summary: [String] {
        layers.enumerated().map { i, layer in
            let outputs = example?.outputs ?? []
            let shape = outputs.indices.contains(i) ? outputs[i].text : "?"
            return "\(i)  \(layer.module)  \(shape)  \(layer.parameterCount)"
        }
    }
}
