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
        let model: UnsafeMutablePointer<ok_bnns>
        private let memory = ProgramMemory()
        let ports: InferencePorts
        private let pageCount: Int
        let summary: String

        /// Compiles a `.mlmodelc`.
        ///
        /// - Throws: `unsupported` with what the system refused, or where it and the model's description differ.
        convenience init(_ ports: InferencePorts, singleThreaded: Bool) throws {
            let graph = try BNNSCompiledGraph(
                path: ports.modelPath, function: ports.functionToName, singleThreaded: singleThreaded)
            try self.init(graph, graph.completed(ports))
        }

        /// A context of its own for a compiled model.
        ///
        /// - Throws: as the other form.
        init(_ graph: BNNSCompiledGraph, _ ports: InferencePorts) throws {
            self.ports = ports
            let places = (try ports.inputs.map(graph.port), try ports.outputs.map(graph.port))
            let (context, size) = try graph.makeContext(ports)
            self.graph = graph
            // One page at least: given none, BNNS would allocate its own when it executes.
            pageCount = max(1, (size + Workspace.pageSize - 1) / Workspace.pageSize)
            let count = graph.argumentCount
            let memory = memory
            let sinks = ports.outputs.map { Optional(memory.allocate(byteCount: $0.byteCount)) }
            model = memory.store(
                ok_bnns(
                    context: context, function: graph.function.map { memory.store(text: $0) },
                    arguments: memory.store(
                        [bnns_graph_argument_t](repeating: bnns_graph_argument_t(), count: count)),
                    argument_count: count, inputs: memory.store(places.0),
                    outputs: memory.store(places.1), input_count: ports.inputs.count,
                    output_count: ports.outputs.count, sinks: memory.store(sinks), workspace: nil,
                    workspace_size: 0,
                    use: Int32(OK_IDLE.rawValue), failed: 0, name: memory.store(text: graph.path),
                    report: Self.report))
            summary =
                "BNNS Graph: \(graph.path), \(count) arguments, workspace \(pageCount * Workspace.pageSize) bytes"
                + (ports.states.isEmpty ? "" : ", streaming context")
                + (graph.isSingleThreaded ? ", one thread" : "")
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
            let pages = UnsafeMutableRawPointer.allocate(
                byteCount: workspaceByteCount, alignment: Workspace.pageSize)
            // Touched now, so that no prediction meets a page for the first time.
            pages.initializeMemory(as: UInt8.self, repeating: 0, count: workspaceByteCount)
            model.pointee.workspace = pages.assumingMemoryBound(to: CChar.self)
            model.pointee.workspace_size = workspaceByteCount
            hasWorkspace = true
            ok_bnns_restore(model)
        }
    }
#endif
