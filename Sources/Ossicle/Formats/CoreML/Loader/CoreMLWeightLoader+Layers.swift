extension CoreMLWeightLoader {
    /// Weights of the linear layer called `name`.
    ///
    /// `name` may be the operation's label or output, the layer's name in an older network, or a PyTorch module's
    /// path: `decoder.out` finds the operation whose weight is `decoder_out_weight…`.
    ///
    /// - Throws: `weights` when no layer or more than one fits, or its weights are not constants.
    public func loadLinear(name: String) throws -> CoreMLLinearWeights {
        let (weight, bias) = try loadPair(name, kinds: ["linear"], rank: 2)
        return CoreMLLinearWeights(weight: weight, bias: bias)
    }

    /// Weights of the one-dimensional convolution called `name`; names as in `loadLinear(name:)`.
    ///
    /// - Throws: as `loadLinear(name:)`; `weights` when the convolution has more axes.
    public func loadConv1D(name: String) throws -> CoreMLConv1DWeights {
        let (weight, bias) = try loadPair(name, kinds: ["conv"], rank: 3)
        return CoreMLConv1DWeights(weight: weight, bias: bias)
    }

    /// Weights of an LSTM layer, gates in PyTorch's order.
    ///
    /// - Parameters:
    ///   - prefix: how the labels or outputs of the model's LSTM operations begin, or the path of the PyTorch module;
    ///     an empty one takes all. (Converters keep no module name on recurrent weights: see `lstmLayers`.)
    ///   - layer: which of those, from 0, in order of execution.
    ///   - reverse: the backward half of a bidirectional layer.
    /// - Throws: `weights` when there is no such layer.
    public func loadLSTM(prefix: String = "", layer: Int = 0, reverse: Bool = false) throws
        -> CoreMLLSTMWeights
    {
        // Core ML's rows are i, f, o, g.
        let parts = try loadRecurrent("lstm", prefix, layer, reverse, order: [0, 1, 3, 2])
        return CoreMLLSTMWeights(
            weightIH: parts.weightIH, weightHH: parts.weightHH, biasIH: parts.bias,
            biasHH: try zeros(parts.bias.shape))
    }

    /// Weights of a GRU layer, gates in PyTorch's order; parameters as in `loadLSTM(prefix:layer:reverse:)`.
    ///
    /// A PyTorch GRU does not become this operation when converted but a loop, whose weights are plain constants.
    ///
    /// - Throws: `weights` when there is no such layer.
    public func loadGRU(prefix: String = "", layer: Int = 0, reverse: Bool = false) throws -> CoreMLGRUWeights
    {
        // Core ML's rows are r, n, z: it calls n "o".
        let parts = try loadRecurrent("gru", prefix, layer, reverse, order: [0, 2, 1])
        return CoreMLGRUWeights(
            weightIH: parts.weightIH, weightHH: parts.weightHH, biasIH: parts.bias,
            biasHH: try zeros(parts.bias.shape))
    }

    /// Labels of the LSTM operations in order of execution.
    public var lstmLayers: [String] { recurrentNames("lstm") }

    /// Labels of the GRU operations in order of execution.
    public var gruLayers: [String] { recurrentNames("gru") }
}

// MARK: Finding

extension CoreMLWeightLoader {
    private func failure(_ what: String) -> OssicleError { OssicleError(.weights, "\(model.path): \(what)") }

    private var operations: [MILOperation] {
        (source as? CoreMLProgramWeights)?.operations ?? []
    }

    private func loadPair(_ name: String, kinds: [String], rank: Int) throws -> (
        weight: Tensor, bias: Tensor?
    ) {
        let names: (weight: String, bias: String?)
        if model.program == nil {
            let known = Set(availableWeights.map(\.name))
            guard known.contains(name + ".weight") else {
                throw failure("no layer \(Quoting.quoted(name)) with weights")
            }
            names = (name + ".weight", known.contains(name + ".bias") ? name + ".bias" : nil)
        } else {
            let operation = try operation(name, kinds)
            names = (
                try constant(operation, "weight"),
                try operation.parameter("bias") == nil ? nil : constant(operation, "bias")
            )
        }
        let weight = try loadWeights(name: names.weight)
        guard weight.shape.count == rank else {
            throw failure(
                "tensor \(Quoting.quoted(names.weight)): expected \(rank) axes, found shape \(weight.shape)")
        }
        let bias = try names.bias.map { try loadWeights(name: $0, expectedShape: [weight.shape[0]]) }
        return (weight, bias)
    }

    private func operation(_ name: String, _ kinds: [String]) throws -> MILOperation {
        let candidates = operations.filter { kinds.contains($0.type) }
        let exact = candidates.filter { $0.label == name || $0.outputs.contains { $0.name == name } }
        // Converters turn the dots of a module path into underscores, and put "op_" or "var_" before a digit.
        let path = String(name.map { $0 == "." ? "_" : $0 })
        let beginnings = ["\(path)_weight", "op_\(path)_weight", "var_\(path)_weight"]
        let found =
            exact.isEmpty
            ? candidates.filter { operation in
                beginnings.contains { operation.parameter("weight")?.name?.hasPrefix($0) ?? false }
            } : exact
        guard found.count == 1 else {
            let names = candidates.prefix(8).map { Quoting.quoted($0.label ?? $0.outputs.first?.name ?? "") }
            let there = names.isEmpty ? "none" : names.joined(separator: ", ")
            throw failure(
                "\(found.count) \(kinds.joined(separator: " or ")) layers are called \(Quoting.quoted(name)); "
                    + "of \(candidates.count) there are \(there)")
        }
        return found[0]
    }

    private func constant(_ operation: MILOperation, _ parameter: String) throws -> String {
        guard let name = operation.parameter(parameter)?.name else {
            throw failure(
                "layer \(Quoting.quoted(operation.label ?? operation.type)): '\(parameter)' is missing or no named constant"
            )
        }
        return name
    }

    private func recurrentOperations(_ kind: String) -> [MILOperation] {
        operations.filter { $0.type == kind }
    }

    private func recurrentNames(_ kind: String) -> [String] {
        recurrentOperations(kind).map { $0.label ?? $0.outputs.first?.name ?? "" }
    }
}

// MARK: Recurrent layers

extension CoreMLWeightLoader {
    private struct Recurrent {
        let weightIH, weightHH, bias: Tensor
    }

    /// - Parameter order: for each of PyTorch's gates, its place in Core ML's rows.
    private func loadRecurrent(
        _ kind: String, _ prefix: String, _ layer: Int, _ reverse: Bool, order: [Int]
    ) throws -> Recurrent {
        if model.program == nil { return try loadNetworkRecurrent(kind, prefix, layer, reverse) }
        let path = String(prefix.map { $0 == "." ? "_" : $0 })
        let found = recurrentOperations(kind).filter { operation in
            let names = [operation.label, operation.parameter("weight_ih")?.name].compactMap { $0 }
            return (names + operation.outputs.map(\.name)).contains { $0.hasPrefix(path) }
        }
        guard found.indices.contains(layer) else {
            throw failure(
                "expected \(kind) layer \(layer) beginning with \(Quoting.quoted(prefix)), found \(found.count) such layers of "
                    + "\(recurrentNames(kind).prefix(8).map(Quoting.quoted))")
        }
        let suffix = reverse ? "_back" : ""
        let operation = found[layer]
        let hh = try loadWeights(name: constant(operation, "weight_hh" + suffix))
        guard hh.shape.count == 2 else {
            throw failure("\(kind) layer \(layer): recurrent weights of shape \(hh.shape)")
        }
        let (rows, hidden) = (hh.shape[0], hh.shape[1])
        let ih = try loadWeights(name: constant(operation, "weight_ih" + suffix))
        guard rows == order.count * hidden, ih.shape.count == 2, ih.shape[0] == rows else {
            throw failure("\(kind) layer \(layer): weights of shapes \(ih.shape) and \(hh.shape)")
        }
        let bias =
            try operation.parameter("bias" + suffix) == nil
            ? zeros([rows]) : loadWeights(name: constant(operation, "bias" + suffix), expectedShape: [rows])
        return Recurrent(
            weightIH: try reorder(ih, order), weightHH: try reorder(hh, order), bias: try reorder(bias, order)
        )
    }

    /// An older network keeps each gate apart.
    private func loadNetworkRecurrent(
        _ kind: String, _ prefix: String, _ layer: Int, _ reverse: Bool
    ) throws -> Recurrent {
        let gates = kind == "lstm" ? ["input", "forget", "block", "output"] : ["reset", "update", "output"]
        let ending = reverse ? ".reverse" : ""
        let marker = ".weight_ih.\(gates[0])\(ending)"
        let layers = availableWeights.map(\.name).filter { $0.hasPrefix(prefix) && $0.hasSuffix(marker) }
            .map { String($0.dropLast(marker.count)) }
        guard layers.indices.contains(layer) else {
            throw failure(
                "expected \(kind) layer \(layer) beginning with \(Quoting.quoted(prefix)), found \(layers.count)"
            )
        }
        func stacked(_ role: String) throws -> Tensor {
            let parts = try gates.map { try loadWeights(name: "\(layers[layer]).\(role).\($0)\(ending)") }
            let shape = [parts.reduce(0) { $0 + $1.shape[0] }] + parts[0].shape.dropFirst()
            return try Tensor(parts.flatMap { $0.floats() }, shape: shape)
        }
        let weightIH = try stacked("weight_ih")
        let hasBias = availableWeights.contains { $0.name == "\(layers[layer]).bias.\(gates[0])\(ending)" }
        return Recurrent(
            weightIH: weightIH, weightHH: try stacked("weight_hh"),
            bias: hasBias ? try stacked("bias") : try zeros([weightIH.shape[0]]))
    }

    private func reorder(_ tensor: Tensor, _ order: [Int]) throws -> Tensor {
        let floats = tensor.floats()
        let gate = floats.count / order.count
        return try Tensor(order.flatMap { floats[($0 * gate)..<(($0 + 1) * gate)] }, shape: tensor.shape)
    }

    private func zeros(_ shape: [Int]) throws -> Tensor {
        try Tensor([Float](repeating: 0, count: shape.reduce(1, *)), shape: shape)
    }
}
