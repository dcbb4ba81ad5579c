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
    /// An older network's convolutions have two axes; one of extent 1 is dropped.
    ///
    /// - Throws: as `loadLinear(name:)`; `weights` when the convolution has more axes or is a transposed one.
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
    /// - Throws: `weights` when there is no such layer, or for a parameter that PyTorch's has not: peepholes, a clip,
    ///   coupled gates, other activations.
    public func loadLSTM(prefix: String = "", layer: Int = 0, reverse: Bool = false) throws
        -> CoreMLLSTMWeights
    {
        // Core ML's rows are i, f, o, g.
        let parts = try loadRecurrent("lstm", prefix, layer, reverse, order: [0, 1, 3, 2])
        return CoreMLLSTMWeights(
            weightIH: parts.weightIH, weightHH: parts.weightHH, biasIH: parts.biasIH,
            biasHH: parts.biasHH)
    }

    /// Weights of a GRU layer, gates in PyTorch's order; parameters as in `loadLSTM(prefix:layer:reverse:)`.
    ///
    /// The operation is PyTorch's GRU only with iOS 18's `reset_after` (`CoreMLGRUWeights`). coremltools converts that to
    /// a loop, whose weights are plain constants.
    ///
    /// - Throws: `weights` when there is no such layer, or it has other activations.
    public func loadGRU(prefix: String = "", layer: Int = 0, reverse: Bool = false) throws -> CoreMLGRUWeights
    {
        // Core ML's rows are r, n, z: it calls n "o".
        let parts = try loadRecurrent("gru", prefix, layer, reverse, order: [0, 2, 1])
        return CoreMLGRUWeights(
            weightIH: parts.weightIH, weightHH: parts.weightHH, biasIH: parts.biasIH,
            biasHH: parts.biasHH)
    }

    /// Labels of the LSTM operations in order of execution.
    public var lstmLayers: [String] { recurrentNames("lstm") }

    /// Labels of the GRU operations in order of execution.
    public var gruLayers: [String] { recurrentNames("gru") }
}

// MARK: Finding

extension CoreMLWeightLoader {
    func failure(_ what: String) -> OssicleError { OssicleError(.weights, "\(model.path): \(what)") }

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
        let weight = try withoutSecondAxis(loadWeights(name: names.weight), of: name, rank: rank)
        guard weight.shape.count == rank else {
            throw failure(
                "tensor \(Quoting.quoted(names.weight)): expected \(rank) axes, found shape \(weight.shape)")
        }
        let bias = try names.bias.map { try loadWeights(name: $0, expectedShape: [weight.shape[0]]) }
        return (weight, bias)
    }

    /// The kernel of a convolution over two axes as one over one, where an axis has one element.
    private func withoutSecondAxis(_ weight: Tensor, of layer: String, rank: Int) throws -> Tensor {
        guard model.program == nil, rank == 3, weight.shape.count == 4 else { return weight }
        let stored = (source as? CoreMLNetworkWeights)?.layers.first { $0.name == layer }?.weights
        guard stored?.contains(where: { $0.scaleAxis == 1 }) != true else {
            throw failure("layer \(Quoting.quoted(layer)) is a transposed convolution")
        }
        var shape = weight.shape
        guard let axis = [2, 3].first(where: { shape[$0] == 1 }) else { return weight }
        shape.remove(at: axis)
        return try Tensor(weight.floats(), shape: shape)
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

    func constant(_ operation: MILOperation, _ parameter: String) throws -> String {
        guard let name = operation.parameter(parameter)?.name else {
            throw failure(
                "layer \(Quoting.quoted(operation.label ?? operation.type)): '\(parameter)' is missing or no named constant"
            )
        }
        return name
    }

    func recurrentOperations(_ kind: String) -> [MILOperation] {
        operations.filter { $0.type == kind }
    }

    func recurrentNames(_ kind: String) -> [String] {
        recurrentOperations(kind).map { $0.label ?? $0.outputs.first?.name ?? "" }
    }
}
