/// A model that is one layer after the other, as RTNeural, AIDA-X and GuitarML files hold it.
///
/// Each frame: x is scaled by `inputGain`; the layers run on it; with `skip`, the scaled x (its first channel)
/// is added to their output; `outputGain` scales the sum.
struct LayerChain: Sendable {
    enum Layer: Sendable {
        case linear(FileLinear)
        case convolution(FileConvolution)
        case recurrent(FileRecurrent)
        case batchNorm(FileBatchNorm)
        case activation(FileActivation, channels: Int)

        var outputs: Int {
            switch self {
            case .linear(let layer): layer.outputs
            case .convolution(let layer): layer.outputs
            case .recurrent(let layer): layer.hidden
            case .batchNorm(let layer): layer.channels
            case .activation(_, let channels): channels
            }
        }
    }

    var inputs: Int
    var layers: [Layer]
    var skip = false
    var inputGain: Float = 1
    var outputGain: Float = 1
    var sampleRate: Double?
    /// What the file says its own output is: gains 1, `skip` applied, conditioning inputs 0, from zero state.
    /// AIDA-X calls it passed within 1e-5.
    var selfTest: (input: [Float], output: [Float])?
    /// Descriptive strings of the file's `metadata`, in its order.
    var metadata: [(key: String, value: String)] = []

    var outputs: Int { layers.last?.outputs ?? inputs }
}

extension LayerChain {
    /// Reads a JSON model of any of these formats, told apart by their keys.
    ///
    /// - Throws: `malformed`, `weights` or `unsupported`, naming the file and the path in it.
    static func read(_ root: JSON, file: String, options: LoadOptions = LoadOptions()) throws -> LayerChain {
        let keys = try naming(file) { try root.object() }
        if keys["layers"] != nil { return try RTNeuralReader.read(root, file: file, options: options) }
        if keys["model_data"] != nil { return try GuitarMLReader.read(root, file: file, options: options) }
        throw OssicleError(
            .malformed, "\(file): expected the key \"layers\" (RTNeural, AIDA-X) or \"model_data\" (GuitarML)"
        )
    }
}
