#if canImport(Metal)
    import Metal

    /// A layer with its memory: what does not change from run to run.
    struct MetalStep {
        private enum Work {
            case convolution(
                MetalConvolution, weight: any MTLBuffer, bias: (any MTLBuffer)?, MetalConvolution.Residual?)
            case elementwise(ElementwiseShader, Activation, channels: Int)
        }

        private let work: Work
        private let source: Int
        private let other: Int?
        private let otherValue: Int?
        let target: Int

        /// Channels and frames of every value, the longest input being `length`.
        ///
        /// - Throws: `shapeMismatch` or `invalidArgument` naming the layer.
        static func shapes(
            _ layers: [MetalLayer], inChannels: Int, length: Int
        ) throws -> [(channels: Int, length: Int)] {
            guard inChannels > 0, length > 0 else {
                throw OssicleError(
                    .invalidArgument, "a chain needs channels and frames, found [\(inChannels), \(length)]")
            }
            try MetalConvolution.check([inChannels, length], "input")
            guard !layers.isEmpty else {
                throw OssicleError(.invalidArgument, "a chain needs at least one layer")
            }
            var shapes = [(channels: inChannels, length: length)]
            for (index, layer) in layers.enumerated() {
                do {
                    shapes.append(try shape(layer, shapes))
                } catch let error as OssicleError {
                    throw error.within("layer \(index)")
                }
            }
            return shapes
        }

        private static func shape(
            _ layer: MetalLayer, _ shapes: [(channels: Int, length: Int)]
        ) throws -> (channels: Int, length: Int) {
            var shape = shapes[shapes.count - 1]
            if case .convolution(let c, let weight, let bias, let residual) = layer {
                try c.validate()
                guard c.inChannels == shape.channels else {
                    throw OssicleError(
                        .shapeMismatch, "expected \(c.inChannels) channels, found \(shape.channels)")
                }
                guard weight.shape == c.weightShape else {
                    throw OssicleError(
                        .shapeMismatch, "weight: expected \(c.weightShape), found \(weight.shape)")
                }
                if let bias, bias.shape != [c.outChannels] {
                    throw OssicleError(
                        .shapeMismatch, "bias: expected [\(c.outChannels)], found \(bias.shape)")
                }
                shape.length = try c.outputLength(shape.length)
                shape.channels = c.outChannels
                _ = try c.parameters(
                    length: shapes[shapes.count - 1].length, hasBias: false, residual: residual?.place)
            }
            if let other = layer.otherValue {
                guard shapes.indices.contains(other) else {
                    throw OssicleError(.invalidArgument, "value \(other) does not come before it")
                }
                guard shapes[other] == shape else {
                    throw OssicleError(
                        .shapeMismatch,
                        "value \(other): expected [\(shape.channels), \(shape.length)], "
                            + "found [\(shapes[other].channels), \(shapes[other].length)]")
                }
            }
            return shape
        }

        init(
            _ layer: MetalLayer, index: Int, channels: Int, plan: MetalBufferPlan, device: MetalDevice
        ) throws {
            source = plan.buffers[index]
            target = plan.buffers[index + 1]
            otherValue = layer.otherValue
            other = layer.otherValue.map { plan.buffers[$0] }
            switch layer {
            case .convolution(let c, let weight, let bias, let residual):
                work = .convolution(
                    c, weight: try device.makeBuffer(weight),
                    bias: try bias.map { try device.makeBuffer($0) },
                    residual?.place)
            case .activation(let activation): work = .elementwise(.activation, activation, channels: channels)
            case .add(_, let activation): work = .elementwise(.add, activation, channels: channels)
            }
        }

        func outputLength(_ length: Int) throws -> Int {
            if case .convolution(let c, _, _, _) = work { return try c.outputLength(length) }
            return length
        }

        /// - Parameter lengths: frames of every value so far, the last one being this step's input.
        func launch(lengths: [Int], threadgroupMemory: Int, forced: Conv1DShader?) throws -> MetalLaunch {
            let length = lengths[lengths.count - 1]
            // Shapes that agree at the longest input can differ at others: a stride rounds down.
            if let otherValue, lengths[otherValue] != (try outputLength(length)) {
                throw OssicleError(
                    .shapeMismatch,
                    "value \(otherValue) has \(lengths[otherValue]) frames, expected \(try outputLength(length))"
                )
            }
            switch work {
            case .convolution(let c, let weight, let bias, let residual):
                let p = try c.parameters(length: length, hasBias: bias != nil, residual: residual)
                let launch = try c.launch(
                    frames: Int(p.outLength), threadgroupMemory: threadgroupMemory, forced: forced)
                // Metal wants every declared buffer bound; the flags say that a stand-in is not read.
                return MetalLaunch(
                    shader: launch.shader, grid: launch.grid, threads: launch.threads,
                    arguments: [
                        .value(source), .weight(weight), .weight(bias ?? weight), .value(other ?? source),
                        .value(target),
                    ], parameters: .convolution(p))
            case .elementwise(let shader, let activation, let channels):
                let n = UInt32(length)
                let p = ElementwiseParams(
                    channels: UInt32(channels), length: n, aPitch: n, bPitch: n, outPitch: n,
                    activation: UInt32(activation.kind.rawValue), alpha: activation.alpha,
                    beta: activation.beta)
                let inputs = [MetalLaunch.Argument.value(source)] + (other.map { [.value($0)] } ?? [])
                return MetalLaunch(
                    shader: shader.rawValue, grid: MetalGrid(x: length, y: channels), threads: nil,
                    arguments: inputs + [.value(target)], parameters: .elementwise(p))
            }
        }
    }

    /// One dispatch: everything that the encoder is told.
    struct MetalLaunch {
        enum Argument {
            case value(Int)
            case weight(any MTLBuffer)
        }
        enum Parameters {
            case convolution(ConvParams)
            case elementwise(ElementwiseParams)
        }

        let shader: String
        let grid: MetalGrid
        /// Threads a threadgroup when the kernel fixes them.
        let threads: MetalGrid?
        let arguments: [Argument]
        let parameters: Parameters

        func encode(
            _ encoder: any MTLComputeCommandEncoder, buffers: [any MTLBuffer], pipelines: MetalPipelines
        ) {
            let pipeline = pipelines[shader]
            encoder.setComputePipelineState(pipeline.state)
            for (index, argument) in arguments.enumerated() {
                switch argument {
                case .value(let buffer): encoder.setBuffer(buffers[buffer], offset: 0, index: index)
                case .weight(let buffer): encoder.setBuffer(buffer, offset: 0, index: index)
                }
            }
            switch parameters {
            case .convolution(let p): setBytes(encoder, p)
            case .elementwise(let p): setBytes(encoder, p)
            }
            // Whole threadgroups, which every GPU can dispatch; the kernels check their bounds.
            let size = threads ?? pipeline.threads
            encoder.dispatchThreadgroups(
                MTLSize(
                    width: (grid.x + size.x - 1) / size.x, height: (grid.y + size.y - 1) / size.y, depth: 1),
                threadsPerThreadgroup: MTLSize(width: size.x, height: size.y, depth: 1))
        }

        private func setBytes<T>(_ encoder: any MTLComputeCommandEncoder, _ value: T) {
            withUnsafeBytes(of: value) {
                encoder.setBytes($0.baseAddress!, length: $0.count, index: arguments.count)
            }
        }
    }
#endif
