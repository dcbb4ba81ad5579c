#if OSSICLE_APPLE_STUBS
    import Accelerate
    import CKernels
    import Foundation
    import Testing

    @testable import Ossicle

    /// A bundle at a path of its own, known to the stand-in.
    final class KnownModel {
        let path: String
        let executor: BNNSInference
        /// Called while the graph executes.
        var meanwhile: () -> Void = {}

        /// - Parameter edit: what the bundle has for a program instead; the stand-in executes the original.
        init(
            _ name: String, function: String? = nil, shapes: [String: [Int]] = [:],
            types: [String: BNNSDataType] = [:], workspace: Int = 100, edit: ((String) -> String)? = nil
        ) throws {
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
                UUID().uuidString)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            path = folder.appendingPathComponent("model.mlmodelc").path
            let original = CoreMLTestData.path("generated/\(name).mlmodelc")
            executor = try BNNSInference(
                modelPath: original, function: function, shapes: shapes, engine: .ossicle)
            if let edit {
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
                for file in try FileManager.default.contentsOfDirectory(atPath: original)
                where file != "model.mil" {
                    try FileManager.default.createSymbolicLink(
                        atPath: "\(path)/\(file)", withDestinationPath: "\(original)/\(file)")
                }
                let text = try String(contentsOfFile: original + "/model.mil", encoding: .utf8)
                let edited = edit(text)
                #expect(edited != text)
                try edited.write(toFile: path + "/model.mil", atomically: true, encoding: .utf8)
            } else {
                try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: original)
            }
            register(types, workspace)
        }

        deinit {
            BNNSStubUnregister(path)
            try? FileManager.default.removeItem(
                at: URL(fileURLWithPath: path).deletingLastPathComponent())
        }

        /// Outputs first and both backwards: nobody may count on an order.
        private func register(_ types: [String: BNNSDataType], _ workspace: Int) {
            let ports =
                executor.outputs.reversed().map { ($0, true) }
                + executor.inputs.reversed().map { ($0, false) }
            let arguments = ports.map { port, isOutput in
                var argument = bnns_stub_argument(
                    name: UnsafePointer(strdup(port.name)!), is_output: isOutput,
                    data_type: types[port.name]
                        ?? (port.dataType == .int32 ? BNNSDataTypeInt32 : BNNSDataTypeFloat32),
                    rank: UInt8(port.shape.count), shape: (0, 0, 0, 0, 0, 0, 0, 0))
                withUnsafeMutableBytes(of: &argument.shape) {
                    for (i, extent) in port.shape.enumerated() {
                        let isOpen = !isOutput && port.flexibility != .fixed
                        $0.bindMemory(to: Int.self)[i] = isOpen ? -1 : extent
                    }
                }
                return argument
            }
            let user = Unmanaged.passUnretained(self).toOpaque()
            BNNSStubRegister(
                path, arguments, arguments.count, workspace, BNNSStubNoFault,
                { user, tensors, count in
                    let model = Unmanaged<KnownModel>.fromOpaque(user!).takeUnretainedValue()
                    return model.execute(UnsafeBufferPointer(start: tensors, count: count))
                }, user)
            for argument in arguments { free(UnsafeMutablePointer(mutating: argument.name)) }
            if !executor.states.isEmpty {
                BNNSStubSetStateful(path) { user, states, count in
                    let model = Unmanaged<KnownModel>.fromOpaque(user!).takeUnretainedValue()
                    model.start(UnsafeBufferPointer(start: states, count: count))
                }
            }
        }

        private func execute(_ tensors: UnsafeBufferPointer<BNNSTensor>) -> Int32 {
            meanwhile()
            func buffers(_ features: [BNNSInference.Feature]) -> [ok_buffer] {
                features.map { feature in
                    let tensor = tensors.first { String(cString: $0.name!) == feature.name }!
                    return ok_buffer(data: tensor.data, byte_count: feature.byteCount)
                }
            }
            let (x, y) = (buffers(executor.inputs), buffers(executor.outputs))
            return ok_inference_run(executor.realtime, x, x.count, y, y.count)
        }

        private func start(_ states: UnsafeBufferPointer<BNNSTensor>) {
            // Every state by name, at zero.
            let names = states.map { String(cString: $0.name!) }
            #expect(Set(names) == Set(executor.states.map(\.name)))
            for state in states {
                let bytes = UnsafeRawBufferPointer(
                    start: state.data, count: Int(state.data_size_in_bytes))
                #expect(!bytes.isEmpty && bytes.allSatisfy { $0 == 0 })
            }
            executor.resetState()
        }

        func open(_ engine: BNNSInference.Engine? = .bnns, singleThreaded: Bool = true) throws
            -> BNNSInference
        {
            var shapes: [String: [Int]] = [:]
            for input in executor.inputs where input.flexibility != .fixed {
                shapes[input.name] = input.shape
            }
            return try BNNSInference(
                modelPath: path, singleThreaded: singleThreaded, function: executor.function,
                shapes: shapes,
                engine: engine)
        }

        /// Inputs that look random.
        func arrays(_ seed: UInt64) throws -> [String: Tensor] {
            var noise = MetalNoise(seed)
            return Dictionary(
                uniqueKeysWithValues: try executor.inputs.map { input in
                    let values = noise.array(input.count)
                    let tensor =
                        input.dataType == .int32
                        ? try Tensor(values.map { Int32(abs($0) * 3) }, shape: input.shape)
                        : try Tensor(values, shape: input.shape)
                    return (input.name, tensor)
                })
        }
    }
#endif
