#if canImport(Accelerate)
    import CAccelerate
    import CKernels

    /// Apple's BNNS Graph (macOS 15, iOS 18): the system compiles the whole model for its CPU.
    ///
    /// Everything dear happens here, once; `ok_bnns_predict` then only places pointers and executes. A context belongs to
    /// one engine and is never run by two threads at once. Models with states get a streaming context, whose states start
    /// at zero and go on from prediction to prediction.
    @available(macOS 15, iOS 18, *)
    final class BNNSGraphEngine: InferenceEngine {
        private let graph: BNNSCompiledGraph
        private let model: UnsafeMutablePointer<ok_bnns>
        private let memory = ProgramMemory()
        private let ports: BNNSPorts
        private let pageCount: Int
        let summary: String

        /// - Parameters:
        ///   - path: a `.mlmodelc`.
        ///   - function: to run; nil when the model has one only.
        /// - Throws: `unsupported` with what the system refused, `internal` when it and the model's description differ.
        init(
            path: String, function: String?, inputs: [BNNSInference.Feature],
            outputs: [BNNSInference.Feature],
            states: [BNNSInference.Feature], singleThreaded: Bool
        ) throws {
            let graph = try BNNSCompiledGraph(path: path, function: function, singleThreaded: singleThreaded)
            ports = BNNSPorts(inputs: inputs, outputs: outputs, states: states)
            let places = (try inputs.map(graph.port), try outputs.map(graph.port))
            let (context, size) = try graph.makeContext(ports)
            self.graph = graph
            pageCount = (size + Workspace.pageSize - 1) / Workspace.pageSize
            let count = graph.argumentCount
            let memory = memory
            let sinks = outputs.map { Optional(memory.allocate(byteCount: $0.byteCount)) }
            model = memory.store(
                ok_bnns(
                    context: context, function: graph.function.map { memory.store(text: $0) },
                    arguments: memory.store(
                        [bnns_graph_argument_t](repeating: bnns_graph_argument_t(), count: count)),
                    argument_count: count, inputs: memory.store(places.0),
                    outputs: memory.store(places.1), input_count: inputs.count,
                    output_count: outputs.count, sinks: memory.store(sinks), workspace: nil,
                    workspace_size: 0,
                    use: Int32(OK_IDLE.rawValue)))
            summary =
                "BNNS Graph: \(path), \(count) arguments, workspace \(pageCount * Workspace.pageSize) bytes"
                + (states.isEmpty ? "" : ", streaming context") + (singleThreaded ? ", one thread" : "")
            prepareWorkspace()
        }

        deinit {
            BNNSGraphContextDestroy(model.pointee.context)
            model.pointee.workspace?.deallocate()
        }

        var kind: BNNSInference.Engine { .bnns }
        var call: ok_inference { ok_inference(context: UnsafeMutableRawPointer(model), run: ok_bnns_predict) }

        // MARK: States

        /// States back to zero: a new streaming context, since BNNS has no other way. Not real-time safe in this engine.
        /// When the system gives none, the states stay and a message says so.
        func resetState() {
            guard !ports.states.isEmpty, hasWorkspace, ok_bnns_release(model) != 0 else { return }
            defer { ok_bnns_restore(model) }
            do {
                let (context, size) = try graph.makeContext(ports)
                guard size <= workspaceByteCount else {
                    BNNSGraphContextDestroy(context)
                    throw OssicleError(.internal, "a new context wants \(size) bytes of workspace")
                }
                BNNSGraphContextDestroy(model.pointee.context)
                model.pointee.context = context
            } catch {
                Diagnostics.report("states of \(graph.path) were not reset: \(error)")
            }
        }

        // MARK: Workspace

        var workspaceByteCount: Int { pageCount * Workspace.pageSize }
        private(set) var hasWorkspace = false

        func releaseWorkspace() -> Bool {
            guard ok_bnns_release(model) != 0 else { return false }
            model.pointee.workspace?.deallocate()
            model.pointee.workspace = nil
            hasWorkspace = false
            return true
        }

        func prepareWorkspace() {
            if hasWorkspace { return }
            if pageCount > 0 {
                let pages = UnsafeMutableRawPointer.allocate(
                    byteCount: workspaceByteCount, alignment: Workspace.pageSize)
                // Touched now, so that no prediction meets a page for the first time.
                pages.initializeMemory(as: UInt8.self, repeating: 0, count: workspaceByteCount)
                model.pointee.workspace = pages.assumingMemoryBound(to: CChar.self)
            }
            model.pointee.workspace_size = workspaceByteCount
            hasWorkspace = true
            ok_bnns_restore(model)
        }
    }
#endif
