#if canImport(Metal)
    import CKernels
    import Metal

    /// One node's work for the GPU, weights included. Immutable; shared by all instances of a program.
    protocol MetalWork {
        /// As `describe()` shows it.
        var label: String { get }
        /// What it keeps on the device.
        var weights: [MetalWeights] { get }
        /// Adds the work to the session's command buffer, for the extents of the present run.
        ///
        /// - Throws: when it cannot be, and the CPU must do it.
        func encode(into session: MetalSession, _ context: UnsafePointer<ok_context>) throws
    }

    final class MetalNode {
        let name: String
        let work: any MetalWork

        init(name: String, work: any MetalWork) {
            self.name = name
            self.work = work
        }
    }

    /// The end of a run of nodes, and the CPU's steps for all of them.
    struct MetalSubmission {
        let fallback: UnsafePointer<ok_step>
        let count: Int
    }

    /// Encodes one node. Not real-time safe.
    let metalEncode: ok_kernel = { arguments, context in
        let node = arguments!.load(as: Unmanaged<MetalNode>.self).takeUnretainedValue()
        MetalSession.of(context!).encode(node, context!)
    }

    /// Runs what has been encoded and waits for it; where that fails, the CPU does the work. Not real-time safe.
    let metalSubmit: ok_kernel = { arguments, context in
        let submission = arguments!.load(as: MetalSubmission.self)
        if !MetalSession.of(context!).submit() {
            ok_run_steps(submission.fallback, submission.count, context)
        }
    }

    /// One instance on the GPU: its workspace as a buffer that CPU and GPU share, and the command buffer being filled.
    ///
    /// After the first failure everything runs on the CPU: a GPU that was lost once is not asked again.
    final class MetalSession: DeviceSession {
        let device: MetalDevice
        private let reason = Locked<OssicleError?>(nil)
        var failure: OssicleError? { reason.withLock { $0 } }
        private let memory: UnsafeMutableRawBufferPointer
        private let workspace: (any MTLBuffer)?
        private var commands: (any MTLCommandBuffer)?
        private var encoder: (any MTLComputeCommandEncoder)?

        init(_ device: MetalDevice, _ pages: Workspace) {
            self.device = device
            memory = pages.bytes
            // No copy: kernels of the CPU and the GPU work in the same pages. The buffer keeps them alive.
            workspace = device.device.makeBuffer(
                bytesNoCopy: pages.start, length: pages.bytes.count, options: .storageModeShared,
                deallocator: { _, _ in withExtendedLifetime(pages) {} })
            if workspace == nil {
                fail(OssicleError(.outOfMemory, "Metal: \(device.name) maps no \(memory.count) bytes"))
            }
        }

        static func of(_ context: UnsafePointer<ok_context>) -> MetalSession {
            Unmanaged<MetalSession>.fromOpaque(context.pointee.device!).takeUnretainedValue()
        }

        func encode(_ node: MetalNode, _ context: UnsafePointer<ok_context>) {
            guard failure == nil else { return }
            do { try withAutoreleasePool { try node.work.encode(into: self, context) } } catch {
                fail((error as? OssicleError ?? OssicleError(.internal, "\(error)")).within(node.name))
            }
        }

        /// Whether the GPU has made the values of all that was encoded.
        func submit() -> Bool {
            guard failure == nil else { return false }
            guard let commands else { return true }
            withAutoreleasePool {
                closeEncoder()
                commands.commit()
                commands.waitUntilCompleted()
            }
            self.commands = nil
            guard commands.status == .completed else {
                let reason = commands.error?.localizedDescription ?? "status \(commands.status.rawValue)"
                fail(OssicleError(.internal, "Metal: the run failed on \(device.name): \(reason)"))
                return false
            }
            return true
        }

        private func fail(_ error: OssicleError) {
            reason.withLock { $0 = error }
            closeEncoder()
            commands = nil
            Diagnostics.report("the GPU is no longer used, the CPU goes on: \(error.message)")
        }

        // MARK: For work that is being encoded

        /// The command buffer, for kernels that bring their own encoder.
        ///
        /// - Throws: `outOfMemory`.
        func commandBuffer() throws -> any MTLCommandBuffer {
            closeEncoder()
            return try openCommands()
        }

        /// The open encoder. Dispatches run one after another, each on the results of those before.
        ///
        /// - Throws: `outOfMemory`.
        func computeEncoder() throws -> any MTLComputeCommandEncoder {
            if let encoder { return encoder }
            guard let new = try openCommands().makeComputeCommandEncoder() else {
                throw OssicleError(.outOfMemory, "Metal: \(device.name) gives no encoder")
            }
            encoder = new
            return new
        }

        /// Where a slot's value lies in the workspace.
        ///
        /// - Throws: `internal` when it lies elsewhere.
        func place(_ slot: Int32, _ context: UnsafePointer<ok_context>) throws -> MetalPlace {
            let offset = memory.baseAddress!.distance(to: context.pointee.slots[Int(slot)]!)
            guard let workspace, memory.indices.contains(offset) else {
                throw OssicleError(.internal, "Metal: a value lies outside the workspace")
            }
            return MetalPlace(buffer: workspace, offset: offset)
        }

        private func openCommands() throws -> any MTLCommandBuffer {
            if let commands { return commands }
            guard let new = device.queue.makeCommandBuffer() else {
                throw OssicleError(.outOfMemory, "Metal: \(device.name) gives no command buffer")
            }
            commands = new
            return new
        }

        /// An encoder must not go without its end.
        private func closeEncoder() {
            encoder?.endEncoding()
            encoder = nil
        }
    }

    /// Bytes of a buffer from an offset on.
    struct MetalPlace {
        var buffer: any MTLBuffer
        var offset = 0

        func advanced(floats count: Int) -> MetalPlace {
            MetalPlace(buffer: buffer, offset: offset + count * MemoryLayout<Float>.stride)
        }
    }
#endif
