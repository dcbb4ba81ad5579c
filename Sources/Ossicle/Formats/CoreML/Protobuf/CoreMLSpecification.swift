/// A `model.mlmodel` file: `CoreML.Specification.Model` of Apple's `Model.proto`, as far as this engine reads it.
struct CoreMLSpecification: Sendable {
    enum Content: Sendable {
        case program(MILProgram)
        case network([NeuralNetworkLayer])
    }

    var version = 0
    var isUpdatable = false
    var description = CoreMLModelDescription()
    /// The description's own bytes in the file.
    var descriptionRange = 0..<0
    let content: Content
    let storage: Storage

    /// - Throws: `io`, or `malformed` or `unsupported` naming the path.
    init(path: String) throws {
        let storage = try Storage.map(path: path)
        do { try self.init(storage) } catch let error as OssicleError {
            // Every Core ML file begins with field 1, its version.
            let isForeign = error.code == .malformed && storage.count > 0 && storage.bytes[0] != 0x08
            throw (isForeign ? error.within("expected a Core ML model, found other bytes") : error).within(
                path)
        }
    }

    init(_ storage: Storage) throws {
        guard storage.count <= CoreMLLimits.specificationBytes else {
            throw OssicleError(
                .malformed, "\(storage.count) bytes, more than \(CoreMLLimits.specificationBytes)")
        }
        self.storage = storage
        var reader = ProtobufReader(storage, name: "Model")
        var kind: ProtobufField?
        var descriptions = 0
        while let field = try reader.next() {
            switch field.number {
            case 1: version = try field.count()
            case 2:
                descriptions += 1
                descriptionRange = try field.bytes()
                description = try CoreMLModelDescription(field.message("ModelDescription"))
            case 10: isUpdatable = try field.bool()
            case 200...: kind = field
            default: break
            }
        }
        guard version >= 1, descriptions == 1, let kind else {
            throw OssicleError(.malformed, "not a Core ML model: version, description or content is missing")
        }
        content = try Self.content(kind, version: version, description: description)
    }

    private static func content(
        _ field: ProtobufField, version: Int, description: CoreMLModelDescription
    ) throws -> Content {
        switch field.number {
        case 502:
            return .program(
                try MILProtobufReader.program(
                    field.message("Program"), specification: version, description: description))
        // A network, a classifier, a regressor: the layers are field 1 in each.
        case 500, 403, 303: return .network(try NeuralNetworkReader.layers(field.message("NeuralNetwork")))
        case 200...202:
            throw OssicleError(.unsupported, "a pipeline of models; its parts can be read one by one")
        default:
            throw OssicleError(
                .unsupported, "a model of type \(field.number); programs and networks are read")
        }
    }
}
