/// One axis of a transposed convolution over two.
struct TransposedAxis {
    var stride = 1
    var dilation = 1
    /// Cropped in front of the full result, and how much of it is kept behind that.
    var crop: Int
    var length: Int
}

extension Graph {
    /// A transposed convolution over two axes, PyTorch's `ConvTranspose2d`, as a convolution that makes all phases of
    /// the output as channels, followed by putting the phases in order: output u = q·s + r sums
    /// w[k] · x[q - (k·d - r)/s] over the taps k with k·d ≡ r (mod s).
    ///
    /// - Parameters:
    ///   - x: `[N, C, H, W]`.
    ///   - weight: `[C, O/groups, kernel…]`, constant.
    ///   - bias: `[O]`, constant.
    /// - Throws: `shapeMismatch` where these do not fit.
    mutating func transposedConvolution2D(
        _ x: ValueID, weight: Tensor, bias: Tensor?, axes: [TransposedAxis], groups: Int, name: String
    ) throws -> ValueID {
        let shape = type(of: x).shape.compactMap(\.fixedValue)
        guard shape.count == 4, weight.shape.count == 4, axes.count == 2, groups > 0, shape[1] == weight.shape[0],
            shape[1] % groups == 0
        else {
            throw OssicleError(
                .shapeMismatch,
                "\(name): input \(type(of: x).shape.text), weight \(weight.shape) in \(groups) groups")
        }
        let (perGroup, s) = (weight.shape[1], axes.map(\.stride))
        let outputs = perGroup * groups
        // Furthest tap back on each axis, in input elements.
        let reach = zip(axes, weight.shape[2...]).map { axis, kernel in (kernel - 1) * axis.dilation / axis.stride }
        let windows = axes.indices.map { i in
            let needed = (axes[i].crop + axes[i].length + s[i] - 1) / s[i]
            return ConvolutionAxis(padBegin: reach[i], padEnd: max(needed, shape[2 + i]) - shape[2 + i])
        }
        let phases = constant("\(name).phases", try Self.phases(weight, axes, reach, groups: groups))
        var inputs = [x, phases]
        if let bias {
            let values = bias.floats()
            guard values.count == outputs else {
                throw OssicleError(.shapeMismatch, "\(name): bias of \(values.count) for \(outputs) channels")
            }
            let spread = values.flatMap { [Float](repeating: $0, count: s[0] * s[1]) }
            inputs.append(try constant("\(name).bias", spread, [spread.count]))
        }
        let convolution = Convolution(axes: windows, groups: groups, hasBias: bias != nil)
        let made = try add(convolution, inputs, name: name)[0]
        let size = type(of: made).shape.suffix(2).compactMap(\.fixedValue)
        func reshape(_ id: ValueID, _ shape: [Int]) throws -> ValueID {
            try apply(Reshape(shape.map { .fixed($0) }), id, name: "\(name).phases")
        }
        var y = made
        if s != [1, 1] {
            y = try reshape(y, [shape[0], outputs, s[0], s[1], size[0], size[1]])
            y = try apply(Transpose([0, 1, 4, 2, 5, 3]), y, name: "\(name).order")
            y = try reshape(y, [shape[0], outputs, size[0] * s[0], size[1] * s[1]])
        }
        for (i, axis) in axes.enumerated() where axis.crop > 0 || axis.length != size[i] * s[i] {
            let part = Slice(axis: 2 + i, start: axis.crop, count: .fixed(axis.length))
            y = try apply(part, y, name: "\(name).crop")
        }
        return y
    }

    /// `[O·s·s, C/groups, reach + 1…]`: row (o, r, r') holds the taps of that phase, the oldest element first.
    private static func phases(
        _ weight: Tensor, _ axes: [TransposedAxis], _ reach: [Int], groups: Int
    ) throws -> Tensor {
        let w = weight.floats()
        let (channels, perGroup) = (weight.shape[0], weight.shape[1])
        let (kh, kw) = (weight.shape[2], weight.shape[3])
        let (sh, sw) = (axes[0].stride, axes[1].stride)
        let inputs = channels / groups
        let taps = [reach[0] + 1, reach[1] + 1]
        let shape = [perGroup * groups * sh * sw, inputs, taps[0], taps[1]]
        var result = [Float](repeating: 0, count: shape.reduce(1, *))
        for c in 0..<channels {
            let group = c / inputs
            for o in 0..<perGroup {
                for ky in 0..<kh {
                    let (y, ry) = (ky * axes[0].dilation / sh, ky * axes[0].dilation % sh)
                    for kx in 0..<kw {
                        let (x, rx) = (kx * axes[1].dilation / sw, kx * axes[1].dilation % sw)
                        let row = ((group * perGroup + o) * sh + ry) * sw + rx
                        let place = (row * inputs + c % inputs) * taps[0] + reach[0] - y
                        result[place * taps[1] + reach[1] - x] = w[((c * perGroup + o) * kh + ky) * kw + kx]
                    }
                }
            }
        }
        return try Tensor(result, shape: shape)
    }
}
