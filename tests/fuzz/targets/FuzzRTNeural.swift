/// Whatever is accepted must be a chain of layers that fit each other and have weights of the sizes they state.
@Sendable func fuzzRTNeural(_ bytes: UnsafeRawBufferPointer) throws {
    let chain = try LayerChain.read(
        JSON.parse(bytes), file: "fuzz", options: LoadOptions { _ = $0.description })
    var width = chain.inputs
    for layer in chain.layers {
        let inputs: Int
        switch layer {
        case .linear(let layer):
            checkSizes(layer)
            inputs = layer.inputs
        case .convolution(let layer):
            checkSizes(layer)
            inputs = layer.inputs
        case .recurrent(let layer):
            checkSizes(layer)
            inputs = layer.inputs
        case .batchNorm(let norm):
            let counts = [norm.mean.count, norm.variance.count, norm.gamma.count, norm.beta.count]
            require(counts.allSatisfy { $0 == norm.channels }, "a norm of another size")
            inputs = norm.channels
        case .activation(_, let channels): inputs = channels
        }
        require(inputs == width, "layers that do not fit")
        width = layer.outputs
    }
}

func checkSizes(_ layer: FileLinear) {
    require(layer.weight.count == layer.inputs * layer.outputs, "a linear layer of another size")
    require(layer.bias.map { $0.count == layer.outputs } ?? true, "a bias of another size")
}

func checkSizes(_ layer: FileConvolution) {
    require(
        layer.weight.count == layer.outputs * (layer.inputs / layer.groups) * layer.kernel,
        "a convolution of another size")
    require(layer.bias.map { $0.count == layer.outputs } ?? true, "a bias of another size")
}

func checkSizes(_ layer: FileRecurrent) {
    let gates = (layer.cell == .lstm ? 4 : 3) * layer.hidden
    require(layer.weightIH.count == gates * layer.inputs, "input weights of another size")
    require(layer.weightHH.count == gates * layer.hidden, "hidden weights of another size")
    require(layer.biasIH.count == gates && layer.biasHH.count == gates, "biases of another size")
}
