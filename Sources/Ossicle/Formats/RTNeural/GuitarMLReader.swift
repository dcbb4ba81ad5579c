/// Reads the JSON of GuitarML (NeuralPi, Proteus, Chameleon), as CoreAudioML's `SimpleRNN` writes it.
///
/// `model_data` holds the sizes and `state_dict` PyTorch's tensors `rec.*` and `lin.*` as nested arrays. The model is
/// y = lin(rec(x)) + skip · x. Source: the keys of published models and the network's definition in
/// Automated-GuitarAmpModelling.
struct GuitarMLReader {
    /// - Throws: `malformed`, `weights` or `unsupported`, naming the file and the path in it.
    static func read(_ root: JSON, file: String, options: LoadOptions = LoadOptions()) throws -> LayerChain {
        try naming(file) {
            let data = try root.required("model_data")
            if let model = try data.optional("model")?.string(), model != "SimpleRNN" {
                throw OssicleError(
                    .unsupported, "model_data.model: \(Quoting.quoted(model)) is not supported")
            }
            let cell: Recurrent.Cell =
                switch try data.string("unit_type") {
                case "LSTM": .lstm
                case "GRU": .gru
                case let other:
                    throw OssicleError(
                        .unsupported, "model_data.unit_type: \(Quoting.quoted(other)) is not supported")
                }
            let inputs = try data.int("input_size", in: FileLimits.width)
            let outputs = try data.int("output_size", in: FileLimits.width)
            let hidden = try data.int("hidden_size", in: FileLimits.width)
            let layers = try data.int("num_layers", in: 1...FileLimits.layers)
            let hasBias = try data.optional("bias_fl")?.bool() ?? true
            let skip = try data.optional("skip")?.int(in: 0...1) == 1
            guard !skip || outputs == 1 else {
                throw OssicleError(.unsupported, "model_data.skip: expected one output, found \(outputs)")
            }
            let weights = try WeightSource(
                stateDict: root.required("state_dict"), file: file, options: options)
            var chain = LayerChain(inputs: inputs, layers: [], skip: skip)
            for layer in 0..<layers {
                chain.layers.append(
                    .recurrent(try recurrent(weights, cell, layer, layer == 0 ? inputs : hidden, hidden)))
            }
            chain.layers.append(
                .linear(
                    FileLinear(
                        inputs: hidden, outputs: outputs,
                        weight: try weights.takeFloats("lin.weight", shape: [outputs, hidden]),
                        bias: hasBias ? try weights.takeFloats("lin.bias", shape: [outputs]) : nil)))
            try weights.finish()
            return chain
        }
    }

    private static func recurrent(
        _ weights: WeightSource, _ cell: Recurrent.Cell, _ layer: Int, _ inputs: Int, _ hidden: Int
    ) throws -> FileRecurrent {
        let gates = (cell == .lstm ? 4 : 3) * hidden
        func take(_ name: String, _ shape: [Int]) throws -> [Float] {
            try weights.takeFloats("rec.\(name)_l\(layer)", shape: shape)
        }
        return FileRecurrent(
            cell: cell, inputs: inputs, hidden: hidden, weightIH: try take("weight_ih", [gates, inputs]),
            weightHH: try take("weight_hh", [gates, hidden]), biasIH: try take("bias_ih", [gates]),
            biasHH: try take("bias_hh", [gates]))
    }
}

extension WeightSource {
    /// The tensors of a `state_dict` written as JSON: one member for each, nested arrays of numbers.
    ///
    /// - Throws: `malformed` naming the tensor when its arrays are ragged or hold anything but numbers.
    convenience init(stateDict: JSON, file: String, options: LoadOptions = LoadOptions()) throws {
        let tensors = try stateDict.members().map { name, value in
            let shape = try value.nestedShape()
            return (name: name, tensor: try Tensor(try value.floats(shape: shape), shape: shape))
        }
        try self.init(tensors, file: file, options: options)
    }
}

extension JSON {
    /// The extents of nested arrays, by their first elements; empty for a number.
    fileprivate func nestedShape() throws -> [Int] {
        switch value {
        case .number: return []
        case .numbers(let values): return [values.count]
        case .array(let rows):
            guard let first = rows.first else { return [0] }
            return [rows.count] + (try JSON(first, path: "\(path)[0]").nestedShape())
        default: throw expected("nested arrays of numbers")
        }
    }
}
