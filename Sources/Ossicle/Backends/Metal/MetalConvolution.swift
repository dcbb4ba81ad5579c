/// One convolution as the Metal kernels see it: `[inChannels, length]` in, `[outChannels, outputLength]` out, weights
/// in PyTorch's layout (`[out, in / groups, k]`; transposed `[in, out / groups, k]`).
///
/// Only geometry and arithmetic; nothing here needs Metal.
struct MetalConvolution: Sendable, Equatable {
    /// Where a residual of the output's shape is added.
    enum Residual: Sendable { case beforeActivation, afterActivation }

    var inChannels: Int
    var outChannels: Int
    var kernelSize: Int
    var axis = ConvolutionAxis()
    var groups = 1
    var isTransposed = false
    /// Transposed only: frames appended to the output.
    var outputPadding = 0
    var activation = Activation.identity

    /// PyTorch's, for `groups` that divide the channels.
    var weightShape: [Int] {
        let (first, second) = isTransposed ? (inChannels, outChannels) : (outChannels, inChannels)
        return [first, second / max(groups, 1), kernelSize]
    }

    /// Kernels count in 32 bits, signed; this bound on every extent and product keeps them exact.
    static let limit = 1 << 28

    /// - Throws: `invalidArgument` naming the value out of range.
    func validate() throws {
        let positive = [
            ("inChannels", inChannels), ("outChannels", outChannels), ("kernelSize", kernelSize),
            ("stride", axis.stride), ("dilation", axis.dilation), ("groups", groups),
        ]
        for (name, value) in positive where !(1...Self.limit).contains(value) {
            throw OssicleError(.invalidArgument, "\(name): expected 1...\(Self.limit), found \(value)")
        }
        let counts = [("padBegin", axis.padBegin), ("padEnd", axis.padEnd), ("outputPadding", outputPadding)]
        for (name, value) in counts where !(0...Self.limit).contains(value) {
            throw OssicleError(.invalidArgument, "\(name): expected 0...\(Self.limit), found \(value)")
        }
        guard inChannels % groups == 0, outChannels % groups == 0 else {
            throw OssicleError(
                .invalidArgument,
                "\(inChannels) and \(outChannels) channels do not divide into \(groups) groups")
        }
        try Self.check(weightShape, "weight")
        try Self.check([kernelSize, axis.dilation], "kernel span")
    }

    static func check(_ factors: [Int], _ what: String) throws {
        var product = 1
        for factor in factors {
            let (next, overflow) = product.multipliedReportingOverflow(by: factor)
            guard !overflow, next <= limit else {
                throw OssicleError(
                    .unsupported, "\(what) of \(factors) is above \(limit), which Metal kernels count to")
            }
            product = next
        }
    }

    /// Frames out for `length` frames in, by PyTorch's formulas.
    ///
    /// - Throws: `shapeMismatch` when there would be none, `unsupported` when a value is too large for the kernels.
    func outputLength(_ length: Int) throws -> Int {
        guard (1...Self.limit).contains(length) else {
            throw OssicleError(.shapeMismatch, "length: expected 1...\(Self.limit), found \(length)")
        }
        // No overflow: every term is at most 2^56 (validate).
        let span = axis.span(kernelSize)
        let frames: Int
        if isTransposed {
            frames = (length - 1) * axis.stride + span + outputPadding - axis.padBegin - axis.padEnd
        } else {
            let room = length + axis.padBegin + axis.padEnd - span
            frames = room < 0 ? 0 : room / axis.stride + 1
        }
        guard frames > 0 else {
            throw OssicleError(.shapeMismatch, "length \(length) gives \(frames) frames (window of \(span))")
        }
        try Self.check([frames, isTransposed ? 1 : axis.stride], "output length")
        return frames
    }

    /// - Throws: as `outputLength`, and `unsupported` when a buffer is too large for the kernels.
    func parameters(length: Int, hasBias: Bool, residual: Residual?) throws -> ConvParams {
        let frames = try outputLength(length)
        try Self.check([inChannels, length], "input")
        try Self.check([outChannels, frames], "output")
        var flags = hasBias ? ConvFlags.hasBias : 0
        switch residual {
        case .beforeActivation: flags |= ConvFlags.residualBefore
        case .afterActivation: flags |= ConvFlags.residualAfter
        case nil: break
        }
        var divisor = (axis.stride, axis.dilation)
        while divisor.1 != 0 { divisor = (divisor.1, divisor.0 % divisor.1) }
        return ConvParams(
            inChannels: UInt32(inChannels), outChannels: UInt32(outChannels), inLength: UInt32(length),
            outLength: UInt32(frames), inPitch: UInt32(length), outPitch: UInt32(frames),
            residualPitch: UInt32(frames), kernelSize: UInt32(kernelSize), stride: UInt32(axis.stride),
            dilation: UInt32(axis.dilation), padding: UInt32(axis.padBegin), groups: UInt32(groups),
            tapStep: UInt32(axis.stride / divisor.0), flags: flags,
            activation: UInt32(activation.kind.rawValue),
            alpha: activation.alpha, beta: activation.beta)
    }

    /// The kernel by name and its launch, for `frames` frames out.
    func launch(
        frames: Int, threadgroupMemory: Int, forced: Conv1DShader?
    ) throws -> (shader: String, grid: MetalGrid, threads: MetalGrid?) {
        func divideUp(_ a: Int, _ b: Int) -> Int { (a + b - 1) / b }
        let blocks = groups * divideUp(outChannels / groups, Conv1DShader.channelBlock)
        if isTransposed {
            let shader = ConvTranspose1DShader.choose(outChannels: outChannels, groups: groups)
            return (shader.rawValue, MetalGrid(x: frames, y: shader == .vec4 ? blocks : outChannels), nil)
        }
        let shader = try Conv1DShader.choose(
            kernelSize: kernelSize, outputLength: frames, stride: axis.stride, dilation: axis.dilation,
            threadgroupMemory: threadgroupMemory, forced: forced)
        switch shader {
        case .forward: return (shader.rawValue, MetalGrid(x: frames, y: outChannels), nil)
        case .vec4: return (shader.rawValue, MetalGrid(x: divideUp(frames, 4), y: blocks), nil)
        case .tiled:
            let x = divideUp(frames, Conv1DShader.tileLength) * Conv1DShader.tileThreads
            return (shader.rawValue, MetalGrid(x: x, y: blocks), MetalGrid(x: Conv1DShader.tileThreads, y: 1))
        }
    }
}
