#if canImport(MetalPerformanceShaders)
    import CKernels
    import MetalPerformanceShaders

    /// Batches of Linear as one matrix product of Metal Performance Shaders, the weights resident on the GPU, then bias
    /// and activation in place by a kernel of ours. Part of the same command buffer as the convolutions beside it.
    struct MPSLinearWork: MetalWork {
        let inputs: Int
        let outputs: Int
        let weight: MetalWeights
        let bias: MetalWeights?
        let activation: Activation
        let source: Int32
        let target: Int32
        let rows: ok_len

        var label: String { "mps gemm" + (activation.isIdentity ? "" : "+\(activation.kind)") }

        var weights: [MetalWeights] { [weight] + (bias.map { [$0] } ?? []) }

        func encode(into session: MetalSession, _ context: UnsafePointer<ok_context>) throws {
            let rows = Int(ok_length(rows, context))
            let (x, y) = (try session.place(source, context), try session.place(target, context))
            // y = x · Wᵀ
            let product = MPSMatrixMultiplication(
                device: session.device.device, transposeLeft: false, transposeRight: true, resultRows: rows,
                resultColumns: outputs, interiorColumns: inputs, alpha: 1, beta: 0)
            product.encode(
                commandBuffer: try session.commandBuffer(), leftMatrix: Self.matrix(x, rows, inputs),
                rightMatrix: Self.matrix(MetalPlace(buffer: weight.buffer), outputs, inputs),
                resultMatrix: Self.matrix(y, rows, outputs))
            if bias == nil, activation.isIdentity { return }
            let width = UInt32(outputs)
            // Every row gets the same bias: the pitch of the second operand is 0.
            let p = ElementwiseParams(
                channels: UInt32(rows), length: width, aPitch: width, bPitch: 0, outPitch: width,
                activation: UInt32(activation.kind.rawValue), alpha: activation.alpha, beta: activation.beta)
            let shader = bias == nil ? ElementwiseShader.activation : .add
            MetalLaunch(
                shader: shader.rawValue, grid: MetalGrid(x: outputs, y: rows),
                buffers: [y] + (bias.map { [MetalPlace(buffer: $0.buffer)] } ?? []) + [y], parameters: p
            ).encode(try session.computeEncoder(), session.device.pipelines)
        }

        /// Rows without gaps.
        static func matrix(_ place: MetalPlace, _ rows: Int, _ columns: Int) -> MPSMatrix {
            MPSMatrix(
                buffer: place.buffer, offset: place.offset,
                descriptor: MPSMatrixDescriptor(
                    rows: rows, columns: columns, rowBytes: columns * MemoryLayout<Float>.stride,
                    dataType: .float32))
        }
    }

    extension LinearOperation: MetalOperation {
        var metalInputs: [Int] { [0] }

        /// From `Linear.mpsBatchThreshold` rows on.
        func suitsMetal(_ site: MetalSite, _ options: MetalOptions) -> Bool {
            guard site.constant(1) != nil, !hasBias || site.constant(2) != nil, activation.hasMetalForm else {
                return false
            }
            let rows = site.shape(site.node.outputs[0]).dropLast().reduce(1, *)
            return rows >= Linear.mpsBatchThreshold
        }

        func metalWork(
            _ emitter: Emitter, inputs: [Operand], output: Operand, _ backend: MetalBackend
        ) throws -> any MetalWork {
            guard MPSSupportsMTLDevice(backend.device.device) else {
                throw OssicleError(.unsupported, "MPS does not support \(backend.device.name)")
            }
            let weight = try emitter.constant(1)
            let (out, terms) = (weight.shape[0], weight.shape[1])
            let batch = Array(output.shape.dropLast()).product
            for extents in [[out, terms], [emitter.maximum(batch), terms], [emitter.maximum(batch), out]] {
                try MetalConvolution.check(extents, "a matrix")
            }
            return MPSLinearWork(
                inputs: terms, outputs: out, weight: try backend.device.weights(weight),
                bias: hasBias ? try backend.device.weights(emitter.constant(2)) : nil,
                activation: activation, source: Int32(inputs[0].slot), target: Int32(output.slot),
                rows: emitter.length(batch))
        }
    }
#endif
