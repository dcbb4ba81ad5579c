import CKernels

/// Whole tensors in, whole tensors out, for shapes fixed when it is made, or for any dynamic length up to a maximum.
///
/// Belongs to one thread at a time. On the CPU `run` does not allocate.
public final class Session: @unchecked Sendable {
    let instance: Instance
    public var program: Program { instance.program }

    init(_ program: Program) throws { instance = try Instance(program) }

    /// Each run is a fresh stream: it starts from the state that the stream is in now.
    init(_ stream: Stream) { instance = stream.instance }

    /// Why the GPU or BNNS Graph is no longer used and the engine's own kernels do its work; nil while it is, or was not planned.
    public var deviceFailure: OssicleError? { instance.deviceFailure }

    /// What real-time callers run.
    public var realtime: UnsafeMutablePointer<ok_instance> { instance.c }
    public var inputCount: Int { program.graph.inputs.count }
    public var outputCount: Int { program.graph.outputs.count }

    public func inputShape(_ index: Int) -> [Int] { shape(program.graph.inputs[index]) }
    public func outputShape(_ index: Int) -> [Int] { shape(program.graph.outputs[index]) }
    private func shape(_ port: Port) -> [Int] { program.shape(port, length: program.mode.maxLength) }

    /// Brings the named states (`Graph.states`) back to their initial values. Real-time safe.
    public func reset() { ok_instance_reset(instance.c) }

    /// Bytes held beside the program: workspace and state.
    public var memoryByteCount: Int {
        program.arenaByteCount + 2 * program.stateByteCount + instance.objectByteCount
    }

    /// Runs on the first input and output, from a fresh state (named states go on). Real-time safe where
    /// `program.isRealtimeSafe`.
    ///
    /// - Returns: 0, or the code of what was wrong.
    public func run(_ input: UnsafeBufferPointer<Float>, _ output: UnsafeMutableBufferPointer<Float>) -> Int32
    {
        ok_instance_run_f32(instance.c, input.baseAddress, input.count, output.baseAddress, output.count)
    }

    /// Runs on tensors, in the order of the ports; absent optional inputs are zero. Allocates its results.
    ///
    /// - Parameter length: the dynamic extent of this run, in a session made for a maximum; that maximum when nil.
    /// - Throws: `shapeMismatch` with both shapes, `blockTooLong` or `invalidArgument`.
    public func run(_ inputs: [Tensor], length: Int? = nil) throws -> [Tensor] {
        try instance.run(inputs, length: length)
    }
}
