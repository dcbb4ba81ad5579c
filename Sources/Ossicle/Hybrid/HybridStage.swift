/// One convolution of the encoder or one transposed convolution of the decoder.
///
/// Padding (kernel_size - stride + 1) / 2 on both sides, and an output_padding of (kernel_size - stride) mod 2 on the way
/// up, so that a length that the stride divides is divided and multiplied exactly. Of the padding at the end, PyTorch
/// leaves one frame unread where kernel_size - stride is odd; it is left out here.
struct HybridStage: Sendable {
    enum Side: String, Sendable { case encoder, decoder }

    let side: Side
    let index: Int
    let inChannels, outChannels, kernelSize, stride: Int
    let activation: Activation

    var name: String { "\(side.rawValue).\(index)" }
    var padding: Int { (kernelSize - stride + 1) / 2 }
    var outputPadding: Int { (kernelSize - stride) % 2 }

    var parameters: [Parameter] {
        let ends = side == .encoder ? [outChannels, inChannels] : [inChannels, outChannels]
        return [Parameter("weight", ends + [kernelSize]), Parameter("bias", [outChannels])]
    }

    /// As PyTorch would write it.
    var text: String {
        var text =
            "\(side == .encoder ? "Conv1d" : "ConvTranspose1d")(\(inChannels), \(outChannels), \(kernelSize)"
        if stride > 1 { text += ", stride=\(stride)" }
        if padding > 0 { text += ", padding=\(padding)" }
        if side == .decoder, outputPadding > 0 { text += ", output_padding=\(outputPadding)" }
        return text + ")"
    }

    private var axis: ConvolutionAxis {
        var axis = ConvolutionAxis(stride: stride, padBegin: padding, padEnd: kernelSize - stride - padding)
        axis.dividesEvenly = true
        return axis
    }

    func append(to graph: inout Graph, _ x: ValueID, weight: ValueID, bias: ValueID) throws -> ValueID {
        let convolution: any Operation =
            side == .encoder
            ? Convolution(axes: [axis], hasBias: true) : TransposedConvolution(axis: axis, hasBias: true)
        let y = try graph.apply(convolution, x, weight, bias, name: name)
        return activation.isIdentity ? y : try graph.apply(Unary(activation), y, name: "\(name).activation")
    }
}
