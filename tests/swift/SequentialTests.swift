import Testing

@testable import Ossicle

extension Sequential {
    /// Small random weights for every parameter.
    func fillWeights(_ seed: UInt64 = 1, scale: Float = 0.3) throws {
        var noise = TestRandom(seed)
        for parameter in parameters {
            var values = noise.floats(parameter.shape.reduce(1, *), scale: scale)
            if parameter.name.hasSuffix("running_var") { values = values.map { abs($0) + 0.5 } }
            setWeight(parameter.name, try Tensor(values, shape: parameter.shape))
        }
    }
}

@Suite struct SequentialTests {
    @Test func addNamesBothShapes() throws {
        let sequential = Sequential()
        try sequential.add(try Conv1D(inChannels: 1, outChannels: 8, kernelSize: 3))
        let error = #expect(throws: OssicleError.self) {
            try sequential.add(try Conv1D(inChannels: 4, outChannels: 2, kernelSize: 3))
        }
        #expect(error?.code == .shapeMismatch)
        #expect(
            error?.message.contains("[4, T]") == true && error?.message.contains("[8, T-2]") == true,
            "\(error!)")
        #expect(sequential.layers.count == 1)
    }

    @Test func addUncheckedLetsTheBuildSpeak() throws {
        let sequential = Sequential()
        try sequential.add(try Linear(inFeatures: 4, outFeatures: 3))
        sequential.addUnchecked(try Linear(inFeatures: 5, outFeatures: 1))
        try sequential.fillWeights()
        let error = #expect(throws: OssicleError.self) { _ = try sequential.build() }
        #expect(error?.code == .shapeMismatch)
    }

    /// A later layer tells what the first leaves open: rank, channels, features, even the length.
    @Test(
        arguments: [
            (
                [
                    ("Conv1d", #"{"in_channels":1,"out_channels":2,"kernel_size":3}"#),
                    ("Linear", #"{"in_features":16,"out_features":4}"#),
                ], "[1, 18]"
            ),
            ([("ReLU", "{}")], "[T]"),
            (
                [("ReLU", "{}"), ("Conv1d", #"{"in_channels":4,"out_channels":2,"kernel_size":3}"#)],
                "[1, 4, T]"
            ),
            ([("Softmax", #"{"dim":-1}"#), ("Linear", #"{"in_features":6,"out_features":4}"#)], "[6]"),
            ([("Linear", #"{"in_features":6,"out_features":4}"#), ("Softmax", #"{"dim":2}"#)], "[1, T, 6]"),
            ([("GLU", "{}")], "[T, 2]"),
            ([("GLU", #"{"dim":0}"#)], "[2, T]"),
            ([("GLU", #"{"dim":1}"#), ("Tanh", "{}"), ("GLU", #"{"dim":1}"#)], "[1, 4, T]"),
            (
                [("GLU", #"{"dim":1}"#), ("Conv1d", #"{"in_channels":3,"out_channels":2,"kernel_size":3}"#)],
                "[1, 6, T]"
            ),
            ([("Flatten", "{}"), ("Linear", #"{"in_features":60,"out_features":4}"#)], "[1, 1, 60]"),
            (
                [
                    ("Conv1d", #"{"in_channels":1,"out_channels":4,"kernel_size":3}"#), ("Flatten", "{}"),
                    ("Linear", #"{"in_features":112,"out_features":4}"#),
                ], "[1, 114]"
            ),
            ([("Identity", "{}"), ("LayerNorm", #"{"normalized_shape":[3,5]}"#)], "[1, 3, 5]"),
            ([("LogSoftmax", #"{"dim":3}"#)], "[1, 1, 1, T]"),
            ([("Upsample", #"{"scale_factor":2.7}"#)], "[T]"),
        ] as [([(String, String)], String)])
    func theInputFollowsFromTheLayers(_ layers: [(String, String)], _ expected: String) throws {
        let sequential = Sequential()
        for (module, arguments) in layers { try sequential.add(module: module, arguments: arguments) }
        try sequential.fillWeights()
        let model = try sequential.build()
        #expect(model.graph.type(of: model.graph.inputs[0].value).shape.text == expected)
        let shape = model.graph.type(of: model.graph.inputs[0].value).shape.evaluate(24)
        var random = TestRandom(1)
        let input = try Tensor(random.floats(shape.reduce(1, *)), shape: shape)
        #expect(try model.forward(input).floats().allSatisfy(\.isFinite))
    }

    /// A factor that no dynamic length can be scaled by still scales a known one.
    @Test func anyFactorScalesAKnownLength() throws {
        let sequential = Sequential()
        try sequential.add(module: "Upsample", arguments: #"{"scale_factor":2.718281828}"#)
        let input = try Tensor([Float](repeating: 1, count: 72), shape: [1, 3, 24])
        #expect(try sequential.build().forward(input).shape == [1, 3, 65])
    }

    /// Extents stay where they are instead of overflowing, and are refused.
    @Test func extentsDoNotOverflow() throws {
        #expect((1 << 40).times(1 << 40) == (1 << 60) && (-1 << 40).times(1 << 40) == -(1 << 60))
        #expect(Int.max.plus(1) == 1 << 60 && Int.min.plus(-1) == -(1 << 60) && 3.times(-4).plus(5) == -7)
        let long = (0..<9).reduce(Dim.dynamic) { dim, _ in dim.affine(multiplier: 1 << 20, addend: 1) }
        #expect(long.evaluate(1 << 30) == 1 << 60 && (long * long).evaluate(2) == 1 << 60)
        #expect(throws: OssicleError.self) { try Graph.check(ValueType([long]), "x", length: 1) }
        #expect(throws: OssicleError.self) {
            try Graph.check(ValueType([0, .fixed(1 << 50), .fixed(1 << 50)]), "x", length: 0)
        }
        #expect(throws: OssicleError.self) { try Workspace.probe(byteCount: 1 << 60) }
    }

    /// No length gives the 15 channels that an even number of them is halved to.
    @Test func whatNoInputFitsIsRefused() throws {
        let sequential = Sequential()
        try sequential.add(
            module: "Conv1d", arguments: #"{"in_channels":1,"out_channels":6,"kernel_size":3}"#)
        try sequential.add(module: "GLU", arguments: #"{"dim":-2}"#)
        let error = #expect(throws: OssicleError.self) {
            try sequential.add(
                module: "Conv1d", arguments: #"{"in_channels":15,"out_channels":1,"kernel_size":1}"#)
        }
        #expect(error?.code == .shapeMismatch && error?.message.contains("[3, T-2]") == true, "\(error!)")
    }

    @Test func tenLayersOfOneShapeUseTwoBuffers() throws {
        let sequential = Sequential()
        for _ in 0..<10 { try sequential.add(try Linear(inFeatures: 64, outFeatures: 64)) }
        let stats = try sequential.bufferStats(length: 16)
        #expect(stats.bufferCount == 2)
        #expect(stats.naiveCount == 9)
        #expect(stats.allocatedBytes == 2 * 16 * 64 * 4)
        #expect(stats.naiveBytes == 9 * 16 * 64 * 4)
    }

    @Test func missingLeftOverAndBadWeightsAreNamed() throws {
        func model(_ change: (Sequential) throws -> Void) throws {
            let sequential = Sequential()
            try sequential.add(try Linear(inFeatures: 2, outFeatures: 2))
            try sequential.add(ActivationLayer("ReLU", .relu))
            try sequential.add(try Linear(inFeatures: 2, outFeatures: 1))
            try sequential.fillWeights()
            try change(sequential)
            _ = try sequential.build()
        }
        try model { _ in }
        for (name, values, shape) in [
            ("2.bias", [Float.nan], [1]), ("2.bias", [Float.infinity], [1]), ("2.bias", [0, 0], [2]),
            ("1.weight", [0], [1]),
        ] {
            let error = #expect(throws: OssicleError.self) {
                try model { $0.setWeight(name, try Tensor(values, shape: shape)) }
            }
            #expect(error?.code == .weights && error?.message.contains(name) == true, "\(name): \(error!)")
        }
    }

    @Test func oddMagnitudesWarn() throws {
        let sequential = Sequential()
        try sequential.add(try Linear(inFeatures: 2, outFeatures: 1, bias: false))
        sequential.setWeight("weight", try Tensor([1e5, 0], shape: [1, 2]))
        let warnings = Locked<[String]>([])
        _ = try sequential.build(
            options: LoadOptions { warning in warnings.withLock { $0.append(warning.description) } })
        let found = warnings.withLock { $0 }
        #expect(found.count == 1 && found[0].contains("weight"), "\(found)")
    }

    @Test func unknownModulesAndArgumentsAreNamed() throws {
        let sequential = Sequential()
        for (module, arguments, text) in [
            ("Conv3d", "{}", "Conv3d"), ("Linear", #"{"in_features": 3}"#, "out_features"),
            ("Linear", #"{"in_features": 3, "out_features": 0}"#, "positive"),
            ("Linear", #"{"in_features": 3, "out_features": 1, "colour": 2}"#, "colour"),
            ("Linear", #"{"in_features": "#, "arguments"),
            ("Conv1d", #"{"in_channels":2,"out_channels":3,"kernel_size":1,"groups":2}"#, "groups"),
        ] {
            let error = #expect(throws: OssicleError.self) {
                try sequential.add(module: module, arguments: arguments)
            }
            #expect(error?.message.contains(text) == true, "\(error!)")
        }
        #expect(sequential.layers.isEmpty)
    }

    @Test func linearStrategyFollowsTheThreshold() throws {
        #expect(Linear.mpsBatchThreshold == 4)
        #expect(Linear.strategy(batch: 1) == .gemv)
        #expect(Linear.strategy(batch: 3) == .gemm)
        // Without a GPU large batches stay on the CPU.
        #expect(Linear.strategy(batch: 64) == (GPU.isAvailable ? .gpu : .gemm))
        Linear.mpsBatchThreshold = 100
        #expect(Linear.mpsBatchThreshold == 100)
        Linear.mpsBatchThreshold = -3
        #expect(Linear.mpsBatchThreshold == 1)
        Linear.mpsBatchThreshold = 4
    }

    @Test func fusedLayersShowInThePlan() throws {
        let sequential = Sequential()
        try sequential.add(try Conv1D(inChannels: 2, outChannels: 8, kernelSize: 3))
        try sequential.add(try BatchNorm1D(numFeatures: 8))
        try sequential.add(ActivationLayer("Tanh", .tanh))
        try sequential.add(try Conv1D(inChannels: 8, outChannels: 8, kernelSize: 3))
        try sequential.add(GLU(dim: 0))
        try sequential.fillWeights()
        let plan = try sequential.build().session([[2, 50]]).program
        #expect(plan.steps.map(\.label) == ["conv+tanh", "conv+identity·sigmoid"], "\(plan.describe())")
    }
}
