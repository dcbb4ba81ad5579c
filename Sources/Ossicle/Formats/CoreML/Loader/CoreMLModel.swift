#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A Core ML model on disk, read but not executed: a package, a compiled bundle, or a specification file.
public struct CoreMLModel: Sendable {
    /// Specification version: 6 is iOS 15, 7 iOS 16, 8 iOS 17, 9 iOS 18.
    public let specificationVersion: Int
    public let description: CoreMLModelDescription
    /// The ML Program, or `nil` for an older network.
    public let program: MILProgram?

    let path: String
    let content: Content

    enum Content {
        case program(MILProgram, MILBlobFiles)
        case network([NeuralNetworkLayer], Storage)
        case espresso(EspressoBundle)
    }

    /// Opens a `.mlpackage`, a `.mlmodelc` of either kind, or a `.mlmodel`, told apart by what is in them.
    ///
    /// - Throws: `io`, `malformed` or `unsupported`, naming the file at fault.
    public init(path: String) throws {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self = try Self.naming(path) { try CoreMLModel(trimmed: path) }
    }

    private init(trimmed path: String) throws {
        if Self.exists(path + "/Manifest.json") {
            let package = try CoreMLPackage(directory: path)
            try self.init(
                CoreMLSpecification(path: package.specificationPath), path: path,
                directory: package.modelDirectory)
        } else if Self.exists(path + "/model.mil") {
            try self.init(compiled: path)
        } else if Self.exists(path + "/model.espresso.net") {
            let data = try CoreMLBundleData(path: path + "/coremldata.bin")
            self.init(data, path: path, program: nil, content: .espresso(try EspressoBundle(directory: path)))
        } else if Self.exists(path + "/model0") {
            throw OssicleError(
                .unsupported, "\(path): a pipeline of models; its parts (model0 …) can be read one by one")
        } else if Self.isDirectory(path) {
            throw OssicleError(
                .malformed,
                "\(path): expected Manifest.json, model.mil or model.espresso.net in the directory")
        } else {
            let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
            try self.init(CoreMLSpecification(path: path), path: path, directory: directory)
        }
    }

    private init(_ specification: CoreMLSpecification, path: String, directory: String) throws {
        self.path = path
        specificationVersion = specification.version
        description = specification.description
        switch specification.content {
        case .program(let program):
            self.program = program
            content = .program(program, try MILBlobFiles(of: program, directory: directory))
        case .network(let layers):
            program = nil
            content = .network(layers, specification.storage)
        }
    }

    private init(compiled path: String) throws {
        let text = try Storage.map(path: path + "/model.mil")
        let program = try MILParser.parse(text.bytes, name: path + "/model.mil")
        let files = try MILBlobFiles(of: program, directory: path)
        let data = try CoreMLBundleData(path: path + "/coremldata.bin")
        self.init(data, path: path, program: program, content: .program(program, files))
    }

    private init(_ data: CoreMLBundleData, path: String, program: MILProgram?, content: Content) {
        self.path = path
        self.program = program
        self.content = content
        specificationVersion = data.specificationVersion
        description = data.description
    }

    /// Puts the model's path before errors that name none of its files.
    static func naming<T>(_ path: String, _ body: () throws -> T) throws -> T {
        do { return try body() } catch let error as OssicleError where !error.message.hasPrefix(path) {
            throw error.within(path)
        }
    }

    func naming<T>(_ body: () throws -> T) throws -> T { try Self.naming(path, body) }

    private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
