#if canImport(Accelerate)
    import CAccelerate

    /// An operation that Accelerate can run.
    protocol AccelerateOperation: Operation {
        /// Multiply-adds of the products that Accelerate would do, for the shapes of the node; nil when it cannot run it.
        func accelerateWork(_ node: Node, in graph: Graph, mode: PlanMode) -> Int?
        func emitAccelerate(_ emitter: Emitter) throws
    }

    /// Apple's BLAS, which has the matrix units of Apple's processors to itself.
    ///
    /// One rule: products of at least `minimumWork` multiply-adds, in sessions. Below that a call costs more than it
    /// saves, and a stream has to keep the real-time contract, which nobody promises for these calls. Element-wise work
    /// and transcendental functions stay with the engine's kernels, which are fused into the products and whose errors
    /// are known (vDSP and vForce would pass over memory once more).
    struct AccelerateBackend: Backend {
        /// A guess until someone measures: about a microsecond of a core's own multiply-adds.
        var minimumWork = 1 << 15

        var name: String { "accelerate" }
        var isRealtimeSafe: Bool { false }

        func accepts(_ node: Node, in graph: Graph, mode: PlanMode) -> Bool {
            guard !mode.isStream, let operation = node.operation as? any AccelerateOperation,
                let work = operation.accelerateWork(node, in: graph, mode: mode)
            else { return false }
            return work >= minimumWork
        }

        func emit(_ node: Node, into emitter: Emitter) throws {
            guard let operation = node.operation as? any AccelerateOperation else {
                throw OssicleError(
                    .internal, "\(node.name): Accelerate has no form of \(node.operation.name)")
            }
            try operation.emitAccelerate(emitter)
        }
    }
#endif
