import Foundation

@testable import Ossicle

/// The described layers, computed in float64 by their definitions; slow, and independent of the engine's graph.
///
/// A signal is a list of frames. Its past is zero, or (`held`) the first frame for ever: a network that has been
/// fed constant input long enough.
typealias Frames = [[Double]]

enum FileReference {
    static func apply(_ f: FileActivation, _ x: [Double]) -> [Double] {
        switch f {
        case .function(let activation): return x.map { scalar(activation, $0) }
        case .prelu(let slopes):
            return x.enumerated().map { i, v in v > 0 ? v : Double(slopes[slopes.count == 1 ? 0 : i]) * v }
        case .leakyHardtanh(let low, let high, let lowSlope, let highSlope):
            return x.map { v in
                if v < Double(low) { return (v - Double(low)) * Double(lowSlope) + Double(low) }
                if v > Double(high) { return (v - Double(high)) * Double(highSlope) + Double(high) }
                return v
            }
        case .softmax:
            let powers = x.map(exp)
            return powers.map { $0 / powers.reduce(0, +) }
        case .namFastTanh:
            return x.map { v in
                let a = abs(v)
                let top =
                    v
                    * (2.45550750702956 + 2.45550750702956 * a + (0.893229853513558 + 0.821226666969744 * a)
                        * v * v)
                return top
                    / (2.44506634652299 + (2.44506634652299 + v * v) * abs(v + 0.814642734961073 * v * a))
            }
        }
    }

    static func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

    private static func scalar(_ f: Activation, _ x: Double) -> Double {
        switch f.kind {
        case .tanh: tanh(x)
        case .relu: max(x, 0)
        case .sigmoid: sigmoid(x)
        case .elu: x > 0 ? x : Double(f.alpha) * (exp(x) - 1)
        case .leakyRelu: x > 0 ? x : Double(f.alpha) * x
        case .hardtanh: min(max(x, Double(f.alpha)), Double(f.beta))
        case .silu: x * sigmoid(x)
        case .hardswish: x * min(max(x + 3, 0), 6) / 6
        case .softsign: x / (1 + abs(x))
        default: fatalError("\(f.kind) is not in these formats")
        }
    }

    static func linear(_ layer: FileLinear, _ x: Frames) -> Frames {
        x.map { frame in
            (0..<layer.outputs).map { o in
                (0..<layer.inputs).reduce(Double(layer.bias?[o] ?? 0)) {
                    $0 + Double(layer.weight[o * layer.inputs + $1]) * frame[$1]
                }
            }
        }
    }

    static func convolution(_ layer: FileConvolution, _ x: Frames, held: Bool) -> Frames {
        let width = layer.inputs / layer.groups
        let zero = [Double](repeating: 0, count: layer.inputs)
        let weight = layer.weight.map(Double.init)
        return x.indices.map { t in
            let window = (0..<layer.kernel).map { k in
                let at = t - (layer.kernel - 1 - k) * layer.dilation
                return at >= 0 ? x[at] : held ? x[0] : zero
            }
            return (0..<layer.outputs).map { o in
                var sum = Double(layer.bias?[o] ?? 0)
                let first = o / (layer.outputs / layer.groups) * width
                for c in 0..<width {
                    for k in 0..<layer.kernel {
                        sum += weight[(o * width + c) * layer.kernel + k] * window[k][first + c]
                    }
                }
                return sum
            }
        }
    }

    static func batchNorm(_ norm: FileBatchNorm, _ x: Frames) -> Frames {
        x.map { frame in
            frame.enumerated().map { c, v in
                let scale =
                    Double(norm.gamma[c]) / (Double(norm.variance[c]) + Double(norm.epsilon)).squareRoot()
                return (v - Double(norm.mean[c])) * scale + Double(norm.beta[c])
            }
        }
    }

    /// With `settle` frames of the first input before the signal.
    static func recurrent(_ layer: FileRecurrent, _ x: Frames, settle: Int = 0) -> Frames {
        let size = layer.hidden
        var h = layer.h0?.map(Double.init) ?? [Double](repeating: 0, count: size)
        var c = layer.c0?.map(Double.init) ?? [Double](repeating: 0, count: size)
        let ih = FileLinear(
            inputs: layer.inputs, outputs: layer.biasIH.count, weight: layer.weightIH, bias: layer.biasIH)
        let hh = FileLinear(
            inputs: size, outputs: layer.biasHH.count, weight: layer.weightHH, bias: layer.biasHH)
        func step(_ frame: [Double]) {
            let a = linear(ih, [frame])[0]
            let b = linear(hh, [h])[0]
            for j in 0..<size {
                if layer.cell == .lstm {
                    let gates = (0..<4).map { a[$0 * size + j] + b[$0 * size + j] }
                    c[j] = sigmoid(gates[1]) * c[j] + sigmoid(gates[0]) * tanh(gates[2])
                    h[j] = sigmoid(gates[3]) * tanh(c[j])
                } else {
                    let r = sigmoid(a[j] + b[j])
                    let z = sigmoid(a[size + j] + b[size + j])
                    let n = tanh(a[2 * size + j] + r * b[2 * size + j])
                    h[j] = (1 - z) * n + z * h[j]
                }
            }
        }
        for _ in 0..<settle {
            let before = h + c
            step(x[0])
            if h + c == before { break }
        }
        return x.map { frame in
            step(frame)
            return h
        }
    }
}

extension LayerChain {
    func reference(_ input: Frames) -> Frames {
        let scaled = input.map { $0.map { $0 * Double(inputGain) } }
        let output = layers.reduce(scaled) { x, layer in
            switch layer {
            case .linear(let layer): FileReference.linear(layer, x)
            case .convolution(let layer): FileReference.convolution(layer, x, held: false)
            case .recurrent(let layer): FileReference.recurrent(layer, x)
            case .batchNorm(let norm): FileReference.batchNorm(norm, x)
            case .activation(let f, _): x.map { FileReference.apply(f, $0) }
            }
        }
        return zip(scaled, output).map { x, y in y.map { ($0 + (skip ? x[0] : 0)) * Double(outputGain) } }
    }
}

extension NAMModel {
    /// The output for `input` behind endless zeros. The first frame must be zero.
    func reference(_ input: Frames) -> Frames {
        switch network {
        case .linear(let layer): return FileReference.convolution(layer, input, held: true)
        case .convNet(let net):
            let x = net.blocks.reduce(input) { x, block in
                let y = FileReference.convolution(block.convolution, x, held: true)
                return (block.norm.map { FileReference.batchNorm($0, y) } ?? y).map {
                    FileReference.apply(net.activation, $0)
                }
            }
            return FileReference.linear(net.head, x)
        case .lstm(let net):
            let x = net.layers.reduce(input) { FileReference.recurrent($1, $0, settle: 48_000) }
            return FileReference.linear(net.head, x)
        case .waveNet(let net): return net.reference(input)
        case .sizes(let models): return models.last!.model.reference(input)
        }
    }
}

extension NAMWaveNet {
    func reference(_ input: Frames) -> Frames {
        let c = condition?.reference(input) ?? input
        var x = input
        var head: Frames?
        for array in arrays {
            var h = FileReference.convolution(array.rechannel, x, held: true)
            var s = head ?? input.map { _ in [Double](repeating: 0, count: array.accumulator) }
            for layer in array.layers { layer.reference(&h, &s, c) }
            x = h
            head = FileReference.convolution(array.head, s, held: true)
        }
        var y = head!.map { $0.map { $0 * Double(headScale) } }
        for convolution in postHead?.convolutions ?? [] {
            y = FileReference.convolution(
                convolution, y.map { FileReference.apply(postHead!.activation, $0) }, held: true)
        }
        return y
    }
}

extension NAMWaveNet.Layer {
    fileprivate func reference(_ h: inout Frames, _ s: inout Frames, _ c: Frames) {
        func film(_ site: NAMWaveNet.FilmSite, _ x: Frames) -> Frames {
            guard let film = films[site] else { return x }
            return zip(x, FileReference.convolution(film.convolution, c, held: true)).map { x, m in
                x.indices.map { x[$0] * m[$0] + (film.hasShift ? m[film.channels + $0] : 0) }
            }
        }
        func add(_ a: Frames, _ b: Frames) -> Frames { zip(a, b).map { zip($0, $1).map(+) } }
        let mixed = film(.mixPost, FileReference.convolution(mix, film(.mixPre, c), held: true))
        var z = add(
            film(.convPost, FileReference.convolution(convolution, film(.convPre, h), held: true)), mixed)
        z = film(.activationPre, z).map { frame in
            guard gating != .none else { return FileReference.apply(activation, frame) }
            let top = Array(frame[..<(frame.count / 2)])
            let gate = FileReference.apply(secondary!, Array(frame[(frame.count / 2)...]))
            let active = FileReference.apply(activation, top)
            return top.indices.map {
                gating == .gated ? active[$0] * gate[$0] : gate[$0] * active[$0] + (1 - gate[$0]) * top[$0]
            }
        }
        z = film(.activationPost, z)
        if let residual {
            let r = FileReference.convolution(residual, z, held: true)
            h = add(h, appliesResidualPost ? film(.residualPost, r) : r)
        }
        s = add(s, skip.map { film(.skipPost, FileReference.convolution($0, z, held: true)) } ?? z)
    }
}
