/// Graph nodes for the layers that model files describe. Values are `[channels, frames]` unless a name says otherwise.
extension Graph {
    /// A causal convolution.
    mutating func append(_ layer: FileConvolution, to x: ValueID, name: String, scale: Float = 1) throws
        -> ValueID
    {
        let weight = try constant(
            "\(name).weight", layer.weight.map { $0 * scale },
            [layer.outputs, layer.inputs / layer.groups, layer.kernel])
        var inputs = [x, weight]
        if let bias = layer.bias {
            inputs.append(try constant("\(name).bias", bias.map { $0 * scale }, [layer.outputs]))
        }
        let axis = ConvolutionAxis(stride: layer.stride, dilation: layer.dilation, padBegin: layer.past)
        return try add(
            Convolution(axes: [axis], groups: layer.groups, hasBias: layer.bias != nil), inputs, name: name)[
                0]
    }

    /// A fully connected layer at every frame: a convolution of one tap.
    mutating func append(_ layer: FileLinear, to x: ValueID, name: String) throws -> ValueID {
        try append(
            FileConvolution(
                inputs: layer.inputs, outputs: layer.outputs, kernel: 1, weight: layer.weight,
                bias: layer.bias),
            to: x, name: name)
    }

    mutating func append(_ layer: FileBatchNorm, to x: ValueID, name: String) throws -> ValueID {
        // In double: scale and shift are small differences of large numbers now and then.
        let scale = (0..<layer.channels).map {
            Double(layer.gamma[$0]) / (Double(layer.variance[$0]) + Double(layer.epsilon)).squareRoot()
        }
        let shift = (0..<layer.channels).map { Double(layer.beta[$0]) - Double(layer.mean[$0]) * scale[$0] }
        let shape = [layer.channels, 1]
        let scaled = try apply(
            Binary(.multiply), x, try constant("\(name).scale", scale.map { Float($0) }, shape),
            name: "\(name).scale")
        return try apply(
            Binary(.add), scaled, try constant("\(name).shift", shift.map { Float($0) }, shape),
            name: "\(name).shift")
    }

    mutating func append(_ activation: FileActivation, to x: ValueID, name: String) throws -> ValueID {
        switch activation {
        case .function(let function):
            return function.isIdentity ? x : try apply(Unary(function), x, name: name)
        case .prelu(let slopes):
            return try prelu(
                x, weight: try constant("\(name).slope", slopes, [slopes.count]), axis: 0, name: name)
        case .leakyHardtanh(let low, let high, let lowSlope, let highSlope):
            let inside = try apply(
                Unary(Activation(.hardtanh, alpha: low, beta: high)), x, name: "\(name).clamp")
            let beyond = try apply(Binary(.subtract), x, inside, name: "\(name).beyond")
            let zero = try constant("\(name).zero", [0], [1])
            let below = try apply(Binary(.minimum), beyond, zero, name: "\(name).below")
            let above = try apply(Binary(.maximum), beyond, zero, name: "\(name).above")
            let sum = try apply(
                Binary(.add), inside, try scaled(below, by: lowSlope, name: "\(name).low"),
                name: "\(name).lower")
            return try apply(
                Binary(.add), sum, try scaled(above, by: highSlope, name: "\(name).high"), name: name)
        case .softmax:
            return try apply(Softmax(axis: 0), x, name: name)
        case .namFastTanh:
            return try apply(Unary(Activation(.namFastTanh)), x, name: name)
        }
    }

    mutating func scaled(_ x: ValueID, by factor: Float, name: String) throws -> ValueID {
        factor == 1
            ? x : try apply(Binary(.multiply), x, try constant("\(name).factor", [factor], [1]), name: name)
    }

    /// One recurrent layer over `[frames, features]`.
    mutating func append(recurrent layer: FileRecurrent, toFrames x: ValueID, name: String) throws -> ValueID
    {
        let rows = (layer.cell == .lstm ? 4 : 3) * layer.hidden
        var inputs = [
            x, try constant("\(name).weight_ih", layer.weightIH, [rows, layer.inputs]),
            try constant("\(name).weight_hh", layer.weightHH, [rows, layer.hidden]),
            try constant("\(name).bias_ih", layer.biasIH, [rows]),
            try constant("\(name).bias_hh", layer.biasHH, [rows]),
        ]
        let zeros = [Float](repeating: 0, count: layer.hidden)
        let starts = layer.h0 != nil || layer.c0 != nil
        if starts {
            inputs.append(try constant("\(name).h0", layer.h0 ?? zeros, [1, layer.hidden]))
            if layer.cell == .lstm {
                inputs.append(try constant("\(name).c0", layer.c0 ?? zeros, [1, layer.hidden]))
            }
        }
        let operation = Recurrent(layer.cell, hiddenSize: layer.hidden, hasInitialState: starts)
        return try add(operation, inputs, name: name)[0]
    }

    /// `[1, T]` or `[C, T]` to `[T, C]`, and back.
    mutating func swappedAxes(_ x: ValueID, name: String) throws -> ValueID {
        let shape = type(of: x).shape
        // One channel needs no move.
        return shape.contains(.fixed(1))
            ? try apply(Reshape([shape[1], shape[0]]), x, name: name)
            : try apply(Transpose([1, 0]), x, name: name)
    }

    /// The signal a file model takes: `[T]` for one channel, `[C, T]` for more; answered as `[C, T]`.
    mutating func signalInput(channels: Int, shape: [Dim]) throws -> ValueID {
        let x = input("input", ValueType(shape))
        let expected: [Dim] = channels == 1 ? [.dynamic] : [.fixed(channels), .dynamic]
        guard shape.count == expected.count, channels == 1 || shape[0] == .fixed(channels) else {
            throw OssicleError(.shapeMismatch, "the model takes \(expected.text), found \(shape.text)")
        }
        return channels == 1 ? try apply(Reshape([.fixed(1), shape[0]]), x, name: "input.channel") : x
    }

    mutating func signalOutput(_ y: ValueID) throws {
        let shape = type(of: y).shape
        output("output", shape[0] == .fixed(1) ? try apply(Reshape([shape[1]]), y, name: "output.signal") : y)
    }

    static func signalShape(channels: Int) -> [Dim] {
        channels == 1 ? [.dynamic] : [.fixed(channels), .dynamic]
    }
}
