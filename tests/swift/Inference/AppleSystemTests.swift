#if canImport(Accelerate) && !OSSICLE_APPLE_STUBS
    import Testing

    @testable import Ossicle

    /// What only an Apple system has: its BNNS Graph and its notices of memory pressure. Everything around them is tested
    /// on stand-ins (tests/swift/AppleStubs).
    @Suite(
        .enabled("BNNS Graph: macOS 15, iOS 18") {
            if #available(macOS 15, iOS 18, *) { true } else { false }
        })
    struct BNNSSystemTests {
        /// How far BNNS may be from the oracle: its sums have an order of their own, and float16 programs compute in it.
        private static let tolerance: Float = 1e-3, half: Float = 1e-2

        @Test(arguments: [
            ("linear_fp32", tolerance), ("conv1d_zoo_fp32", tolerance), ("lstm_op_reverse_fp32", tolerance),
            ("wavenet_amp_fp32", tolerance), ("stateful_stream_conv_fp16", half),
        ]) func matchesTheOracle(_ name: String, _ tolerance: Float) throws {
            let worst = try InferenceOracle(model: "generated/\(name)", tolerance: tolerance)
                .worst(".mlmodelc", engine: .bnns)
            #expect(worst <= tolerance)
        }

        @Test func aResetStartsTheStatesAnew() throws {
            let model = try BNNSInference(
                modelPath: CoreMLTestData.path("generated/stateful_stream_conv_fp16.mlmodelc"), engine: .bnns)
            #expect(model.engine == .bnns)
            let x = InferenceTests.noise(model.inputs[0].count)
            let first = try model.predict(x)
            #expect(try model.predict(x) != first)
            model.resetState()
            #expect(try model.predict(x) == first)
        }

        @Test func theBottleneckOfAPipeline() throws {
            // [1, 20, 6] to [1, 20, 2]
            let path = CoreMLTestData.path("generated/lstm_uni_1layer_fp32.mlmodelc")
            let configuration = HybridTesting.configuration {
                ($0.channels, $0.kernelSize, $0.stride, $0.inputLength) = ([6], 4, 2, 40)
            }
            func pipeline(_ compute: Compute) throws -> HybridPipeline {
                try HybridTesting.pipeline(
                    configuration, bottleneck: ModelLayer(Model.load(path: path)), compute: compute)
            }
            let (own, placed) = (try pipeline(.cpu), try pipeline(.automatic))
            #expect(placed.usesBNNS && !own.usesBNNS, "\(placed.plan)")
            let x = InferenceTests.noise(40)
            let (y, expected) = (try HybridTesting.forward(placed, x), try HybridTesting.forward(own, x))
            #expect(HybridTesting.worst(y, expected) < Self.tolerance)
            #expect(placed.session.deviceFailure == nil)
        }
    }

    @Suite struct MemoryPressureSystemTests {
        @Test func theSystemsSourceStartsAndStops() throws {
            let observer = MemoryPressureObserver()
            for _ in 0..<2 {
                try observer.start()
                observer.stop()
            }
        }
    }
#endif
