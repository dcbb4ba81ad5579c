#if canImport(Metal)
    import Metal

    /// Convolutions and element-wise steps that run on the GPU as one command buffer, over float32 rows
    /// `[channels, length]`.
    ///
    /// Write the input to `input`, call `run`, read `output`: both are memory that CPU and GPU share, so nothing is
    /// copied on a machine with unified memory. `begin` and `finish` do the same in two halves. Not thread-safe, and
    /// not for the audio thread: a command buffer is an object, and waiting for the GPU is a system call.
    public final class MetalConvolutionChain {
        public let inChannels: Int
        public let outChannels: Int
        public let maxLength: Int
        private let device: MetalDevice
        private let steps: [MetalStep]
        private let buffers: [any MTLBuffer]
        private let forced: Conv1DShader?
        private var pending: (any MTLCommandBuffer)?

        /// Checks shapes, copies the weights to the GPU and reserves all memory.
        ///
        /// - Parameters:
        ///   - maxLength: the longest input, in frames.
        ///   - forcedShader: run every plain convolution with this kernel, for tests and measurements.
        /// - Throws: `shapeMismatch` or `invalidArgument` naming the layer, `outOfMemory`.
        public init(
            device: MetalDevice, inChannels: Int, layers: [MetalLayer], maxLength: Int,
            forcedShader: Conv1DShader? = nil
        ) throws {
            let shapes = try MetalStep.shapes(layers, inChannels: inChannels, length: maxLength)
            let plan = MetalBufferPlan(sizes: shapes.map { $0.channels * $0.length }, layers: layers)
            self.device = device
            self.inChannels = inChannels
            self.outChannels = shapes[shapes.count - 1].channels
            self.maxLength = maxLength
            self.forced = forcedShader
            self.buffers = try plan.sizes.map { try device.makeBuffer(floats: $0) }
            self.steps = try layers.enumerated().map { index, layer in
                try MetalStep(
                    layer, index: index, channels: shapes[index].channels, plan: plan, device: device)
            }
            // A forced kernel that cannot run is an error now, not at the first block.
            _ = try launches(length: maxLength)
        }

        /// Rows `[inChannels, length]`, without gaps, for a run of `length` frames.
        public var input: UnsafeMutablePointer<Float> { contents(0) }
        /// Rows `[outChannels, outputLength(length)]`, without gaps, after a run of `length` frames.
        public var output: UnsafePointer<Float> { UnsafePointer(contents(outputBuffer)) }
        /// The same memory as Metal buffers, for work that stays on the GPU.
        public var inputMetalBuffer: any MTLBuffer { buffers[0] }
        public var outputMetalBuffer: any MTLBuffer { buffers[outputBuffer] }

        /// Frames out for `length` frames in.
        public func outputLength(_ length: Int) throws -> Int {
            try checkLength(length)
            return try steps.reduce(length) { try $1.outputLength($0) }
        }

        /// Runs the chain and waits for it.
        ///
        /// - Returns: frames of `output`.
        /// - Throws: `blockTooLong`, `internal` with the GPU's error.
        @discardableResult
        public func run(length: Int) throws -> Int {
            try begin(length: length)
            try finish()
            return try outputLength(length)
        }

        /// Starts a run; until `finish` returns, `input` and `output` belong to the GPU.
        ///
        /// - Throws: `notReady` when a run has not been finished.
        public func begin(length: Int) throws {
            guard pending == nil else {
                throw OssicleError(.notReady, "Metal: the run before has not been finished")
            }
            let launches = try launches(length: length)
            try withAutoreleasePool {
                guard let commands = device.queue.makeCommandBuffer(),
                    let encoder = commands.makeComputeCommandEncoder()
                else { throw OssicleError(.outOfMemory, "Metal: \(device.name) gives no command buffer") }
                for launch in launches {
                    launch.encode(encoder, buffers: buffers, pipelines: device.pipelines)
                }
                encoder.endEncoding()
                commands.commit()
                pending = commands
            }
        }

        /// Waits for the run that `begin` started.
        public func finish() throws {
            guard let commands = pending else { throw OssicleError(.notReady, "Metal: no run has begun") }
            pending = nil
            commands.waitUntilCompleted()
            guard commands.status == .completed else {
                let reason = commands.error?.localizedDescription ?? "status \(commands.status.rawValue)"
                throw OssicleError(.internal, "Metal: the run failed on \(device.name): \(reason)")
            }
        }

        // Memory must not go while the GPU works on it.
        deinit { pending?.waitUntilCompleted() }

        /// The kernel that each step runs with at this length.
        public func shaders(length: Int) throws -> [String] { try launches(length: length).map(\.shader) }

        private var outputBuffer: Int { steps.last?.target ?? 0 }

        private func contents(_ buffer: Int) -> UnsafeMutablePointer<Float> {
            buffers[buffer].contents().assumingMemoryBound(to: Float.self)
        }

        private func checkLength(_ length: Int) throws {
            guard length > 0 else {
                throw OssicleError(.invalidArgument, "length: expected at least 1, found \(length)")
            }
            guard length <= maxLength else {
                throw OssicleError(
                    .blockTooLong, "length \(length) is above the prepared maximum of \(maxLength)")
            }
        }

        private func launches(length: Int) throws -> [MetalLaunch] {
            try checkLength(length)
            let memory = device.device.maxThreadgroupMemoryLength
            var lengths = [length]
            return try steps.map { step in
                let launch = try step.launch(lengths: lengths, threadgroupMemory: memory, forced: forced)
                lengths.append(try step.outputLength(lengths[lengths.count - 1]))
                return launch
            }
        }
    }
#endif
