import CKernels

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A pipeline over audio that arrives in blocks of any size, in chunks of its own.
///
/// Without a window the network runs on: convolution history and recurrent state are carried from chunk to chunk, and the
/// output is the whole-buffer `forward`, delayed by `latency` frames. Only the last frames of a finite signal differ, where
/// the buffer has its padding and a stream goes on.
///
/// With a window every chunk is a `forward` of its own, from zero state, as in training on buffers of that length; the
/// recurrent state does not reach beyond a chunk. Neighbours overlap and are cross-faded with sin², whose two halves sum to
/// one: a network without memory comes out as `forward` would, and otherwise the difference from it is at most the larger
/// of the two chunks' own differences at that frame. It is the way for networks that need their whole buffer.
///
/// Belongs to one thread at a time. `process` and `reset` are real-time safe on the CPU. Any split into blocks gives the
/// same output, bit for bit. A whole chunk is computed in the call that completes it, so a deadline must allow for that.
public final class HybridStream: @unchecked Sendable {
    public enum Window: Int32, Sendable, CaseIterable {
        /// No window: the state is carried.
        case none = 0
        /// sin² over the overlap; over half a chunk that is the periodic Hann window.
        case hann = 1
    }

    public let window: Window
    /// Frames of one run.
    public let chunk: Int
    /// Frames that neighbouring chunks share.
    public let overlap: Int
    /// Output frame t + latency belongs to input frame t, exactly.
    public let latency: Int
    public let inputChannels, outputChannels: Int
    public let sampleRate: Double?
    /// What real-time callers run.
    public let realtime: UnsafeMutablePointer<ok_overlap>
    /// Bytes of state and workspace.
    public let memoryByteCount: Int
    private let memory = ProgramMemory()
    private let runner: Instance

    /// Frames from one run to the next.
    public var hop: Int { chunk - overlap }

    init(_ pipeline: HybridPipeline, chunk: Int?, window: Window, overlap: Int?) throws {
        let configuration = pipeline.configuration
        self.window = window
        (self.chunk, self.overlap) = try Self.sizes(configuration, chunk, window, overlap)
        inputChannels = configuration.inChannels
        outputChannels = configuration.outChannels
        sampleRate = configuration.sampleRate
        switch window {
        case .none:
            let stream = try pipeline.model.stream(maxBlock: self.chunk)
            runner = stream.instance
            latency = self.chunk - 1 + stream.latency
        case .hann:
            runner = try pipeline.session(frames: self.chunk).instance
            latency = self.chunk - 1
        }
        let hop = self.chunk - self.overlap
        let input = inputChannels * self.chunk
        // Without overlap a run writes what is ready at once.
        let result = self.overlap > 0 ? outputChannels * self.chunk : 0
        let ready = outputChannels * hop, tail = outputChannels * self.overlap
        let floats = memory.floats(input + result + ready + tail)
        realtime = memory.store(
            ok_overlap(
                instance: runner.c, input_channels: Int64(inputChannels),
                output_channels: Int64(outputChannels),
                chunk: Int64(self.chunk), hop: Int64(hop), filled: 0,
                fade: UnsafePointer(memory.store(Self.fade(self.overlap))), memory: floats,
                memory_bytes: (input + result + ready + tail) * MemoryLayout<Float>.size, input: floats,
                result: floats + input, ready: floats + input + result, tail: floats + input + result + ready)
        )
        memoryByteCount =
            memory.byteCount + runner.workspaceByteCount + 2 * runner.program.stateByteCount
            + runner.objectByteCount
        ok_overlap_reset(realtime)
    }

    /// Chunks and overlaps are multiples of the total stride, so that every chunk is cut at the frames where a whole buffer
    /// has its steps.
    private static func sizes(
        _ configuration: HybridConfiguration, _ chunk: Int?, _ window: Window, _ overlap: Int?
    ) throws -> (chunk: Int, overlap: Int) {
        let total = configuration.totalStride
        func require(_ holds: Bool, _ name: String, _ expected: String, _ found: Int) throws {
            if !holds {
                throw OssicleError(
                    .invalidArgument, "HybridStream: \(name): expected \(expected), found \(found)")
            }
        }
        let least = window == .none ? total : 2 * total
        let usual =
            window == .none ? total : max(least, (configuration.inputLength + total - 1) / total * total)
        let chunk = chunk ?? usual
        try require(
            chunk % total == 0 && least...max(least, 1 << 20) ~= chunk, "chunk",
            "a multiple of \(total) from \(least) to \(max(least, 1 << 20))", chunk)
        if window == .none {
            try require((overlap ?? 0) == 0, "overlap", "none without a window", overlap ?? 0)
            return (chunk, 0)
        }
        let half = chunk / 2 / total * total
        let overlap = overlap ?? half
        try require(
            overlap % total == 0 && total...half ~= overlap, "overlap",
            "a multiple of \(total) up to \(half)", overlap)
        return (chunk, overlap)
    }

    /// sin²(π/2 · (i + ½) / count), rising.
    static func fade(_ count: Int) -> [Float] {
        (0..<count).map { i in
            let sine = sin(Double.pi / 2 * (Double(i) + 0.5) / Double(count))
            return Float(sine * sine)
        }
    }

    /// The next block, `[channels, frames]` on both sides. Real-time safe on the CPU.
    ///
    /// - Returns: 0, or the code of what was wrong.
    public func process(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, frames: Int)
        -> Int32
    {
        ok_overlap_process(realtime, input, output, Int64(frames))
    }

    /// Back to silence, bit for bit as a fresh stream. Real-time safe.
    public func reset() { ok_overlap_reset(realtime) }
}
