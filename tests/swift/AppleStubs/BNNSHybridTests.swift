#if OSSICLE_APPLE_STUBS
    import Accelerate
    import Testing

    @testable import Ossicle

    extension BNNSGraphStubTests {
        /// A Core ML model as one step of a plan: the bottleneck of a pipeline, and a session of its own.
        @Suite struct Plans {
            let known: KnownModel
            let runs = Counter()

            final class Counter { var count = 0 }

            /// [1, 20, 6] to [1, 20, 2].
            init() throws {
                known = try KnownModel("lstm_uni_1layer_fp32")
                known.meanwhile = { [runs] in runs.count += 1 }
            }

            /// Bits are equal where BNNS and our own kernels alone take part.
            private static let bnns = Placement(backends: [BNNSBackend(), CPUBackend()])

            private func pipeline(
                _ compute: Compute = .cpu, _ placement: Placement? = nil, bottleneck: Model? = nil
            ) throws -> HybridPipeline {
                let configuration = HybridTesting.configuration {
                    ($0.channels, $0.kernelSize, $0.stride, $0.inputLength) = ([6], 4, 2, 40)
                    $0.skipConnections = true
                }
                let network = try HybridNetwork(
                    configuration, bottleneck: ModelLayer(bottleneck ?? Model.load(path: known.path)))
                let weights = try HybridTesting.weights(network).map { (name: $0.key, tensor: $0.value) }
                return try HybridPipeline(
                    network, WeightSource(weights, file: "weights", options: LoadOptions()), compute: compute,
                    placement: placement)
            }

            private func process(_ pipeline: HybridPipeline, seed: UInt64 = 1) -> [Float] {
                var noise = TestRandom(seed)
                var y = [Float](repeating: .nan, count: 40)
                let status = noise.floats(40).withUnsafeBufferPointer { x in
                    y.withUnsafeMutableBufferPointer { pipeline.process(x, $0) }
                }
                #expect(status == 0)
                return y
            }

            @Test func theBottleneckIsOneStep() throws {
                let cpu = try pipeline()
                let expected = (1...3).map { process(cpu, seed: $0) }
                #expect(runs.count == 0 && !cpu.usesBNNS)
                do {
                    let placed = try pipeline(.cpu, Self.bnns)
                    #expect(placed.usesBNNS && !placed.usesGPU)
                    #expect(placed.summary.contains("runs on: bnns, cpu"), "\(placed.summary)")
                    // No copies: what BNNS reads and writes lies where the plan has it.
                    let steps = placed.session.program.steps.filter { $0.backend == "bnns" }
                    #expect(steps.count == 1 && steps[0].node == "bottleneck.model", "\(placed.plan)")
                    #expect(!placed.session.program.isRealtimeSafe)
                    // The work of the model, and of an LSTM above all: 20 steps of 4 · 16 · (6 + 16) multiply-adds.
                    #expect(steps[0].flops >= 2 * 20 * 4 * 16 * 22)
                    #expect(BNNSStubLiveContexts(known.path) == 1)
                    #expect((1...3).map { process(placed, seed: $0) } == expected)
                    #expect(runs.count == 3)
                    #expect(placed.session.deviceFailure == nil)
                    // Its workspace counts: whole pages.
                    #expect(placed.memory.workspace >= cpu.memory.workspace + Workspace.pageSize)
                }
                #expect(BNNSStubLiveContexts(known.path) == 0)
            }

            /// Windowed streams, whole buffers and sessions go where the pipeline goes.
            @Test func otherWaysThroughAPipeline() throws {
                let (cpu, placed) = (try pipeline(), try pipeline(.cpu, Self.bnns))
                var noise = TestRandom(5)
                let signal = noise.floats(200)
                #expect(
                    HybridTesting.run(try placed.stream(window: .hann), signal, blocks: [17])
                        == HybridTesting.run(try cpu.stream(window: .hann), signal, blocks: [17]))
                #expect(runs.count > 5)
                runs.count = 0
                let whole = Array(signal[..<40])
                let expected = try HybridTesting.forward(cpu, whole)
                let automatic = try pipeline(.automatic)
                #expect(automatic.usesBNNS && automatic.model.compute == .automatic)
                #expect(HybridTesting.worst(try HybridTesting.forward(automatic, whole), expected) < 1e-5)
                let session = try automatic.model.session([[1, 40]])
                let y = try session.run([Tensor(whole, shape: [1, 40])])[0].floats()
                #expect(HybridTesting.worst(y, expected) < 1e-5)
                #expect(runs.count == 2)
            }

            @Test func encoderOnTheGPUAndBottleneckOnBNNS() throws {
                let (cpu, placed) = (try pipeline(), try pipeline(.gpu))
                #expect(placed.usesBNNS && placed.usesGPU, "\(placed.plan)")
                #expect(placed.summary.contains("runs on: bnns, cpu, metal"), "\(placed.summary)")
                for seed in 1...3 {
                    #expect(
                        HybridTesting.worst(
                            process(placed, seed: UInt64(seed)), process(cpu, seed: UInt64(seed))) < 1e-5)
                }
                #expect(runs.count == 3 && placed.session.deviceFailure == nil)
                // One fails, the other goes on.
                BNNSStubSetFault(known.path, BNNSStubExecuteFails)
                _ = DiagnosticsLog.messages { _ = process(placed) }
                #expect(!placed.usesBNNS && placed.usesGPU && placed.deviceFailure != nil)
            }

            @Test(arguments: [
                BNNSStubRefusesModel, BNNSStubNoContext, BNNSStubNoWorkspace, BNNSStubNoPointerArguments,
                BNNSStubNoTensor, BNNSStubNoPosition,
            ]) func aRefusedModelIsPlannedAsAnyOther(_ fault: bnns_stub_fault) throws {
                let cpu = try pipeline()
                BNNSStubSetFault(known.path, fault)
                let text = try DiagnosticsLog.messages {
                    let placed = try pipeline(.cpu, Self.bnns)
                    #expect(!placed.usesBNNS)
                    #expect(placed.plan == cpu.plan)
                    #expect(process(placed) == process(cpu))
                }
                #expect(runs.count == 0 && BNNSStubLiveContexts(known.path) == 0)
                #expect(
                    text.contains("\(known.path): BNNS Graph") && text.contains("own engine runs it"),
                    "\(text)")
            }

            /// A run that fails: our own steps make the values, and go on alone.
            @Test func aFailedRunIsOurOwnEngines() throws {
                let (cpu, placed) = (try pipeline(), try pipeline(.cpu, Self.bnns))
                let expected = process(cpu)
                BNNSStubSetFault(known.path, BNNSStubExecuteFails)
                let text = DiagnosticsLog.messages {
                    for _ in 0..<3 { #expect(process(placed) == expected) }
                }
                #expect(text.components(separatedBy: "failed to run the model").count == 2, "\(text)")
                // What is reported is what runs.
                #expect(placed.deviceFailure?.message.contains(known.path) == true)
                #expect(!placed.usesBNNS && placed.summary.contains("runs on: cpu\n"), "\(placed.summary)")
                #expect(placed.summary.contains("not used: \(known.path)"), "\(placed.summary)")
                BNNSStubSetFault(known.path, BNNSStubNoFault)
                #expect(process(placed) == expected)
                #expect(runs.count == 0)  // not asked again
            }

            /// Instances share what was compiled and have a context each; one that gets none does without.
            @Test func everyInstanceHasAContext() throws {
                let placed = try pipeline(.cpu, Self.bnns)
                let expected = process(try pipeline())
                var noise = TestRandom(1)
                let x = try Tensor(noise.floats(40), shape: [1, 40])
                let second = try Instance(placed.session.program)
                #expect(BNNSStubLiveContexts(known.path) == 2)
                #expect(try second.run([x])[0].floats() == expected)
                #expect(runs.count == 1)
                BNNSStubSetFault(known.path, BNNSStubNoContext)
                let text = try DiagnosticsLog.messages {
                    let third = try Instance(placed.session.program)
                    #expect(try third.run([x])[0].floats() == expected)
                    #expect(third.backends == ["cpu"] && second.backends == ["bnns", "cpu"])
                    #expect(third.deviceFailure?.message.contains("makes no context") == true)
                }
                #expect(runs.count == 1)
                #expect(text.contains("makes no context"), "\(text)")
            }

            /// The choice of engine goes with an inference that becomes a bottleneck.
            @Test func anInferenceCanBeTheBottleneck() throws {
                let expected = process(try pipeline())
                for engine in [nil, .bnns, .ossicle] as [BNNSInference.Engine?] {
                    let placed = try pipeline(.cpu, Self.bnns, bottleneck: try known.open(engine).model())
                    #expect(placed.usesBNNS == (engine != .ossicle))
                    #expect(process(placed) == expected)
                }
                #expect(runs.count == 2)
            }

            @Test func aFunctionAtChosenShapes() throws {
                let name = "flexible_range_fp32"
                let input = try #require(
                    try KnownModel(name).executor.inputs.first { $0.flexibility != .fixed })
                guard case .ranges(let ranges) = input.flexibility else {
                    Issue.record("\(input.flexibility)")
                    return
                }
                let shape = zip(input.shape, ranges).map { $1.lower == $1.upper ? $0 : max($1.lower, $0 - 3) }
                let flexible = try KnownModel(name, shapes: [input.name: shape])
                let model = try flexible.open(nil).model()
                let x = try flexible.arrays(3)
                let session = try model.session([shape], compute: .automatic)
                #expect(session.program.placement == ["bnns"])
                let y = try session.run([x[input.name]!])
                let expected = try flexible.open(.ossicle).predict(x)
                for (port, tensor) in zip(flexible.executor.outputs, y) {
                    #expect(tensor.floats() == expected[port.name]!.floats())
                }
                #expect(try model.session([shape]).program.placement.allSatisfy { $0 == "cpu" })
            }
        }
    }
#endif
