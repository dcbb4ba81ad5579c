/// The Metal kernels for a convolution over rows `[channels, length]`, and the rule that chooses one.
///
/// Nothing here needs Metal, so the rule is compiled and tested everywhere. The raw values are the kernels' names.
enum Conv1DShader: String, Sendable, CaseIterable {
    /// One output a thread.
    case forward = "conv1d_forward"
    /// Taps and input window loaded together into threadgroup memory, for long kernels.
    case tiled = "conv1d_forward_tiled"
    /// Four positions of four channels a thread.
    case vec4 = "conv1d_forward_vec4"

    // The shaders' constants of the same names (conv1d.metal); a test compares them.
    static let maxKernelSize = 128
    static let tileLength = 128
    static let tileThreads = 64
    static let maxWindow = 2048
    static let channelBlock = 4

    /// Threadgroup memory that `tiled` takes: four floats for each tap, one for each sample of the window.
    static let tiledMemory = (4 * maxKernelSize + maxWindow) * MemoryLayout<Float>.size

    /// Chooses the kernel for one convolution.
    ///
    /// - `tiled` for kernels longer than 16 and up to `maxKernelSize` whose window fits threadgroup memory;
    /// - `vec4` for moderate kernels (up to 16) with more than 128 outputs;
    /// - `forward` otherwise.
    ///
    /// - Parameters:
    ///   - outputLength: frames that the convolution makes.
    ///   - threadgroupMemory: bytes that the device offers (`maxThreadgroupMemoryLength`).
    ///   - forced: use this kernel instead, for tests and measurements.
    /// - Throws: `invalidArgument` when the forced kernel cannot run this convolution.
    static func choose(
        kernelSize: Int, outputLength: Int, stride: Int = 1, dilation: Int = 1,
        threadgroupMemory: Int = 32768, forced: Conv1DShader? = nil
    ) throws -> Conv1DShader {
        let obstacle = tiledObstacle(
            kernelSize: kernelSize, stride: stride, dilation: dilation, threadgroupMemory: threadgroupMemory)
        if let forced {
            if forced == .tiled, let obstacle {
                throw OssicleError(.invalidArgument, "\(forced.rawValue): \(obstacle)")
            }
            return forced
        }
        if kernelSize > 16 { return obstacle == nil ? .tiled : .forward }
        return outputLength > 128 ? .vec4 : .forward
    }

    /// Input samples that one tile reads, nil when the number overflows.
    static func window(kernelSize: Int, stride: Int, dilation: Int) -> Int? {
        let (step, a) = (tileLength - 1).multipliedReportingOverflow(by: stride)
        let (reach, b) = (kernelSize - 1).multipliedReportingOverflow(by: dilation)
        let (sum, c) = step.addingReportingOverflow(reach)
        let (span, d) = sum.addingReportingOverflow(1)
        return a || b || c || d ? nil : span
    }

    private static func tiledObstacle(
        kernelSize: Int, stride: Int, dilation: Int, threadgroupMemory: Int
    ) -> String? {
        if kernelSize > maxKernelSize { return "kernel size \(kernelSize) is above \(maxKernelSize)" }
        guard let span = window(kernelSize: kernelSize, stride: stride, dilation: dilation), span <= maxWindow
        else {
            return "its window for stride \(stride), dilation \(dilation) is above \(maxWindow) samples"
        }
        if tiledMemory > threadgroupMemory {
            return "it needs \(tiledMemory) bytes of threadgroup memory, the device has \(threadgroupMemory)"
        }
        return nil
    }
}

/// The kernels for a transposed convolution.
enum ConvTranspose1DShader: String, Sendable, CaseIterable {
    /// One output a thread.
    case forward = "conv_transpose1d_forward"
    /// Four channels of one position a thread.
    case vec4 = "conv_transpose1d_forward_vec4"

    /// `vec4` when a group has more than one channel to share the input between.
    static func choose(outChannels: Int, groups: Int, forced: ConvTranspose1DShader? = nil) -> Self {
        forced ?? (outChannels / max(groups, 1) > 1 ? .vec4 : .forward)
    }
}

/// The kernels for element-wise steps.
enum ElementwiseShader: String, CaseIterable {
    case activation = "elementwise_activation"
    case add = "elementwise_add"
}
