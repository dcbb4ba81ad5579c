extension LayerChain {
    func graph(input shape: [Dim]) throws -> Graph {
        var graph = Graph()
        let given = try graph.signalInput(channels: inputs, shape: shape)
        let start = try graph.scaled(given, by: inputGain, name: "input_gain")
        var x = start
        // Recurrent layers work on [frames, features]; the others on [channels, frames].
        var framesFirst = false
        for (i, layer) in layers.enumerated() {
            let wantsFrames = if case .recurrent = layer { true } else { false }
            let agnostic = if case .activation(.function, _) = layer { true } else { false }
            if !agnostic, wantsFrames != framesFirst {
                x = try graph.swappedAxes(x, name: "\(i).axes")
                framesFirst = wantsFrames
            }
            switch layer {
            case .linear(let linear): x = try graph.append(linear, to: x, name: "\(i).linear")
            case .convolution(let conv): x = try graph.append(conv, to: x, name: "\(i).conv")
            case .recurrent(let recurrent):
                x = try graph.append(recurrent: recurrent, toFrames: x, name: "\(i).\(recurrent.cell)")
            case .batchNorm(let norm): x = try graph.append(norm, to: x, name: "\(i).batch_norm")
            case .activation(let function, _): x = try graph.append(function, to: x, name: "\(i).activation")
            }
        }
        if framesFirst { x = try graph.swappedAxes(x, name: "output.axes") }
        if skip {
            var direct = start
            if inputs > 1 {
                direct = try graph.apply(Slice(axis: 0, start: 0, count: .fixed(1)), start, name: "skip")
            }
            x = try graph.apply(Binary(.add), x, direct, name: "skip.add")
        }
        try graph.signalOutput(try graph.scaled(x, by: outputGain, name: "output_gain"))
        return graph
    }

    /// One line for each layer: index, what it is, channels out, parameters.
    var summary: [String] {
        layers.enumerated().map { i, layer in
            let (name, parameters) =
                switch layer {
                case .linear(let linear): ("Linear", linear.parameterCount)
                case .convolution(let conv): ("Conv1d k\(conv.kernel) d\(conv.dilation)", conv.parameterCount)
                case .recurrent(let recurrent):
                    (recurrent.cell == .lstm ? "LSTM" : "GRU", recurrent.parameterCount)
                case .batchNorm(let norm): ("BatchNorm1d", norm.parameterCount)
                case .activation(let function, _): ("\(function)", function.parameterCount)
                }
            return "\(i)  \(name)  [\(layer.outputs), T]  \(parameters)"
        }
    }

    func model(format: String, file: String) throws -> Model {
        var facts = Model.Facts(format: format)
        facts.sampleRate = sampleRate
        facts.layers = summary
        facts.metadata =
            "{"
            + metadata.map { "\(Quoting.json($0.key)): \(Quoting.json($0.value))" }.joined(separator: ", ")
            + "}"
        facts.receptiveField = receptiveField
        let model = try model(facts)
        try runSelfTest(facts, file: file)
        return model
    }

    private func model(_ facts: Model.Facts) throws -> Model {
        try Model(facts: facts, inputShapes: [Graph.signalShape(channels: inputs)]) { shapes in
            try graph(input: shapes[0])
        }
    }

    private var receptiveField: Int? {
        var (past, stride) = (0, 1)
        for layer in layers {
            switch layer {
            case .recurrent: return nil
            case .convolution(let conv):
                past += conv.past * stride
                stride *= conv.stride
            default: break
            }
        }
        return past
    }

    /// Runs the file's own test, which has gains of 1 and conditioning inputs of 0. AIDA-X calls 1e-5 a pass; ten times
    /// that for its rounding of what it writes.
    private func runSelfTest(_ facts: Model.Facts, file: String) throws {
        guard let selfTest, !selfTest.input.isEmpty, outputs == 1 else { return }
        var tested = self
        (tested.inputGain, tested.outputGain) = (1, 1)
        let frames = selfTest.input.count
        let input = selfTest.input + [Float](repeating: 0, count: (inputs - 1) * frames)
        var found = [Float](repeating: 0, count: frames)
        let status = try tested.model(facts).stream(maxBlock: frames).process(input, &found, frames: frames)
        guard status == 0 else {
            throw OssicleError(.internal, "\(file): its self-test failed with status \(status)")
        }
        let worst = zip(found, selfTest.output).map { ($0 - $1).isNaN ? .infinity : abs($0 - $1) }.max() ?? 0
        guard worst <= 1e-4 else {
            throw OssicleError(
                .malformed,
                "\(file): its self-test expects another output: off by \(worst), at most 1e-4 allowed")
        }
    }
}
