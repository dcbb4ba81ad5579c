/// A network with its weights, ready to be planned for sessions and streams.
///
/// Immutable and safe to share between threads. Plans are kept, so a second stream of the same block size shares the
/// packed weights of the first.
public final class Model: Sendable {
    /// What a file says about a model beside its layers.
    public struct Facts: Sendable {
        /// `nam`, `rtneural`, `sequential` …
        public var format: String
        /// Hz; nil when the file does not say.
        public var sampleRate: Double?
        /// dB, as the file states it.
        public var loudness: Double?
        /// The file's own metadata, a JSON object.
        public var metadata = "{}"
        /// Silent frames a stream processes before it is handed out, as the format defines it.
        public var prewarm = 0
        /// A whole signal is run as a fresh stream, from the format's start state, by the engine's own kernels.
        public var runsAsStream: Bool { prewarm > 0 }
        /// One line for each layer.
        public var layers: [String] = []
        /// Past frames an output frame depends on; nil when unbounded.
        public var receptiveField: Int?

        public init(format: String) { self.format = format }
    }

    public let facts: Facts
    /// What runs its sessions unless they say otherwise.
    public let compute: Compute
    /// The graph for dynamic extents: what `describe` and streams start from.
    public let graph: Graph
    private let makeGraph: @Sendable ([[Dim]]) throws -> Graph
    private let streamed = Locked<Result<StreamingGraph, any Error>?>(nil)
    private let programs = Locked<[(key: ProgramKey, program: Program)]>([])

    private struct ProgramKey: Hashable {
        var mode: PlanMode
        var shapes: [[Dim]]
        var compute: Compute
    }

    private static let programLimit = 16

    /// - Parameters:
    ///   - inputShapes: of the required inputs, for `graph`.
    ///   - makeGraph: builds the graph for other shapes of the required inputs.
    public init(
        facts: Facts, inputShapes: [[Dim]], makeGraph: @escaping @Sendable ([[Dim]]) throws -> Graph
    ) throws {
        self.facts = facts
        compute = .cpu
        self.makeGraph = makeGraph
        graph = try makeGraph(inputShapes).placingCalls([])
    }

    private init(_ model: Model, compute: Compute) {
        (facts, self.compute, graph, makeGraph) = (model.facts, compute, model.graph, model.makeGraph)
    }

    /// The same network, whose sessions run there unless they say otherwise. Streams are always the engine's own kernels.
    ///
    /// - Throws: `unsupported` for a GPU that is not there.
    public func running(on compute: Compute) throws -> Model {
        _ = try compute.placement()
        return compute == self.compute ? self : Model(self, compute: compute)
    }

    /// The graph for other shapes of the required inputs.
    func graph(for shapes: [[Dim]]) throws -> Graph { try makeGraph(shapes) }

    public var parameterCount: Int { graph.parameterCount }

    public var weightByteCount: Int {
        Set(graph.nodes.flatMap(\.inputs)).reduce(0) { $0 + (graph.constant($1)?.byteCount ?? 0) }
    }

    /// Past input frames that an output frame depends on; nil when unbounded, or when only the whole signal will do.
    public var receptiveField: Int? {
        facts.receptiveField ?? (try? streaming())?.graph.receptiveField
    }

    /// Whether `stream` would accept it.
    public var isStreamable: Bool { (try? streaming()) != nil }

    /// `graph` for working block by block, made once.
    func streaming() throws -> StreamingGraph {
        try streamed.withLock { known in
            let result = known ?? Result { try StreamingPass.run(graph) }
            known = result
            return try result.get()
        }
    }

    func program(_ mode: PlanMode, shapes: [[Dim]]? = nil, compute: Compute = .cpu) throws -> Program {
        let key = ProgramKey(mode: mode, shapes: shapes ?? [], compute: compute)
        if let known = programs.withLock({ $0.first { $0.key == key }?.program }) { return known }
        let program = try Program(
            shapes.map { try makeGraph($0) } ?? graph, mode: mode, optimize: true,
            placement: compute.placement(),
            streaming: mode.isStream && shapes == nil ? streaming() : nil)
        programs.withLock { list in
            if list.count >= Self.programLimit { list.removeFirst() }
            list.append((key, program))
        }
        return program
    }

    /// A session for whole tensors of these shapes (required inputs only, in order).
    ///
    /// - Parameter compute: what may run it, the model's own `compute` when nil. Only `cpu` is real-time safe.
    /// - Throws: `shapeMismatch` with both shapes, or `unsupported` naming the layer or the GPU that is not there.
    public func session(_ shapes: [[Int]], compute: Compute? = nil) throws -> Session {
        let required = graph.inputs.filter { !$0.isOptional }
        guard shapes.count == required.count else {
            throw OssicleError(
                .invalidArgument, "expected the shapes of \(required.count) inputs, found \(shapes.count)")
        }
        for shape in shapes where shape.contains(where: { $0 < 1 || $0 > 1 << 40 }) || shape.count > 8 {
            throw OssicleError(
                .shapeMismatch, "input shape \(shape) has extents outside 1…2^40 or more than 8 axes")
        }
        for (shape, port) in zip(shapes, required) {
            try Graph.check(ValueType(shape.map { .fixed($0) }), port.name, length: 1)
        }
        if facts.runsAsStream, let frames = frames(shapes[0]) {
            return try Session(freshStream(maxBlock: frames))
        }
        return try Session(
            program(
                .fixed(length: 1), shapes: shapes.map { $0.map { .fixed($0) } },
                compute: compute ?? self.compute))
    }

    /// A session for any dynamic length up to `maxLength`: one plan, no allocation for any of them.
    ///
    /// - Throws: `unsupported` naming an operation that needs its extents fixed.
    public func session(maxLength: Int, compute: Compute? = nil) throws -> Session {
        guard 1...(1 << 30) ~= maxLength else {
            throw OssicleError(.invalidArgument, "max_length \(maxLength) is not in 1…\(1 << 30)")
        }
        if facts.runsAsStream { return try Session(freshStream(maxBlock: maxLength)) }
        return try Session(program(.dynamic(maxLength: maxLength), compute: compute ?? self.compute))
    }

    /// The dynamic extent of an input of this shape; nil when it does not fit the model's only input.
    private func frames(_ shape: [Int]) -> Int? {
        let expected = graph.type(of: graph.inputs[0].value).shape
        guard graph.inputs.count == 1, shape.count == expected.count else { return nil }
        var frames: Int?
        for (found, extent) in zip(shape, expected) {
            if extent == .dynamic { frames = found } else if extent != .fixed(found) { return nil }
        }
        return frames
    }

    private func freshStream(maxBlock: Int) throws -> Stream {
        try Stream(program(.stream(maxBlock: maxBlock)), facts: facts, prewarm: facts.prewarm)
    }

    /// One run on a tensor, with a session made for its shape.
    ///
    /// - Throws: `shapeMismatch` with both shapes.
    public func forward(_ input: Tensor, compute: Compute? = nil) throws -> Tensor {
        try session([input.shape], compute: compute).run([input])[0]
    }

    /// A session for a model whose inputs are all static.
    ///
    /// - Throws: `shapeMismatch` naming a dynamic input.
    public func session(compute: Compute? = nil) throws -> Session {
        let shapes = try graph.inputs.filter { !$0.isOptional }.map { port in
            guard let shape = graph.type(of: port.value).shape.fixedValues else {
                throw OssicleError(
                    .shapeMismatch,
                    "input \(port.name) \(graph.type(of: port.value)) is dynamic: state its shape")
            }
            return shape
        }
        return try session(shapes, compute: compute)
    }

    /// A stream of blocks of up to `maxBlock` frames.
    ///
    /// - Throws: `unsupported` naming the layer that cannot work block by block.
    public func stream(maxBlock: Int, prewarm: Bool = true) throws -> Stream {
        guard 1...(1 << 20) ~= maxBlock else {
            throw OssicleError(.invalidArgument, "max_block \(maxBlock) is not in 1…\(1 << 20)")
        }
        let granularity = try streaming().graph.granularity
        let block = (maxBlock + granularity - 1) / granularity * granularity
        return try Stream(
            program(.stream(maxBlock: block)), facts: facts, prewarm: prewarm ? facts.prewarm : 0)
    }
}
