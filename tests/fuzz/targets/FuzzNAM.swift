/// Whatever is accepted must have weights of the sizes it states.
@Sendable func fuzzNAM(_ bytes: UnsafeRawBufferPointer) throws {
    visit(try NAMReader.read(JSON.parse(bytes), file: "fuzz", options: LoadOptions { _ = $0.description }))
}

private func visit(_ model: NAMModel) {
    require(model.warmUp >= 0 && model.inputs > 0 && model.outputs > 0, "a model without size")
    switch model.network {
    case .linear(let layer): checkSizes(layer)
    case .convNet(let net):
        for block in net.blocks { checkSizes(block.convolution) }
        checkSizes(net.head)
    case .lstm(let net):
        for layer in net.layers { checkSizes(layer) }
        checkSizes(net.head)
    case .waveNet(let net): visit(net)
    case .sizes(let models): for (_, model) in models { visit(model) }
    }
}

private func visit(_ net: NAMWaveNet) {
    if let condition = net.condition { visit(condition) }
    for array in net.arrays {
        checkSizes(array.rechannel)
        checkSizes(array.head)
        for layer in array.layers {
            let parts =
                [layer.convolution, layer.mix, layer.residual, layer.skip]
                + layer.films.map(\.value.convolution)
            for case let part? in parts { checkSizes(part) }
            require(layer.mix.outputs == layer.convolution.outputs, "sums of different widths")
            require(layer.gating == .none || layer.secondary != nil, "a gate without activation")
        }
    }
    for convolution in net.postHead?.convolutions ?? [] { checkSizes(convolution) }
}
