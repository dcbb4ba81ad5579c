extension CoreMLWeightLoader {
    struct Recurrent {
        let weightIH, weightHH: Tensor
        /// The second is zero but for a GRU's that resets behind the recurrent product.
        let biasIH, biasHH: Tensor
    }

    /// - Parameter order: for each of PyTorch's gates, its place in Core ML's rows.
    func loadRecurrent(
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
        if let parameter = foreignParameter(operation, kind) {
            throw failure(
                "\(kind) layer \(layer): parameter \(Quoting.quoted(parameter)) is none of PyTorch's layer")
        }
        let hh = try loadWeights(name: constant(operation, "weight_hh" + suffix))
        guard hh.shape.count == 2 else {
            throw failure("\(kind) layer \(layer): recurrent weights of shape \(hh.shape)")
        }
        let (rows, hidden) = (hh.shape[0], hh.shape[1])
        let ih = try loadWeights(name: constant(operation, "weight_ih" + suffix))
        guard rows == order.count * hidden, ih.shape.count == 2, ih.shape[0] == rows else {
            throw failure("\(kind) layer \(layer): weights of shapes \(ih.shape) and \(hh.shape)")
        }
        func bias(_ parameter: String) throws -> Tensor? {
            guard operation.parameter(parameter + suffix) != nil else { return nil }
            return try loadWeights(name: constant(operation, parameter + suffix), expectedShape: [rows])
        }
        var (biasIH, biasHH) = (try bias("input_bias"), try bias("bias"))
        if value(operation, "reset_after")?.bool != true {
            // One sum, which most operations hold already.
            biasIH = try biasIH.map { try sum($0, biasHH) } ?? biasHH
            biasHH = nil
        }
        return Recurrent(
            weightIH: try reorder(ih, order), weightHH: try reorder(hh, order),
            biasIH: try reorder(biasIH ?? zeros([rows]), order),
            biasHH: try reorder(biasHH ?? zeros([rows]), order))
    }

    private func sum(_ a: Tensor, _ b: Tensor?) throws -> Tensor {
        guard let b else { return a }
        return try Tensor(zip(a.floats(), b.floats()).map { $0 + $1 }, shape: a.shape)
    }

    /// An older network keeps each gate apart.
    private func loadNetworkRecurrent(
        _ kind: String, _ prefix: String, _ layer: Int, _ reverse: Bool
    ) throws -> Recurrent {
        let gates = kind == "lstm" ? ["input", "forget", "block", "output"] : ["reset", "update", "output"]
        let ending = reverse ? ".reverse" : ""
        let layers = ((source as? CoreMLNetworkWeights)?.layers ?? []).filter {
            ($0.kind == 410) == (kind == "gru") && $0.recurrent != nil && $0.name.hasPrefix(prefix)
                && (!reverse || $0.kind == 430)
        }
        guard layers.indices.contains(layer), let recurrent = layers[layer].recurrent else {
            throw failure(
                "expected \(kind) layer \(layer) beginning with \(Quoting.quoted(prefix)), found \(layers.count)"
            )
        }
        let name = layers[layer].name
        guard recurrent.foreign.isEmpty else {
            throw failure(
                "layer \(Quoting.quoted(name)): \(recurrent.foreign.joined(separator: ", ")) is none of PyTorch's layer"
            )
        }
        func stacked(_ role: String) throws -> Tensor {
            let parts = try gates.map { try loadWeights(name: "\(name).\(role).\($0)\(ending)") }
            let shape = [parts.reduce(0) { $0 + $1.shape[0] }] + parts[0].shape.dropFirst()
            return try Tensor(parts.flatMap { $0.floats() }, shape: shape)
        }
        let weightIH = try stacked("weight_ih")
        let hasBias = availableWeights.contains { $0.name == "\(name).bias.\(gates[0])\(ending)" }
        var bias = hasBias ? try stacked("bias") : try zeros([weightIH.shape[0]])
        if recurrent.addsToForgetBias {
            let hidden = bias.count / gates.count
            let values = bias.floats().enumerated().map { $0 / hidden == 1 ? $1 + 1 : $1 }
            bias = try Tensor(values, shape: bias.shape)
        }
        return Recurrent(
            weightIH: weightIH, weightHH: try stacked("weight_hh"), biasIH: bias,
            biasHH: try zeros(bias.shape))
    }

    private func value(_ operation: MILOperation, _ parameter: String) -> MILValue? {
        operation.parameter(parameter).flatMap { (source as? CoreMLProgramWeights)?.constants.value(of: $0) }
    }

    /// The first parameter of an operation that PyTorch's layer does not have.
    private func foreignParameter(_ operation: MILOperation, _ kind: String) -> String? {
        let files = (source as? CoreMLProgramWeights)?.constants.files
        if let peephole = ["peephole", "peephole_back"].first(where: { operation.parameter($0) != nil }) {
            return peephole
        }
        let usual =
            ["recurrent_activation": "sigmoid", "activation": "tanh"]
            .merging(kind == "lstm" ? ["cell_activation": "tanh"] : [:]) { $1 }
        if let other = usual.keys.sorted().first(where: {
            (value(operation, $0)?.string ?? usual[$0]) != usual[$0]
        }) {
            return other
        }
        guard let clip = value(operation, "clip"), let files else { return nil }
        let isNone = (try? MILArray(clip, files: files).float(0)) ?? 0 >= MILRecurrent.noClip
        return isNone ? nil : "clip"
    }

    private func reorder(_ tensor: Tensor, _ order: [Int]) throws -> Tensor {
        let floats = tensor.floats()
        let gate = floats.count / order.count
        return try Tensor(order.flatMap { floats[($0 * gate)..<(($0 + 1) * gate)] }, shape: tensor.shape)
    }

    func zeros(_ shape: [Int]) throws -> Tensor {
        try Tensor([Float](repeating: 0, count: shape.reduce(1, *)), shape: shape)
    }
}
