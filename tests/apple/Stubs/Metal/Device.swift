public func MTLCreateSystemDefaultDevice() -> (any MTLDevice)? {
    MetalStub.faults.noDevice ? nil : Device.shared
}

final class Device: NSObject, MTLDevice {
    static let shared = Device()
    var name: String { "CPU stand-in" }
    var hasUnifiedMemory: Bool { true }
    var maxThreadgroupMemoryLength: Int { 32768 }
    var maxBufferLength: Int { 1 << 32 }
    func supportsFamily(_ gpuFamily: MTLGPUFamily) -> Bool { gpuFamily == .apple7 }

    func makeCommandQueue() -> (any MTLCommandQueue)? { MetalStub.faults.noQueue ? nil : Queue(self) }

    func makeBuffer(length: Int, options: MTLResourceOptions) -> (any MTLBuffer)? { make(length, from: nil) }

    func makeBuffer(bytes pointer: UnsafeRawPointer, length: Int, options: MTLResourceOptions) -> (
        any MTLBuffer
    )? {
        make(length, from: pointer)
    }

    func makeBuffer(
        bytesNoCopy pointer: UnsafeMutableRawPointer, length: Int, options: MTLResourceOptions,
        deallocator: (@Sendable (UnsafeMutableRawPointer, Int) -> Void)?
    ) -> (any MTLBuffer)? {
        if MetalStub.faults.noSharedMemory { return nil }
        // Whole pages only: this system's, and as many as make 16 KiB, Apple silicon's.
        guard Int(bitPattern: pointer) % Int(sysconf(Int32(_SC_PAGESIZE))) == 0, length % 16384 == 0,
            length > 0
        else { return nil }
        return Buffer(self, at: pointer, length: length) { deallocator?(pointer, length) }
    }

    private func make(_ length: Int, from source: UnsafeRawPointer?) -> (any MTLBuffer)? {
        guard length > 0, length <= maxBufferLength else { return nil }
        if let budget = MetalStub.faults.budget, !budget.take() { return nil }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: length, alignment: 256)
        // Metal promises no zeroes: unwritten floats read as NaN.
        if let source {
            memory.copyMemory(from: source, byteCount: length)
        } else {
            memset(memory, 0xff, length)
        }
        return Buffer(self, at: memory, length: length) { memory.deallocate() }
    }

    // SwiftPM builds no default library on the command line either.
    func makeDefaultLibrary() -> (any MTLLibrary)? { nil }

    func makeLibrary(URL url: URL) throws -> any MTLLibrary {
        // The stand-in's compiled form is a shared library made by msl/compile.sh.
        try Library(path: url.path)
    }

    func makeLibrary(source: String, options: MTLCompileOptions?) throws -> any MTLLibrary {
        MetalStub.validate(
            options?.mathMode == .safe && options?.mathFloatingPointFunctions == .precise,
            "fast math was left on")
        return try Compiler.shared.library(MetalStub.faults.shaderPrefix + source)
    }

    func makeComputePipelineState(function: any MTLFunction) throws -> any MTLComputePipelineState {
        Pipeline((function as! Function).kernel)
    }
}

final class Buffer: NSObject, MTLBuffer {
    var label: String?
    let device: any MTLDevice
    let length: Int
    private let memory: UnsafeMutableRawPointer
    private let release: () -> Void
    private let counter = MetalStub.faults.counter

    init(
        _ device: any MTLDevice, at memory: UnsafeMutableRawPointer, length: Int,
        release: @escaping () -> Void
    ) {
        self.device = device
        self.length = length
        self.memory = memory
        self.release = release
        counter?.add(live: 1)
    }

    deinit {
        release()
        counter?.add(live: -1)
    }

    func contents() -> UnsafeMutableRawPointer { memory }
}
