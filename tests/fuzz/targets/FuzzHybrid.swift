/// A pipeline in one file: what is accepted must run, on one step of its bottleneck.
@Sendable func fuzzHybrid(_ bytes: UnsafeRawBufferPointer) throws {
    let file = try SafeTensors(.copy(bytes), file: "fuzz")
    guard HybridPipeline.isPipeline(file) else { return }
    let network = try HybridPipeline.network(file)
    let configuration = network.configuration
    let again = try HybridConfiguration(json: configuration.json)
    require(again == configuration, "another configuration")
    let model = try HybridPipeline.loadModel(file, options: LoadOptions { _ = $0.description })
    let shape = [configuration.inChannels, configuration.totalStride]
    let silence = [Float](repeating: 0, count: shape[0] * shape[1])
    let output = try model.forward(Tensor(silence, shape: shape))
    require(output.shape == [configuration.outChannels, configuration.totalStride], "another length")
}
