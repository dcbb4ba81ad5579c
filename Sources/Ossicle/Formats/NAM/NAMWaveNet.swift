/// NAM's WaveNet, from the first (A1) to the second architecture (A2).
///
/// With x the input and c the condition (x itself, or the output of `condition` on x), each array computes
///
///     h = rechannel(x of the array);  s = the previous array's head output, or 0
///     for each layer:
///         z = conv(f₁(h)) |> f₂  +  mix(f₃(c)) |> f₄;  z = f₅(z)
///         z = activation(z)                                    without gating
///         z = activation(top) · secondary(bottom)              gated
///         z = a · activation(top) + (1 - a) · top, a = secondary(bottom)    blended
///         z = f₆(z);  h += f₇(residual(z));  s += f₈(skip(z))
///     head output = head(s);  the next array's x = h
///
/// where fᵢ are the optional FiLMs in the order of `NAMWaveNet.FilmSite`, and `residual`, `skip` are identities when
/// absent (without `residual` h stays as it is). The output is the last head output times `headScale`, then through
/// `postHead`: for each of its convolutions first the activation, then the convolution.
struct NAMWaveNet: Sendable {
    enum Gating: String, Sendable { case none, gated, blended }

    /// Where a FiLM can stand, in the order of their weights.
    enum FilmSite: String, CaseIterable, Sendable {
        case convPre = "conv_pre_film"
        case convPost = "conv_post_film"
        case mixPre = "input_mixin_pre_film"
        case mixPost = "input_mixin_post_film"
        case activationPre = "activation_pre_film"
        case activationPost = "activation_post_film"
        case residualPost = "layer1x1_post_film"
        case skipPost = "head1x1_post_film"
    }

    /// y = scale · v + shift, where `convolution`(c) gives scale and, behind it, shift.
    struct Film: Sendable {
        /// 1×1, with bias, from the condition to `channels` or 2 · `channels`.
        var convolution: FileConvolution
        var channels: Int
        var hasShift: Bool
    }

    struct Layer: Sendable {
        /// To `bottleneck` channels, twice that with gating.
        var convolution: FileConvolution
        /// 1×1 from the condition, without bias.
        var mix: FileConvolution
        var activation: FileActivation
        var gating: Gating
        /// Of the lower half of the channels; only with gating.
        var secondary: FileActivation?
        /// "layer1x1": from the bottleneck back to the array's channels.
        var residual: FileConvolution?
        /// "head1x1": from the bottleneck to the head's accumulator.
        var skip: FileConvolution?
        var films: [FilmSite: Film] = [:]

        /// NeuralAmpModelerCore (at commit daae2d0) reads the weights of `residualPost` always but applies it with
        /// blending alone. To give its output, do the same.
        var appliesResidualPost: Bool { gating == .blended && films[.residualPost] != nil }
    }

    struct LayerArray: Sendable {
        /// 1×1 without bias.
        var rechannel: FileConvolution
        var layers: [Layer]
        /// From the accumulator; its kernel is 1 before A2.
        var head: FileConvolution
        var channels: Int
        /// Channels of the head's accumulator.
        var accumulator: Int { head.inputs }
    }

    struct PostHead: Sendable {
        var convolutions: [FileConvolution]
        var activation: FileActivation
    }

    var inputs: Int
    var arrays: [LayerArray]
    var headScale: Float
    var postHead: PostHead?
    /// Makes the condition from the input; nil when the input itself is the condition.
    var condition: NAMModel?

    var outputs: Int { postHead?.convolutions.last?.outputs ?? arrays.last?.head.outputs ?? 0 }
    var conditionSize: Int { condition?.outputs ?? inputs }

    /// See `NAMModel.warmUp`.
    var warmUp: Int {
        let arrays = arrays.reduce(0) { sum, array in
            sum + array.head.past + array.layers.reduce(0) { $0 + $1.convolution.past }
        }
        return (condition?.warmUp ?? 1) + arrays + (postHead?.convolutions.reduce(0) { $0 + $1.past } ?? 0)
    }
}

extension NAMWaveNet.Layer {
    var parameterCount: Int {
        let always = convolution.parameterCount + mix.parameterCount + activation.parameterCount
        let optional =
            (secondary?.parameterCount ?? 0) + (residual?.parameterCount ?? 0) + (skip?.parameterCount ?? 0)
        return films.values.reduce(always + optional) { $0 + $1.convolution.parameterCount }
    }
}

extension NAMWaveNet.LayerArray {
    var parameterCount: Int {
        layers.reduce(rechannel.parameterCount + head.parameterCount) { $0 + $1.parameterCount }
    }
}
