/// A pipeline in one file: a safetensors file with the weights, whose metadata hold `format` = `ossicle.hybrid` and
/// `config`, the JSON of `HybridConfiguration`.
extension HybridPipeline {
    static let format = "ossicle.hybrid"

    /// Whether a safetensors file says that it holds a pipeline.
    static func isPipeline(_ file: SafeTensors) -> Bool {
        file.metadata.contains { $0.key == "format" && $0.value.hasSameBytes(as: format) }
    }

    /// Reads a file as `save` writes it.
    ///
    /// - Parameters:
    ///   - bottleneck: where the file has no weights for one, see `HybridNetwork`.
    ///   - compute: what may run it, as for `init`.
    /// - Throws: `io`, `malformed` or `weights`, naming the file and the tensor or argument; `unsupported` for a GPU that is
    ///   not there.
    public static func load(
        path: String, bottleneck: (any Layer)? = nil, options: LoadOptions = LoadOptions(),
        compute: Compute = .automatic
    ) throws -> HybridPipeline {
        let file = try SafeTensors(path: path)
        return try HybridPipeline(
            network(file, bottleneck: bottleneck), file.weights(options: options), compute: compute)
    }

    /// A pipeline of this configuration with the weights of a safetensors file; its metadata are not looked at.
    ///
    /// - Throws: as `init(_:weights:bottleneck:options:compute:)`, naming the file.
    public convenience init(
        _ configuration: HybridConfiguration, weightsPath path: String, bottleneck: (any Layer)? = nil,
        options: LoadOptions = LoadOptions(), compute: Compute = .automatic
    ) throws {
        let network = try HybridNetwork(configuration, bottleneck: bottleneck)
        try self.init(network, SafeTensors(path: path).weights(options: options), compute: compute)
    }

    static func network(_ file: SafeTensors, bottleneck: (any Layer)? = nil) throws -> HybridNetwork {
        guard isPipeline(file) else {
            throw OssicleError(
                .unsupported,
                "\(file.file): without \"format\": \"\(format)\" in its metadata a safetensors file has weights but no "
                    + "configuration; state the configuration beside it")
        }
        guard let config = file.metadata.first(where: { $0.key == "config" })?.value else {
            throw OssicleError(.malformed, "\(file.file): the metadata have no \"config\"")
        }
        do {
            return try HybridNetwork(HybridConfiguration(json: config), bottleneck: bottleneck)
        } catch let error as OssicleError where error.code == .invalidArgument {
            throw OssicleError(.malformed, "\(file.file): config: \(error.message)")
        }
    }

    /// The model of a file, without a buffer prepared for a pipeline.
    static func loadModel(_ file: SafeTensors, options: LoadOptions) throws -> Model {
        let network = try network(file)
        return try model(network, take(network, file.weights(options: options)))
    }

    /// Writes weights and configuration, replacing a file that is there.
    ///
    /// - Throws: `io` naming the path; `unsupported` when the bottleneck is a model of its own, whose weights these are not.
    public func save(path: String) throws {
        guard !(network.bottleneck is ModelLayer) else {
            throw OssicleError(
                .unsupported,
                "\(path): a pipeline whose bottleneck is a model of its own cannot be saved in one file")
        }
        try SafeTensors.write(
            weights.map { (name: $0.key, tensor: $0.value) },
            metadata: [("config", configuration.json), ("format", Self.format)], to: path)
    }
}
