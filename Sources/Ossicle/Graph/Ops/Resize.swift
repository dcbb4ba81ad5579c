/// Up- or downsampling of some axes as PyTorch's `interpolate` does it, `nearest` or `linear` (two axes: `bilinear`).
public struct Resize: Operation {
    public enum Mode: Sendable { case nearest, linear }

    public enum Target: Sendable, Hashable {
        /// floor(extent · factor) samples, 1 / factor apart.
        case factor(Double)
        /// That many samples.
        case extent(Int)
        /// That many samples; sample i lies at i · step + offset of the input, kept inside it.
        case grid(extent: Int, step: Double, offset: Double)
    }

    public var mode: Mode
    public var axes: [Int]
    public var targets: [Target]
    /// Linear only: the outermost samples of input and output fall together.
    public var alignsCorners: Bool

    public init(_ mode: Mode, axes: [Int], targets: [Target], alignsCorners: Bool = false) {
        self.mode = mode
        self.axes = axes
        self.targets = targets
        self.alignsCorners = alignsCorners
    }

    public var name: String { "resize_\(mode)" }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...1)
        guard axes.count == targets.count, Set(axes).count == axes.count, mode == .linear || !alignsCorners
        else {
            throw OssicleError(
                .invalidArgument,
                "expected one target for each of \(axes), and corners aligned in linear mode only")
        }
        var shape = inputs[0].shape
        for (axis, target) in zip(axes, targets) {
            try expect(axis, of: inputs[0])
            shape[axis] = try target.extent(of: shape[axis])
            if let fixed = shape[axis].fixedValue, fixed < 1 {
                throw OssicleError(
                    .shapeMismatch, "\(inputs[0].shape.text) is resized to nothing along axis \(axis)")
            }
        }
        return [ValueType(shape)]
    }

    public func flops(_ inputs: [[Int]], _ outputs: [[Int]]) -> Int {
        mode == .nearest ? 0 : 3 * outputs[0].reduce(1, *)
    }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        var latency = node.latency
        for (axis, target) in zip(axes, targets) where !node.inputs[0].shape[axis].isFixed {
            guard mode == .nearest, let factor = target.wholeFactor, axis == node.inputs[0].rank - 1 else {
                try requireWholeSignal(axis, of: node.inputs[0])
                continue
            }
            latency *= factor
        }
        return StreamingForm(self, latency: latency)
    }
}

extension Resize.Target {
    var wholeFactor: Int? {
        guard case .factor(let factor) = self else { return nil }
        return Int(exactly: factor)
    }

    /// - Throws: `invalidArgument` for a factor that is no positive number, `unsupported` where a dynamic extent
    ///   would need a factor that is not a ratio of small integers.
    func extent(of dim: Dim) throws -> Dim {
        switch self {
        case .extent(let extent): return .fixed(extent)
        case .grid(let extent, let step, let offset):
            guard step.isFinite, offset.isFinite, abs(step) < 1e9, abs(offset) < 1e9 else {
                throw OssicleError(.invalidArgument, "samples \(step) apart from \(offset) on are no grid")
            }
            return .fixed(extent)
        case .factor(let factor):
            guard factor > 0, factor <= 65536 else {
                throw OssicleError(
                    .invalidArgument, "a scale factor must be positive and at most 65536, found \(factor)")
            }
            if let whole = wholeFactor { return dim.affine(multiplier: whole) }
            if let fixed = dim.fixedValue { return .fixed(Int(Double(fixed) * factor)) }
            for divisor in 2...1024 {
                let multiplier = (factor * Double(divisor)).rounded()
                if multiplier / Double(divisor) == factor {
                    return dim.affine(multiplier: Int(multiplier), divisor: divisor)
                }
            }
            throw OssicleError(
                .unsupported,
                "a dynamic length cannot be scaled by \(factor), which is no ratio of integers below 1025")
        }
    }
}
