import CKernels

/// A way to run operations: the CPU's kernels, a vendor's library, a GPU.
///
/// A backend says which nodes it can take, and turns them into steps. Everything else (shapes, memory, order) is the
/// planner's, so a backend is a folder beside the others and nothing in the rest of the engine names it.
protocol Backend: Sendable {
    var name: String { get }
    /// Whether its steps keep the real-time contract: no allocation, no lock, no system call.
    var isRealtimeSafe: Bool { get }
    /// Whether it would run this node, for these extents, at least as well as the next backend.
    func accepts(_ node: Node, in graph: Graph, mode: PlanMode) -> Bool
    func emit(_ node: Node, into emitter: Emitter) throws
}

extension Backend {
    var isRealtimeSafe: Bool { true }
}

/// A backend beside the CPU, with memory and a queue of its own: nodes in a row become one submission.
///
/// It reads and writes the workspace of an instance, so what lies in a caller's buffer is copied there first
/// (`Staging`). When it fails, its steps fall back on the CPU's for the same nodes.
protocol DeviceBackend: Backend {
    /// Ends what the nodes emitted so far have begun: the steps after this may read their values.
    func endRun(into emitter: Emitter) throws

    /// What one instance keeps for the device. The workspace, whole pages, is kept as long as the device may touch it.
    func session(_ workspace: Workspace) -> any DeviceSession
}

extension DeviceBackend {
    var isRealtimeSafe: Bool { false }
}

/// One instance's share of a device. Steps find it in `ok_context.device`.
protocol DeviceSession: AnyObject {
    /// Why the device is no longer used, nil while it is. From any thread.
    var failure: OssicleError? { get }
}

/// Decides which backend runs which node: the first in order of preference that accepts it.
struct Placement {
    var backends: [any Backend]

    static let portable = Placement(backends: [CPUBackend()])

    var withoutDevices: Placement { Placement(backends: backends.filter { !($0 is any DeviceBackend) }) }

    func backend(for node: Node, in graph: Graph, mode: PlanMode) throws -> any Backend {
        guard let backend = backends.first(where: { $0.accepts(node, in: graph, mode: mode) }) else {
            throw OssicleError(.unsupported, "\(node.name): no backend runs \(node.operation.name)")
        }
        return backend
    }
}
