import CKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// When a convolution of whole tensors goes through a transform (see `ok_transform_args`), and of what size.
///
/// A stream never does: there a sum's order must not depend on where blocks begin.
struct ConvolutionTransform {
    /// Complex points of one block.
    let points: Int
    /// Outputs that one block yields.
    let hop: Int
    /// Blocks whose spectra are held together, so that they share one pass over the weights.
    let group: Int

    private static let sizes = [32, 64, 128, 256, 512]
    private static let largestGroup = 16
    /// Spectra beyond this would be read from memory at every run.
    private static let largestSpectrum = 32 << 20

    /// The cheapest size, or nil where the direct sum is cheaper. Costs are vector operations.
    init?(channels: Int, outputs: Int, kernel: Int, columns: Int, lanes: Int) {
        let vectors = { (n: Int) in (n + lanes - 1) / lanes }
        var best: (cost: Int, points: Int)?
        for points in Self.sizes where kernel <= points {
            let bytes = 8 * points * channels * vectors(outputs) * lanes
            guard bytes <= Self.largestSpectrum else { break }
            let blocks = (columns + 2 * points - kernel) / (2 * points - kernel + 1)
            let products = 4 * channels * vectors(outputs)
            // Per point and channel vector: butterflies at two levels a pass, and two transpositions in 4 x 4 blocks.
            let levels = points.trailingZeroBitCount
            let transforms = (vectors(channels) + vectors(outputs)) * (10 * levels + 4 * lanes)
            let cost = blocks * points * (products + transforms)
            if cost < best?.cost ?? .max { best = (cost, points) }
        }
        let direct = channels * kernel * outputs * vectors(columns)
        guard let best, best.cost + best.cost / 4 < direct else { return nil }
        points = best.points
        hop = 2 * points - kernel + 1
        let blocks = (columns + hop - 1) / hop
        let groups = (blocks + Self.largestGroup - 1) / Self.largestGroup
        group = (blocks + groups - 1) / groups
    }

    // MARK: Roots

    /// Stages from first to last: nodes of the tree, each mod x^length - e^(i·angle).
    private var stages: [(radix: Int, angles: [Double])] {
        var result: [(radix: Int, angles: [Double])] = []
        var angles = [Double.pi / 2]
        var length = points
        while length > 1 {
            let radix = result.isEmpty && length.trailingZeroBitCount % 2 == 1 ? 2 : 4
            result.append((radix, angles))
            for _ in 0..<(radix / 2) { angles = angles.flatMap { [$0 / 2, $0 / 2 + .pi] } }
            length /= radix
        }
        return result
    }

    /// The multipliers that the kernel reads.
    var roots: [Float] {
        stages.flatMap { stage in
            stage.angles.flatMap { angle in
                (stage.radix == 2 ? [angle / 2] : [angle / 4, angle / 2, 3 * angle / 4]).flatMap {
                    [Float(cos($0)), Float(sin($0))]
                }
            }
        }
    }

    // MARK: Weights

    /// Spectra of `[O, C, kernel]` in the kernel's order, in float64 until they are stored.
    func pack(_ weight: Tensor, lanes: Int, panel: Int, _ memory: ProgramMemory) -> UnsafePointer<Float> {
        let (outputs, channels, kernel) = (weight.shape[0], weight.shape[1], weight.shape[2])
        let padded = (outputs + lanes - 1) / lanes * lanes
        let packed = memory.floats(points * channels * 2 * padded)
        let tree = splits
        let values = weight.floats()
        var re = [Double](repeating: 0, count: points)
        var im = re
        for output in 0..<outputs {
            // Where this output stands: its panel, the panel's width, the place within.
            let first = output / (panel * lanes) * panel * lanes
            let width = padded - first >= panel * lanes ? panel * lanes : lanes
            let start = width == lanes ? output / lanes * lanes : first
            for channel in 0..<channels {
                let base = (output * channels + channel) * kernel
                fill(&re, &im, values[base..<(base + kernel)])
                split(&re, &im, tree)
                for point in 0..<points {
                    let row =
                        packed + point * channels * 2 * padded + channels * 2 * start + channel * 2 * width
                    row[output - start] = Float(re[point])
                    row[width + output - start] = Float(im[point])
                }
            }
        }
        return UnsafePointer(packed)
    }

    /// Tap k at x^-k, which is -x^(2·points - k); the upper half is the imaginary part.
    private func fill(_ re: inout [Double], _ im: inout [Double], _ taps: ArraySlice<Float>) {
        for i in 0..<points { (re[i], im[i]) = (0, 0) }
        let scale = 1 / Double(points)
        for (k, tap) in taps.enumerated() {
            if k == 0 { re[0] = Double(tap) * scale } else { im[points - k] = -Double(tap) * scale }
        }
    }

    /// The root of every node, level by level.
    private var splits: [[(re: Double, im: Double)]] {
        var result: [[(re: Double, im: Double)]] = []
        var angles = [Double.pi / 2]
        for _ in 0..<points.trailingZeroBitCount {
            result.append(angles.map { (cos($0 / 2), sin($0 / 2)) })
            angles = angles.flatMap { [$0 / 2, $0 / 2 + .pi] }
        }
        return result
    }

    private func split(_ re: inout [Double], _ im: inout [Double], _ tree: [[(re: Double, im: Double)]]) {
        re.withUnsafeMutableBufferPointer { re in
            im.withUnsafeMutableBufferPointer { im in
                for level in tree {
                    let half = points / level.count / 2
                    for (node, root) in level.enumerated() {
                        for j in (2 * half * node)..<(2 * half * node + half) {
                            let (x, y) = (re[j + half], im[j + half])
                            let (tr, ti) = (x * root.re - y * root.im, x * root.im + y * root.re)
                            (re[j + half], im[j + half]) = (re[j] - tr, im[j] - ti)
                            (re[j], im[j]) = (re[j] + tr, im[j] + ti)
                        }
                    }
                }
            }
        }
    }
}

extension ConvolutionEmission {
    /// The transform for this convolution, where it can and should be used.
    func transform(_ sources: [ok_conv_source], _ weight: Tensor, residual: Operand?, to destination: Operand)
        -> ConvolutionTransform?
    {
        guard !emitter.mode.isStream, sources.count == 1, convolution.spatialRank == 1,
            convolution.groups == 1,
            convolution.gate == nil, residual == nil, sources[0].stride_x == 1, sources[0].dilation_x == 1
        else { return nil }
        return ConvolutionTransform(
            channels: weight.shape[1], outputs: weight.shape[0], kernel: weight.shape[2],
            columns: emitter.maximum(destination.shape.last!), lanes: emitter.lanes)
    }

    func emitTransform(
        _ transform: ConvolutionTransform, _ source: ok_conv_source, _ weight: Tensor, bias: [Float],
        to destination: Operand
    ) {
        let lanes = emitter.lanes
        let whole = { (n: Int) in (n + lanes - 1) / lanes * lanes }
        let (outputs, channels) = (weight.shape[0], weight.shape[1])
        let padded = bias + [Float](repeating: 0, count: whole(outputs) - outputs)
        let spectra = { (n: Int) in
            transform.points * (transform.group * 2 * whole(n) + Int(OK_TRANSFORM_GAP)) * 4
        }
        let out = Layout(destination, spatialRank: 1, emitter)
        let packed = transform.pack(
            weight, lanes: lanes, panel: Int(emitter.kernels.pointee.transform_vectors), emitter.memory)
        emitter.step(
            emitter.kernels.pointee.ok_transform,
            ok_transform_args(
                source: source.slot, destination: Int32(destination.slot), points: Int32(transform.points),
                group: Int32(transform.group), batch: Int64(out.batch), channels: Int64(channels),
                outputs: Int64(outputs), kernel: Int64(weight.shape[2]), offset: source.offset,
                columns: out.columns,
                source_batch_stride: source.batch_stride, source_row_stride: source.channel_stride,
                destination_batch_stride: out.batchStride, destination_row_stride: out.channelStride,
                weights: packed,
                bias: emitter.memory.store(padded), roots: emitter.memory.store(transform.roots),
                activation: convolution.activation.c,
                block: Int32(emitter.scratch(byteCount: transform.points * 2 * lanes * 4)),
                source_spectra: Int32(emitter.scratch(byteCount: spectra(channels))),
                output_spectra: Int32(emitter.scratch(byteCount: spectra(outputs)))),
            "conv/transform \(2 * transform.points)"
                + (convolution.activation.isIdentity ? "" : "+\(convolution.activation.kind)"))
    }
}
