import Testing

@testable import Ossicle

@Suite struct HybridPipelineTests {
    /// PyTorch in float64, see tests/data/hybrid.
    @Test(arguments: HybridTesting.cases) func equalsPyTorch(_ name: String) throws {
        let pipeline = try HybridPipeline.load(path: TestData.path("hybrid/\(name).safetensors"))
        let file = try SafeTensors(path: TestData.path("hybrid/\(name).case.safetensors"))
        let (input, output) = (try file.tensor("input"), try file.tensor("output"))
        let found = try pipeline.forward(input)
        #expect(found.shape == output.shape)
        #expect(output.floats().contains { abs($0) > 0.05 })
        #expect(HybridTesting.worst(found.floats(), output.floats()) < 1e-6, "\(name)")

        // One item of the batch through the prepared buffer: the same bits.
        let frames = input.shape[2]
        #expect(pipeline.configuration.inputLength == frames)
        let first = Array(input.floats().prefix(input.shape[1] * frames))
        var result = [Float](repeating: .nan, count: output.shape[1] * frames)
        let status = first.withUnsafeBufferPointer { x in
            result.withUnsafeMutableBufferPointer { y in pipeline.process(x, y) }
        }
        #expect(status == 0)
        #expect(result == Array(found.floats().prefix(result.count)))
    }

    @Test func aWrongWeightShows() throws {
        let configuration = HybridTesting.configuration {
            $0.skipConnections = true
            $0.activation = "Tanh"
        }
        let network = try HybridNetwork(configuration)
        let weights = try HybridTesting.weights(network)
        var noise = TestRandom(4)
        let signal = noise.floats(64)
        let right = try HybridTesting.forward(HybridPipeline(configuration, weights: weights), signal)
        for parameter in network.parameters {
            var changed = weights
            var values = weights[parameter.name]!.floats()
            values[0] += 0.5
            changed[parameter.name] = try Tensor(values, shape: parameter.shape)
            let wrong = try HybridTesting.forward(HybridPipeline(configuration, weights: changed), signal)
            #expect(HybridTesting.worst(right, wrong) > 1e-5, "\(parameter.name) is not used")
        }
    }

    @Test(arguments: [1, 2, 3, 4], [1, 5, 16, 61, 64, 200]) func outputIsAsLongAsInput(
        stride: Int, frames: Int
    ) throws {
        let pipeline = try HybridTesting.pipeline(
            HybridTesting.configuration {
                $0.stride = stride
                $0.kernelSize = 7
                $0.outChannels = 2
                $0.skipConnections = true
            })
        var noise = TestRandom(2)
        let x = try Tensor(noise.floats(frames), shape: [1, frames])
        let y = try pipeline.forward(x)
        #expect(y.shape == [2, frames])
        // What follows a short signal is silence.
        let total = pipeline.configuration.totalStride
        let whole = (frames + total - 1) / total * total
        let padded = try pipeline.forward(
            Tensor(x.floats() + [Float](repeating: 0, count: whole - frames), shape: [1, whole])
        ).floats()
        #expect(y.floats() == Array(padded[..<frames]) + Array(padded[whole..<(whole + frames)]))
    }

    @Test func aModelCanBeTheBottleneck() throws {
        let configuration = HybridTesting.configuration()
        let network = try HybridNetwork(configuration)
        let weights = try HybridTesting.weights(network)
        let inside = weights.filter { $0.key.hasPrefix("bottleneck.") }
        let sequential = try Sequential([network.bottleneck])
        for (name, tensor) in inside {
            sequential.setWeight(String(name.dropFirst("bottleneck.".count)), tensor)
        }
        let outside = weights.filter { inside[$0.key] == nil }
        let custom = try HybridPipeline(
            configuration, weights: outside, bottleneck: ModelLayer(sequential.build()))
        let usual = try HybridPipeline(configuration, weights: weights)
        var noise = TestRandom(3)
        let x = try Tensor(noise.floats(2 * 100), shape: [2, 1, 100])
        #expect(try custom.forward(x).floats() == usual.forward(x).floats())
        let signal = noise.floats(128)
        #expect(
            HybridTesting.run(try custom.stream(), signal, blocks: [17])
                == HybridTesting.run(try usual.stream(), signal, blocks: [17]))
        let error = #expect(throws: OssicleError.self) { try custom.save(path: "/nowhere/x.safetensors") }
        #expect(error?.code == .unsupported)
    }

    /// A model with a leading axis of 1, as Core ML's are.
    @Test func aModelOfRankThreeCanBeTheBottleneck() throws {
        let configuration = HybridTesting.configuration()
        let network = try HybridNetwork(configuration)
        let weights = try HybridTesting.weights(network)
        let lstm = network.bottleneck
        let model = try Model(facts: Model.Facts(format: "test"), inputShapes: [[1, 0, 6]]) { shapes in
            var graph = Graph()
            let x = graph.input("x", ValueType(shapes[0]))
            var values: [String: ValueID] = [:]
            for parameter in lstm.parameters {
                values[parameter.name] = graph.constant(
                    parameter.name, weights["bottleneck.\(parameter.name)"]!)
            }
            graph.output("y", try lstm.append(to: &graph, [x], weights: values)[0])
            return graph
        }
        let custom = try HybridPipeline(
            configuration, weights: weights.filter { !$0.key.hasPrefix("bottleneck.") },
            bottleneck: ModelLayer(model))
        var noise = TestRandom(3)
        let signal = noise.floats(64)
        #expect(
            try HybridTesting.forward(custom, signal)
                == HybridTesting.forward(HybridPipeline(configuration, weights: weights), signal))
    }

    /// As a Core ML model of fixed shapes is.
    @Test func aGraphOfFixedShapesCanBeTheBottleneck() throws {
        let configuration = HybridTesting.configuration()
        let network = try HybridNetwork(configuration)
        let weights = try HybridTesting.weights(network)
        let lstm = network.bottleneck
        var graph = Graph()
        let x = graph.input("x", ValueType([.fixed(16), .fixed(6)]))
        var values: [String: ValueID] = [:]
        for parameter in lstm.parameters {
            values[parameter.name] = graph.constant(parameter.name, weights["bottleneck.\(parameter.name)"]!)
        }
        graph.output("y", try lstm.append(to: &graph, [x], weights: values)[0])
        let outside = weights.filter { !$0.key.hasPrefix("bottleneck.") }
        let custom = try HybridPipeline(configuration, weights: outside, bottleneck: ModelLayer(graph))
        let usual = try HybridPipeline(configuration, weights: weights)
        var noise = TestRandom(3)
        let signal = noise.floats(64)
        #expect(try HybridTesting.forward(custom, signal) == HybridTesting.forward(usual, signal))
        let windowed = noise.floats(300)
        #expect(
            HybridTesting.run(try custom.stream(window: .hann), windowed, blocks: [50])
                == HybridTesting.run(try usual.stream(window: .hann), windowed, blocks: [50]))
        #expect(!custom.network.takesAnyLength && !custom.model.isStreamable)
        // 61 frames are filled up to the 64 that 16 steps are; 128 are too many.
        let short = Array(signal[..<61])
        #expect(try HybridTesting.forward(custom, short) == HybridTesting.forward(usual, short))
        let error = #expect(throws: OssicleError.self) {
            _ = try HybridTesting.forward(custom, noise.floats(128))
        }
        #expect(error?.code == .shapeMismatch, "\(error!)")
        #expect(throws: OssicleError.self) { _ = try custom.stream() }
    }

    /// Convolutions that hand on what they get leave the bottleneck: a Core ML model of [1, 20, 6] to [1, 20, 2].
    @Test func aCoreMLModelCanBeTheBottleneck() throws {
        let model = try Model.load(path: TestData.path("coreml/generated/lstm_uni_1layer_fp32.mlpackage"))
        let configuration = HybridTesting.configuration {
            ($0.inChannels, $0.outChannels, $0.channels) = (6, 2, [6])
            ($0.kernelSize, $0.stride, $0.inputLength) = (1, 1, 20)
            $0.activation = "Identity"
            $0.projection = false
        }
        var weights: [String: Tensor] = [:]
        for (side, size) in [("encoder", 6), ("decoder", 2)] {
            let unit = (0..<(size * size)).map { Float($0 / size == $0 % size ? 1 : 0) }
            weights["\(side).0.weight"] = try Tensor(unit, shape: [size, size, 1])
            weights["\(side).0.bias"] = try Tensor([Float](repeating: 0, count: size), shape: [size])
        }
        let pipeline = try HybridPipeline(configuration, weights: weights, bottleneck: ModelLayer(model))
        #expect(!pipeline.network.takesAnyLength && pipeline.network.features == 2)
        let file = try SafeTensors(
            path: TestData.path("coreml/generated/lstm_uni_1layer_fp32.oracle.safetensors"))
        let (x, y) = (try file.tensor("in/x").floats(), try file.tensor("out/y").floats())
        let found = try HybridTesting.forward(pipeline, (0..<120).map { x[$0 % 20 * 6 + $0 / 20] })
        #expect(HybridTesting.worst(found, (0..<40).map { y[$0 % 20 * 2 + $0 / 20] }) < 1e-5)
    }

    /// A device that takes the convolutions: the pipeline's stages are nodes like any other to the placement.
    private struct Device: Backend {
        var name: String { "metal" }
        func accepts(_ node: Node, in graph: Graph, mode: PlanMode) -> Bool {
            node.operation is Convolution || node.operation is TransposedConvolution
        }
        func emit(_ node: Node, into emitter: Emitter) throws { try CPUBackend().emit(node, into: emitter) }
    }

    @Test func encoderAndDecoderGoWhereThePlacementPutsThem() throws {
        let network = try HybridNetwork(HybridTesting.configuration { $0.skipConnections = true })
        let weights = try HybridTesting.weights(network).map { (name: $0.key, tensor: $0.value) }
        let usual = try HybridPipeline(network, WeightSource(weights, file: "weights"))
        let placed = try HybridPipeline(
            network, WeightSource(weights, file: "weights"),
            placement: Placement(backends: [Device(), CPUBackend()]))
        #expect(placed.usesGPU && !placed.usesBNNS && !usual.usesGPU)
        #expect(placed.summary.contains("runs on: cpu, metal"))
        let steps = placed.session.program.steps
        for step in steps where step.backend == "metal" {
            #expect(step.node.hasPrefix("encoder.") || step.node.hasPrefix("decoder."), "\(step.node)")
        }
        #expect(Set(steps.filter { $0.backend == "metal" }.map(\.node)).count == 4)
        #expect(steps.contains { $0.node.hasPrefix("bottleneck.") && $0.backend == "cpu" })
        var noise = TestRandom(3)
        let signal = noise.floats(64)
        var results: [[Float]] = []
        for pipeline in [usual, placed] {
            var y = [Float](repeating: .nan, count: 64)
            let status = signal.withUnsafeBufferPointer { x in
                y.withUnsafeMutableBufferPointer { y in pipeline.process(x, y) }
            }
            #expect(status == 0)
            results.append(y)
        }
        #expect(results[0] == results[1])
    }

    /// Off Apple's systems there is the CPU alone: `automatic` is the same, and a GPU that is asked for an error.
    @Test func computeIsCarriedThrough() throws {
        let path = TestData.path("hybrid/plain.safetensors")
        let usual = try HybridPipeline.load(path: path)
        #expect(usual.compute == .automatic && usual.model.compute == .automatic)
        for compute in [Compute.cpu, .automatic] {
            let loaded = try HybridPipeline.load(path: path, compute: compute)
            let built = try HybridPipeline(loaded.configuration, weightsPath: path, compute: compute)
            var noise = TestRandom(3)
            let x = noise.floats(loaded.configuration.inChannels * 300)
            for pipeline in [loaded, built] {
                #expect(pipeline.compute == compute && pipeline.model.compute == compute)
                let y = try HybridTesting.forward(pipeline, x)
                #expect(HybridTesting.worst(y, try HybridTesting.forward(usual, x)) < 1e-5)
            }
        }
        #if !canImport(Metal)
            for error in [
                #expect(throws: OssicleError.self) { _ = try HybridPipeline.load(path: path, compute: .gpu) },
                #expect(throws: OssicleError.self) {
                    _ = try HybridPipeline(usual.configuration, weightsPath: path, compute: .gpu)
                },
                #expect(throws: OssicleError.self) { _ = try usual.model.running(on: .gpu) },
                #expect(throws: OssicleError.self) { _ = try usual.model.session([[1, 64]], compute: .gpu) },
            ] {
                #expect(error?.code == .unsupported && error?.message.contains("gpu") == true, "\(error!)")
            }
        #endif
    }

    @Test func badWeightsAreNamed() throws {
        let configuration = HybridTesting.configuration()
        let weights = try HybridTesting.weights(HybridNetwork(configuration))
        for (name, tensor) in [
            ("encoder.1.weight", nil), ("bottleneck.weight_hh_l0", try Tensor([Float(0), 1], shape: [2])),
            ("decoder.2.weight", try Tensor([Float(1)], shape: [1])),
            ("projection.bias", try Tensor([0, 0, .nan, 0, 0, 0], shape: [6])),
            ("decoder.0.bias", try Tensor([0, 0, 0, -.infinity, 0], shape: [5])),
        ] as [(String, Tensor?)] {
            var changed = weights
            changed[name] = tensor
            let error = #expect(throws: OssicleError.self) {
                _ = try HybridPipeline(configuration, weights: changed)
            }
            #expect(error?.code == .weights && error?.message.contains(name) == true, "\(name): \(error!)")
        }
    }

    @Test func badArgumentsAreNamed() throws {
        for (json, name) in [
            (#"{"channels": []}"#, "channels"), (#"{"channels": [4, 0]}"#, "channels"),
            (#"{"stride": 0}"#, "stride"),
            (#"{"kernel_size": 3, "stride": 4}"#, "kernel_size"),
            (#"{"kernel_size": 4, "stride": 1}"#, "kernel_size"),
            (#"{"hidden_size": -1}"#, "hidden_size"), (#"{"activation": "Conv1d"}"#, "Conv1d"),
            (#"{"activation": "Loud"}"#, "Loud"), (#"{"depth": 3}"#, "depth"),
            (#"{"input_length": 0}"#, "input_length"),
            (#"{"channels": [1, 1, 1, 1, 1, 1, 1, 1], "stride": 64, "kernel_size": 64}"#, "stride"),
            (#"{"sample_rate": -4}"#, "sample_rate"), (#"[]"#, "HybridPipeline"),
            (#"{"channels": [4096], "stride": 1, "kernel_size": 1, "input_length": 16777216}"#, "channels"),
        ] {
            let error = #expect(throws: OssicleError.self) { _ = try HybridConfiguration(json: json) }
            #expect(error?.message.contains(name) == true, "\(json): \(error!)")
        }
        let skip = #expect(throws: OssicleError.self) {
            _ = try HybridNetwork(
                HybridTesting.configuration {
                    $0.projection = false
                    $0.skipConnections = true
                })
        }
        #expect(skip?.code == .shapeMismatch && skip?.message.contains("7") == true, "\(skip!)")
        let narrow = #expect(throws: OssicleError.self) {
            _ = try HybridNetwork(
                HybridTesting.configuration(), bottleneck: LSTM(inputSize: 5, hiddenSize: 3))
        }
        #expect(narrow?.message.contains("bottleneck") == true, "\(narrow!)")
    }

    @Test func otherShapesAreRefused() throws {
        let pipeline = try HybridTesting.pipeline(HybridTesting.configuration { $0.inChannels = 2 })
        for shape in [[64], [1, 64], [3, 64], [1, 2, 2, 16]] {
            let error = #expect(throws: OssicleError.self) {
                let values = [Float](repeating: 0, count: shape.reduce(1, *))
                _ = try pipeline.forward(Tensor(values, shape: shape))
            }
            #expect(error?.code == .shapeMismatch, "\(shape): \(error!)")
        }
    }

    @Test func configurationsSurviveJSON() throws {
        var configuration = HybridTesting.configuration {
            $0.activation = "GELU"
            $0.sampleRate = 44100
            $0.outChannels = 4
            $0.bidirectional = true
        }
        #expect(try HybridConfiguration(json: configuration.json) == configuration)
        configuration = HybridConfiguration()
        #expect(try HybridConfiguration(json: "{}") == configuration)
        #expect(try HybridConfiguration(json: #"{"in_channels": 2}"#).outChannels == 2)
    }

    @Test func reports() throws {
        let pipeline = try HybridTesting.pipeline(
            HybridTesting.configuration { $0.skipConnections = true }, compute: .cpu)
        let summary = pipeline.summary
        for part in [
            "Conv1d(1, 5, 6, stride=2, padding=2)", "[5, 32]", "LSTM(6, 7)", "Linear(7, 6)",
            "+ encoder.0, ConvTranspose1d(",
            "runs on: cpu", "latency",
        ] { #expect(summary.contains(part), "\(part) is not in\n\(summary)") }
        #expect(!pipeline.usesGPU && !pipeline.usesBNNS)
        let memory = pipeline.memory
        #expect(memory.weights == 4 * pipeline.model.parameterCount)
        #expect(memory.packed >= memory.weights && memory.workspace > 0)
        #expect(memory.total == memory.weights + memory.packed + memory.workspace)
    }

    @Test func timingsAreOfTheSameRun() throws {
        let pipeline = try HybridTesting.pipeline(
            HybridTesting.configuration {
                $0.inputLength = 4096
                $0.hiddenSize = 64
            })
        var noise = TestRandom(8)
        let x = noise.floats(4096)
        var y = [Float](repeating: .nan, count: 4096)
        var slowest = HybridPipeline.Timings(encoder: 0, bottleneck: 0, decoder: 0)
        for _ in 0..<5 {
            let times = try x.withUnsafeBufferPointer { x in
                try y.withUnsafeMutableBufferPointer { y in try pipeline.timings(x, y) }
            }
            #expect(times.encoder > 0 && times.bottleneck > 0 && times.decoder > 0)
            slowest.encoder = max(slowest.encoder, times.encoder)
            slowest.bottleneck = max(slowest.bottleneck, times.bottleneck)
        }
        #expect(y == (try HybridTesting.forward(pipeline, x)))
        // 1024 recurrent steps of 64 units are most of the work.
        #expect(slowest.bottleneck > slowest.encoder)
        let error = #expect(throws: OssicleError.self) {
            _ = try x.prefix(4095).withUnsafeBufferPointer { x in
                try y.withUnsafeMutableBufferPointer { y in try pipeline.timings(x, y) }
            }
        }
        #expect(error?.code == .shapeMismatch)
    }

    /// A plan for any length takes multiples of the total stride only; others would leave frames unwritten.
    @Test func lengthsThatDoNotDivideAreRefusedByDynamicPlans() throws {
        let pipeline = try HybridTesting.pipeline(HybridTesting.configuration())
        let session = try pipeline.model.session(maxLength: 64)
        var noise = TestRandom(9)
        let signal = noise.floats(48)
        #expect(
            try session.run([Tensor(signal, shape: [1, 48])], length: 48)[0].floats()
                == HybridTesting.forward(pipeline, signal))
        let error = #expect(throws: OssicleError.self) {
            _ = try session.run([Tensor(noise.floats(46), shape: [1, 46])], length: 46)
        }
        #expect(error?.code == .shapeMismatch)
    }
}
