#if canImport(Accelerate)
    import CAccelerate
    import CKernels

    /// Whole Core ML models on Apple's BNNS Graph, as one step between the others: the bottleneck of a `HybridPipeline`.
    ///
    /// The model is compiled when the program is planned; every instance has a context and a workspace of its own. Values
    /// are read and written where the plan has them. Where BNNS refuses the model, its nodes are planned as any others;
    /// where it fails later, their steps run on the same values.
    @available(macOS 15, iOS 18, *)
    struct BNNSBackend: ModelBackend {
        static let name = "bnns"
        var name: String { Self.name }
        /// Nobody has checked it on Apple's systems.
        var isRealtimeSafe: Bool { false }

        func take(_ call: ModelCall) -> (any Operation)? {
            do { return try BNNSCall(call) } catch {
                Diagnostics.report("\(error); Ossicle's own engine runs it")
                return nil
            }
        }

        func accepts(_ node: Node, in graph: Graph, mode: PlanMode) -> Bool { node.operation is BNNSCall }

        func emit(_ node: Node, into emitter: Emitter) throws {
            guard let call = node.operation as? BNNSCall else {
                throw OssicleError(.internal, "\(node.name): BNNS Graph runs whole models only")
            }
            let inputs = try node.inputs.indices.map { try emitter.denseInput($0) }
            // A failed run starts again from the inputs, so nothing may have been done in place.
            emitter.protect(inputs)
            let outputs = node.outputs.indices.map { emitter.output($0) }
            // A history is no dense block; it gets a copy.
            let blocks = outputs.map { $0.isDense ? $0 : emitter.scratch($0.shape, $0.dataType) }
            let fallback = try emitter.region(node.regions[0], inputs: inputs) { results in
                for (result, block) in zip(results, blocks) { emitter.emitCopy(from: result, to: block) }
            }
            let steps = emitter.store(fallback)
            emitter.step(
                ok_bnns_step,
                ok_bnns_step_args(
                    model: Int32(emitter.resource(call)),
                    inputs: emitter.memory.store(inputs.map { Int32($0.slot) }),
                    outputs: emitter.memory.store(blocks.map { Int32($0.slot) }),
                    fallback: steps.first, fallback_count: steps.count),
                "graph, or \(fallback.count) steps")
            for (block, output) in zip(blocks, outputs) where !output.isDense {
                emitter.emitCopy(from: block, to: output)
            }
        }
    }

    /// A model that BNNS has compiled, in the place of a `ModelCall`.
    @available(macOS 15, iOS 18, *)
    struct BNNSCall: Operation, InstanceResource {
        private let graph: BNNSCompiledGraph
        private let call: ModelCall

        /// - Throws: `unsupported` with what BNNS refuses.
        init(_ call: ModelCall) throws {
            self.call = call
            graph = try BNNSCompiledGraph(
                path: call.ports.modelPath, function: call.ports.functionToName, singleThreaded: true)
            // Whatever it refuses, it refuses now.
            _ = try BNNSGraphEngine(graph, call.ports)
        }

        var name: String { call.name }

        func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
            try call.infer(inputs, regions: regions)
        }

        func flops(_ inputs: [[Int]], _ outputs: [[Int]]) -> Int { call.flops }

        var backend: String { BNNSBackend.name }

        func make() throws -> any InstanceObject { try BNNSGraphEngine(graph, call.ports) }
    }

    @available(macOS 15, iOS 18, *)
    extension BNNSGraphEngine: InstanceObject {
        var pointer: UnsafeMutableRawPointer { UnsafeMutableRawPointer(model) }

        var byteCount: Int { workspaceByteCount }

        var failure: OssicleError? {
            ok_bnns_has_failed(model) == 0
                ? nil : OssicleError(.internal, "\(ports.modelPath): BNNS Graph failed to run the model")
        }

        /// The first failure in a plan; not real-time safe.
        static let report: @convention(c) (UnsafePointer<CChar>?) -> Void = { path in
            let name = path.map { String(cString: $0) } ?? "a model"
            Diagnostics.report(
                "\(name): BNNS Graph failed to run the model; Ossicle's own engine does, from now on")
        }
    }
#endif
