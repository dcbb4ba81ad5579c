/// The directory form of a model before compilation (`.mlpackage`): a manifest that says where things are.
struct CoreMLPackage {
    /// The model's specification (`model.mlmodel`).
    let specificationPath: String
    /// What `@model_path` stands for.
    let modelDirectory: String

    /// - Throws: `io`, or `malformed` naming the manifest.
    init(directory: String) throws {
        let manifestPath = directory + "/Manifest.json"
        let manifest = try Storage.map(path: manifestPath)
        guard manifest.count <= CoreMLLimits.sideFileBytes else {
            throw OssicleError(.malformed, "\(manifestPath): \(manifest.count) bytes")
        }
        let relative: String
        do { relative = try Self.modelPath(JSON.parse(manifest.bytes)) } catch let error as OssicleError {
            throw error.within(manifestPath)
        }
        specificationPath = directory + "/Data/" + relative
        modelDirectory = String(specificationPath[..<specificationPath.lastIndex(of: "/")!])
    }

    private static func modelPath(_ root: JSON) throws -> String {
        // Identifiers are UUIDs, which writers spell in either case.
        let identifier = try root.string("rootModelIdentifier").uppercased()
        let items = try root.required("itemInfoEntries").members()
        guard let item = items.first(where: { $0.key.uppercased() == identifier }) else {
            throw root.failure("no item has the root model's identifier")
        }
        let path = try item.value.string("path")
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        guard !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }), !path.utf8.contains(0) else {
            throw item.value.failure("path \(Quoting.quoted(path)) is not inside the package")
        }
        return path
    }
}
