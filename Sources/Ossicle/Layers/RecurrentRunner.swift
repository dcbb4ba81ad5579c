/// An LSTM or GRU with its weights and its state: each call goes on where the last one stopped.
///
/// Belongs to one thread at a time. `forward` is real-time safe for up to the prewarmed number of steps.
public final class RecurrentRunner {
    public let layer: any RecurrentLayer
    private let model: Model
    private var stream: Stream?

    /// - Parameter weights: every parameter of the layer, by PyTorch's names.
    /// - Throws: `weights` naming the tensor; `unsupported` for bidirectional layers, which need the whole sequence.
    public init(_ layer: any RecurrentLayer, weights: [String: Tensor], options: LoadOptions = LoadOptions())
        throws
    {
        self.layer = layer
        let sequential = try Sequential([layer])
        for (name, tensor) in weights { sequential.setWeight(name, tensor) }
        model = try sequential.build(options: options)
        _ = try model.streaming()
    }

    /// Makes later calls of up to `sequenceLength` steps free of allocation, and resets the state.
    ///
    /// - Throws: `invalidArgument` when the length is not in 1…2^20.
    public func prewarm(sequenceLength: Int) throws { stream = try model.stream(maxBlock: sequenceLength) }

    /// Steps that `forward` takes at most; 0 before `prewarm`.
    public var maxSteps: Int { stream?.maxBlock ?? 0 }

    /// The next `steps` steps. Real-time safe.
    ///
    /// - Parameters:
    ///   - input: `[steps, inputSize]`.
    ///   - output: `[steps, hiddenSize]`.
    /// - Returns: 0, or the code of what was wrong: `notReady` before `prewarm`, `blockTooLong`.
    public func forward(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, steps: Int)
        -> Int32
    {
        guard let stream else { return OssicleError.Code.notReady.rawValue }
        return stream.process(input, output, frames: steps)
    }

    /// Back to the zero state. Real-time safe.
    public func resetState() { stream?.reset() }

    /// Bytes held for state, workspace and packed weights.
    public var memoryByteCount: Int {
        guard let stream else { return model.weightByteCount }
        return 2 * stream.stateByteCount + stream.workspaceByteCount + stream.program.memory.byteCount
    }
}
