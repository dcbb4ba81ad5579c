#if canImport(Metal)
    import Metal

    /// One dispatch of one of our kernels.
    struct MetalLaunch<Parameters> {
        let shader: String
        /// Threads along length and channels.
        let grid: MetalGrid
        /// Threads a threadgroup when the kernel fixes them.
        var threads: MetalGrid?
        /// In the order of the kernel's arguments; the parameters come last.
        let buffers: [MetalPlace]
        let parameters: Parameters

        func encode(_ encoder: any MTLComputeCommandEncoder, _ pipelines: MetalPipelines) {
            let pipeline = pipelines[shader]
            encoder.setComputePipelineState(pipeline.state)
            for (index, place) in buffers.enumerated() {
                encoder.setBuffer(place.buffer, offset: place.offset, index: index)
            }
            withUnsafeBytes(of: parameters) {
                encoder.setBytes($0.baseAddress!, length: $0.count, index: buffers.count)
            }
            // Whole threadgroups, which every GPU can dispatch; the kernels check their bounds.
            let size = threads ?? pipeline.threads
            encoder.dispatchThreadgroups(
                MTLSize(
                    width: (grid.x + size.x - 1) / size.x, height: (grid.y + size.y - 1) / size.y, depth: 1),
                threadsPerThreadgroup: MTLSize(width: size.x, height: size.y, depth: 1))
        }
    }
#endif
