#if canImport(Metal)
    import CKernels
    import Metal

    /// A convolution or transposed convolution of `[N?, channels, length]`, bias, activation and residual included.
    struct MetalConvolutionWork: MetalWork {
        let convolution: MetalConvolution
        let weight: MetalWeights
        let bias: MetalWeights?
        let source: Int32
        let residual: Int32?
        let target: Int32
        let batch: ok_len
        let length: ok_len
        let outputLength: ok_len
        let forced: Conv1DShader?

        init(
            _ convolution: MetalConvolution, weight: Tensor, bias: Tensor?, _ emitter: Emitter,
            inputs: [Operand],
            output: Operand, _ backend: MetalBackend
        ) throws {
            self.convolution = convolution
            self.weight = try backend.device.weights(weight)
            self.bias = try bias.map(backend.device.weights)
            source = Int32(inputs[0].slot)
            residual = inputs.count > 1 ? Int32(inputs[1].slot) : nil
            target = Int32(output.slot)
            batch = emitter.length(output.shape.count == 3 ? output.shape[0] : .fixed(1))
            length = emitter.length(inputs[0].shape.last!)
            outputLength = emitter.length(output.shape.last!)
            forced = backend.options.forcedShader
            // What the kernels cannot run at the longest is an error now, not at the first run.
            let longest = emitter.maximum(inputs[0].shape.last!)
            _ = try launch(frames: try parameters(longest).outLength, backend.device)
        }

        var label: String {
            let name = convolution.isTransposed ? "conv_transpose" : "conv"
            let activation = convolution.activation.isIdentity ? "" : "+\(convolution.activation.kind)"
            return "\(name)\(activation)\(residual == nil ? "" : "+residual")"
        }

        var weights: [MetalWeights] { [weight] + (bias.map { [$0] } ?? []) }

        func encode(into session: MetalSession, _ context: UnsafePointer<ok_context>) throws {
            let p = try parameters(Int(ok_length(length, context)))
            guard Int64(p.outLength) == ok_length(outputLength, context) else {
                throw OssicleError(
                    .internal, "\(p.outLength) frames, expected \(ok_length(outputLength, context))")
            }
            let launch = try launch(frames: p.outLength, session.device)
            let (x, y) = (try session.place(source, context), try session.place(target, context))
            // Metal wants every declared buffer bound; the flags say that a stand-in is not read.
            let left = try residual.map { try session.place($0, context) } ?? x
            let (inStep, outStep) = (
                convolution.inChannels * Int(p.inLength), convolution.outChannels * Int(p.outLength)
            )
            let encoder = try session.computeEncoder()
            for row in 0..<Int(ok_length(batch, context)) {
                MetalLaunch(
                    shader: launch.shader, grid: launch.grid, threads: launch.threads,
                    buffers: [
                        x.advanced(floats: row * inStep), MetalPlace(buffer: weight.buffer),
                        MetalPlace(buffer: (bias ?? weight).buffer),
                        residual == nil ? left : left.advanced(floats: row * outStep),
                        y.advanced(floats: row * outStep),
                    ], parameters: p
                ).encode(encoder, session.device.pipelines)
            }
        }

        private func parameters(_ length: Int) throws -> ConvParams {
            try convolution.parameters(
                length: length, hasBias: bias != nil, residual: residual == nil ? nil : .afterActivation)
        }

        private func launch(
            frames: UInt32, _ device: MetalDevice
        ) throws -> (shader: String, grid: MetalGrid, threads: MetalGrid?) {
            try convolution.launch(
                frames: Int(frames), threadgroupMemory: device.device.maxThreadgroupMemoryLength,
                forced: forced)
        }
    }

    extension Convolution: MetalOperation {
        var metalInputs: [Int] { [0] + (residualIndex.map { [$0] } ?? []) }

        func suitsMetal(_ site: MetalSite, _ options: MetalOptions) -> Bool {
            guard let weight = site.constant(1), biasIndex.map({ site.constant($0) != nil }) ?? true else {
                return false
            }
            return site.flops >= options.minimumFlops && MetalConvolution(self, weight: weight.shape) != nil
        }

        func metalWork(
            _ emitter: Emitter, inputs: [Operand], output: Operand, _ backend: MetalBackend
        ) throws -> any MetalWork {
            let weight = try emitter.constant(1)
            guard let convolution = MetalConvolution(self, weight: weight.shape) else {
                throw OssicleError(.unsupported, "no Metal kernel has this form of convolution")
            }
            return try MetalConvolutionWork(
                convolution, weight: weight, bias: try biasIndex.map { try emitter.constant($0) }, emitter,
                inputs: inputs, output: output, backend)
        }
    }

    extension TransposedConvolution: MetalOperation {
        var metalInputs: [Int] { [0] }

        func suitsMetal(_ site: MetalSite, _ options: MetalOptions) -> Bool {
            guard let weight = site.constant(1), !hasBias || site.constant(2) != nil else { return false }
            return site.flops >= options.minimumFlops && MetalConvolution(self, weight: weight.shape) != nil
        }

        func metalWork(
            _ emitter: Emitter, inputs: [Operand], output: Operand, _ backend: MetalBackend
        ) throws -> any MetalWork {
            let weight = try emitter.constant(1)
            guard let convolution = MetalConvolution(self, weight: weight.shape) else {
                throw OssicleError(.unsupported, "no Metal kernel has this form of transposed convolution")
            }
            return try MetalConvolutionWork(
                convolution, weight: weight, bias: hasBias ? try emitter.constant(2) : nil, emitter,
                inputs: inputs, output: output, backend)
        }
    }
#endif
