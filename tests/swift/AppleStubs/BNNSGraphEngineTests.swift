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

            /// Bounds are enough where our own engine knows the shapes; what has none would allocate in every run.
            @Test func shapesThatAreBounds() throws {
                let known = try KnownModel("flexible_range_fp32")
                BNNSStubSetFault(known.path, BNNSStubBoundedShapes)
                let model = try known.open(nil)
                #expect(model.engine == .bnns)
                try expectSame(known, model)

                BNNSStubSetFault(known.path, BNNSStubUnboundedShapes)
                let e = errorOf { _ = try known.open(.bnns) }
                #expect(e?.code == .unsupported && e?.message.contains("would allocate") == true, "\(e!)")
                let own = try known.open(nil)
                #expect(own.engine == .ossicle)
                try expectSame(known, own)
            }

            /// Outputs whose shapes nobody but BNNS knows: a bound is no shape.
            @Test func boundsDescribeNoOutput() throws {
                let known = try KnownModel("flexible_range_fp32") {
                    $0.replacing(" linear(", with: " crystal_ball(").replacing(
                        " tanh(", with: " crystal_ball(")
                }
                #expect(try known.open(.bnns).engine == .bnns)
                BNNSStubSetFault(known.path, BNNSStubBoundedShapes)
                let e = errorOf { _ = try known.open(.bnns) }
                #expect(e?.code == .unsupported && e?.message.contains("bounds of its outputs") == true)
            }

            /// The engine's buffers are float32; a graph with float16 arguments is left to our own engine.
            @Test func anotherElementTypeFallsBack() throws {
                let known = try KnownModel("linear_fp32")
                let output = known.executor.outputs[0].name
                let half = try KnownModel("linear_fp32", types: [output: BNNSDataTypeFloat16])
                #expect(try half.open(nil).engine == .ossicle)
                #expect(errorOf { _ = try half.open(.bnns) }?.message.contains(output) == true)
            }

            /// Our own engine has no such operation; whether a model runs is for the system's to say first.
            @Test(arguments: ["linear_fp32", "flexible_range_fp32"])
            func aModelThatOnlyBNNSCanRun(_ name: String) throws {
                let known = try KnownModel(name) {
                    $0.replacing(" linear(", with: " crystal_ball(").replacing(
                        " tanh(", with: " crystal_ball(")
                }
                let own = known.executor
                for engine in [nil, .bnns] as [BNNSInference.Engine?] {
                    let model = try known.open(engine)
                    #expect(model.engine == .bnns)
                    // Ports, with the shapes that only running the model would tell, are those of the original.
                    #expect(model.inputs == own.inputs && model.outputs == own.outputs)
                    let x = try known.arrays(7)
                    let (y, expected) = (try model.predict(x), try own.predict(x))
                    for (name, tensor) in expected { #expect(y[name]!.floats() == tensor.floats()) }
                }
                #expect(BNNSStubLiveContexts(known.path) == 0)

                let ours = errorOf { _ = try known.open(.ossicle) }
                #expect(ours?.code == .unsupported && ours?.message.contains("crystal_ball") == true)
                #expect(ours?.message.contains("BNNS") == false)
                BNNSStubSetFault(known.path, BNNSStubRefusesModel)
                let both = errorOf { _ = try known.open(nil) }
                #expect(both?.code == .unsupported)
                #expect(both?.message.contains("crystal_ball") == true, "\(both!)")
                #expect(both?.message.contains("BNNS Graph does not compile") == true, "\(both!)")
                let bnns = errorOf { _ = try known.open(.bnns) }
                #expect(bnns?.message.contains("BNNS Graph does not compile") == true, "\(bnns!)")
                // Shapes are checked all the same.
                let input = own.inputs[0].name
                let shape = errorOf { _ = try BNNSInference(modelPath: known.path, shapes: [input: [1]]) }
                #expect(shape?.message.contains(input) == true, "\(shape!)")
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

            /// Given no workspace, BNNS would allocate one when it executes.
            @Test func aModelThatNeedsNoWorkspaceGetsAPage() throws {
                let known = try KnownModel("linear_fp32", workspace: 0)
                let model = try known.open()
                #expect(model.workspaceByteCount == Workspace.pageSize)
                try expectSame(known, model)
                #expect(model.releaseWorkspace())
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
