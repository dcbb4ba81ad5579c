/// A weight a Core ML file holds.
public struct CoreMLWeight: Sendable, Equatable {
    /// The constant's name in an ML Program; `layer.weight`, `layer.bias` … in an older network.
    public let name: String
    /// Shape after decompression.
    public let shape: [Int]
    /// The type of the stored elements: of the quantised numbers or indices if the weight is compressed.
    public let dataType: MILElementType
    /// Bytes the elements take in the file, without scales and palettes.
    public let byteCount: Int
    /// The file that holds the elements.
    public let file: String
    /// Where the elements begin in `file`; `nil` if they are written inside the program.
    public let offset: Int?
    /// The `constexpr_*` operation that expands the weight, or the older format's kind of quantisation.
    public let compression: String?
}

/// A linear layer: y = W x + b.
public struct CoreMLLinearWeights: Sendable {
    /// [out, in].
    public let weight: Tensor
    /// [out].
    public let bias: Tensor?
}

/// A one-dimensional convolution.
public struct CoreMLConv1DWeights: Sendable {
    /// [out, in / groups, kernel].
    public let weight: Tensor
    /// [out].
    public let bias: Tensor?
}

/// One direction of an LSTM layer as PyTorch keeps it: rows in the order i, f, g, o.
///
/// Core ML adds the two biases of PyTorch into one; it is `biasIH` here, and `biasHH` is zero.
public struct CoreMLLSTMWeights: Sendable {
    /// [4 · hidden, in].
    public let weightIH: Tensor
    /// [4 · hidden, hidden].
    public let weightHH: Tensor
    /// [4 · hidden].
    public let biasIH: Tensor
    /// [4 · hidden], zeros.
    public let biasHH: Tensor
}

/// One direction of a GRU layer with rows in PyTorch's order r, z, n.
///
/// Core ML multiplies the hidden state by the reset gate *before* the recurrent product, PyTorch after it. Only with iOS
/// 18's `reset_after` do both compute the same: `input_bias` is `biasIH` then, and `bias` is `biasHH`.
public struct CoreMLGRUWeights: Sendable {
    /// [3 · hidden, in].
    public let weightIH: Tensor
    /// [3 · hidden, hidden].
    public let weightHH: Tensor
    /// [3 · hidden].
    public let biasIH: Tensor
    /// [3 · hidden], zeros without `reset_after`.
    public let biasHH: Tensor
}
