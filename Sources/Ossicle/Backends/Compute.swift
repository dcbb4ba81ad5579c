/// What may run a session's layers.
public enum Compute: Sendable, Hashable, CaseIterable {
    /// The engine's own kernels: real-time safe, and the same on every machine with one instruction set.
    case cpu
    /// Whatever the machine has and is expected to be faster: a GPU, the system's libraries, else the engine's kernels.
    /// Results agree with `cpu` within rounding; a run is not real-time safe. The same as `cpu` off Apple's systems.
    case automatic

    var placement: Placement {
        switch self {
        case .cpu: .portable
        case .automatic: Placement(backends: Self.systemBackends + [CPUBackend()])
        }
    }

    private static var systemBackends: [any Backend] {
        var backends: [any Backend] = []
        #if canImport(Metal)
            if let device = try? MetalDevice.system.get() { backends.append(MetalBackend(device: device)) }
        #endif
        #if canImport(Accelerate)
            backends.append(AccelerateBackend())
        #endif
        return backends
    }
}
