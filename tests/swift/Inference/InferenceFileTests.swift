import Testing

@testable import Ossicle

/// Models with what none in `tests/data` has: weights that are not numbers, inputs with default values, images.
@Suite struct InferenceFileTests {
    // MARK: Weights

    @Test(arguments: [Float.nan, -Float.infinity, 3] as [Float]) func weightsInFilesAreNumbers(_ value: Float)
        throws
    {
        let text = """
            program(1.3) { func main<ios18>(tensor<fp32, [2]> x) {
                tensor<fp32, [2]> w = const()[val = tensor<fp32, [2]>(BLOBFILE(path = string("@model_path/weights/weight.bin"), offset = uint64(64)))];
                tensor<fp32, [2]> y = maximum(x = x, y = w); } -> (y); }
            """
        let folder = try TemporaryFolder()
        let loader = try CoreMLWeightTests.loader(text, in: folder, Collected(), weights: [0, value])
        if value.isNaN {
            expectError(
                .weights,
                "/weights/weight.bin: tensor \"w\": expected finite weights, found nan at flat index 1"
            ) {
                _ = try BNNSInference(loader.model)
            }
        } else {
            #expect(try BNNSInference(loader.model).predict([1, 2]) == [1, max(2, value)])
        }
    }

    // MARK: Default values

    /// A feature with a default value: field 41 of integers, 51 of floats, 61 of doubles.
    static func feature(_ name: String, _ value: @escaping (Message) -> Message, isOptional: Bool) -> (
        Message
    ) -> Message {
        { message in
            message.text(1, name).message(3) { type in
                let array = type.message(5) { value($0.number(1, 2).number(2, 65568)) }
                return isOptional ? array.number(1000, 1) : array
            }
        }
    }

    static func sum(_ folder: TemporaryFolder, isOptional: Bool = true) throws -> BNNSInference {
        let text = """
            program(1.3) { func main<ios18>(tensor<fp32, [2]> a, tensor<fp32, [2]> b, tensor<int32, [2]> c) {
                tensor<fp32, [2]> s = add(x = a, y = b);
                tensor<fp32, [2]> f = cast(x = c, dtype = string("fp32"));
                tensor<fp32, [2]> y = add(x = s, y = f); } -> (y); }
            """
        let description = Message()
            .message(1, feature("a", { $0 }, isOptional: false))
            .message(1, feature("b", { $0.float(51, 7.5) }, isOptional: isOptional))
            .message(1, feature("c", { $0.number(41, 100) }, isOptional: isOptional))
        let loader = try CoreMLWeightTests.loader(text, in: folder, Collected(), description: description)
        #expect(loader.model.describe().contains("\"default\" : 7.5") == isOptional)
        return try BNNSInference(loader.model)
    }

    @Test func inputsWithADefaultValueMayBeLeftOut() throws {
        let model = try Self.sum(TemporaryFolder())
        #expect(model.inputs.map(\.defaultValue) == [nil, 7.5, 100])
        let a = try Tensor([1, 2] as [Float], shape: [2]), b = try Tensor([10, 20] as [Float], shape: [2])
        let c = try Tensor([3, 4] as [Int32], shape: [2])
        func predict(_ arrays: [String: Tensor]) throws -> [Float] {
            try #require(try model.predict(arrays)["y"]).floats()
        }
        #expect(try predict(["a": a]) == [108.5, 109.5])
        #expect(try predict(["a": a, "c": c]) == [11.5, 13.5])
        #expect(try predict(["a": a, "b": b]) == [111, 122])
        #expect(try predict(["a": a, "b": b, "c": c]) == [14, 26])
        #expect(try model.predict([1, 2]) == [108.5, 109.5])
        expectError(.invalidArgument, "\"a\" is missing") { _ = try predict(["b": b]) }
        expectError(.invalidArgument, "found 2 arrays") { _ = try predict(["a": a, "z": b]) }
    }

    /// Core ML looks at default values of optional inputs alone.
    @Test func otherInputsMustBeGiven() throws {
        let model = try Self.sum(TemporaryFolder(), isOptional: false)
        let a = try Tensor([1, 2] as [Float], shape: [2])
        expectError(.invalidArgument, "\"b\" is missing") { _ = try model.predict(["a": a]) }
    }

    // MARK: Images

    static func image(_ colorSpace: Int, _ more: (Message) -> Message = { $0 }) -> Message {
        Message().message(1) { feature in
            feature.text(1, "im").message(3) { type in
                type.message(4) { more($0.number(1, 6).number(2, 5).number(3, colorSpace)) }
            }
        }
    }

    /// An image has the shape of the array that a prediction takes.
    @Test func imagesAreShownAsTheArraysTheyAre() throws {
        let text = """
            program(1.3) { func main<ios18>(tensor<fp32, [1, 3, 5, 6]> im) {
                tensor<fp32, [1, 3, 5, 6]> y = relu(x = im); } -> (y); }
            """
        let folder = try TemporaryFolder()
        let loader = try CoreMLWeightTests.loader(text, in: folder, Collected(), description: Self.image(20))
        let described = loader.model.describe().filter { !$0.isWhitespace }
        #expect(described.contains("\"type\":\"image\",\"shape\":[1,3,5,6]"))
    }

    /// As Apple's compiler describes an image, in a model that is not among the tests' data.
    @Test func metadataDescribesImages() throws {
        #expect(
            try Self.metadata(Self.image(20)).contains(
                """
                {"name":"im","shortDescription":"","isOptional":"0","type":"Image","width":"6","height":"5",\
                "colorspace":"RGB","isColor":"1","hasSizeFlexibility":"0","formattedType":"Image(Color6×5)"}
                """))
        #expect(try Self.metadata(Self.image(10)).contains("\"colorspace\":\"Grayscale\",\"isColor\":\"0\""))
    }

    @Test func featuresThatNoSampleShowsAreNotCompiled() throws {
        for (type, what) in [(1, "a number"), (3, "a string"), (6, "a dictionary")] {
            let description = Message().message(10) { $0.text(1, "label").message(3) { $0.message(type) } }
            expectError(.unsupported, "\"label\" is \(what)") { _ = try Self.metadata(description) }
        }
        expectError(.unsupported, "several sizes") {
            _ = try Self.metadata(Self.image(20) { $0.message(31) })
        }
        expectError(.unsupported, "unusual color space") { _ = try Self.metadata(Self.image(40)) }
    }

    /// `metadata.json` of some program with that description, without white space.
    static func metadata(_ description: Message) throws -> String {
        var specification = try CoreMLSpecification(
            path: CoreMLTestData.specification("generated/linear_fp32.mlpackage"))
        specification.description = try CoreMLModelDescription(
            ProtobufReader(.copy(description.bytes), name: "ModelDescription"))
        guard case .program(let program) = specification.content else { return "" }
        let bytes = try CoreMLMetadataFile.encode(specification, program, className: "m")
        return String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
    }
}
