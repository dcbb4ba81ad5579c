#if canImport(Metal)
    import CKernels

    /// The sum of two values of one shape, between layers on the GPU: a skip connection does not break their row.
    struct MetalSum: MetalWork {
        let sources: [Int32]
        let target: Int32
        let count: ok_len

        var label: String { "add" }
        var weights: [MetalWeights] { [] }

        func encode(into session: MetalSession, _ context: UnsafePointer<ok_context>) throws {
            let count = Int(ok_length(count, context))
            try MetalConvolution.check([count], "a sum")
            let n = UInt32(count)
            MetalLaunch(
                shader: ElementwiseShader.add.rawValue, grid: MetalGrid(x: count, y: 1),
                buffers: try (sources + [target]).map { try session.place($0, context) },
                parameters: ElementwiseParams(channels: 1, length: n, aPitch: n, bPitch: n, outPitch: n)
            ).encode(try session.computeEncoder(), session.device.pipelines)
        }
    }

    extension Binary: MetalOperation {
        var metalInputs: [Int] { [0, 1] }

        func suitsMetal(_ site: MetalSite, _ options: MetalOptions) -> Bool {
            let (a, b) = (site.graph.type(of: site.node.inputs[0]), site.graph.type(of: site.node.inputs[1]))
            return kind == .add && a.shape == b.shape && site.isBetweenLayers
        }

        func metalWork(
            _ emitter: Emitter, inputs: [Operand], output: Operand, _ backend: MetalBackend
        ) throws -> any MetalWork {
            try MetalConvolution.check([emitter.maximum(output.count)], "a sum")
            return MetalSum(
                sources: inputs.map { Int32($0.slot) }, target: Int32(output.slot),
                count: emitter.length(output.count))
        }
    }
#endif
