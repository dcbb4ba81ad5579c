/// What a node does: its parameters and its shape rule. How a backend runs it is the backend's matter.
///
/// Adding an operation: a struct here under `Graph/Ops`, its CPU form under `Backends/CPU`, its test.
public protocol Operation: Sendable {
    /// Lower-case, as `describe()` and messages show it.
    var name: String { get }

    /// The types of the outputs.
    ///
    /// - Throws: `shapeMismatch` or `invalidArgument` with what was expected and what was found.
    func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType]

    /// Whether it takes int32 and bool values; it then checks types itself. Others take float32 alone.
    var takesIntegers: Bool { get }

    /// Floating-point operations of one evaluation, multiply and add counted apart; 0 where it is only moves.
    func flops(_ inputs: [[Int]], _ outputs: [[Int]]) -> Int

    /// The form that works on a block at a time, with the past it needs kept as state.
    ///
    /// - Throws: `unsupported` when the result depends on the whole signal.
    func streaming(_ node: StreamingNode) throws -> StreamingForm

    /// Whether its streaming form takes an input that runs ahead of the whole-signal graph (a negative latency), with
    /// zeros before the first frame. Others get such an input delayed.
    var takesLead: Bool { get }
}

extension Operation {
    public var takesLead: Bool { false }
    public var takesIntegers: Bool { false }

    public func flops(_ inputs: [[Int]], _ outputs: [[Int]]) -> Int { 0 }

    /// Right for operations that treat every frame alike; those that mix frames bring their own.
    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        StreamingForm(self, latency: node.latency)
    }
}

/// A node as the streaming pass sees it.
public struct StreamingNode: Sendable {
    /// Types of the inputs in the streaming graph.
    public let inputs: [ValueType]
    /// By how many of its own frames the inputs lag behind the whole-signal graph; equal for all dynamic inputs.
    /// Negative, where the operation takes that, after zeros were put in front of the signal.
    public let latency: Int
}

/// What an operation becomes in a streaming graph.
public struct StreamingForm: Sendable {
    public var operation: any Operation
    /// By how many of its own frames the output lags behind the whole-signal graph.
    public var latency: Int
    /// The operation expects zeros before the first true frame of its input (it pads there).
    public var needsSilentPast = false

    public init(_ operation: any Operation, latency: Int, needsSilentPast: Bool = false) {
        self.operation = operation
        self.latency = latency
        self.needsSilentPast = needsSilentPast
    }
}

extension Operation {
    func expect(_ inputs: [ValueType], count: ClosedRange<Int>) throws {
        guard count.contains(inputs.count) else {
            throw OssicleError(.invalidArgument, "expected \(count) inputs, found \(inputs.count)")
        }
    }

    func expect(_ type: ValueType, rank: ClosedRange<Int>, _ what: String = "input") throws {
        guard rank.contains(type.rank) else {
            let ranks = rank.count == 1 ? "\(rank.lowerBound)" : "\(rank.lowerBound) to \(rank.upperBound)"
            throw OssicleError(
                .shapeMismatch, "\(what): expected \(ranks) dimensions, found \(type.shape.text)")
        }
    }

    func expect(_ type: ValueType, shape: [Dim], _ what: String) throws {
        guard type.shape == shape else {
            throw OssicleError(
                .shapeMismatch, "\(what): expected shape \(shape.text), found \(type.shape.text)")
        }
    }

    func requireWholeSignal(_ axis: Int, of type: ValueType) throws {
        if !type.shape[axis].isFixed {
            throw OssicleError(
                .unsupported,
                "\(name) mixes all frames of the signal (axis \(axis) of \(type.shape.text)) and cannot stream"
            )
        }
    }
}
