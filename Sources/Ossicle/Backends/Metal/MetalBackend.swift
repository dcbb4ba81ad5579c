#if canImport(Metal)
    import CKernels

    /// What a node's work looks like from the device's side: its inputs at the longest, and the contents of constants.
    struct MetalSite {
        let node: Node
        let graph: Graph
        let mode: PlanMode
        let backend: MetalBackend

        /// Whether the node stands between layers on the GPU: one of them makes an input, one reads the output.
        var isBetweenLayers: Bool {
            func isLayer(_ other: Node) -> Bool {
                !(other.operation is Binary) && backend.accepts(other, in: graph, mode: mode)
            }
            let makers = graph.nodes.filter { $0.outputs.contains(where: node.inputs.contains) }
            let readers = graph.nodes.filter { $0.inputs.contains(where: node.outputs.contains) }
            return makers.contains(where: isLayer) && readers.contains(where: isLayer)
        }

        func shape(_ id: ValueID) -> [Int] { graph.type(of: id).shape.evaluate(mode.maxLength) }
        func constant(_ index: Int) -> Tensor? { graph.constant(node.inputs[index]) }
        var flops: Int { node.operation.flops(node.inputs.map(shape), node.outputs.map(shape)) }
        var isFloat32: Bool {
            (node.inputs + node.outputs).allSatisfy { graph.constant($0) != nil || isFloat32($0) }
        }
        private func isFloat32(_ id: ValueID) -> Bool { graph.type(of: id).dataType == .float32 }
    }

    /// An operation with GPU kernels.
    protocol MetalOperation: Operation {
        /// Inputs whose values the work reads; the others are constants.
        var metalInputs: [Int] { get }
        /// Whether the kernels can run it and are expected to be worth the submission.
        func suitsMetal(_ site: MetalSite, _ options: MetalOptions) -> Bool
        /// The work on dense values, its weights copied to the device.
        ///
        /// - Throws: `outOfMemory`, or what the kernels cannot count to.
        func metalWork(
            _ emitter: Emitter, inputs: [Operand], output: Operand, _ backend: MetalBackend
        ) throws -> any MetalWork
    }

    /// What is worth sending to the GPU, and how.
    struct MetalOptions: Sendable {
        /// Floating-point operations of a convolution below which the CPU is done before the GPU has begun. A guess until
        /// someone measures: a submission takes 0.1 to 0.2 ms, in which a core does some 5 to 10 million.
        var minimumFlops = 8_000_000
        /// Runs every plain convolution that it can run, for tests and measurements.
        var forcedShader: Conv1DShader?
    }

    /// Convolutions, and batches of Linear, on Apple's GPU. Nodes in a row are one command buffer.
    ///
    /// Sessions only: submitting is neither free of allocation nor of system calls.
    struct MetalBackend: DeviceBackend {
        let device: MetalDevice
        var options = MetalOptions()

        var name: String { "metal" }

        func accepts(_ node: Node, in graph: Graph, mode: PlanMode) -> Bool {
            guard !mode.isStream, let operation = node.operation as? any MetalOperation else { return false }
            let site = MetalSite(node: node, graph: graph, mode: mode, backend: self)
            let given = operation.metalInputs.allSatisfy { site.constant($0) == nil }
            return given && site.isFloat32 && operation.suitsMetal(site, options)
        }

        func emit(_ node: Node, into emitter: Emitter) throws {
            guard let operation = node.operation as? any MetalOperation else {
                throw OssicleError(.internal, "\(node.name): Metal has no kernel for \(node.operation.name)")
            }
            var inputs: [Operand] = []
            for index in operation.metalInputs {
                var input = try emitter.input(index)
                if !input.isDense {
                    // The copy is the CPU's, so what it reads must be there.
                    try endRun(into: emitter)
                    input = try emitter.asBackend("cpu") { try emitter.denseInput(index) }
                }
                inputs.append(input)
            }
            // A failed run starts again from the inputs, so nothing may have been done in place.
            emitter.protect(inputs)
            let output = emitter.output()
            let work: any MetalWork
            do {
                guard output.isDense else {
                    throw OssicleError(.unsupported, "its output is not dense")
                }
                work = try operation.metalWork(emitter, inputs: inputs, output: output, self)
            } catch let error as OssicleError {
                Diagnostics.report("\(node.name) stays on the CPU: \(error.message)")
                try endRun(into: emitter)
                return try emitter.asBackend("cpu") { try CPUBackend().emit(node, into: emitter) }
            }
            let run = emitter.deviceRun as? MetalRun ?? MetalRun()
            emitter.deviceRun = run
            run.nodes.append(node.name)
            run.inputs.formUnion(inputs.map(\.slot))
            let kept = emitter.memory.keep(
                MetalNode(name: node.name, work: work),
                byteCount: work.weights.reduce(0) { $0 + $1.buffer.length })
            emitter.step(metalEncode, kept, work.label)
            run.fallback += try emitter.aside { try CPUBackend().emit(node, into: emitter) }
        }

        func endRun(into emitter: Emitter) throws {
            guard let run = emitter.deviceRun as? MetalRun else { return }
            emitter.deviceRun = nil
            let steps = emitter.memory.store(run.fallback.map { ok_step(run: $0.kernel, args: $0.arguments) })
            // Values from before stay until the GPU is done: a failed run starts again from them, on the CPU.
            emitter.joinStep(
                metalSubmit, MetalSubmission(fallback: steps, count: run.fallback.count),
                "submit \(run.nodes.count)", node: run.nodes.last!, backend: name, keeping: run.inputs)
        }

        func session(_ workspace: Workspace) -> any DeviceSession { MetalSession(device, workspace) }
    }

    /// Nodes in a row on the GPU, while they are emitted.
    private final class MetalRun {
        /// The CPU's steps for the same nodes.
        var fallback: [PlannedStep] = []
        var nodes: [String] = []
        /// Slots that the nodes read.
        var inputs: Set<Int> = []
    }
#endif
