#if OSSICLE_APPLE_STUBS
    import Foundation
    import Metal
    import Testing

    @testable import Ossicle

    extension MetalBackendTests {
        /// Everything that can go wrong on the way to the GPU is an error whose text says what. The stand-in for Metal
        /// plants the faults; it also can be slow.
        @Suite(.serialized) struct Faults {
            let device: MetalDevice

            init() throws { device = try MetalDevice() }

            private func error(
                _ change: (inout MetalStub.Faults) -> Void, _ body: () throws -> Void
            ) -> OssicleError? {
                var faults = MetalStub.Faults()
                change(&faults)
                return MetalStub.$faults.withValue(faults) { errorOf(body) }
            }

            @Test func noDevice() {
                let e = error({ $0.noDevice = true }) { _ = try MetalDevice() }
                #expect(e?.code == .unsupported)
                #expect(e?.message.contains("no GPU") == true)
            }

            /// Asked for by name, a GPU that is not there is an error with the reason.
            @Test func aGPUThatIsAskedFor() throws {
                let reason = try #require(error({ $0.noDevice = true }) { _ = try MetalDevice() })
                let e = errorOf { _ = try Compute.metal(.failure(reason), isForced: true) }
                #expect(e?.code == .unsupported)
                #expect(e?.message == "compute gpu was asked for: \(reason.message)")
                let backend = try Compute.metal(.success(device), isForced: true) as? MetalBackend
                #expect(backend?.options.minimumFlops == 0)
                #expect(
                    try Compute.gpu.placement().backends.map(\.name) == [
                        "metal", "bnns", "accelerate", "cpu",
                    ])
            }

            @Test func noQueue() {
                #expect(error({ $0.noQueue = true }) { _ = try MetalDevice() }?.code == .unsupported)
            }

            @Test func aShaderErrorCarriesTheCompilersText() {
                let e = error({ $0.shaderPrefix = "this is not a shader;\n" }) { _ = try MetalDevice() }
                #expect(e?.code == .internal)
                #expect(e?.message.contains("expected unqualified-id") == true, "\(e?.message ?? "no error")")
            }

            @Test(arguments: MetalPipelines.names) func aMissingKernelIsNamed(_ name: String) {
                let e = error({ $0.missingFunction = name }) { _ = try MetalDevice() }
                #expect(e?.code == .internal)
                #expect(e?.message.hasSuffix("no kernel \(name)") == true)
            }

            private let network = DeepNetwork()
            private let x = noiseRows(2, 64, seed: 3)

            private func runner(_ device: MetalDevice) throws -> MetalRunner {
                try MetalRunner(try network.graph(), .dynamic(maxLength: 64), onGPU(device))
            }

            private func cpu() throws -> MetalRows {
                try MetalRunner(try network.graph(), .dynamic(maxLength: 64), .portable)(x)
            }

            /// With each buffer refused in turn, the node that needed it stays on the CPU and says why.
            @Test func everyBufferCanBeRefused() throws {
                let expected = try cpu()
                for refused in 0..<8 {  // four layers, weight and bias each
                    var faults = MetalStub.Faults()
                    faults.budget = MetalStub.Budget(buffers: refused)
                    let counter = MetalStub.Counter()
                    faults.counter = counter
                    var steps: [String] = []
                    let text = try DiagnosticsLog.messages {
                        let run = try MetalStub.$faults.withValue(faults) { try runner(device) }
                        steps = run.program.steps.map(\.backend)
                        #expect(distance(try run(x), expected) < 1e-5)
                        #expect(run.instance.device?.failure == nil)
                        // What is reported is what came of it: without a step there is no device.
                        #expect(run.program.isRealtimeSafe == (refused < 2))
                        #expect((run.program.device == nil) == (refused < 2))
                        #expect(run.program.placement.contains("metal") == (refused >= 2))
                        #expect(run.instance.backends.contains("metal") == (refused >= 2))
                    }
                    #expect(text.contains("stays on the CPU: Metal: CPU stand-in has no"), "\(text)")
                    #expect(steps.filter { $0 == "metal" }.count == (refused < 2 ? 0 : refused / 2 + 1))
                    #expect(counter.liveBuffers == 0)
                }
            }

            /// Failures of a run: the CPU makes the values, the same bits as without a GPU, and goes on alone.
            @Test(arguments: ["queue", "encoder", "error", "late error", "memory"])
            func aFailedRunIsTheCPUs(_ kind: String) throws {
                var faults = MetalStub.Faults()
                switch kind {
                case "queue": faults.noCommandBuffer = true
                case "encoder": faults.noEncoder = true
                case "memory": faults.noSharedMemory = true
                default: faults.commandBufferError = "page fault at 0x0"
                }
                if kind == "late error" { faults.delay = 0.05 }
                let expected = try cpu()
                let text = try DiagnosticsLog.messages {
                    let run = try MetalStub.$faults.withValue(faults) {
                        let run = try runner(device)
                        #expect(try run(x) == expected)
                        return run
                    }
                    let failure = try #require(run.instance.deviceFailure)
                    #expect(run.instance.backends == ["cpu"])
                    if kind.hasSuffix("error") { #expect(failure.message.contains("page fault at 0x0")) }
                    // Not asked again, and still right.
                    let counter = MetalStub.Counter()
                    var counting = MetalStub.Faults()
                    counting.counter = counter
                    #expect(try MetalStub.$faults.withValue(counting) { try run(x) } == expected)
                    #expect(counter.commandBuffers == 0)
                }
                #expect(text.contains("the GPU is no longer used, the CPU goes on: "), "\(text)")
            }

            @Test func aPipelineSaysThatItsGPUFailed() throws {
                let network = try HybridNetwork(HybridTesting.configuration())
                let weights = try HybridTesting.weights(network).map { (name: $0.key, tensor: $0.value) }
                let pipeline = try HybridPipeline(
                    network, WeightSource(weights, file: "weights"), placement: onGPU(device))
                #expect(pipeline.usesGPU && pipeline.deviceFailure == nil)
                #expect(pipeline.summary.contains("runs on: cpu, metal"), "\(pipeline.summary)")
                var faults = MetalStub.Faults()
                faults.commandBufferError = "page fault at 0x0"
                let x = [Float](
                    repeating: 1, count: network.configuration.inChannels * network.configuration.inputLength)
                var y = [Float](
                    repeating: .nan,
                    count: network.configuration.outChannels * network.configuration.inputLength)
                _ = DiagnosticsLog.messages {
                    MetalStub.$faults.withValue(faults) {
                        x.withUnsafeBufferPointer { x in
                            y.withUnsafeMutableBufferPointer { #expect(pipeline.process(x, $0) == 0) }
                        }
                    }
                }
                #expect(!pipeline.usesGPU)
                #expect(pipeline.deviceFailure?.message.contains("page fault at 0x0") == true)
                #expect(
                    pipeline.summary.contains("runs on: cpu\nnot used: Metal: "), "\(pipeline.summary)")
            }

            @Test func withoutPerformanceShadersLinearIsTheCPUs() throws {
                var graph = Graph()
                let input = graph.input("x", ValueType([8, 2]))
                let w = try graph.constant("w", [1, 2, 3, 4], [2, 2])
                graph.output("y", try graph.apply(LinearOperation(hasBias: false), input, w))
                var faults = MetalStub.Faults()
                faults.noPerformanceShaders = true
                let text = try DiagnosticsLog.messages {
                    let run = try MetalStub.$faults.withValue(faults) {
                        try MetalRunner(graph, .fixed(length: 1), onGPU(device))
                    }
                    let y = try run(MetalRows(channels: 8, length: 2, values: Array(repeating: 1, count: 16)))
                    #expect(y.values == (0..<8).flatMap { _ in [3.0, 7.0] })
                    #expect(run.program.isRealtimeSafe && !run.program.placement.contains("metal"))
                }
                #expect(text.contains("MPS does not support CPU stand-in"), "\(text)")
            }

            /// Work that finishes late shows who does not wait for it.
            @Test func nothingIsReadBeforeItIsThere() throws {
                var late = MetalStub.Faults()
                late.delay = 0.1
                try MetalStub.$faults.withValue(late) {
                    // The stand-in is really late.
                    let buffer = try device.makeBuffer(floats: 4)
                    let commands = try #require(device.queue.makeCommandBuffer())
                    let encoder = try #require(commands.makeComputeCommandEncoder())
                    let out = MetalPlace(buffer: buffer)
                    let one = MetalPlace(buffer: try device.makeBuffer(try tensor([1, 1, 1, 1], [4])))
                    let p = ElementwiseParams(channels: 1, length: 4, aPitch: 4, bPitch: 4, outPitch: 4)
                    MetalLaunch(
                        shader: ElementwiseShader.add.rawValue, grid: MetalGrid(x: 4, y: 1),
                        buffers: [one, one, out], parameters: p
                    ).encode(encoder, device.pipelines)
                    encoder.endEncoding()
                    commands.commit()
                    let y = buffer.contents().assumingMemoryBound(to: Float.self)
                    #expect(y[3].isNaN)
                    commands.waitUntilCompleted()
                    #expect(y[3] == 2)

                    let run = try runner(device)
                    #expect(distance(try run(x), try network.reference(x)) < 1e-5)
                    #expect(run.instance.device?.failure == nil)
                }
            }

            /// Consecutive layers are one submission; a layer of the CPU between them makes two.
            @Test func layersInARowAreOneCommandBuffer() throws {
                func count(_ graph: Graph) throws -> (Int, Int) {
                    let counter = MetalStub.Counter()
                    var faults = MetalStub.Faults()
                    faults.counter = counter
                    let run = try MetalRunner(graph, .dynamic(maxLength: 64), onGPU(device))
                    _ = try MetalStub.$faults.withValue(faults) { try run(x) }
                    return (counter.commandBuffers, counter.kernels)
                }
                #expect(try count(try network.graph()) == (1, 4))
                let split = try network.graph { graph, x in try graph.apply(Softmax(axis: 0), x) }
                #expect(try count(split) == (2, 4))
            }

            @Test func memoryIsFreed() throws {
                let counter = MetalStub.Counter()
                var faults = MetalStub.Faults()
                faults.counter = counter
                try MetalStub.$faults.withValue(faults) {
                    let run = try runner(device)
                    let second = try Instance(run.program)
                    #expect(counter.liveBuffers == 8 + 2)  // weights and biases once, two workspaces
                    withExtendedLifetime(second) {}
                }
                #expect(counter.liveBuffers == 0)
            }

            /// A model has a program for each shape that it is called with, and its weights on the GPU once.
            @Test func programsOfAModelShareItsWeights() throws {
                let linear = try Linear(inFeatures: 16, outFeatures: 8)
                let sequential = try Sequential([linear])
                var noise = MetalNoise(3)
                for parameter in sequential.parameters {
                    let values = noise.array(parameter.shape.reduce(1, *))
                    sequential.setWeight(parameter.name, try tensor(values, parameter.shape))
                }
                _ = try MetalDevice.system.get()
                let counter = MetalStub.Counter()
                var faults = MetalStub.Faults()
                faults.counter = counter
                try MetalStub.$faults.withValue(faults) {
                    let model = try sequential.build(compute: .gpu)
                    let sessions = try (8..<28).map { try model.session([[$0, 16]]) }
                    #expect(sessions.allSatisfy { $0.program.placement.contains("metal") })
                    #expect(counter.liveBuffers == 2 + 20)  // weight and bias, workspaces
                    // Other values are others, and these are still right.
                    sequential.setWeight(sequential.parameters.last!.name, try tensor(noise.array(8), [8]))
                    let other = try sequential.build(compute: .gpu).session([[8, 16]])
                    #expect(counter.liveBuffers >= 2 + 20 + 2)
                    let x = try tensor(noise.array(8 * 16), [8, 16])
                    let (a, b) = (try sessions[0].run([x])[0].floats(), try other.run([x])[0].floats())
                    let cpu = try model.session([[8, 16]], compute: .cpu).run([x])[0].floats()
                    #expect(zip(a, cpu).allSatisfy { abs($0 - $1) < 1e-5 })
                    #expect(zip(a, b).contains { abs($0 - $1) > 1e-3 })
                    withExtendedLifetime((sessions, other)) {}
                }
                #expect(counter.liveBuffers == 0)
            }

            @Test func fastMathIsOff() {
                let options = MetalPipelines.options
                #expect(options.mathMode == .safe && options.mathFloatingPointFunctions == .precise)
            }

            /// The source is broken on purpose: only a precompiled library can make a device work.
            private func withoutSource(_ precompiled: [URL]) -> OssicleError? {
                error({ $0.shaderPrefix = "this is not a shader;\n" }) {
                    let run = try runner(try MetalDevice(precompiled: precompiled))
                    #expect(distance(try run(x), try network.reference(x)) < 1e-5)
                    #expect(run.instance.device?.failure == nil)
                }
            }

            @Test func aPrecompiledLibraryIsUsedWhereItDoes() throws {
                let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                defer { try? FileManager.default.removeItem(at: folder) }
                let places = ["none", "wrong", "partial", "right"].map {
                    folder.appendingPathComponent("\($0).metallib")
                }
                try Data("not a library".utf8).write(to: places[1])
                let text = MetalPipelines.source
                try MetalStub.compile(
                    text.replacing("conv1d_forward_tiled", with: "another_name"), to: places[2])
                try MetalStub.compile(text, to: places[3])

                var log = DiagnosticsLog.messages { #expect(withoutSource(places) == nil) }
                #expect(!log.contains("none.metallib"), "\(log)")
                #expect(log.contains("wrong.metallib is not used"), "\(log)")
                #expect(log.contains("partial.metallib is not used"), "\(log)")
                #expect(log.contains("no kernel conv1d_forward_tiled"), "\(log)")
                #expect(!log.contains("right.metallib"), "\(log)")
                // Where none does, the source.
                log = DiagnosticsLog.messages {
                    #expect(withoutSource(Array(places[..<3]))?.message.contains("do not compile") == true)
                }
                #expect(throws: Never.self) {
                    let run = try runner(try MetalDevice(precompiled: [places[1], places[2]]))
                    #expect(distance(try run(x), try network.reference(x)) < 1e-5)
                }
            }

            /// Beside the library, or what it is linked into: here, the tests.
            @Test func aPrecompiledLibraryIsLookedForBesideTheImage() throws {
                let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
                let expected = URL(fileURLWithPath: program).deletingLastPathComponent()
                    .appendingPathComponent("ossicle.metallib")
                #expect(
                    MetalPipelines.precompiledPlaces.first?.resolvingSymlinksInPath().path
                        == expected.resolvingSymlinksInPath().path)
            }
        }
    }
#endif
