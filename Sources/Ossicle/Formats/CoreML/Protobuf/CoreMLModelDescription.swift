/// What a model tells an application: its features in the author's order, its functions and its metadata.
/// (`CoreML.Specification.ModelDescription` of Apple's `Model.proto`.)
public struct CoreMLModelDescription: Sendable, Equatable {
    /// Features of the model, or of its default function.
    public var inputs: [CoreMLFeature] = []
    public var outputs: [CoreMLFeature] = []
    public var states: [CoreMLFeature] = []
    /// Present in models of specification 9 and later that have several functions.
    public var functions: [CoreMLFunctionDescription] = []
    public var defaultFunctionName = ""
    public var metadata = CoreMLMetadata()

    public init() {}

    /// The features of the function called `name`: the model's own when it describes no functions.
    public func function(named name: String) -> CoreMLFunctionDescription? {
        if functions.isEmpty {
            return CoreMLFunctionDescription(name: name, inputs: inputs, outputs: outputs, states: states)
        }
        return functions.first { $0.name == name }
    }
}

public struct CoreMLFunctionDescription: Sendable, Equatable {
    public var name = ""
    public var inputs: [CoreMLFeature] = []
    public var outputs: [CoreMLFeature] = []
    public var states: [CoreMLFeature] = []
}

public struct CoreMLFeature: Sendable, Equatable {
    public var name = ""
    public var shortDescription = ""
    public var type = CoreMLFeatureType.other
    public var isOptional = false
}

extension CoreMLFeature {
    /// What stands in for each element of an input that is left out; nil for one that must be given.
    public var defaultValue: Double? { isOptional ? type.array?.defaultValue : nil }
}

public enum CoreMLFeatureType: Sendable, Equatable {
    case multiArray(CoreMLArrayType)
    case state(CoreMLArrayType)
    case image(CoreMLImageType)
    case int64, double, string
    /// Dictionaries, sequences, and what later versions add.
    case other

    /// The array of a multi-array or state.
    public var array: CoreMLArrayType? {
        switch self {
        case .multiArray(let array), .state(let array): array
        default: nil
        }
    }
}

public struct CoreMLImageType: Sendable, Equatable {
    /// Raw values are those of `ImageFeatureType.ColorSpace`.
    public enum ColorSpace: Int, Sendable {
        case unspecified = 0
        case grayscale = 10
        case rgb = 20
        case bgr = 30
        case grayscaleFloat16 = 40
    }

    public var width = 0
    public var height = 0
    public var colorSpace = ColorSpace.unspecified
    /// Whether other sizes are taken, too.
    public var isFlexible = false
}

public struct CoreMLArrayType: Sendable, Equatable {
    /// Raw values are those of `ArrayFeatureType.ArrayDataType`.
    public enum Element: Int, Sendable {
        case unspecified = 0
        case float16 = 65552
        case float32 = 65568
        case double = 65600
        case int8 = 131080
        case int32 = 131104
    }

    public enum Flexibility: Sendable, Equatable {
        case fixed
        case enumerated([[Int]])
        case ranges([MILRange])
    }

    /// The shape, or the default one of a flexible array. Empty when the model does not say.
    public var shape: [Int] = []
    public var element = Element.unspecified
    public var flexibility = Flexibility.fixed
    /// What each element is where an optional input is left out.
    public var defaultValue: Double?
}

public struct CoreMLMetadata: Sendable, Equatable {
    public var shortDescription = ""
    public var version = ""
    public var author = ""
    public var license = ""
    public var userDefined: [String: String] = [:]
}

// MARK: Reading

extension CoreMLModelDescription {
    init(_ reader: ProtobufReader) throws {
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1: inputs.append(try CoreMLFeature(field.message("FeatureDescription")))
            case 10: outputs.append(try CoreMLFeature(field.message("FeatureDescription")))
            case 13: states.append(try CoreMLFeature(field.message("FeatureDescription")))
            case 20: functions.append(try CoreMLFunctionDescription(field.message("FunctionDescription")))
            case 21: defaultFunctionName = try field.string()
            case 100: metadata = try CoreMLMetadata(field.message("Metadata"))
            default: break
            }
        }
        guard inputs.isEmpty, outputs.isEmpty, states.isEmpty else { return }
        guard let function = functions.first(where: { $0.name == defaultFunctionName }) else { return }
        (inputs, outputs, states) = (function.inputs, function.outputs, function.states)
    }
}

extension CoreMLFunctionDescription {
    init(_ reader: ProtobufReader) throws {
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try field.string()
            case 2: inputs.append(try CoreMLFeature(field.message("FeatureDescription")))
            case 3: outputs.append(try CoreMLFeature(field.message("FeatureDescription")))
            case 6: states.append(try CoreMLFeature(field.message("FeatureDescription")))
            default: break
            }
        }
    }
}

extension CoreMLFeature {
    init(_ reader: ProtobufReader) throws {
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1: name = try field.string()
            case 2: shortDescription = try field.string()
            case 3: try readType(field.message("FeatureType"))
            default: break
            }
        }
    }

    private mutating func readType(_ reader: ProtobufReader) throws {
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1: type = .int64
            case 2: type = .double
            case 3: type = .string
            case 4: type = try Self.image(field.message("ImageFeatureType"))
            case 5: type = .multiArray(try CoreMLArrayType(field.message("ArrayFeatureType")))
            case 8:
                var state = try field.message("StateFeatureType")
                while let inner = try state.next(1) {
                    type = .state(try CoreMLArrayType(inner.message("ArrayFeatureType")))
                }
            case 1000: isOptional = try field.bool()
            default: break
            }
        }
    }

    private static func image(_ reader: ProtobufReader) throws -> CoreMLFeatureType {
        var reader = reader
        var image = CoreMLImageType()
        while let field = try reader.next() {
            switch field.number {
            case 1: image.width = try field.count()
            case 2: image.height = try field.count()
            case 3: image.colorSpace = CoreMLImageType.ColorSpace(rawValue: try field.count()) ?? .unspecified
            case 21, 31: image.isFlexible = true
            default: break
            }
        }
        return .image(image)
    }
}

extension CoreMLArrayType {
    init(_ reader: ProtobufReader) throws {
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1: try Self.appendExtents(field, to: &shape)
            case 2: element = Element(rawValue: try field.count()) ?? .unspecified
            case 21: flexibility = .enumerated(try Self.shapes(field.message("EnumeratedShapes")))
            case 31: flexibility = .ranges(try Self.ranges(field.message("ShapeRange")))
            case 41: defaultValue = Double(try field.int64())
            case 51: defaultValue = Double(try field.float())
            case 61: defaultValue = try field.double()
            default: break
            }
        }
    }

    private static func appendExtents(_ field: ProtobufField, to shape: inout [Int]) throws {
        try field.eachVarint { value in
            guard let extent = Int(exactly: value) else { throw field.failure("is a negative extent") }
            guard shape.count < CoreMLLimits.rank else {
                throw field.failure("has more than \(CoreMLLimits.rank) axes")
            }
            shape.append(extent)
        }
    }

    private static func shapes(_ reader: ProtobufReader) throws -> [[Int]] {
        var reader = reader
        var shapes: [[Int]] = []
        while let field = try reader.next(1) {
            var inner = try field.message("Shape")
            var shape: [Int] = []
            while let extents = try inner.next(1) { try appendExtents(extents, to: &shape) }
            shapes.append(shape)
        }
        return shapes
    }

    private static func ranges(_ reader: ProtobufReader) throws -> [MILRange] {
        var reader = reader
        var ranges: [MILRange] = []
        while let field = try reader.next(1) {
            var inner = try field.message("SizeRange")
            var range = MILRange(0, 0)
            while let bound = try inner.next() {
                switch bound.number {
                case 1: range.lower = try bound.count()
                case 2:
                    // A negative bound is none.
                    let upper = try bound.int64()
                    range.upper = upper < 0 ? nil : Int(upper)
                default: break
                }
            }
            ranges.append(range)
        }
        return ranges
    }
}

extension CoreMLMetadata {
    init(_ reader: ProtobufReader) throws {
        var reader = reader
        while let field = try reader.next() {
            switch field.number {
            case 1: shortDescription = try field.string()
            case 2: version = try field.string()
            case 3: author = try field.string()
            case 4: license = try field.string()
            case 100:
                let entry = try field.mapEntry { try $0?.string() ?? "" }
                userDefined[entry.key] = entry.value
            default: break
            }
        }
    }
}
