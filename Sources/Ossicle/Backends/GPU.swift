/// What the machine offers beside its CPU.
public enum GPU {
    /// Whether a backend of this build can use a GPU.
    public static var isAvailable: Bool { false }
}
