#if canImport(Metal)
    import Foundation

    @testable import Ossicle

    /// Numbers that look random and are the same every time, in (-1, 1).
    struct MetalNoise {
        private var state: UInt64
        init(_ seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

        mutating func next() -> Float {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Float(Int64(bitPattern: state) >> 40) / Float(1 << 23)
        }

        mutating func array(_ count: Int) -> [Float] { (0..<count).map { _ in next() } }
    }

    /// MetalRows in float64, computed from the formulas alone.
    struct MetalRows: Equatable {
        var channels: Int
        var length: Int
        var values: [Double]

        subscript(channel: Int, frame: Int) -> Double {
            frame < 0 || frame >= length ? 0 : values[channel * length + frame]
        }

        func map(_ f: (Double) -> Double) -> MetalRows {
            MetalRows(channels: channels, length: length, values: values.map(f))
        }

        static func + (a: MetalRows, b: MetalRows) -> MetalRows {
            MetalRows(channels: a.channels, length: a.length, values: zip(a.values, b.values).map(+))
        }

        func convolved(_ c: MetalConvolution, _ w: [Float], _ bias: [Float]?) throws -> MetalRows {
            let frames = try c.outputLength(length)
            let (inGroup, outGroup) = (c.inChannels / c.groups, c.outChannels / c.groups)
            var result = MetalRows(channels: c.outChannels, length: frames, values: [])
            for o in 0..<c.outChannels {
                for t in 0..<frames {
                    var sum = Double(bias?[o] ?? 0)
                    for i in 0..<inGroup {
                        let source = o / outGroup * inGroup + i
                        for k in 0..<c.kernelSize {
                            if c.isTransposed {
                                let at = t + c.axis.padBegin - k * c.axis.dilation
                                guard at >= 0, at % c.axis.stride == 0 else { continue }
                                let tap = w[(source * outGroup + o % outGroup) * c.kernelSize + k]
                                sum += Double(tap) * self[source, at / c.axis.stride]
                            } else {
                                let at = t * c.axis.stride + k * c.axis.dilation - c.axis.padBegin
                                sum += Double(w[(o * inGroup + i) * c.kernelSize + k]) * self[source, at]
                            }
                        }
                    }
                    result.values.append(sum)
                }
            }
            return result
        }
    }

    extension MetalConvolutionChain {
        /// Runs rows through the chain.
        func callAsFunction(_ x: MetalRows) throws -> MetalRows {
            for (i, value) in x.values.enumerated() { input[i] = Float(value) }
            let frames = try run(length: x.length)
            return rows(frames)
        }

        func rows(_ frames: Int) -> MetalRows {
            MetalRows(
                channels: outChannels, length: frames,
                values: (0..<(outChannels * frames)).map { Double(output[$0]) })
        }
    }

    func tensor(_ values: [Float], _ shape: [Int]) throws -> Tensor { try Tensor(values, shape: shape) }

    /// The largest difference; infinite when shapes differ or either is NaN.
    func distance(_ a: MetalRows, _ b: MetalRows) -> Double {
        guard a.channels == b.channels, a.length == b.length, a.values.count == b.values.count else {
            return .infinity
        }
        return zip(a.values, b.values).reduce(0) { worst, pair in
            let d = abs(pair.0 - pair.1)
            return d.isNaN ? .infinity : max(worst, d)
        }
    }

    /// An encoder, a residual block and a decoder: every kind of layer.
    func deepChain(_ device: MetalDevice, _ maxLength: Int) throws -> (
        MetalConvolutionChain, (MetalRows) throws -> MetalRows
    ) {
        let down = MetalConvolution(
            inChannels: 2, outChannels: 8, kernelSize: 4,
            axis: ConvolutionAxis(stride: 2, padBegin: 1, padEnd: 1))
        let inner = MetalConvolution(
            inChannels: 8, outChannels: 8, kernelSize: 3, axis: ConvolutionAxis(dilation: 2, padBegin: 4),
            activation: .tanh)
        let up = MetalConvolution(
            inChannels: 8, outChannels: 3, kernelSize: 4,
            axis: ConvolutionAxis(stride: 2, padBegin: 1, padEnd: 1),
            isTransposed: true, activation: .sigmoid)
        var noise = MetalNoise(77)
        let weights = [down, inner, up].map { noise.array($0.weightShape.reduce(1, *)) }
        let biases = [down, inner, up].map { noise.array($0.outChannels) }
        func layer(_ i: Int, _ c: MetalConvolution, _ residual: (Int, MetalConvolution.Residual)?) throws
            -> MetalLayer
        {
            .convolution(
                c, weight: try Tensor(weights[i], shape: c.weightShape),
                bias: try Tensor(biases[i], shape: [c.outChannels]),
                residual: residual.map { (value: $0.0, place: $0.1) })
        }
        let layers = [
            try layer(0, down, nil), .activation(.relu), try layer(1, inner, (2, .afterActivation)),
            .add(value: 1, activation: .tanh), try layer(1, inner, (4, .beforeActivation)),
            try layer(2, up, nil),
        ]
        let chain = try MetalConvolutionChain(
            device: device, inChannels: 2, layers: layers, maxLength: maxLength)
        let reference = { (x: MetalRows) throws -> MetalRows in
            let one = try x.convolved(down, weights[0], biases[0])
            let two = one.map { max($0, 0) }
            let three = try two.convolved(inner, weights[1], biases[1]).map { Foundation.tanh($0) } + two
            let four = (three + one).map { Foundation.tanh($0) }
            let five = (try four.convolved(inner, weights[1], biases[1]) + four).map { Foundation.tanh($0) }
            return try five.convolved(up, weights[2], biases[2]).map { 1 / (1 + Foundation.exp(-$0)) }
        }
        return (chain, reference)
    }

    /// One output is the sum of a short filter, the smallest chain with every kind of buffer.
    func simpleChain(_ device: MetalDevice, maxLength: Int = 16) throws -> MetalConvolutionChain {
        let c = MetalConvolution(
            inChannels: 1, outChannels: 2, kernelSize: 3, axis: ConvolutionAxis(padBegin: 2))
        return try MetalConvolutionChain(
            device: device, inChannels: 1,
            layers: [
                .convolution(
                    c, weight: try tensor([1, 2, 3, 4, 5, 6], [2, 1, 3]), bias: try tensor([1, 2], [2])),
                .activation(.relu),
            ], maxLength: maxLength)
    }

    /// The error that `body` throws.
    func errorOf(_ body: () throws -> Void) -> OssicleError? {
        do {
            try body()
            return nil
        } catch { return error as? OssicleError }
    }

    func noiseRows(_ channels: Int, _ length: Int, seed: UInt64) -> MetalRows {
        var noise = MetalNoise(seed)
        return MetalRows(
            channels: channels, length: length, values: noise.array(channels * length).map(Double.init))
    }
#endif
