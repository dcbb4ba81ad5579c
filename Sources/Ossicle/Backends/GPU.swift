/// What the machine offers beside its CPU.
public enum GPU {
    /// Whether a backend of this build can use a GPU. The first call opens it and compiles its kernels.
    public static var isAvailable: Bool {
        #if canImport(Metal)
            (try? MetalDevice.system.get()) != nil
        #else
            false
        #endif
    }
}
