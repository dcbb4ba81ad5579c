import Testing

@testable import Ossicle

@Suite struct WeightSourceTests {
    func source(_ options: LoadOptions = LoadOptions()) throws -> WeightSource {
        try WeightSource(
            [
                ("a.weight", try Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])),
                ("a.bias", try Tensor([1, 2] as [Float], shape: [2])),
                ("steps", try Tensor([3] as [Int32], shape: [1])),
            ], file: "model", options: options)
    }

    func message(_ body: () throws -> Void) -> String? {
        let error = #expect(throws: OssicleError.self) { try body() }
        #expect(error?.code == .weights)
        return error?.message
    }

    @Test func takesEachOnce() throws {
        let source = try source()
        #expect(source.peek("a.bias")?.shape == [2])
        #expect(try source.take("a.weight", shape: [2, 3]).floats() == [1, 2, 3, 4, 5, 6])
        #expect(source.remaining == ["a.bias", "steps"])
        #expect(try source.takeFloats("a.bias", shape: [2]) == [1, 2])
        #expect(source.peek("a.bias") == nil)
        #expect(
            message { try source.finish() }
                == #"model: expected every tensor to be used, found 1 left over: "steps" [1]"#)
        try source.discard("steps")
        try source.finish()
        #expect(
            message { _ = try source.take("a.bias", shape: [2]) }
                == #"model: tensor "a.bias": already taken by another layer"#)
    }

    @Test func errorsNameExpectedAndFound() throws {
        let source = try source()
        #expect(
            message { _ = try source.take("a.weight", shape: [3, 2]) }
                == #"model: tensor "a.weight": expected shape [3, 2], found [2, 3]"#)
        #expect(
            message { _ = try source.take("b", shape: [1]) }?.hasPrefix(#"model: tensor "b": missing"#)
                == true)
        #expect(
            message { _ = try source.take("steps", shape: [1]) }
                == #"model: tensor "steps": expected a floating-point type, found int32"#)
        let tensor = try Tensor([1 as Float], shape: [1])
        #expect(
            message { _ = try WeightSource([("w", tensor), ("w", tensor)], file: "f") }
                == #"f: tensor "w" is there twice"#)
    }

    /// A refused tensor stays, so that a reader may try another shape and `finish` still lists it.
    @Test func aRefusedTensorIsNotTaken() throws {
        let source = try source()
        #expect(message { _ = try source.take("a.weight", shape: [6]) } != nil)
        #expect(source.remaining.count == 3)
    }

    @Test func longListsOfLeftOversAreCut() throws {
        let tensor = try Tensor([1 as Float], shape: [1])
        let source = try WeightSource((0..<20).map { ("t\($0)", tensor) }, file: "f")
        #expect(message { try source.finish() }?.hasSuffix(#""t7" [1] and 12 more"#) == true)
    }

    /// One bad value anywhere, in vectors and tail, in every float type.
    @Test(arguments: [Float.nan, .infinity, -.infinity, Float(bitPattern: 0xff80_0001)])
    func findsEveryBadValue(_ bad: Float) throws {
        for count in [1, 15, 16, 17, 33, 5000] {
            for index in Set([0, count / 2, count - 1]) {
                var values = [Float](repeating: 0.25, count: count)
                values[index] = bad
                let source = try WeightSource([("w", try Tensor(values, shape: [count]))], file: "f")
                #expect(
                    message { _ = try source.takeFloats("w", shape: [count]) }?
                        .hasSuffix("at flat index \(index) of \(count)") == true)
            }
        }
    }

    @Test func checksStoredTypes() throws {
        let half = try Tensor(shape: [2], dataType: .float16, storage: .copy([0x00, 0x3c, 0x00, 0x7c]))
        let brain = try Tensor(shape: [2], dataType: .bfloat16, storage: .copy([0xc0, 0x7f, 0x80, 0x3f]))
        let wide = try Tensor(
            shape: [1], dataType: .float64, storage: withUnsafeBytes(of: 1e39) { .copy($0) })
        let source = try WeightSource([("h", half), ("b", brain), ("d", wide)], file: "f")
        #expect(
            message { _ = try source.take("h", shape: [2]) }?.contains("found inf at flat index 1 of 2")
                == true)
        #expect(
            message { _ = try source.take("b", shape: [2]) }?.contains("found nan at flat index 0 of 2")
                == true)
        #expect(message { _ = try source.take("d", shape: [1]) }?.contains("found inf") == true)
    }
}

@Suite struct WeightWarningTests {
    final class Log: Sendable {
        let warnings = Locked<[WeightWarning]>([])
    }

    func warnings(_ values: [Float], shape: [Int]) throws -> [WeightWarning] {
        let log = Log()
        let options = LoadOptions { warning in log.warnings.withLock { $0.append(warning) } }
        let source = try WeightSource([("w", try Tensor(values, shape: shape))], file: "f", options: options)
        _ = try source.take("w", shape: shape)
        return log.warnings.withLock { $0 }
    }

    @Test func usualWeightsDoNotWarn() throws {
        #expect(try warnings([0.5, -0.25, 99, 1e-12], shape: [2, 2]).isEmpty)
        // Vectors may be constant or zero: biases, norm scales.
        #expect(try warnings([0, 0, 0, 0], shape: [4]).isEmpty)
        #expect(try warnings([1, 1, 1, 1], shape: [4]).isEmpty)
        #expect(try warnings([3], shape: [1, 1]).isEmpty)
        #expect(try warnings([], shape: [0, 2]).isEmpty)
    }

    @Test func explodingMagnitude() throws {
        let found = try warnings([0.5, -1001, 0, 0], shape: [4])
        #expect(found.map(\.kind) == [.exploding])
        #expect(found.first?.magnitude == 1001)
        #expect(
            found.first?.description.hasPrefix(#"f: tensor "w": exploding weights: max|w| 1001.0"#) == true)
    }

    @Test func explodingDeviation() throws {
        #expect(try warnings([500, -500, 500, -500], shape: [2, 2]).map(\.kind) == [.exploding])
        #expect(
            try warnings([Float](repeating: -3e38, count: 20) + [3e38], shape: [21]).map(\.kind) == [
                .exploding
            ])
    }

    @Test func vanishing() throws {
        #expect(try warnings([0, 0, 0, 0], shape: [2, 2]).map(\.kind) == [.vanishing])
        #expect(try warnings([0, 9e-9, 0, -1e-9], shape: [2, 2]).map(\.kind) == [.vanishing])
        #expect(
            try warnings([Float](repeating: 0.1, count: 5000), shape: [2, 2500]).map(\.kind) == [.vanishing])
        #expect(try warnings([0x1p-140, -0x1p-140], shape: [2, 1]).map(\.kind) == [.vanishing])
    }

    /// Scales and shifts of a norm over several axes start as ones and zeros, and may stay so; a matrix may not.
    @Test func constantNormsDoNotWarn() throws {
        let (ones, zeros) = ([Float](repeating: 1, count: 6), [Float](repeating: 0, count: 6))
        func kinds(_ layer: any Layer, _ weights: [String: Tensor]) throws -> [WeightWarning.Kind] {
            let log = Log()
            let sequential = try Sequential([layer])
            for (name, tensor) in weights { sequential.setWeight(name, tensor) }
            _ = try sequential.build(
                options: LoadOptions { found in log.warnings.withLock { $0.append(found) } })
            return log.warnings.withLock { $0.map(\.kind) }
        }
        let scale = try Tensor(ones, shape: [2, 3])
        let shift = try Tensor(zeros, shape: [2, 3])
        #expect(try kinds(LayerNorm(normalizedShape: [2, 3]), ["weight": scale, "bias": shift]).isEmpty)
        #expect(try kinds(RMSNorm(normalizedShape: [2, 3]), ["weight": scale]).isEmpty)
        #expect(
            try kinds(Linear(inFeatures: 3, outFeatures: 2, bias: false), ["weight": scale]) == [.vanishing])
        // Other oddities of a norm are still told.
        let loud = try Tensor([1, 1, 1, 1, 1, 1e4] as [Float], shape: [2, 3])
        #expect(try kinds(RMSNorm(normalizedShape: [2, 3]), ["weight": loud]) == [.exploding])
    }

    /// The statistics against their definition in float64, over lengths around the vector and block sizes.
    @Test(arguments: [1, 2, 15, 16, 17, 4095, 4096, 4097, 20_000]) func statistics(_ count: Int) throws {
        var generator = SplitMix64(state: UInt64(count))
        for (scale, offset) in [(1, 0), (1e-20, 0), (1e30, 0), (0.01, 3)] as [(Float, Float)] {
            let values = (0..<count).map { _ in Float.random(in: -1...1, using: &generator) * scale + offset }
            let found = values.withUnsafeBufferPointer { WeightStatistics($0) }
            let mean = values.reduce(0.0) { $0 + Double($1) } / Double(count)
            let variance =
                values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / Double(count)
            #expect(found.magnitude == values.map(\.magnitude).max())
            let error = abs(Double(found.deviation) - variance.squareRoot())
            #expect(error <= 1e-4 * variance.squareRoot() + 1e-7 * Double(found.magnitude))
        }
    }
}

@Suite struct FlatWeightsTests {
    @Test func consumesInOrder() throws {
        var flat = FlatWeights([1, 2, 3, 4, 5, 6, 7], file: "f")
        #expect(try flat.take(shape: [2, 2], as: "kernel") == [1, 2, 3, 4])
        #expect(try flat.take(2, as: "bias") == [5, 6])
        #expect(flat.remaining == 1)
        let left = #expect(throws: OssicleError.self) { try flat.finish() }
        #expect(left?.message == "f: expected 6 weights for this architecture, found 7")
        let short = #expect(throws: OssicleError.self) { try flat.take(2, as: "head") }
        #expect(short?.message == #"f: tensor "head": expected 2 numbers from index 6, found 1 of 7 left"#)
        #expect(try flat.take(1, as: "head") == [7])
        try flat.finish()
    }

    @Test func refusesAbsurdShapes() {
        var flat = FlatWeights([1], file: "f")
        for shape in [[-1], [Int.max, 2], [1 << 40, 1 << 40]] {
            let error = #expect(throws: OssicleError.self) { try flat.take(shape: shape, as: "w") }
            #expect(error?.code == .weights)
        }
    }

    @Test func namesBadValues() {
        var flat = FlatWeights([0, 1, .nan], file: "f")
        let error = #expect(throws: OssicleError.self) {
            _ = try flat.take(1, as: "a")
            _ = try flat.take(2, as: "b")
        }
        #expect(error?.message == #"f: tensor "b": expected finite weights, found nan at flat index 1 of 2"#)
    }
}
