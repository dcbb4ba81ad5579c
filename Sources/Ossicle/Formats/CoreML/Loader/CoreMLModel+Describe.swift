extension CoreMLModel {
    /// What the model says of itself, as a JSON object for tools: the C interface lists its keys
    /// (`ossicle_coreml_description`).
    public func describe() -> String {
        let (compute, storage) = precisions
        let metadata = description.metadata
        return JSONText.object([
            ("kind", .string(kind)),
            ("specification_version", .number(specificationVersion)),
            ("default_function", .string(defaultFunctionName)),
            ("functions", .array(describedFunctions)),
            ("compute_precision", .string(compute)),
            ("storage_precision", .string(storage)),
            (
                "metadata",
                .object([
                    ("description", .string(metadata.shortDescription)),
                    ("version", .string(metadata.version)),
                    ("author", .string(metadata.author)),
                    ("license", .string(metadata.license)),
                    (
                        "user",
                        .object(
                            metadata.userDefined.sorted { $0.key < $1.key }
                                .map { ($0.key, .string($0.value)) })
                    ),
                ])
            ),
        ]).printed()
    }

    private var kind: String {
        switch content {
        case .program: "program"
        case .network: "network"
        case .espresso: "espresso"
        }
    }

    private var defaultFunctionName: String {
        guard let program, let function = try? function(named: nil, of: program) else { return "" }
        return function.name
    }

    private var precisions: (compute: String, storage: String) {
        guard let program else { return ("", "") }
        let survey = CoreMLProgramSurvey(program.functions)
        return (survey.computePrecision, survey.storagePrecision ?? "")
    }

    /// An older network is one function without a name.
    private var describedFunctions: [JSONText] {
        guard let program else {
            return [
                Self.describe(
                    CoreMLFunctionDescription(
                        name: "", inputs: description.inputs, outputs: description.outputs,
                        states: description.states), opset: "", operations: [], types: [:])
            ]
        }
        return program.functions.map { function in
            let features =
                description.function(named: function.name) ?? CoreMLFunctionDescription(name: function.name)
            return Self.describe(
                features, opset: function.opset.spelling,
                operations: CoreMLProgramSurvey([function]).operations, types: function.valueTypes)
        }
    }

    private static func describe(
        _ function: CoreMLFunctionDescription, opset: String, operations: [(String, Int)],
        types: [String: MILType]
    ) -> JSONText {
        func described(_ features: [CoreMLFeature]) -> JSONText {
            .array(features.map { describe($0, types[$0.name]) })
        }
        return .object([
            ("name", .string(function.name)),
            ("opset", .string(opset)),
            ("inputs", described(function.inputs)),
            ("outputs", described(function.outputs)),
            ("states", described(function.states)),
            ("operations", .object(operations.map { ($0.0, .number($0.1)) })),
        ])
    }

    /// - Parameter type: in the program, which takes and gives images as arrays.
    private static func describe(_ feature: CoreMLFeature, _ type: MILType?) -> JSONText {
        var fields: [(String, JSONText)] = [
            ("name", .string(feature.name)),
            ("optional", .bool(feature.isOptional)),
        ]
        func shape(_ extents: [Int]) -> JSONText { .array(extents.map(JSONText.number)) }
        switch feature.type {
        case .image(let image):
            let array = type?.dimensions?.map { if case .fixed(let extent) = $0 { extent } else { 0 } }
            fields += [("type", .string("image")), ("shape", shape(array ?? [image.height, image.width]))]
        case .int64: fields.append(("type", .string("int64")))
        case .double: fields.append(("type", .string("double")))
        case .string: fields.append(("type", .string("string")))
        case .other: fields.append(("type", .string("other")))
        case .multiArray(let array), .state(let array):
            fields += [
                ("type", .string("array")), ("dtype", .string(array.element.dtypeName)),
                ("shape", shape(array.shape)),
            ]
            if let value = feature.defaultValue, value.isFinite {
                fields.append(("default", .decimal(value)))
            }
            switch array.flexibility {
            case .fixed: break
            case .enumerated(let shapes): fields.append(("enumerated", .array(shapes.map(shape))))
            case .ranges(let ranges):
                fields.append(("ranges", .array(ranges.map { shape([$0.lower, $0.upper ?? -1]) })))
            }
        }
        return .object(fields)
    }
}

extension CoreMLFunctionDescription {
    fileprivate init(name: String) {
        self.init()
        self.name = name
    }
}

extension CoreMLArrayType.Element {
    /// NumPy's name of the type; empty when the model does not say.
    var dtypeName: String {
        switch self {
        case .float32: "float32"
        case .float16: "float16"
        case .double: "float64"
        case .int32: "int32"
        case .int8: "int8"
        case .unspecified: ""
        }
    }
}

extension MILElementType {
    /// NumPy's name of the type, or what NumPy would call it: `float16`, `bfloat16`, `uint4`.
    public var dtypeName: String {
        switch self {
        case .fp16: "float16"
        case .fp32: "float32"
        case .fp64: "float64"
        case .bf16: "bfloat16"
        case .fp8e4m3fn: "float8_e4m3fn"
        case .fp8e5m2: "float8_e5m2"
        default: spelling
        }
    }
}
