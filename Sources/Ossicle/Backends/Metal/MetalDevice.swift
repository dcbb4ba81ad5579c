#if canImport(Metal)
    import Metal

    /// A GPU, its queue and its compiled kernels. Make one and share it; it may be used from any thread.
    final class MetalDevice: Sendable {
        let device: any MTLDevice
        let queue: any MTLCommandQueue
        let pipelines: MetalPipelines
        private let weights = MetalWeightCache()

        var name: String { device.name }

        /// Opens the system's default GPU and compiles every kernel.
        ///
        /// - Parameter precompiled: where libraries of our shaders may lie, see `MetalPipelines`.
        /// - Throws: `unsupported` without a GPU, `internal` with the compiler's text when a kernel does not build.
        init(precompiled: [URL] = MetalPipelines.precompiledPlaces) throws {
            guard let device = MTLCreateSystemDefaultDevice() else {
                throw OssicleError(.unsupported, "Metal: this system has no GPU")
            }
            guard let queue = device.makeCommandQueue() else {
                throw OssicleError(.unsupported, "Metal: \(device.name) gives no command queue")
            }
            self.device = device
            self.queue = queue
            self.pipelines = try MetalPipelines(device: device, precompiled: precompiled)
        }

        /// The system's default GPU, opened once; the error says why there is none.
        static let system: Result<MetalDevice, OssicleError> = {
            do { return .success(try MetalDevice()) } catch {
                let error = error as? OssicleError ?? OssicleError(.internal, "\(error)")
                Diagnostics.report("no GPU is used: \(error.message)")
                return .failure(error)
            }
        }()

        /// A buffer that CPU and GPU share.
        ///
        /// - Throws: `outOfMemory`.
        func makeBuffer(floats count: Int) throws -> any MTLBuffer {
            let length = max(count, 1) * MemoryLayout<Float>.stride
            guard let buffer = device.makeBuffer(length: length, options: .storageModeShared) else {
                throw OssicleError(.outOfMemory, "Metal: \(name) has no \(length) bytes")
            }
            return buffer
        }

        /// A tensor's values, once for all programs.
        ///
        /// - Throws: `outOfMemory`.
        func weights(_ tensor: Tensor) throws -> MetalWeights {
            try weights.weights(of: tensor, make: makeBuffer)
        }

        func makeBuffer(_ tensor: Tensor) throws -> any MTLBuffer {
            let values = tensor.floats()
            let buffer = try makeBuffer(floats: values.count)
            values.withUnsafeBytes {
                buffer.contents().copyMemory(from: $0.baseAddress!, byteCount: $0.count)
            }
            return buffer
        }
    }

    /// Runs `body` with Objective-C's temporaries released at its end; a real-time or worker thread has no pool.
    func withAutoreleasePool<T>(_ body: () throws -> T) rethrows -> T {
        #if canImport(ObjectiveC)
            try autoreleasepool(invoking: body)
        #else
            try body()
        #endif
    }
#endif
