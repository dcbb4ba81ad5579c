import CKernels

/// Encoder of convolutions, recurrent bottleneck, decoder of transposed convolutions, with their weights.
///
/// One graph and one plan: where a GPU backend takes the convolutions, the same plan hands them over, and on the CPU all of
/// it is real-time safe. Output length equals input length (see `HybridNetwork`).
///
/// `model` is the same network for sessions, batches and `Stream`s, and may be shared between threads. `process` and
/// `timings` belong to one thread at a time.
public final class HybridPipeline: @unchecked Sendable {
    public let network: HybridNetwork
    public let model: Model
    /// Prepared for one buffer of `inputLength` frames.
    let session: Session
    let weights: [String: Tensor]
    /// What may run it: the prepared buffer, `forward`, windowed streams and sessions of `model`.
    public let compute: Compute
    private let placement: Placement

    public var configuration: HybridConfiguration { network.configuration }

    /// - Parameters:
    ///   - weights: every parameter of the network, by `state_dict` name; see `parameters(_:bottleneck:)`.
    ///   - bottleneck: takes the place of the LSTM, see `HybridNetwork`.
    ///   - compute: what may run it; with `automatic` the convolutions go to a GPU where there is one and they are large
    ///     enough, a Core ML bottleneck goes to BNNS Graph where the system's takes it, and `process` is then not real-time
    ///     safe. `gpu` is an error where there is none. A GPU or BNNS Graph that fails gives way to the CPU, with a message.
    /// - Throws: `invalidArgument` naming the argument; `weights` naming the tensor that is missing, left over, of another
    ///   shape, or not finite; `unsupported` for a GPU that is not there.
    public convenience init(
        _ configuration: HybridConfiguration, weights: [String: Tensor], bottleneck: (any Layer)? = nil,
        options: LoadOptions = LoadOptions(), compute: Compute = .automatic
    ) throws {
        let sorted = weights.sorted { $0.key < $1.key }.map { (name: $0.key, tensor: $0.value) }
        try self.init(
            HybridNetwork(configuration, bottleneck: bottleneck),
            WeightSource(sorted, file: "state_dict", options: options), compute: compute)
    }

    /// - Parameter placement: in place of the one that `compute` stands for.
    init(
        _ network: HybridNetwork, _ source: WeightSource, compute: Compute = .cpu, placement: Placement? = nil
    ) throws {
        self.network = network
        self.compute = compute
        self.placement = try placement ?? compute.placement()
        weights = try Self.take(network, source)
        model = try Self.model(network, weights).running(on: compute)
        session = try Self.session(
            model, network, self.placement, frames: network.configuration.inputLength)
    }

    /// A plan for buffers of one length, on the backends that were asked for.
    func session(frames: Int) throws -> Session {
        try Self.session(model, network, placement, frames: frames)
    }

    private static func session(
        _ model: Model, _ network: HybridNetwork, _ placement: Placement, frames: Int
    ) throws -> Session {
        let shape: [Dim] = [.fixed(network.configuration.inChannels), .fixed(frames)]
        return try Session(
            Program(model.graph(for: [shape]), mode: .fixed(length: 1), optimize: true, placement: placement))
    }

    static func take(_ network: HybridNetwork, _ source: WeightSource) throws -> [String: Tensor] {
        var taken: [String: Tensor] = [:]
        for parameter in network.parameters {
            taken[parameter.name] = try source.take(parameter)
        }
        try source.finish()
        return taken
    }

    static func model(_ network: HybridNetwork, _ weights: [String: Tensor]) throws -> Model {
        var facts = Model.Facts(format: "hybrid")
        facts.sampleRate = network.configuration.sampleRate
        facts.metadata = network.configuration.json
        facts.layers = network.table
        return try Model(facts: facts, inputShapes: [network.inputShape!]) { shapes in
            var graph = Graph()
            let input = graph.input("input", ValueType(shapes[0]))
            var values: [String: ValueID] = [:]
            for parameter in network.parameters {
                values[parameter.name] = graph.constant(parameter.name, weights[parameter.name]!)
            }
            graph.output("output", try network.append(to: &graph, [input], weights: values)[0])
            return graph
        }
    }

    /// One buffer from a fresh state: `[inChannels, inputLength]` to `[outChannels, inputLength]`. Real-time safe on the
    /// CPU; the two may not overlap.
    ///
    /// - Returns: 0, or the code of what was wrong: `shapeMismatch` for other sizes.
    public func process(_ input: UnsafeBufferPointer<Float>, _ output: UnsafeMutableBufferPointer<Float>)
        -> Int32
    {
        session.run(input, output)
    }

    /// What real-time callers run.
    public var realtime: UnsafeMutablePointer<ok_instance> { session.realtime }

    /// Whole buffers of any length and any batch, `[N?, channels, frames]`, from a fresh state. Plans for a new shape and
    /// allocates its result.
    ///
    /// - Throws: `shapeMismatch` with both shapes.
    public func forward(_ input: Tensor) throws -> Tensor {
        guard input.dataType == .float32 else {
            throw OssicleError(
                .invalidArgument, "HybridPipeline: expected float32 input, found \(input.dataType)")
        }
        return try model.forward(input)
    }

    /// A stream of blocks of any size; see `HybridStream`.
    ///
    /// - Throws: `invalidArgument` naming the argument; `unsupported` when the network cannot run on without a window.
    public func stream(chunk: Int? = nil, window: HybridStream.Window = .none, overlap: Int? = nil) throws
        -> HybridStream
    {
        try HybridStream(self, chunk: chunk, window: window, overlap: overlap)
    }
}
