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

        public var count: Int { shape.reduce(1, *) }
        public var byteCount: Int { count * dataType.size }
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
    /// - Throws: `io` or `malformed` naming the file; `unsupported` with every operation that cannot be run;
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
        let graph = try Graph(model, function: name, shapes: shapes)
        guard let program = model.program else {
            throw OssicleError(.internal, "\(model.path): a graph without a program")
        }
        let function = try program.function(orDefault: name, model.description)
        let features = model.description.function(named: function.name)
        modelPath = model.path
        self.function = function.name
        functions = program.functions.map(\.name)
        isSingleThreaded = singleThreaded
        let choice = MILShapeChoice(function, features)
        let types = function.valueTypes
        func feature(_ port: Port) -> Feature {
            let type = graph.type(of: port.value)
            return Feature(
                name: port.name, shape: type.shape.evaluate(1), dataType: type.dataType,
                declaredType: types[port.name]?.elementType ?? .fp32,
                flexibility: choice.flexibility(of: port.name))
        }
        inputs = graph.inputs.map(feature)
        outputs = graph.outputs.map(feature)
        states = graph.states.map { state in
            Feature(
                name: state.name, shape: state.type.shape.evaluate(1), dataType: state.type.dataType,
                declaredType: types[state.name]?.elementType ?? .fp16, flexibility: .fixed)
        }
        runner = try Self.makeEngine(
            engine, model, graph, function: functions.count > 1 ? self.function : nil, inputs: inputs,
            outputs: outputs, states: states, singleThreaded: singleThreaded)
        let call = UnsafeMutablePointer<ok_inference>.allocate(capacity: 1)
        call.initialize(to: runner.call)
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

extension MILFunction {
    /// The types of its inputs and of what its own operations give.
    var valueTypes: [String: MILType] {
        var types: [String: MILType] = [:]
        for input in inputs { types[input.name] = input.type }
        for output in body.operations.flatMap(\.outputs) { types[output.name] = output.type }
        return types
    }
}
