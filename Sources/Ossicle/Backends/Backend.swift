/// A way to run operations: the CPU's kernels, a vendor's library, a GPU.
///
/// A backend says which nodes it can take, and turns them into steps. Everything else (shapes, memory, order) is the
/// planner's, so a backend is a folder beside the others and nothing in the rest of the engine names it.
protocol Backend: Sendable {
    var name: String { get }
    /// Whether it would run this node, for these extents, at least as well as the next backend.
    func accepts(_ node: Node, in graph: Graph, mode: PlanMode) -> Bool
    func emit(_ node: Node, into emitter: Emitter) throws
}

/// Decides which backend runs which node: the first in order of preference that accepts it.
struct Placement {
    var backends: [any Backend]

    static let portable = Placement(backends: [CPUBackend()])

    func backend(for node: Node, in graph: Graph, mode: PlanMode) throws -> any Backend {
        guard let backend = backends.first(where: { $0.accepts(node, in: graph, mode: mode) }) else {
            throw OssicleError(.unsupported, "\(node.name): no backend runs \(node.operation.name)")
        }
        return backend
    }
}
