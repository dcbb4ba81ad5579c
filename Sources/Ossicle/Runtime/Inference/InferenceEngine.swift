import CKernels

/// What runs a Core ML model for `BNNSInference`: Apple's BNNS Graph where there is one, else Ossicle's own engine.
///
/// An engine is made for one function and one choice of shapes. `call` is what an audio thread runs: a C function with
/// what it works on, buffers in the order of the ports.
protocol InferenceEngine: AnyObject {
    var kind: BNNSInference.Engine { get }
    var call: ok_inference { get }
    /// Bytes of intermediate values, which can be released.
    var workspaceByteCount: Int { get }
    var hasWorkspace: Bool { get }
    /// The plan for a person.
    var summary: String { get }

    /// States back to zero. Real-time safe.
    func resetState()
    /// Where a state lies, for copying it in and out between predictions; nil in an engine that keeps it to itself.
    func state(_ name: String) -> UnsafeMutableRawBufferPointer?
    /// False, and nothing is done, while a prediction is going on.
    func releaseWorkspace() -> Bool
    func prepareWorkspace() throws
}

extension InferenceEngine {
    func state(_ name: String) -> UnsafeMutableRawBufferPointer? { nil }
}

/// The portable engine: a program of our own.
final class OssicleEngine: InferenceEngine {
    let instance: Instance

    /// - Throws: `unsupported` when the model would need more memory than `CoreMLLimits` allows.
    init(_ graph: Graph) throws {
        let program = try Program(graph, mode: .fixed(length: 1))
        guard program.arenaByteCount <= CoreMLLimits.workspaceBytes else {
            throw OssicleError(
                .unsupported, "the model needs \(program.arenaByteCount) bytes of workspace for these shapes")
        }
        instance = try Instance(program)
    }

    var kind: BNNSInference.Engine { .ossicle }
    var call: ok_inference { ok_inference(context: instance.c, run: ok_instance_predict) }
    var workspaceByteCount: Int { instance.workspaceByteCount }
    var hasWorkspace: Bool { instance.hasWorkspace }
    var summary: String { instance.program.describe() }
    func resetState() { ok_instance_reset(instance.c) }
    func state(_ name: String) -> UnsafeMutableRawBufferPointer? { instance.namedState(name) }
    func releaseWorkspace() -> Bool { instance.releaseArena() }
    func prepareWorkspace() throws { try instance.restoreArena() }
}
