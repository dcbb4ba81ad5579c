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
            let (text, binary) = (
                folder.appendingPathComponent("source.metal"), folder.appendingPathComponent("library.so")
            )
            try source.write(to: text, atomically: true, encoding: .utf8)
            try run([text.path, binary.path])
            let library = try Library(path: binary.path)
            made[source] = library
            return library
        }
    }

    private func run(_ arguments: [String]) throws {
        let stubs = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let process = Process()
        let log = Pipe()
        process.executableURL = stubs.deletingLastPathComponent().appendingPathComponent("msl/compile.sh")
        process.arguments = arguments
        process.standardError = log
        try process.run()
        let text = log.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw StubError(message: String(decoding: text, as: UTF8.self))
        }
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
