import CMSLRuntime

/// Runs msl/compile.sh, once for each source text. A library that is loaded needs its file no more.
final class Compiler: Sendable {
    static let shared = Compiler()
    private let libraries = Locked<[String: Library]>([:])

    func library(_ source: String) throws -> Library {
        try libraries.withLock { made in
            if let library = made[source] { return library }
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
                "msl-\(ProcessInfo.processInfo.processIdentifier)-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let binary = folder.appendingPathComponent("library.so")
            try compile(source, to: binary)
            let library = try Library(path: binary.path)
            made[source] = library
            return library
        }
    }

    /// Its text and what the compiler says stay beside the library.
    func compile(_ source: String, to binary: URL) throws {
        let text = binary.appendingPathExtension("metal")
        try source.write(to: text, atomically: true, encoding: .utf8)
        try run([text.path, binary.path], log: binary.appendingPathExtension("log"))
    }

    /// By posix_spawn: Foundation's Process sometimes waits for ever for a child that has ended (Swift 6.3, Linux).
    private func run(_ arguments: [String], log: URL) throws {
        let stubs = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let tool = stubs.deletingLastPathComponent().appendingPathComponent("msl/compile.sh").path
        let environment = ProcessInfo.processInfo.environment.map { "\($0.key)=\($0.value)" }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, 2, log.path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        let words = ([tool] + arguments).map { strdup($0) }, variables = environment.map { strdup($0) }
        defer {
            posix_spawn_file_actions_destroy(&actions)
            for text in words + variables { free(text) }
        }
        var child = pid_t()
        let error = posix_spawn(&child, tool, &actions, nil, words + [nil], variables + [nil])
        guard error == 0 else { throw StubError(message: "\(tool): \(String(cString: strerror(error)))") }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        guard status == 0 else { throw StubError(message: try String(contentsOf: log, encoding: .utf8)) }
    }
}

/// A kernel of a library that stays loaded, so the pointer is good for ever.
struct Kernel: @unchecked Sendable {
    let pointer: UnsafePointer<msl_kernel>
    var name: String { String(cString: pointer.pointee.name) }
}

final class Library: NSObject, MTLLibrary {
    private let kernels: [Kernel]

    init(path: String) throws {
        var error: UnsafePointer<CChar>?
        guard var kernel = msl_load(path, &error) else {
            throw StubError(message: error.map { String(cString: $0) } ?? "cannot load \(path)")
        }
        var kernels: [Kernel] = []
        while kernel.pointee.name != nil {
            kernels.append(Kernel(pointer: kernel))
            kernel += 1
        }
        self.kernels = kernels
    }

    var functionNames: [String] { kernels.map(\.name) }

    func makeFunction(name: String) -> (any MTLFunction)? {
        if name == MetalStub.faults.missingFunction { return nil }
        return kernels.first { $0.name == name }.map(Function.init)
    }
}

final class Function: NSObject, MTLFunction {
    let kernel: Kernel
    init(_ kernel: Kernel) { self.kernel = kernel }
    var name: String { kernel.name }
}

final class Pipeline: NSObject, MTLComputePipelineState {
    let kernel: Kernel
    init(_ kernel: Kernel) { self.kernel = kernel }
    var maxTotalThreadsPerThreadgroup: Int { 1024 }
    var threadExecutionWidth: Int { 32 }
    var staticThreadgroupMemoryLength: Int { 0 }
}
