import CMSLRuntime
import Dispatch

/// The runtime's fibers allow one dispatch at a time.
private let gpu = NSLock()

final class Queue: NSObject, MTLCommandQueue, @unchecked Sendable {
    var label: String?
    let device: any MTLDevice
    init(_ device: any MTLDevice) { self.device = device }

    func makeCommandBuffer() -> (any MTLCommandBuffer)? {
        MetalStub.faults.noCommandBuffer ? nil : CommandBuffer()
    }
}

final class CommandBuffer: NSObject, MTLCommandBuffer, @unchecked Sendable {
    var label: String?
    private struct State {
        var status = MTLCommandBufferStatus.notEnqueued
        var error: (any Error)?
    }
    private let state = Locked(State())
    private let done = DispatchGroup()
    private var work: [() -> String?] = []
    private var handlers: [MTLCommandBufferHandler] = []
    private var encoder: Encoder?

    var status: MTLCommandBufferStatus { state.withLock { $0.status } }
    var error: (any Error)? { state.withLock { $0.error } }

    func makeComputeCommandEncoder() -> (any MTLComputeCommandEncoder)? {
        MetalStub.validate(encoder == nil, "the encoder before has not ended")
        MetalStub.validate(status == .notEnqueued, "encoding after commit")
        if MetalStub.faults.noEncoder { return nil }
        encoder = Encoder(self)
        return encoder
    }

    func append(_ step: @escaping () -> String?) {
        MetalStub.validate(status == .notEnqueued, "encoding after commit")
        work.append(step)
    }

    func encodingEnded() { encoder = nil }

    func addCompletedHandler(_ block: @escaping MTLCommandBufferHandler) {
        MetalStub.validate(status == .notEnqueued, "addCompletedHandler after commit")
        handlers.append(block)
    }

    func commit() {
        MetalStub.validate(status == .notEnqueued, "commit twice")
        MetalStub.validate(encoder == nil, "commit with an open encoder")
        state.withLock { $0.status = .committed }
        let faults = MetalStub.faults
        faults.counter?.commit(kernels: work.count)
        guard let delay = faults.delay else { return execute(faults) }
        done.enter()
        DispatchQueue.global().asyncAfter(deadline: .now() + delay) { [self] in
            execute(faults)
            done.leave()
        }
    }

    private func execute(_ faults: MetalStub.Faults) {
        var failure = faults.commandBufferError
        if failure == nil {
            gpu.lock()
            for step in work where failure == nil { failure = step() }
            gpu.unlock()
        }
        work = []
        state.withLock {
            $0.error = failure.map(StubError.init)
            $0.status = failure == nil ? .completed : .error
        }
        handlers.forEach { $0(self) }
    }

    func waitUntilCompleted() {
        MetalStub.validate(
            status.rawValue >= MTLCommandBufferStatus.committed.rawValue, "waitUntilCompleted before commit")
        done.wait()
    }
}

final class Encoder: NSObject, MTLComputeCommandEncoder {
    private enum Binding {
        case buffer(any MTLBuffer, offset: Int)
        case bytes([UInt8])
    }

    var label: String?
    private let commands: CommandBuffer
    private var pipeline: Pipeline?
    private var bindings: [Int: Binding] = [:]
    private var ended = false

    init(_ commands: CommandBuffer) { self.commands = commands }

    func setComputePipelineState(_ state: any MTLComputePipelineState) { pipeline = (state as! Pipeline) }

    func setBytes(_ bytes: UnsafeRawPointer, length: Int, index: Int) {
        MetalStub.validate(!ended && (0..<31).contains(index), "setBytes at index \(index)")
        MetalStub.validate((1...4096).contains(length), "setBytes takes 4 KiB at most, found \(length)")
        bindings[index] = .bytes(Array(UnsafeRawBufferPointer(start: bytes, count: length)))
    }

    func setBuffer(_ buffer: (any MTLBuffer)?, offset: Int, index: Int) {
        MetalStub.validate(!ended && (0..<31).contains(index), "setBuffer at index \(index)")
        MetalStub.validate(offset >= 0 && offset < buffer?.length ?? .max, "buffer offset \(offset)")
        bindings[index] = buffer.map { .buffer($0, offset: offset) }
    }

    func endEncoding() {
        MetalStub.validate(!ended, "endEncoding twice")
        ended = true
        commands.encodingEnded()
    }

    func dispatchThreadgroups(_ threadgroupsPerGrid: MTLSize, threadsPerThreadgroup: MTLSize) {
        dispatch(threadgroupsPerGrid, threadsPerThreadgroup, msl_dispatch_threadgroups)
    }

    func dispatchThreads(_ threadsPerGrid: MTLSize, threadsPerThreadgroup: MTLSize) {
        dispatch(threadsPerGrid, threadsPerThreadgroup, msl_dispatch_threads)
    }

    private typealias Runner = (
        UnsafePointer<msl_kernel>?, UnsafePointer<msl_arguments>?, msl_size, msl_size,
        UnsafePointer<msl_options>?,
        UnsafeMutablePointer<UnsafePointer<CChar>?>?
    ) -> Int32

    private func dispatch(_ grid: MTLSize, _ threads: MTLSize, _ run: @escaping Runner) {
        MetalStub.validate(!ended, "dispatch after endEncoding")
        guard let kernel = pipeline?.kernel else {
            preconditionFailure("Metal misused: dispatch without a pipeline")
        }
        let bindings = bindings  // bound now; what the buffers hold counts when the work runs
        commands.append {
            var buffers = [msl_buffer](repeating: msl_buffer(start: nil, length: 0), count: 31)
            var copies: [UnsafeMutableRawBufferPointer] = []
            defer { copies.forEach { $0.deallocate() } }
            for (index, binding) in bindings {
                switch binding {
                case .buffer(let buffer, let offset):
                    buffers[index] = msl_buffer(
                        start: buffer.contents() + offset, length: buffer.length - offset)
                case .bytes(let bytes):
                    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
                    copy.copyBytes(from: bytes)
                    copies.append(copy)
                    buffers[index] = msl_buffer(start: copy.baseAddress, length: copy.count)
                }
            }
            return buffers.withUnsafeBufferPointer { all in
                var arguments = msl_arguments(buffers: all.baseAddress, count: 31)
                var options = msl_options(order: Int32(MSL_SHUFFLED.rawValue), seed: 7)
                var error: UnsafePointer<CChar>?
                let code = run(kernel.pointer, &arguments, grid.c, threads.c, &options, &error)
                return code == 0 ? nil : error.map { String(cString: $0) } ?? "error \(code)"
            }
        }
    }
}

extension MTLSize {
    var c: msl_size { msl_size(x: UInt32(width), y: UInt32(height), z: UInt32(depth)) }
}
