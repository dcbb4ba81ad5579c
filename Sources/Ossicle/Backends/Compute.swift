/// What may run a session's layers.
public enum Compute: Int32, Sendable, Hashable, CaseIterable {
    /// The engine's own kernels: real-time safe, and the same on every machine with one instruction set.
    case cpu = 1
    /// Whatever the machine has and is expected to be faster: a GPU, the system's libraries, else the engine's kernels.
    /// Results agree with `cpu` within rounding; a run is not real-time safe. The same as `cpu` off Apple's systems.
    case automatic = 2
    /// As `automatic`, but an error where there is no GPU, and every layer that has GPU kernels runs there, however small.
    case gpu = 3

    /// - Throws: `unsupported` for a GPU that is not there, with the reason.
    func placement() throws -> Placement {
        let cpu: [any Backend] = Self.libraries + [CPUBackend()]
        return switch self {
        case .cpu: .portable
        case .automatic: Placement(backends: [try? Self.gpu(isForced: false)].compactMap { $0 } + cpu)
        case .gpu: Placement(backends: [try Self.gpu(isForced: true)] + cpu)
        }
    }

    private static func gpu(isForced: Bool) throws -> any Backend {
        #if canImport(Metal)
            try metal(MetalDevice.system, isForced: isForced)
        #else
            throw OssicleError(
                .unsupported,
                "compute gpu was asked for, and this build of Ossicle has no GPU backend (Metal)")
        #endif
    }

    #if canImport(Metal)
        /// - Parameter isForced: whether every layer that has kernels goes there, however small.
        static func metal(_ device: Result<MetalDevice, OssicleError>, isForced: Bool) throws -> any Backend {
            MetalBackend(
                device: try device.mapError { $0.within("compute gpu was asked for") }.get(),
                options: isForced ? MetalOptions(minimumFlops: 0) : MetalOptions())
        }
    #endif

    /// The system's own, for its CPU.
    private static var libraries: [any Backend] {
        #if canImport(Accelerate)
            if #available(macOS 15, iOS 18, *) { return [BNNSBackend(), AccelerateBackend()] }
            return [AccelerateBackend()]
        #else
            return []
        #endif
    }
}
