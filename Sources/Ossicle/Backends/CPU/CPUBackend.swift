/// An operation with portable kernels.
protocol CPUOperation: Operation {
    /// Emits steps for the emitter's current node.
    func emitCPU(_ emitter: Emitter) throws
}

/// An operation that looks back along the last axis of an input while streaming.
protocol HistoryReader: Operation {
    /// Frames of input `index` it needs from before the block.
    func past(ofInput index: Int) -> Int
}

/// The portable kernels of `CKernels`. Runs everything; the last resort of every placement.
struct CPUBackend: Backend {
    var name: String { "cpu" }

    func accepts(_ node: Node, in graph: Graph, mode: PlanMode) -> Bool { node.operation is any CPUOperation }

    func emit(_ node: Node, into emitter: Emitter) throws {
        guard let operation = node.operation as? any CPUOperation else {
            throw OssicleError(.unsupported, "\(node.name): the CPU has no kernel for \(node.operation.name)")
        }
        try operation.emitCPU(emitter)
    }
}
