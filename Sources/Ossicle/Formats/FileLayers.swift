#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What a model file says about its layers, free of any graph: sizes and float32 weights in PyTorch's layouts.

/// A nonlinearity.
enum FileActivation: Sendable, Equatable {
    /// One that the engine knows by name.
    case function(Activation)
    /// x for x > 0, else slope · x, with one slope or one for each channel.
    case prelu([Float])
    /// Hard tanh that goes on with a slope beyond its limits instead of staying flat.
    case leakyHardtanh(min: Float, max: Float, minSlope: Float, maxSlope: Float)
    /// Over the channels of one frame.
    case softmax
    /// NAM's "Fasttanh": with a = |x|,
    /// x (c₁ + c₁a + (c₂ + c₃a)x²) / (c₄ + (c₄ + x²) |x + c₅xa|), c₁ = 2.45550750702956, c₂ = 0.893229853513558,
    /// c₃ = 0.821226666969744, c₄ = 2.44506634652299, c₅ = 0.814642734961073.
    case namFastTanh

    static let identity = FileActivation.function(.identity)
}

/// A fully connected layer: weight `[outputs, inputs]`, bias `[outputs]`.
struct FileLinear: Sendable {
    var inputs: Int
    var outputs: Int
    var weight: [Float]
    var bias: [Float]?
}

/// A causal convolution over time: weight `[outputs, inputs / groups, kernel]`, its last tap meeting the newest
/// frame; bias `[outputs]`. Frames before the first are zero.
struct FileConvolution: Sendable {
    var inputs: Int
    var outputs: Int
    var kernel: Int
    var stride = 1
    var dilation = 1
    var groups = 1
    var weight: [Float]
    var bias: [Float]?

    /// Frames of the past that an output needs.
    var past: Int { (kernel - 1) * dilation }
}

/// One LSTM (gates i f g o) or GRU (r z n, reset behind the hidden product) layer: weightIH `[G·H, inputs]`,
/// weightHH `[G·H, H]`, both biases `[G·H]`.
struct FileRecurrent: Sendable {
    var cell: Recurrent.Cell
    var inputs: Int
    var hidden: Int
    var weightIH: [Float]
    var weightHH: [Float]
    var biasIH: [Float]
    var biasHH: [Float]
    /// The state after a reset, `[H]` each; zero when nil. `c0` for LSTM alone.
    var h0: [Float]?
    var c0: [Float]?
}

/// y = (x - mean) / √(variance + epsilon) · gamma + beta for each channel.
struct FileBatchNorm: Sendable {
    var channels: Int
    var mean: [Float]
    var variance: [Float]
    var gamma: [Float]
    var beta: [Float]
    var epsilon: Float
}

extension FileLinear { var parameterCount: Int { weight.count + (bias?.count ?? 0) } }
extension FileConvolution { var parameterCount: Int { weight.count + (bias?.count ?? 0) } }
extension FileRecurrent {
    var parameterCount: Int { weightIH.count + weightHH.count + biasIH.count + biasHH.count }
}
extension FileBatchNorm { var parameterCount: Int { 4 * channels } }
extension FileActivation {
    var parameterCount: Int { if case .prelu(let slopes) = self { slopes.count } else { 0 } }
}

/// The past that a model's convolutions keep, bounded so that a tiny file cannot ask for gigabytes.
struct HistoryBudget {
    /// 64 Mi floats: a thousand times what real models keep.
    static let maxFloats = 1 << 26
    private var floats = 0

    /// - Throws: `unsupported` naming the layer.
    mutating func charge(_ convolution: FileConvolution, _ name: String) throws {
        let (size, overflow) = convolution.past.multipliedReportingOverflow(by: convolution.inputs)
        guard !overflow, size <= Self.maxFloats - floats else {
            throw OssicleError(
                .unsupported, "\(name): the convolutions keep more than \(Self.maxFloats) numbers of the past"
            )
        }
        floats += size
    }
}

/// Sizes that no model file may pass: they bound products of two of them far below overflow.
enum FileLimits {
    static let width = 1...65_536
    static let kernel = 1...65_536
    static let dilation = 1...(1 << 24)
    static let layers = 4096
}

extension Array where Element == Float {
    /// The transpose of a row-major `rows` × `columns` matrix.
    func transposed(_ rows: Int, _ columns: Int) -> [Float] {
        var result = [Float](repeating: 0, count: count)
        for row in 0..<rows {
            for column in 0..<columns { result[column * rows + row] = self[row * columns + column] }
        }
        return result
    }
}

extension [Float] {
    /// `[outputs, taps, inputs]` to `[outputs, inputs, taps]`.
    func swappedTaps(_ outputs: Int, _ taps: Int, _ inputs: Int) -> [Float] {
        var result: [Float] = []
        result.reserveCapacity(count)
        for output in 0..<outputs {
            for input in 0..<inputs {
                for tap in 0..<taps { result.append(self[(output * taps + tap) * inputs + input]) }
            }
        }
        return result
    }
}

extension FileBatchNorm {
    /// - Throws: `weights` when a variance plus epsilon is not above zero, whose root would not be a number.
    func check(_ name: String) throws {
        if let i = variance.firstIndex(where: { !($0 + epsilon > 0) }) {
            throw OssicleError(
                .weights,
                "\(name): expected variances above -epsilon, found \(variance[i]) at channel \(i) with epsilon "
                    + "\(epsilon)")
        }
    }
}

/// 10^(decibels / 20).
func decibelGain(_ decibels: Double) -> Double { pow(10, decibels / 20) }
