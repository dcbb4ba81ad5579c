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

    /// Everything that the kernels can run goes to the GPU, however small.
    func onGPU(_ device: MetalDevice, forced: Conv1DShader? = nil) -> Placement {
        Placement(backends: [
            MetalBackend(device: device, options: MetalOptions(minimumFlops: 0, forcedShader: forced)),
            CPUBackend(),
        ])
    }

    /// A graph made ready and run, whole.
    struct MetalRunner {
        let program: Program
        let instance: Instance

        init(_ graph: Graph, _ mode: PlanMode, _ placement: Placement) throws {
            program = try Program(graph, mode: mode, optimize: true, placement: placement)
            instance = try Instance(program)
        }

        func callAsFunction(_ x: MetalRows) throws -> MetalRows {
            let shape = program.graph.type(of: program.graph.inputs[0].value).shape.evaluate(x.length)
            let y = try instance.run(
                [try Tensor(x.values.map(Float.init), shape: shape)],
                length: program.mode.fixedLength == nil ? x.length : nil)[0]
            let values = y.floats().map(Double.init)
            return MetalRows(
                channels: values.count / y.shape.last!, length: y.shape.last!, values: values)
        }
    }

    /// One convolution with its weights, `[N?, channels, frames]`.
    func convolutionGraph(
        _ c: MetalConvolution, _ w: [Float], _ b: [Float]?, batch: Int? = nil
    ) throws -> Graph {
        var graph = Graph()
        let x = graph.input(
            "x", ValueType((batch.map { [.fixed($0)] } ?? []) + [.fixed(c.inChannels), .dynamic]))
        let inputs =
            [x, try graph.constant("w", w, c.weightShape)]
            + (try b.map { [try graph.constant("b", $0, [c.outChannels])] } ?? [])
        let operation: any Ossicle.Operation =
            c.isTransposed
            ? TransposedConvolution(
                axis: c.axis, outputPadding: c.outputPadding, groups: c.groups, hasBias: b != nil)
            : Convolution(axes: [c.axis], groups: c.groups, hasBias: b != nil)
        var y = try graph.add(operation, inputs)[0]
        if !c.activation.isIdentity { y = try graph.apply(Unary(c.activation), y) }
        graph.output("y", y)
        return graph
    }

    /// An encoder, two residual blocks and a decoder.
    struct DeepNetwork {
        let down = MetalConvolution(
            inChannels: 2, outChannels: 8, kernelSize: 4,
            axis: ConvolutionAxis(stride: 2, padBegin: 1, padEnd: 1), activation: .relu)
        let inner = MetalConvolution(
            inChannels: 8, outChannels: 8, kernelSize: 3, axis: ConvolutionAxis(dilation: 2, padBegin: 4),
            activation: .tanh)
        let up = MetalConvolution(
            inChannels: 8, outChannels: 3, kernelSize: 4,
            axis: ConvolutionAxis(stride: 2, padBegin: 1, padEnd: 1), isTransposed: true, activation: .sigmoid
        )
        let weights: [[Float]]
        let biases: [[Float]]

        init() {
            var noise = MetalNoise(77)
            var weights: [[Float]] = []
            var biases: [[Float]] = []
            for c in [down, inner, up] {
                weights.append(noise.array(c.weightShape.reduce(1, *)))
                biases.append(noise.array(c.outChannels))
            }
            (self.weights, self.biases) = (weights, biases)
        }

        /// - Parameter bottleneck: nodes between the blocks, on `[8, frames]`.
        func graph(bottleneck: (inout Graph, ValueID) throws -> ValueID = { $1 }) throws -> Graph {
            var graph = Graph()
            func layer(_ i: Int, _ c: MetalConvolution, _ x: ValueID) throws -> ValueID {
                let w = try graph.constant("w\(i)", weights[i], c.weightShape)
                let b = try graph.constant("b\(i)", biases[i], [c.outChannels])
                let operation: any Ossicle.Operation =
                    c.isTransposed
                    ? TransposedConvolution(axis: c.axis, groups: 1, hasBias: true)
                    : Convolution(axes: [c.axis], hasBias: true)
                return try graph.apply(Unary(c.activation), try graph.apply(operation, x, w, b))
            }
            var x = try layer(0, down, graph.input("x", ValueType([2, .dynamic])))
            x = try graph.apply(Binary(.add), x, try layer(1, inner, x))
            x = try bottleneck(&graph, x)
            x = try graph.apply(Binary(.add), x, try layer(1, inner, x))
            graph.output("y", try layer(2, up, x))
            return graph
        }

        func reference(_ x: MetalRows) throws -> MetalRows {
            let one = try x.convolved(down, weights[0], biases[0]).map { max($0, 0) }
            let two = try one.convolved(inner, weights[1], biases[1]).map { Foundation.tanh($0) } + one
            let three = try two.convolved(inner, weights[1], biases[1]).map { Foundation.tanh($0) } + two
            return try three.convolved(up, weights[2], biases[2]).map { 1 / (1 + Foundation.exp(-$0)) }
        }
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
