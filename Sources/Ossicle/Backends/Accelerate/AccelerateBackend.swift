#if canImport(Accelerate)
    import CAccelerate

    /// An operation that Accelerate can run, or parts of it.
    protocol AccelerateOperation: Operation {
        /// The calls it could make; none when Accelerate cannot run the node.
        func accelerateCalls(_ node: Node, in graph: Graph, mode: PlanMode) -> [AccelerateCall]
        /// Emits the node. What `rule` does not take is left to the engine's kernels.
        func emitAccelerate(_ emitter: Emitter, _ rule: AccelerateRule) throws
    }

    /// Apple's BLAS, vDSP and vForce; BLAS has the matrix units of Apple's processors to itself.
    ///
    /// It takes a node of a session when `rule` takes one of the node's calls. A stream has to keep the real-time
    /// contract, which nobody promises for these calls.
    struct AccelerateBackend: Backend {
        var rule = AccelerateRule()
        /// For measurements: streams too.
        var takesStreams = false

        var name: String { "accelerate" }
        var isRealtimeSafe: Bool { false }

        func accepts(_ node: Node, in graph: Graph, mode: PlanMode) -> Bool {
            guard takesStreams || !mode.isStream, let operation = node.operation as? any AccelerateOperation
            else { return false }
            return operation.accelerateCalls(node, in: graph, mode: mode).contains(where: rule.takes)
        }

        func emit(_ node: Node, into emitter: Emitter) throws {
            guard let operation = node.operation as? any AccelerateOperation else {
                throw OssicleError(
                    .internal, "\(node.name): Accelerate has no form of \(node.operation.name)")
            }
            try operation.emitAccelerate(emitter, rule)
        }
    }

    extension Graph {
        /// Elements of a value at its longest.
        func count(_ id: ValueID, _ mode: PlanMode) -> Int {
            type(of: id).shape.evaluate(mode.maxLength).reduce(1, *)
        }
    }
#endif
