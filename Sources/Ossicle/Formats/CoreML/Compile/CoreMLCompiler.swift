#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Turns a Core ML package into the compiled form that Apple's systems load, on any platform.
///
/// Apple's own compiler, as far as its output tells, prints the program as text and copies the weights; it optimises
/// nothing at this stage. `model.mil`, weights and analytics are byte-equal to its output for the models compared;
/// no Apple system has loaded a bundle written here yet.
public enum CoreMLCompiler {
    /// What to do when the destination exists.
    public enum Existing: Sendable {
        case refuse
        /// Replaces it if it is a compiled model; refuses anything else.
        case replace
    }

    /// How the bundle names its compiler (`buildInfo` in `model.mil`).
    public struct Identity: Sendable {
        public var component: String
        public var version: String

        public init(component: String = "ossicle", version: String = "ossicle") {
            self.component = component
            self.version = version
        }
    }

    /// Compiles the package (`.mlpackage`, or a `.mlmodel` with an ML Program) into a `.mlmodelc` directory.
    ///
    /// The destination appears whole or not at all, whatever fails.
    ///
    /// - Throws: `io`, `malformed`, `invalidArgument` when the destination exists, and `unsupported` for older networks,
    ///   nested blocks (loops and conditions), enumerated shapes, and features other than arrays and images of one
    ///   size, whose compiled spelling is not known.
    public static func compile(
        package: String, to destination: String, existing: Existing = .refuse, identity: Identity = Identity()
    ) throws {
        var destination = destination
        while destination.count > 1, destination.hasSuffix("/") { destination.removeLast() }
        try check(destination, existing)
        let (source, files) = try CoreMLModel.naming(package) {
            let source = try Source(package)
            return (source, try source.files(identity: identity))
        }
        let tree = try CoreMLFileTree(destination: destination)
        do {
            for (name, bytes) in files { try tree.write(bytes, to: name) }
            for (name, storage) in source.weights { try tree.write(storage.bytes, to: name) }
            try tree.commit(replacing: existing == .replace)
        } catch {
            tree.discard()
            throw error
        }
    }

    private static func check(_ destination: String, _ existing: Existing) throws {
        var status = stat()
        guard lstat(destination, &status) == 0 else { return }
        guard existing == .replace else {
            throw OssicleError(.invalidArgument, "\(destination): exists already")
        }
        guard status.st_mode & S_IFMT == S_IFDIR, access(destination + "/coremldata.bin", F_OK) == 0 else {
            throw OssicleError(
                .invalidArgument, "\(destination): exists and is no compiled model, so it is not replaced")
        }
    }

    /// A package that can be compiled, checked before anything is written.
    private struct Source {
        let specification: CoreMLSpecification
        let program: MILProgram
        /// Weight files by their path in the bundle.
        let weights: [(name: String, storage: Storage)]
        let className: String
        let path: String

        init(_ path: String) throws {
            var path = path
            while path.count > 1, path.hasSuffix("/") { path.removeLast() }
            self.path = path
            let isPackage = access(path + "/Manifest.json", F_OK) == 0
            guard isPackage || !CoreMLModel.isDirectory(path) else {
                throw access(path + "/coremldata.bin", F_OK) == 0
                    ? OssicleError(.invalidArgument, "\(path): is compiled already")
                    : OssicleError(.malformed, "\(path): expected Manifest.json in the directory")
            }
            let package = isPackage ? try CoreMLPackage(directory: path) : nil
            let file = package?.specificationPath ?? path
            let directory =
                package?.modelDirectory ?? (path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ".")
            specification = try CoreMLSpecification(path: file)
            guard case .program(let program) = specification.content else {
                throw OssicleError(.unsupported, "\(path): an older network; only ML Programs are compiled")
            }
            self.program = program
            let blobs = try MILBlobFiles(of: program, directory: directory)
            var weights: [String: Storage] = [:]
            for reference in program.blobReferences {
                guard let blob = blobs[reference.path] else { continue }
                _ = try blob.blob(at: reference.offset)
                weights[String(reference.path.dropFirst(MILBlobFiles.root.count))] = blob.storage
            }
            self.weights = weights.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
            let name = path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...]
            className = CoreMLMetadataFile.className(
                String(name[..<(name.lastIndex(of: ".") ?? name.endIndex)]))
        }

        func files(identity: Identity) throws -> [(name: String, bytes: [UInt8])] {
            let description = UnsafeRawBufferPointer(
                rebasing: specification.storage.bytes[specification.descriptionRange])
            return [
                ("model.mil", try MILPrinter.print(stamped(identity))),
                (
                    "coremldata.bin",
                    CoreMLBundleData.encode(
                        specificationVersion: specification.version, description: description)
                ),
                (
                    "metadata.json",
                    try CoreMLMetadataFile.encode(specification, program, className: className)
                ),
                ("analytics/coremldata.bin", analytics()),
            ]
        }

        /// The program with a note of its compiler.
        private func stamped(_ identity: Identity) -> MILProgram {
            var program = self.program
            let type = MILType.dictionary(key: .scalar(.string), value: .scalar(.string))
            var entries: [String: MILValue] = [:]
            if case .dictionary(let present)? = program.attributes["buildInfo"]?.content {
                for entry in present { entries[entry.key.string ?? ""] = entry.value }
            }
            entries["coremlc-component-MIL"] = .string(identity.component)
            entries["coremlc-version"] = .string(identity.version)
            program.attributes["buildInfo"] = MILValue(
                type: type,
                content: .dictionary(
                    entries.sorted { $0.key < $1.key }.map { MILEntry(key: .string($0.key), value: $0.value) }
                ))
            return program
        }

        /// Two named tables of strings: u64 lengths before each string and u64 counts before each table.
        private func analytics() -> [UInt8] {
            var file: [UInt8] = []
            func put(_ count: Int) {
                withUnsafeBytes(of: UInt64(count).littleEndian) { file.append(contentsOf: $0) }
            }
            func put(_ string: String) {
                put(string.utf8.count)
                file.append(contentsOf: string.utf8)
            }
            func put(_ name: String, _ table: [(String, String)]) {
                put(name)
                put(table.count)
                for (key, value) in table {
                    put(key)
                    put(value)
                }
            }
            put("NeuralNetworkModelDetails", [("containsCustomLayer", "0"), ("modelDimension", "0")])
            let hash = SHA256.base64(SHA256.hash(specification.storage.bytes))
            put("SpecificationDetails", [("modelHash", hash), ("modelName", "model")])
            return file
        }
    }
}
