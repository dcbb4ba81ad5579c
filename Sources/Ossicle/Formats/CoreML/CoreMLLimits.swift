/// What a Core ML file may ask of a reader, in one place.
///
/// The numbers are far above any real model and far below what would exhaust a machine: a file that
/// passes them is read in memory proportional to its size.
enum CoreMLLimits {
    /// `model.mlmodel`: Protocol Buffers messages cannot exceed 2 GiB.
    static let specificationBytes = Int(Int32.max)
    /// An ML Program, as `model.mil` or inside `model.mlmodel`; its weights are in other files.
    static let programBytes = 256 << 20
    /// `Manifest.json`, `model.espresso.net`, `coremldata.bin`.
    static let sideFileBytes = 64 << 20
    /// Nested messages, blocks, types and literals. Each level costs stack.
    static let nesting = 64
    /// Axes of a tensor. Core ML stops at 5; a look-up table has two more than its tensor.
    static let rank = 16
    /// Elements of one decompressed weight: 1 GiB of float32.
    static let elements = 1 << 28
    /// Elements of one entry of a palette of vectors, which multiply what a file expands to.
    static let paletteVector = 64
    /// Layers or weights of an older network.
    static let layers = 1 << 20
    /// Weights of one layer of an older network; a bidirectional LSTM has 30.
    static let layerWeights = 64
    /// Operations of a function after its loops are unrolled.
    static let loweredOperations = 1 << 16
    /// A loop that turns more often runs as a loop; below, it is unrolled.
    static let unrolledTurns = 64
    /// The same of one whose constants, taken once a turn, are larger.
    static let unrolledBytes = 1 << 20
    /// Bytes of constants that are made while a program is read: filled, tiled, computed from others.
    static let computedBytes = 1 << 30
    /// Kernel sizes, strides, dilations and paddings of windows.
    static let window = 1 << 24
    /// Bytes of intermediate values of one model: 16 GiB.
    static let workspaceBytes = 1 << 34
}
