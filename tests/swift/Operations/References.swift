import Foundation

/// The operations in float64, written from PyTorch's formulas, one element at a time.
enum Reference {
    static func exponential(_ x: Double) -> Double { exp(x) }

    static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

    static func normalize(_ values: [Double], epsilon: Double, centred: Bool = true) -> [Double] {
        let mean = centred ? mean(values) : 0
        let variance = Self.mean(values.map { ($0 - mean) * ($0 - mean) })
        return values.map { ($0 - mean) / (variance + epsilon).squareRoot() }
    }

    /// Statistics over `axes`; the affine parameters have the shape of those axes.
    static func layerNorm(
        _ x: Array64, axes: Range<Int>, epsilon: Double, centred: Bool = true, weight: Array64? = nil,
        bias: Array64? = nil
    ) -> Array64 {
        let inside = Array(x.shape[axes])
        var outer = x.shape
        for axis in axes { outer[axis] = 1 }
        var result = x
        for place in Array64.indices(outer) {
            let all = Array64.indices(inside).map { part in
                var index = place
                index.replaceSubrange(axes, with: part)
                return index
            }
            let values = normalize(all.map { x[$0] }, epsilon: epsilon, centred: centred)
            for (index, value) in zip(all, values) {
                let part = Array(index[axes])
                result[index] = value * (weight?[part] ?? 1) + (bias?[part] ?? 0)
            }
        }
        return result
    }

    static func groupNorm(
        _ x: Array64, axis: Int, groups: Int, epsilon: Double, weight: Array64?, bias: Array64?
    ) -> Array64 {
        let size = x.shape[axis] / groups
        var result = x
        for item in Array64.indices(Array(x.shape[..<axis])) {
            for group in 0..<groups {
                let all = Array64.indices([size] + x.shape[(axis + 1)...]).map { part in
                    item + [part[0] + group * size] + part.dropFirst()
                }
                for (index, value) in zip(all, normalize(all.map { x[$0] }, epsilon: epsilon)) {
                    let c = index[axis]
                    result[index] = value * (weight?.values[c] ?? 1) + (bias?.values[c] ?? 0)
                }
            }
        }
        return result
    }

    static func softmax(_ values: [Double], logarithm: Bool) -> [Double] {
        let top = values.max()!
        let sum = values.reduce(0) { $0 + exp($1 - top) }
        return values.map { logarithm ? $0 - top - log(sum) : exp($0 - top) / sum }
    }

    /// One line through PyTorch's MaxPool1d or AvgPool1d.
    static func pool(
        _ x: [Double], max isMax: Bool, kernel: Int, stride: Int, dilation: Int, pads: (Int, Int), ceil: Bool,
        countsPadding: Bool
    ) -> [Double] {
        let span = (kernel - 1) * dilation + 1
        let room = x.count + pads.0 + pads.1 - span
        var count = (ceil ? (room + stride - 1) / stride : room / stride) + 1
        if ceil, (count - 1) * stride >= x.count + pads.0 { count -= 1 }
        return (0..<count).map { w in
            let taps = (0..<kernel).map { w * stride - pads.0 + $0 * dilation }
            let inside = taps.filter { x.indices.contains($0) }.map { x[$0] }
            if isMax { return inside.max() ?? -.infinity }
            let divisor = countsPadding ? taps.filter { $0 < x.count + pads.1 }.count : inside.count
            return inside.reduce(0, +) / Double(divisor)
        }
    }

    static func adaptivePool(_ x: [Double], max isMax: Bool, size: Int) -> [Double] {
        (0..<size).map { w in
            let first = Int(floor(Double(w * x.count) / Double(size)))
            let last = Int(Foundation.ceil(Double((w + 1) * x.count) / Double(size)))
            return isMax ? x[first..<last].max()! : mean(Array(x[first..<last]))
        }
    }

    static func nearest(_ x: [Double], size: Int, step: Double) -> [Double] {
        (0..<size).map { x[min(Int(floor(Double($0) * step + 1e-9)), x.count - 1)] }
    }

    static func linear(_ x: [Double], size: Int, step: Double, corners: Bool) -> [Double] {
        (0..<size).map { w in
            let position = corners ? Double(w) * step : max(0, (Double(w) + 0.5) * step - 0.5)
            let left = min(Int(position), x.count - 1), right = min(left + 1, x.count - 1)
            let weight = position - Double(left)
            return (1 - weight) * x[left] + weight * x[right]
        }
    }

    static func pad(_ x: [Double], _ begin: Int, _ end: Int, mode: String, value: Double) -> [Double] {
        let n = x.count
        return (-begin..<(n + end)).map { i in
            if x.indices.contains(i) { return x[i] }
            switch mode {
            case "reflect": return x[i < 0 ? -i : 2 * n - 2 - i]
            case "replicate": return i < 0 ? x[0] : x[n - 1]
            case "circular": return x[(i + n) % n]
            default: return value
            }
        }
    }
}
