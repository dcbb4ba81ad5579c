import CKernels

/// A Core ML model (`.mlmodelc` or `.mlpackage` of an ML Program), ready to run on any machine.
///
/// Loading does everything dear: it reads the program, expands weights, fixes every shape, plans and allocates. A
/// prediction on buffers then allocates nothing, takes no lock and makes no system call. Floats of any declared width
/// are float32 at the interface and inside; integers are int32. Everything else about a port can be asked.
///
/// Predictions of one object go one at a time; one from a second thread meanwhile is refused. States (`read_state`,
/// `write_state`) are zero after loading and go on from prediction to prediction.
public final class BNNSInference: @unchecked Sendable {
    /// What runs the model.
    public enum Engine: String, Sendable {
        /// Ossicle's own, on any machine.
        case ossicle
        /// Apple's BNNS Graph.
        case bnns
    }

    /// An input, output or state.
    public struct Feature: Sendable, Equatable {
        public let name: String
        /// The shape it has here.
        public let shape: [Int]
        /// The type of its buffers: float32, int32 or bool (one byte).
        public let dataType: DataType
        /// The type the model declares.
        public let declaredType: MILElementType
        /// The shapes it could have been given when the model was loaded.
        public let flexibility: CoreMLArrayType.Flexibility
        /// What each element of an input is that is left out; nil for one that must be given.
        public let defaultValue: Double?

        public var count: Int { shape.reduce(1, *) }
        public var byteCount: Int { count * dataType.size }

        func reshaped(_ shape: [Int]) -> Feature {
            Feature(
                name: name, shape: shape, dataType: dataType, declaredType: declaredType,
                flexibility: flexibility, defaultValue: defaultValue)
        }
    }

    public let modelPath: String
    /// The function that runs, and all there are.
    public let function: String
    public let functions: [String]
    /// In the order in which the model describes them.
    public let inputs: [Feature]
    public let outputs: [Feature]
    public let states: [Feature]
    /// Whether a prediction stays on the calling thread. Ossicle's engine always does.
    public let isSingleThreaded: Bool

    let runner: any InferenceEngine
    private let defaults: InferenceDefaults?
    /// The engine that was asked for.
    let wanted: Engine?
    /// What real-time callers hand to `ok_inference_run`, for as long as this object lives.
    public let realtime: UnsafePointer<ok_inference>

    /// Which engine runs the model.
    public var engine: Engine { runner.kind }

    /// Loads a model from disk.
    ///
    /// - Parameters:
    ///   - modelPath: a `.mlmodelc`, `.mlpackage` or `.mlmodel`.
    ///   - singleThreaded: keep to the calling thread.
    ///   - function: which one; the model's default when nil.
    ///   - shapes: of flexible inputs, by name; the model's default shapes for the others.
    ///   - engine: this one or an error; nil: BNNS Graph where the system has it and takes the model, else Ossicle's.
    /// - Throws: `io` or `malformed` naming the file; `unsupported` with every operation that cannot be run, or for an
    ///   engine that this system has not or that refuses the model;
    ///   `shapeMismatch` with the range of an input that is given a shape outside it; `invalidArgument` with the
    ///   names there are.
    public convenience init(
        modelPath: String, singleThreaded: Bool = true, function: String? = nil,
        shapes: [String: [Int]] = [:],
        engine: Engine? = nil
    ) throws {
        try self.init(
            CoreMLModel(path: modelPath), singleThreaded: singleThreaded, function: function, shapes: shapes,
            engine: engine)
    }

    /// The same for a model that has been opened.
    public init(
        _ model: CoreMLModel, singleThreaded: Bool = true, function name: String? = nil,
        shapes: [String: [Int]] = [:],
        engine: Engine? = nil
    ) throws {
        let ports: InferencePorts
        (runner, ports) = try Self.makeEngine(
            engine, model, function: name, shapes: shapes, singleThreaded: singleThreaded)
        modelPath = model.path
        (function, functions) = (ports.function, ports.functions)
        (inputs, outputs, states) = (ports.inputs, ports.outputs, ports.states)
        isSingleThreaded = singleThreaded
        wanted = engine
        let call = UnsafeMutablePointer<ok_inference>.allocate(capacity: 1)
        defaults = InferenceDefaults(inputs, of: runner.call)
        call.initialize(to: defaults?.call ?? runner.call)
        realtime = UnsafePointer(call)
        buffers = .allocate(capacity: max(inputs.count + outputs.count, 1))
        buffers.initialize(repeating: ok_buffer(), count: max(inputs.count + outputs.count, 1))
    }

    deinit {
        realtime.deallocate()
        buffers.deallocate()
    }

    /// Where a call puts its buffers together.
    let buffers: UnsafeMutablePointer<ok_buffer>

    /// The plan of the function: steps, kernels, buffers.
    public func describe() -> String { runner.summary }

    /// States back to zero. Real-time safe; not while a prediction is going on.
    public func resetState() { runner.resetState() }

    // MARK: Workspace

    /// Bytes of intermediate values.
    public var workspaceByteCount: Int { runner.workspaceByteCount }
    /// Without one, predictions are refused with `notReady`.
    public var hasWorkspace: Bool { runner.hasWorkspace }

    /// Gives the memory of intermediate values back; weights and states stay. Not for the audio thread.
    ///
    /// - Returns: false, with nothing done, while a prediction is going on.
    @discardableResult
    public func releaseWorkspace() -> Bool { runner.releaseWorkspace() }

    /// Allocates the workspace again. Never done by a prediction.
    ///
    /// - Throws: `outOfMemory`.
    public func prepareWorkspace() throws { try runner.prepareWorkspace() }
}
