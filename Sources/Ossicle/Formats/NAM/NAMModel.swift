/// A Neural Amp Modeler file (`.nam`, versions 0.5.0 to 0.7): what it says, free of any graph.
struct NAMModel: Sendable {
    indirect enum Network: Sendable {
        /// y[t] = Σ w[k] x[t - k] + bias, as a convolution of one channel.
        case linear(FileConvolution)
        case convNet(NAMConvNet)
        case lstm(NAMLSTM)
        case waveNet(NAMWaveNet)
        /// The same rig at several sizes, smallest first; the last is the full one and the default.
        case sizes([(maxValue: Double, model: NAMModel)])
    }

    var version: String
    var network: Network
    /// In hertz; nil when the file does not say.
    var sampleRate: Double?
    var metadata = NAMMetadata()
}

/// The descriptive part of a file. None of it changes the output.
struct NAMMetadata: Sendable {
    /// Output loudness in dB for a standard input.
    var loudness: Double?
    var gain: Double?
    /// Levels in dBu that stand for a peak of 1.
    var inputLevel: Double?
    var outputLevel: Double?
    /// name, modeled_by, gear_type, gear_make, gear_model, tone_type and other strings, in the order of the file.
    var texts: [(key: String, value: String)] = []
}

/// Blocks of a dilated convolution with kernel 2, an optional batch norm and a nonlinearity, then a 1×1 head.
struct NAMConvNet: Sendable {
    struct Block: Sendable {
        /// Without bias when there is a norm.
        var convolution: FileConvolution
        var norm: FileBatchNorm?
    }

    var blocks: [Block]
    var activation: FileActivation
    var head: FileLinear
}

/// LSTM layers with stored initial states and a linear head on the last one's output.
struct NAMLSTM: Sendable {
    var layers: [FileRecurrent]
    var head: FileLinear
}

extension NAMModel {
    var inputs: Int {
        switch network {
        case .linear(let layer): layer.inputs
        case .convNet(let net): net.blocks[0].convolution.inputs
        case .lstm(let net): net.layers[0].inputs
        case .waveNet(let net): net.inputs
        case .sizes(let models): models[0].model.inputs
        }
    }

    var outputs: Int {
        switch network {
        case .linear(let layer): layer.outputs
        case .convNet(let net): net.head.outputs
        case .lstm(let net): net.head.outputs
        case .waveNet(let net): net.outputs
        case .sizes(let models): models[0].model.outputs
        }
    }

    /// Zeros to feed after a reset before the first true sample, as NeuralAmpModelerCore does: the receptive field,
    /// or half a second for an LSTM, so that a stream does not start with the click of an unsettled network.
    var warmUp: Int {
        switch network {
        case .linear: 0
        case .convNet(let net): 1 + net.blocks.reduce(0) { $0 + $1.convolution.past }
        case .lstm: max(1, Int(0.5 * (sampleRate ?? 0)))
        case .waveNet(let net): net.warmUp
        case .sizes(let models): models.last?.model.warmUp ?? 0
        }
    }
}
