/// How much is put in front of and behind one axis; negative amounts crop (with `zeros` only).
public struct AxisPadding: Hashable, Sendable {
    public var axis: Int
    public var begin: Int
    public var end: Int

    public init(axis: Int, begin: Int, end: Int) {
        self.axis = axis
        self.begin = begin
        self.end = end
    }
}

/// Padding of any axes: PyTorch's `ConstantPad`, `ReflectionPad`, `ReplicationPad`, `CircularPad`.
public struct Pad: Operation {
    public var pads: [AxisPadding]
    public var mode: PaddingMode
    /// What `zeros` puts there.
    public var value: Float

    public init(_ pads: [AxisPadding], mode: PaddingMode = .zeros, value: Float = 0) {
        self.pads = pads
        self.mode = mode
        self.value = value
    }

    public var name: String { "pad" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...1)
        guard Set(pads.map(\.axis)).count == pads.count else {
            throw OssicleError(.invalidArgument, "axes \(pads.map(\.axis)) must be different ones")
        }
        var shape = inputs[0].shape
        for pad in pads {
            try expect(pad.axis, of: inputs[0])
            try check(pad, shape[pad.axis])
            shape[pad.axis] = shape[pad.axis] + (pad.begin + pad.end)
            if let fixed = shape[pad.axis].fixedValue, fixed < 1 {
                throw OssicleError(
                    .shapeMismatch,
                    "padding \(pad.begin)+\(pad.end) leaves nothing of \(inputs[0].shape.text)")
            }
        }
        return [ValueType(shape, inputs[0].dataType)]
    }

    private func check(_ pad: AxisPadding, _ length: Dim) throws {
        let least = min(pad.begin, pad.end), most = max(pad.begin, pad.end)
        if mode != .zeros, least < 0 {
            throw OssicleError(.invalidArgument, "\(mode) padding cannot crop, found \(pad.begin)+\(pad.end)")
        }
        guard let length = length.fixedValue else { return }
        let limit =
            switch mode {
            case .zeros, .replicate: Int.max
            case .reflect: length - 1
            case .circular: length
            }
        if most > limit {
            throw OssicleError(
                .invalidArgument, "\(mode) padding of \(most) needs more than the input's \(length) elements")
        }
    }

    public var takesLead: Bool { true }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        guard let time = pads.first(where: { !node.inputs[0].shape[$0.axis].isFixed }) else {
            return StreamingForm(self, latency: node.latency)
        }
        guard mode == .zeros, value == 0, pads.count == 1, time.axis == node.inputs[0].rank - 1 else {
            throw OssicleError(
                .unsupported,
                "of all paddings along the frames of \(node.inputs[0].shape.text), only zeros can stream")
        }
        // Zeros in front let the stream run ahead, as it has seen them before its first frame; frames cropped there
        // are a lookahead.
        return StreamingForm(
            Unary(.identity), latency: node.latency - time.begin, needsSilentPast: time.begin > 0)
    }
}
