/// `metadata.json` of a compiled ML Program: what Xcode shows of a model. Nothing that runs a model reads it.
///
/// Keys and values are those of Apple's compiler, the order of keys is ours (Apple's changes from run to run).
enum CoreMLMetadataFile {
    /// - Throws: `unsupported` for a feature that no real sample shows the keys of.
    static func encode(
        _ specification: CoreMLSpecification, _ program: MILProgram, className: String
    ) throws -> [UInt8] {
        let description = specification.description
        let survey = CoreMLProgramSurvey(program.functions)
        var model: [(String, JSONText)] = [
            ("metadataOutputVersion", .string("3.0")),
            ("specificationVersion", .number(specification.version)),
            ("generatedClassName", .string(className)),
            ("method", .string("predict")),
            ("modelType", .object([("name", .string("MLModelType_mlProgram"))])),
            ("isUpdatable", .string(specification.isUpdatable ? "1" : "0")),
            ("modelParameters", .array([])),
            ("availability", .object(availability(specification.version).map { ($0.0, .string($0.1)) })),
            ("computePrecision", .string(survey.computePrecision)),
            ("mlProgramOperationTypeHistogram", .object(survey.histogram.map { ($0.0, .number($0.1)) })),
            ("inputSchema", .array(try description.inputs.map(feature))),
            ("outputSchema", .array(try description.outputs.map(feature))),
            ("stateSchema", .array(try description.states.map(feature))),
            (
                "userDefinedMetadata",
                .object(
                    description.metadata.userDefined.sorted { $0.key < $1.key }.map {
                        ($0.key, .string($0.value))
                    })
            ),
        ]
        if let precision = survey.storagePrecision { model.append(("storagePrecision", .string(precision))) }
        let metadata = description.metadata
        for (key, text) in [
            ("shortDescription", metadata.shortDescription), ("version", metadata.version),
            ("author", metadata.author),
            ("license", metadata.license),
        ] where !text.isEmpty { model.append((key, .string(text))) }
        if !description.functions.isEmpty {
            model.append(("defaultFunctionName", .string(description.defaultFunctionName)))
            model.append(("functions", .array(try description.functions.map { try function($0, program) })))
        }
        return Array((JSONText.array([.object(model)]).printed() + "\n").utf8)
    }

    /// The name of the Swift class Xcode would make: what is no letter or digit becomes an underscore.
    static func className(_ name: String) -> String {
        String(name.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }

    private static func function(
        _ description: CoreMLFunctionDescription, _ program: MILProgram
    ) throws -> JSONText {
        let survey = CoreMLProgramSurvey([program.function(named: description.name)].compactMap { $0 })
        return .object([
            ("name", .string(description.name)),
            ("computePrecision", .string(survey.computePrecision)),
            ("mlProgramOperationTypeHistogram", .object(survey.histogram.map { ($0.0, .number($0.1)) })),
            ("inputSchema", .array(try description.inputs.map(feature))),
            ("outputSchema", .array(try description.outputs.map(feature))),
            ("stateSchema", .array(try description.states.map(feature))),
        ])
    }

    private static func feature(_ feature: CoreMLFeature) throws -> JSONText {
        var fields: [(String, JSONText)] = [
            ("name", .string(feature.name)),
            ("shortDescription", .string(feature.shortDescription)),
            ("isOptional", .string(feature.isOptional ? "1" : "0")),
        ]
        if case .image(let image) = feature.type, let keys = keys(of: image) { return .object(fields + keys) }
        guard let array = feature.type.array else {
            throw OssicleError(
                .unsupported,
                "\(Quoting.quoted(feature.name)) is \(feature.type.name), and how a compiled model describes that is not known"
            )
        }
        var kind = "MultiArray"
        if case .state = feature.type { kind = "State" }
        let extents = array.shape.map { "\($0)" }
        let element = elementName(array.element)
        fields += [
            ("type", .string(kind)),
            ("dataType", .string(element)),
            ("shape", .string("[" + extents.joined(separator: ", ") + "]")),
            (
                "formattedType",
                .string(
                    "\(kind) (\(element)" + (extents.isEmpty ? "" : " " + extents.joined(separator: " × "))
                        + ")")
            ),
            ("hasShapeFlexibility", .string(array.flexibility == .fixed ? "0" : "1")),
        ]
        if case .ranges(let ranges) = array.flexibility {
            let pairs = ranges.map { "[\($0.lower), \($0.upper ?? -1)]" }
            let spans = ranges.map {
                $0.upper == $0.lower ? "\($0.lower)" : "\($0.lower)..." + ($0.upper.map { "\($0)" } ?? "")
            }
            fields.append(("shapeRange", .string("[" + pairs.joined(separator: ", ") + "]")))
            fields.append(("shapeFlexibility", .string(spans.joined(separator: " × "))))
        }
        return .object(fields)
    }

    /// Nil for an image of several sizes or of half-width floats.
    private static func keys(of image: CoreMLImageType) -> [(String, JSONText)]? {
        let names: [CoreMLImageType.ColorSpace: String] = [.rgb: "RGB", .bgr: "BGR", .grayscale: "Grayscale"]
        guard let name = names[image.colorSpace], !image.isFlexible else { return nil }
        let isColor = image.colorSpace != .grayscale
        let size = "\(image.width) × \(image.height)"
        return [
            ("type", .string("Image")),
            ("width", .string("\(image.width)")),
            ("height", .string("\(image.height)")),
            ("colorspace", .string(name)),
            ("isColor", .string(isColor ? "1" : "0")),
            ("hasSizeFlexibility", .string("0")),
            ("formattedType", .string("Image (\(isColor ? "Color" : "Grayscale") \(size))")),
        ]
    }

    private static func elementName(_ element: CoreMLArrayType.Element) -> String {
        switch element {
        case .float32: "Float32"
        case .float16: "Float16"
        case .double: "Double"
        case .int32: "Int32"
        case .int8: "Int8"
        case .unspecified: ""
        }
    }

    /// The first system versions that load a specification version.
    private static func availability(_ version: Int) -> [(String, String)] {
        let names = ["iOS", "macOS", "tvOS", "watchOS", "visionOS", "macCatalyst"]
        let versions: [String] =
            switch version {
            case ...6: ["15.0", "12.0", "15.0", "8.0", "1.0", "15.0"]
            case 7: ["16.0", "13.0", "16.0", "9.0", "1.0", "16.0"]
            case 8: ["17.0", "14.0", "17.0", "10.0", "1.0", "17.0"]
            case 9: ["18.0", "15.0", "18.0", "11.0", "2.0", "18.0"]
            default: ["26.0", "26.0", "26.0", "26.0", "26.0", "26.0"]
            }
        return Array(zip(names, versions))
    }
}

extension CoreMLFeatureType {
    fileprivate var name: String {
        switch self {
        case .multiArray, .state: "an array"
        case .image: "an image of several sizes or an unusual color space"
        case .int64, .double: "a number"
        case .string: "a string"
        case .other: "a dictionary or sequence"
        }
    }
}
