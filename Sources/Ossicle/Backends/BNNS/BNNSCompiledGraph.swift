#if canImport(Accelerate)
    import Accelerate
    import CAccelerate

    #if canImport(Glibc)
        import Glibc
    #elseif canImport(Darwin)
        import Darwin
    #endif

    /// A model as BNNS compiled it: what all of its contexts share, and nothing changes.
    @available(macOS 15, iOS 18, *)
    final class BNNSCompiledGraph: @unchecked Sendable {
        let path: String
        let function: String?
        let isSingleThreaded: Bool
        let argumentCount: Int
        private let graph: bnns_graph_t

        /// - Throws: `unsupported` when BNNS refuses the model.
        init(path: String, function: String?, singleThreaded: Bool) throws {
            let options = BNNSGraphCompileOptionsMakeDefault()
            defer { BNNSGraphCompileOptionsDestroy(options) }
            BNNSGraphCompileOptionsSetTargetSingleThread(options, singleThreaded)
            graph = BNNSGraphCompileFromFile(path, function, options)
            self.path = path
            self.function = function
            isSingleThreaded = singleThreaded
            guard graph.data != nil else {
                argumentCount = 0
                throw OssicleError(.unsupported, "\(path): BNNS Graph does not compile this model")
            }
            argumentCount = BNNSGraphGetArgumentCount(graph, function)
        }

        // The graph's memory is the caller's to free (malloc).
        deinit { free(graph.data) }

        /// A context of its own states (zero) and shapes, and the bytes of workspace it needs.
        ///
        /// - Throws: `unsupported` when BNNS makes none, or sees the ports in another way.
        func makeContext(_ ports: InferencePorts) throws -> (context: bnns_graph_context_t, workspace: Int) {
            let context = try openContext(ports).context
            do {
                for feature in ports.inputs + ports.outputs { try check(feature, context) }
                return (context, try workspaceSize(context))
            } catch {
                BNNSGraphContextDestroy(context)
                throw error
            }
        }

        /// The ports with the extents of outputs that the model leaves open, as BNNS works them out.
        ///
        /// - Throws: `unsupported` when it does not.
        func completed(_ ports: InferencePorts) throws -> InferencePorts {
            guard ports.outputs.contains(where: { $0.shape.contains(-1) }) else { return ports }
            let (context, isExact) = try openContext(ports)
            defer { BNNSGraphContextDestroy(context) }
            guard isExact else {
                throw OssicleError(
                    .unsupported, "\(path): BNNS Graph knows no more than bounds of its outputs")
            }
            var ports = ports
            ports.outputs = try ports.outputs.map { feature in
                let shape = Self.shape(try tensor(feature.name, context))
                guard shape.count == feature.shape.count, !shape.contains(where: { $0 < 1 }) else {
                    throw OssicleError(
                        .unsupported,
                        "\(path): output \(feature.name) is \(shape) to BNNS Graph, which is no shape")
                }
                return feature.reshaped(shape)
            }
            return ports
        }

        /// A context that knows the shapes of the inputs, and whether all that follow from them are exact. The caller's
        /// to destroy.
        private func openContext(
            _ ports: InferencePorts
        ) throws -> (context: bnns_graph_context_t, isExact: Bool) {
            let context =
                try ports.states.isEmpty ? BNNSGraphContextMake(graph) : makeStreamingContext(ports.states)
            guard context.data != nil else {
                throw OssicleError(.unsupported, "\(path): BNNS Graph makes no context for this model")
            }
            do {
                guard BNNSGraphContextSetArgumentType(context, BNNSGraphArgumentTypePointer) == 0 else {
                    throw OssicleError(.unsupported, "\(path): BNNS Graph takes no pointers as arguments")
                }
                let isFlexible = ports.inputs.contains { $0.flexibility != .fixed }
                return (context, try !isFlexible || setShapes(context, ports.inputs))
            } catch {
                BNNSGraphContextDestroy(context)
                throw error
            }
        }

        private func makeStreamingContext(_ states: [BNNSInference.Feature]) throws -> bnns_graph_context_t {
            let memory = ProgramMemory()
            let initial = try states.map { state in
                var tensor = BNNSTensor()
                tensor.data_type = try Self.declaredType(state, path)
                tensor.rank = UInt8(state.shape.count)
                withUnsafeMutableBytes(of: &tensor.shape) { shape in
                    for (i, extent) in state.shape.enumerated() {
                        shape.storeBytes(of: extent, toByteOffset: i * MemoryLayout<Int>.stride, as: Int.self)
                    }
                }
                // Strides of zero: dense.
                let bytes = state.count * (state.declaredType == .fp16 ? 2 : 4)
                tensor.data = memory.allocate(byteCount: bytes)
                tensor.data_size_in_bytes = bytes
                tensor.name = memory.store(text: state.name)
                return tensor
            }
            defer { withExtendedLifetime(memory) {} }
            return BNNSGraphContextMakeStreaming(graph, function, initial.count, initial)
        }

        private static func declaredType(_ state: BNNSInference.Feature, _ path: String) throws
            -> BNNSDataType
        {
            switch state.declaredType {
            case .fp32: BNNSDataTypeFloat32
            case .fp16: BNNSDataTypeFloat16
            default:
                throw OssicleError(
                    .unsupported, "\(path): state \(state.name) is \(state.declaredType), not a float")
            }
        }

        /// Whether BNNS sees a port as the engine's interface does.
        private func check(_ feature: BNNSInference.Feature, _ context: bnns_graph_context_t) throws {
            let tensor = try tensor(feature.name, context)
            let type = feature.dataType == .float32 ? BNNSDataTypeFloat32 : BNNSDataTypeInt32
            guard tensor.data_type == type, [.float32, .int32].contains(feature.dataType) else {
                throw OssicleError(
                    .unsupported,
                    "\(path): \(feature.name) has BNNS type \(tensor.data_type.rawValue), expected \(type.rawValue)"
                )
            }
            guard Self.shape(tensor) == feature.shape else {
                throw OssicleError(
                    .unsupported,
                    "\(path): \(feature.name) is \(Self.shape(tensor)) to BNNS Graph, expected \(feature.shape)"
                )
            }
        }

        private func tensor(_ name: String, _ context: bnns_graph_context_t) throws -> BNNSTensor {
            var tensor = BNNSTensor()
            guard BNNSGraphContextGetTensor(context, function, name, true, &tensor) == 0 else {
                throw OssicleError(.unsupported, "\(path): BNNS Graph knows no \(name)")
            }
            return tensor
        }

        private static func shape(_ tensor: BNNSTensor) -> [Int] {
            withUnsafeBytes(of: tensor.shape) {
                Array($0.bindMemory(to: Int.self).prefix(Int(tensor.rank)))
            }
        }

        /// Whether BNNS knows every shape that follows from these exactly. Where it knows bounds alone, the workspace
        /// holds any; an output is then right where our own engine works out the same shape (`check`).
        private func setShapes(
            _ context: bnns_graph_context_t, _ inputs: [BNNSInference.Feature]
        ) throws -> Bool {
            let memory = ProgramMemory()
            // Rank 0: as the model says. BNNS writes the shapes of outputs into the same array.
            var arguments = (0..<argumentCount).map { _ in
                bnns_graph_shape_t(rank: 0, shape: memory.store([UInt64](repeating: 0, count: 8)))
            }
            for input in inputs {
                let at = try position(input.name)
                arguments[at].rank = input.shape.count
                for (i, extent) in input.shape.enumerated() { arguments[at].shape![i] = UInt64(extent) }
            }
            let status = BNNSGraphContextSetDynamicShapes(context, function, argumentCount, &arguments)
            withExtendedLifetime(memory) {}
            let shapes = inputs.map(\.shape)
            return switch status {
            case 0: true
            case 1: false
            case 2:
                throw OssicleError(
                    .unsupported,
                    "\(path): BNNS Graph bounds not all shapes that follow from \(shapes); it would allocate in every run"
                )
            default:
                throw OssicleError(
                    .unsupported,
                    "\(path): BNNS Graph does not take the shapes \(shapes) (status \(status))")
            }
        }

        /// Bytes of workspace; to be asked for after the shapes are known.
        ///
        /// - Throws: `unsupported`.
        private func workspaceSize(_ context: bnns_graph_context_t) throws -> Int {
            let size = BNNSGraphContextGetWorkspaceSize(context, function)
            guard size >= 0 else {  // SIZE_MAX
                throw OssicleError(.unsupported, "\(path): BNNS Graph states no workspace for these shapes")
            }
            return size
        }

        /// Where a port's buffer goes. The order of arguments is the system's own.
        func port(_ feature: BNNSInference.Feature) throws -> ok_bnns_port {
            ok_bnns_port(position: try position(feature.name), byte_count: feature.byteCount)
        }

        private func position(_ name: String) throws -> Int {
            let at = BNNSGraphGetArgumentPosition(graph, function, name)
            guard 0..<argumentCount ~= at else {
                throw OssicleError(.unsupported, "\(path): BNNS Graph has no argument \(name)")
            }
            return at
        }
    }
#endif
