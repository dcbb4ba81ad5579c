/// The largest element, or the mean, of sliding windows over the last axes: PyTorch's `MaxPool` and `AvgPool`.
///
/// Input: x `[…, spatial…]`. Padding never wins a maximum.
public struct Pool: Operation {
    public enum Kind: Int32, Sendable { case max, average }

    public var kind: Kind
    public var kernel: [Int]
    public var axes: [ConvolutionAxis]
    /// Whether a last window may hang over the end.
    public var ceilMode: Bool
    /// Means only: whether padding counts as elements (of zero).
    public var countsPadding: Bool
    /// Streaming only: frames that come before the signal.
    var lag = 0

    public init(
        _ kind: Kind, kernel: [Int], axes: [ConvolutionAxis], ceilMode: Bool = false,
        countsPadding: Bool = true
    ) {
        self.kind = kind
        self.kernel = kernel
        self.axes = axes
        self.ceilMode = ceilMode
        self.countsPadding = countsPadding
    }

    public var name: String { "\(kind)_pool" }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...1)
        guard !axes.isEmpty, kernel.count == axes.count else {
            throw OssicleError(.invalidArgument, "\(kernel.count) kernel sizes for \(axes.count) axes")
        }
        try expect(inputs[0], rank: axes.count...max(axes.count, 6))
        var shape = inputs[0].shape
        for (i, axis) in axes.enumerated() {
            let span = axis.span(kernel[i])
            guard kernel[i] > 0, axis.stride > 0, axis.dilation > 0, (0..<span).contains(axis.padBegin),
                (0..<span).contains(axis.padEnd)
            else {
                throw OssicleError(
                    .invalidArgument,
                    "a window of \(kernel[i]) needs a stride and dilation of at least 1 and less padding than it spans; "
                        + "found \(axis.stride), \(axis.dilation), \(axis.padBegin)+\(axis.padEnd)")
            }
            let position = shape.count - axes.count + i
            let length = shape[position]
            shape[position] = outputLength(length, axis, span: span)
            if let fixed = shape[position].fixedValue, fixed < 1 {
                throw OssicleError(
                    .shapeMismatch, "input length \(length) is shorter than the window of \(span)")
            }
        }
        return [ValueType(shape)]
    }

    private func outputLength(_ length: Dim, _ axis: ConvolutionAxis, span: Int) -> Dim {
        if axis.past != nil { return length.scaledExactly(by: 1, over: axis.stride) }
        var addend = axis.padBegin + axis.padEnd - span + axis.stride
        // The last window must still begin inside the signal or the padding in front of it.
        if ceilMode { addend = min(addend + axis.stride - 1, axis.padBegin + axis.stride - 1) }
        return length.affine(addend: addend, divisor: axis.stride)
    }

    public func flops(_ inputs: [[Int]], _ outputs: [[Int]]) -> Int {
        outputs[0].reduce(1, *) * kernel.reduce(1, *)
    }

    public var takesLead: Bool { true }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        let first = node.inputs[0].rank - axes.count
        for i in axes.indices.dropLast() { try requireWholeSignal(first + i, of: node.inputs[0]) }
        let time = axes[axes.count - 1]
        guard node.inputs[0].shape.last?.isFixed == false else {
            return StreamingForm(self, latency: node.latency)
        }
        let (latency, past) = time.streaming(kernel: kernel[axes.count - 1], latency: node.latency)
        var form = self
        form.lag = node.latency
        form.axes[axes.count - 1].padBegin = 0
        form.axes[axes.count - 1].padEnd = 0
        form.axes[axes.count - 1].past = past
        return StreamingForm(form, latency: latency)
    }
}

/// PyTorch's `AdaptiveMaxPool` and `AdaptiveAvgPool`: as many windows as asked for, over the last axes.
public struct AdaptivePool: Operation {
    public var kind: Pool.Kind
    /// Output extents of the last axes; nil keeps an axis.
    public var sizes: [Int?]

    public init(_ kind: Pool.Kind, sizes: [Int?]) {
        self.kind = kind
        self.sizes = sizes
    }

    public var name: String { "adaptive_\(kind)_pool" }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...1)
        try expect(inputs[0], rank: max(1, sizes.count)...max(sizes.count, 6))
        guard sizes.allSatisfy({ $0 ?? 1 > 0 }) else {
            throw OssicleError(.invalidArgument, "output sizes must be positive, found \(sizes)")
        }
        var shape = inputs[0].shape
        for (i, size) in sizes.enumerated() {
            if let size { shape[shape.count - sizes.count + i] = .fixed(size) }
        }
        return [ValueType(shape)]
    }

    public func flops(_ inputs: [[Int]], _ outputs: [[Int]]) -> Int { inputs[0].reduce(1, *) }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        for (i, size) in sizes.enumerated() where size != nil {
            try requireWholeSignal(node.inputs[0].rank - sizes.count + i, of: node.inputs[0])
        }
        return StreamingForm(self, latency: node.latency)
    }
}
