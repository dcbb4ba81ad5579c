/// Magnitude statistics of a tensor's weights.
struct WeightStatistics {
    /// max|w|; infinite or NaN when a weight is.
    let magnitude: Float
    /// Standard deviation; 0 where `magnitude` is not finite.
    let deviation: Float

    init(_ values: UnsafeBufferPointer<Float>) {
        magnitude = Self.magnitude(values)
        deviation = magnitude.isFinite && magnitude > 0 ? Self.deviation(values, magnitude) : 0
    }

    static func containsNaN(_ values: UnsafeBufferPointer<Float>) -> Bool { magnitude(values).isNaN }

    /// As integers, magnitudes order like the floats, with infinities and then NaNs above all numbers: one
    /// integer maximum finds the largest weight and every bad one.
    private static func magnitude(_ values: UnsafeBufferPointer<Float>) -> Float {
        let raw = UnsafeRawBufferPointer(values)
        var top = SIMD16<UInt32>(repeating: 0)
        let vectors = values.count / 16
        for i in 0..<vectors {
            let bits = raw.loadUnaligned(fromByteOffset: i * 64, as: SIMD16<UInt32>.self) & 0x7fff_ffff
            top.replace(with: bits, where: bits .> top)
        }
        var magnitude = top.max()
        for value in values[(vectors * 16)...] { magnitude = max(magnitude, value.magnitude.bitPattern) }
        return Float(bitPattern: magnitude)
    }

    /// √(E[d²] - E[d]²) with d the distance from the first value: exactly 0 for a constant tensor. Distances are
    /// scaled to at most 2 so that no square overflows, and float sums are kept to 256 terms a lane.
    private static func deviation(_ values: UnsafeBufferPointer<Float>, _ magnitude: Float) -> Float {
        let raw = UnsafeRawBufferPointer(values)
        let scale = 1 / max(magnitude, .leastNormalMagnitude * 4)
        let first = values[0]
        var (sum, squares) = (0.0, 0.0)
        var position = 0
        while position + 16 <= values.count {
            var (blockSum, blockSquares) = (SIMD16<Float>(repeating: 0), SIMD16<Float>(repeating: 0))
            let end = min(position + 256 * 16, values.count / 16 * 16)
            while position < end {
                let value = raw.loadUnaligned(fromByteOffset: position * 4, as: SIMD16<Float>.self)
                let distance = (value - first) * scale
                blockSum += distance
                blockSquares += distance * distance
                position += 16
            }
            sum += Double(blockSum.sum())
            squares += Double(blockSquares.sum())
        }
        for value in values[position...] {
            let distance = Double((value - first) * scale)
            sum += distance
            squares += distance * distance
        }
        let count = Double(values.count)
        let variance = max(0, squares / count - sum / count * (sum / count))
        return Float(variance.squareRoot() / Double(scale))
    }
}

/// The checks that every weight tensor passes before a layer sees it.
struct WeightCheck {
    let file: String
    let options: LoadOptions

    /// - Parameter mixes: whether it is a kernel or a matrix, where one number throughout means that nothing was
    ///   learnt. Zero biases and scales of one are everyday, whatever their rank.
    /// - Parameter allowsInfinity: warn of infinities only, which an attention mask is made of.
    /// - Throws: `weights` naming the tensor and the flat index of the first NaN or infinite element.
    func check(
        _ values: UnsafeBufferPointer<Float>, name: String, mixes: Bool, allowsInfinity: Bool = false
    ) throws {
        let statistics = WeightStatistics(values)
        guard statistics.magnitude.isFinite || allowsInfinity && !statistics.magnitude.isNaN else {
            throw notFinite(values, name) { !$0.isFinite && !(allowsInfinity && $0.isInfinite) }
        }
        guard let warn = options.warn, !values.isEmpty, let kind = kind(of: statistics, values.count, mixes)
        else {
            return
        }
        warn(
            WeightWarning(
                kind: kind, file: file, tensor: name, magnitude: statistics.magnitude,
                deviation: statistics.deviation))
    }

    /// - Throws: `weights` naming the tensor and the flat index of the first NaN.
    func refuseNaN(_ values: UnsafeBufferPointer<Float>, name: String) throws {
        guard !WeightStatistics.containsNaN(values) else {
            throw notFinite(values, name) { $0.isNaN }
        }
    }

    private func notFinite(
        _ values: UnsafeBufferPointer<Float>, _ name: String, _ isWrong: (Float) -> Bool
    ) -> OssicleError {
        let index = values.firstIndex(where: isWrong) ?? 0
        return OssicleError(
            .weights,
            "\(file): tensor \(Quoting.quoted(name)): expected finite weights, found \(values[index]) "
                + "at flat index \(index) of \(values.count)")
    }

    private func kind(of statistics: WeightStatistics, _ count: Int, _ mixes: Bool) -> WeightWarning.Kind? {
        let bounds = options.thresholds
        if statistics.magnitude > bounds.maxMagnitude || statistics.deviation > bounds.maxDeviation {
            return .exploding
        }
        guard mixes else { return nil }
        if statistics.magnitude < bounds.minMagnitude { return .vanishing }
        return count > 1 && statistics.deviation < bounds.minDeviation ? .vanishing : nil
    }
}
