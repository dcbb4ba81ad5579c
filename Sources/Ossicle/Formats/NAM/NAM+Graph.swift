extension NAMModel {
    func graph(input shape: [Dim]) throws -> Graph {
        var graph = Graph()
        let x = try graph.signalInput(channels: inputs, shape: shape)
        let y = try append(to: &graph, x, name: "")
        try graph.signalOutput(y)
        return graph
    }

    /// Appends the network on `[inputs, T]`; `name` leads the names of its nodes.
    func append(to graph: inout Graph, _ x: ValueID, name: String) throws -> ValueID {
        switch network {
        case .linear(let layer): return try graph.append(layer, to: x, name: "\(name)linear")
        case .convNet(let net): return try net.append(to: &graph, x, name: name)
        case .lstm(let net): return try net.append(to: &graph, x, name: name)
        case .waveNet(let net): return try net.append(to: &graph, x, name: name)
        case .sizes(let models): return try models.last!.model.append(to: &graph, x, name: name)
        }
    }

    func model() throws -> Model {
        var facts = Model.Facts(format: "nam")
        facts.sampleRate = sampleRate
        facts.loudness = metadata.loudness
        facts.prewarm = warmUp
        facts.metadata = metadata.json(version: version)
        facts.layers = summary
        return try Model(facts: facts, inputShapes: [Graph.signalShape(channels: inputs)]) { shapes in
            try graph(input: shapes[0])
        }
    }

    /// One line for each layer: index, what it is, parameters.
    private var summary: [String] {
        if case .sizes(let models) = network { return models.last?.model.summary ?? [] }
        let parts: [(String, Int)] =
            switch network {
            case .linear(let layer): [("Linear  taps \(layer.kernel)", layer.parameterCount)]
            case .convNet(let net):
                net.blocks.map { block in
                    let conv = block.convolution
                    let parameters = conv.parameterCount + (block.norm?.parameterCount ?? 0)
                    return ("ConvNet block  [\(conv.outputs), T]  dilation \(conv.dilation)", parameters)
                } + [("Linear  [\(net.head.outputs), T]", net.head.parameterCount)]
            case .lstm(let net):
                net.layers.map { ("LSTM  [\($0.hidden), T]", $0.parameterCount) }
                    + [("Linear  [\(net.head.outputs), T]", net.head.parameterCount)]
            case .waveNet(let net):
                net.arrays.map { array in
                    let dilations = array.layers.map(\.convolution.dilation)
                    let text = "[\(array.channels), T]  \(array.layers.count) layers, dilations \(dilations)"
                    return ("WaveNet array  \(text)", array.parameterCount)
                }
            case .sizes: []
            }
        return parts.enumerated().map { i, part in "\(i)  \(part.0)  \(part.1)" }
    }
}

extension NAMMetadata {
    func json(version: String) -> String {
        var fields = [("version", Quoting.json(version))]
        let numbers = [
            ("loudness", loudness), ("gain", gain), ("input_level_dbu", inputLevel),
            ("output_level_dbu", outputLevel),
        ]
        for case (let key, let value?) in numbers { fields.append((key, "\(value)")) }
        for (key, value) in texts { fields.append((key, Quoting.json(value))) }
        return "{" + fields.map { "\(Quoting.json($0.0)): \($0.1)" }.joined(separator: ", ") + "}"
    }
}

extension NAMConvNet {
    func append(to graph: inout Graph, _ x: ValueID, name: String) throws -> ValueID {
        var x = x
        for (i, block) in blocks.enumerated() {
            x = try graph.append(block.convolution, to: x, name: "\(name)blocks[\(i)].conv")
            if let norm = block.norm { x = try graph.append(norm, to: x, name: "\(name)blocks[\(i)].norm") }
            x = try graph.append(activation, to: x, name: "\(name)blocks[\(i)].activation")
        }
        return try graph.append(head, to: x, name: "\(name)head")
    }
}

extension NAMLSTM {
    func append(to graph: inout Graph, _ x: ValueID, name: String) throws -> ValueID {
        var x = try graph.swappedAxes(x, name: "\(name)frames")
        for (i, layer) in layers.enumerated() {
            x = try graph.append(recurrent: layer, toFrames: x, name: "\(name)lstm[\(i)]")
        }
        let weight = try graph.constant("\(name)head.weight", head.weight, [head.outputs, head.inputs])
        var inputs = [x, weight]
        if let bias = head.bias {
            inputs.append(try graph.constant("\(name)head.bias", bias, [head.outputs]))
        }
        let y = try graph.add(LinearOperation(hasBias: head.bias != nil), inputs, name: "\(name)head")[0]
        return try graph.swappedAxes(y, name: "\(name)channels")
    }
}
