extension Model {
    /// Loads a model file. The format is told by the content: `.nam`, RTNeural, AIDA-X and GuitarML JSON, a Core ML
    /// model of floats, and the safetensors files that `HybridPipeline.save` writes.
    ///
    /// - Throws: `io`, `malformed`, `weights` or `unsupported`, naming the file and the place in it.
    public static func load(path: String, options: LoadOptions = LoadOptions()) throws -> Model {
        if isCoreML(path: path) { return try coreML(path: path) }
        return try load(Storage.map(path: path), name: path, options: options)
    }

    /// The same from bytes; `name` stands for the file in messages.
    public static func load(
        bytes: UnsafeRawBufferPointer, name: String = "bytes", options: LoadOptions = LoadOptions()
    )
        throws -> Model
    {
        try load(Storage.copy(bytes), name: name, options: options)
    }

    private static func load(_ storage: Storage, name: String, options: LoadOptions) throws -> Model {
        let space: Set<UInt8> = [0x20, 0x09, 0x0a, 0x0d]
        guard let first = storage.bytes.first(where: { !space.contains($0) }) else {
            throw OssicleError(.malformed, "\(name): the file is empty")
        }
        guard first == UInt8(ascii: "{") else {
            if looksLikeSafeTensors(storage.bytes) {
                let file = try SafeTensors(storage, file: name)
                guard HybridPipeline.isPipeline(file) else {
                    throw OssicleError(
                        .unsupported,
                        "\(name): a safetensors file holds weights but no layers; load it into a Sequential")
                }
                return try HybridPipeline.loadModel(file, options: options)
            }
            throw OssicleError(
                .malformed, "\(name): expected a JSON model (.nam, RTNeural, GuitarML), found other bytes")
        }
        let root = try JSON.parse(storage, file: name)
        if try naming(name, { try root.object()["architecture"] }) != nil {
            return try NAMReader.read(root, file: name, options: options).model()
        }
        let format = try root.object()["model_data"] == nil ? "rtneural" : "guitarml"
        return try LayerChain.read(root, file: name, options: options).model(format: format, file: name)
    }

    private static func looksLikeSafeTensors(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count > 8 && bytes[8] == UInt8(ascii: "{")
    }
}
