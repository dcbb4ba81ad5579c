#if OSSICLE_APPLE_STUBS
    import Accelerate
    import CKernels
    import Foundation
    import Testing

    @testable import Ossicle

    extension BNNSGraphStubTests {
        /// Models that the stand-in for BNNS Graph knows: it executes them with the engine's own kernels, so everything
        /// between the caller's buffers and the graph's arguments is proved, and none of BNNS's arithmetic.
        @Suite struct Engine {
            /// A bundle at a path of its own, known to the stand-in.
            final class KnownModel {
                let path: String
                let executor: BNNSInference
                /// Called while the graph executes.
                var meanwhile: () -> Void = {}

                init(
                    _ name: String, function: String? = nil, shapes: [String: [Int]] = [:],
                    types: [String: BNNSDataType] = [:], workspace: Int = 100
                ) throws {
                    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
                        UUID().uuidString)
                    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                    path = folder.appendingPathComponent("model.mlmodelc").path
                    try FileManager.default.createSymbolicLink(
                        atPath: path,
                        withDestinationPath: CoreMLTestData.path("generated/\(name).mlmodelc"))
                    executor = try BNNSInference(
                        modelPath: path, function: function, shapes: shapes, engine: .ossicle)
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

            /// Both engines on the same inputs, one after the other.
            private func expectSame(_ known: KnownModel, _ model: BNNSInference, times: Int = 3) throws {
                let own = try known.open(.ossicle)
                for seed in 0..<times {
                    let x = try known.arrays(UInt64(seed + 1))
                    let (y, expected) = (try model.predict(x), try own.predict(x))
                    #expect(Set(y.keys) == Set(expected.keys))
                    for (name, tensor) in expected {
                        #expect(y[name]!.floats() == tensor.floats(), "\(name)")
                    }
                }
            }

            @Test(arguments: [
                "activations_fp32", "conv1d_zoo_fp32", "embedding_int32_fp32", "gru_op_fp32",
                "lstm_op_reverse_fp32",
                "linear_fp32",
            ]) func everyPortFindsItsPlace(_ name: String) throws {
                let known = try KnownModel(name)
                do {
                    let model = try known.open()
                    #expect(model.engine == .bnns)
                    #expect(model.describe().contains("BNNS Graph: \(known.path)"))
                    try expectSame(known, model)
                }
                #expect(BNNSStubLiveContexts(known.path) == 0)
            }

            @Test func aFunctionOfSeveral() throws {
                let names = try BNNSInference(
                    modelPath: CoreMLTestData.path("generated/multifunction_ios18.mlmodelc"), engine: .ossicle
                ).functions
                #expect(names.count > 1)
                for name in names {
                    let known = try KnownModel("multifunction_ios18", function: name)
                    try expectSame(known, try known.open())
                }
            }

            @Test func flexibleShapesAreSetWhenItLoads() throws {
                let name = "flexible_range_fp32"
                let base = try KnownModel(name)
                let input = try #require(base.executor.inputs.first { $0.flexibility != .fixed })
                guard case .ranges(let ranges) = input.flexibility else {
                    Issue.record("\(input.flexibility)")
                    return
                }
                let shape = zip(input.shape, ranges).map { $1.lower == $1.upper ? $0 : max($1.lower, $0 - 3) }
                let known = try KnownModel(name, shapes: [input.name: shape])
                let model = try known.open()
                #expect(model.inputs.first { $0.name == input.name }?.shape == shape)
                try expectSame(known, model)
            }

            @Test func statesLiveInAStreamingContext() throws {
                let known = try KnownModel("stateful_stream_conv_fp16", types: [:])
                #expect(!known.executor.states.isEmpty)
                let model = try known.open()
                let own = try known.open(.ossicle)
                let first = try known.arrays(1), second = try known.arrays(2)
                for _ in 0..<2 {
                    for x in [first, second, first] {
                        let (y, expected) = (try model.predict(x), try own.predict(x))
                        for (name, tensor) in expected { #expect(y[name]!.floats() == tensor.floats()) }
                    }
                    model.resetState()
                    own.resetState()
                }
                #expect(BNNSStubLiveContexts(known.path) == 1)
            }

            /// Whatever BNNS refuses, the model runs, with a message; asked for by name, it is an error.
            @Test(arguments: [
                BNNSStubRefusesModel, BNNSStubNoContext, BNNSStubNoWorkspace, BNNSStubNoPointerArguments,
                BNNSStubNoTensor, BNNSStubNoPosition,
            ]) func aRefusalFallsBack(_ fault: bnns_stub_fault) throws {
                let known = try KnownModel("linear_fp32")
                BNNSStubSetFault(known.path, fault)
                let model = try known.open(nil)
                #expect(model.engine == .ossicle)
                try expectSame(known, model)
                let e = errorOf { _ = try known.open(.bnns) }
                #expect(e?.code == .unsupported)
                #expect(e?.message.hasPrefix(known.path) == true && e?.message.contains("BNNS Graph") == true)
                #expect(BNNSStubLiveContexts(known.path) == 0)
                BNNSStubSetFault(known.path, BNNSStubNoFault)
                #expect(try known.open(nil).engine == .bnns)
            }

            @Test func shapesThatAreRefused() throws {
                let known = try KnownModel("flexible_range_fp32")
                BNNSStubSetFault(known.path, BNNSStubNoShapes)
                #expect(
                    errorOf { _ = try known.open(.bnns) }?.message.contains("does not take the shapes")
                        == true)
                #expect(try known.open(nil).engine == .ossicle)
            }

            /// The engine's buffers are float32; a graph with float16 arguments is left to our own engine.
            @Test func anotherElementTypeFallsBack() throws {
                let known = try KnownModel("linear_fp32")
                let output = known.executor.outputs[0].name
                let half = try KnownModel("linear_fp32", types: [output: BNNSDataTypeFloat16])
                #expect(try half.open(nil).engine == .ossicle)
                #expect(errorOf { _ = try half.open(.bnns) }?.message.contains(output) == true)
            }

            @Test func aPackageIsNotABundle() throws {
                let path = CoreMLTestData.path("generated/linear_fp32.mlpackage")
                #expect(try BNNSInference(modelPath: path).engine == .ossicle)
                #expect(
                    errorOf { _ = try BNNSInference(modelPath: path, engine: .bnns) }?.code == .unsupported)
            }

            @Test func aFailedExecutionIsAnError() throws {
                let known = try KnownModel("linear_fp32")
                let model = try known.open()
                BNNSStubSetFault(known.path, BNNSStubExecuteFails)
                #expect(errorOf { _ = try model.predict(try known.arrays(1)) }?.code == .internal)
                BNNSStubSetFault(known.path, BNNSStubNoFault)
                try expectSame(known, model)
            }

            @Test func singleThreadIsAskedFor() throws {
                let known = try KnownModel("linear_fp32")
                for wanted in [true, false] {
                    let model = try known.open(singleThreaded: wanted)
                    #expect(BNNSStubWasSingleThreaded(known.path) == wanted)
                    #expect(model.isSingleThreaded == wanted)
                }
            }

            @Test func theWorkspaceIsWholePagesAndCanGo() throws {
                let known = try KnownModel("linear_fp32", workspace: 20000)
                let model = try known.open()
                #expect(model.workspaceByteCount == 32768)
                #expect(model.releaseWorkspace())
                #expect(!model.hasWorkspace)
                #expect(errorOf { _ = try model.predict(try known.arrays(1)) }?.code == .notReady)
                try model.prepareWorkspace()
                try expectSame(known, model)
            }

            /// While one thread predicts, a second one is refused, and the workspace stays.
            @Test func oneThreadAtATime() throws {
                let known = try KnownModel("linear_fp32")
                let model = try known.open()
                let x = try known.arrays(1)
                var refused: OssicleError?
                var released = true
                known.meanwhile = {
                    known.meanwhile = {}
                    refused = errorOf { _ = try model.predict(x) }
                    released = model.releaseWorkspace()
                }
                _ = try model.predict(x)
                #expect(refused?.code == .invalidArgument)
                #expect(!released)
                try expectSame(known, model)
            }

            @Test func sizesAreChecked() throws {
                let known = try KnownModel("linear_fp32")
                let model = try known.open()
                let x = [Float](repeating: 0, count: model.inputs[0].count + 1)
                var y = [Float](repeating: 0, count: model.outputs[0].count)
                let status = x.withUnsafeBufferPointer { x in
                    y.withUnsafeMutableBufferPointer { model.predictStatus(x, $0) }
                }
                #expect(status == OssicleError.Code.shapeMismatch.rawValue)
            }
        }
    }
#endif
