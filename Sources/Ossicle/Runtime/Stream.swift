import CKernels

/// Audio in blocks. Owns all state: recurrent, convolution history, position.
///
/// Belongs to one thread at a time. `process` and `reset` are real-time safe; any split of a signal into blocks gives
/// the same output, bit for bit.
public final class Stream: @unchecked Sendable {
    let instance: Instance
    let facts: Model.Facts
    public var program: Program { instance.program }

    /// By how many output frames the output lags behind the whole-signal result.
    public var latency: Int { program.latency }
    public var sampleRate: Double? { facts.sampleRate }
    /// Frames one call may bring.
    public var maxBlock: Int { program.mode.maxLength }
    /// The frames of a block must be a multiple of this.
    public var granularity: Int { program.granularity }

    init(_ program: Program, facts: Model.Facts, prewarm: Int) throws {
        instance = try Instance(program)
        self.facts = facts
        if prewarm > 0 { try run(silence: prewarm) }
    }

    /// What real-time callers run.
    public var realtime: UnsafeMutablePointer<ok_instance> { instance.c }
    public var inputChannels: Int { input.channels }
    public var outputChannels: Int { output.channels }
    /// Whether buffers are `[frames, channels]` instead of `[channels, frames]`.
    public var isChannelsLast: Bool { input.channelsLast }
    public var stateByteCount: Int { program.stateByteCount }
    public var workspaceByteCount: Int { program.arenaByteCount }

    /// Output frames for each input frame, as a fraction in lowest terms.
    public var rate: (numerator: Int, denominator: Int) {
        let (out, divisor) = (outputFrames(granularity), granularity)
        let common = greatestCommonDivisor(out, divisor)
        return (out / common, divisor / common)
    }

    /// `[channels, frames]`, `[frames, channels]` (`channelsLast`) or `[frames]`.
    struct Side {
        var channels: Int
        var channelsLast: Bool

        init(_ shape: [Dim]) {
            let time = shape.firstIndex { !$0.isFixed } ?? shape.count - 1
            channels = shape.enumerated().reduce(1) {
                $1.offset == time ? $0 : $0 * ($1.element.fixedValue ?? 1)
            }
            channelsLast = time < shape.count - 1
        }
    }

    var input: Side { Side(program.graph.type(of: program.graph.inputs[0].value).shape) }
    var output: Side { Side(program.graph.type(of: program.graph.outputs[0].value).shape) }

    /// Output frames for `frames` input frames.
    public func outputFrames(_ frames: Int) -> Int {
        program.graph.type(of: program.graph.outputs[0].value).shape.first { !$0.isFixed }!.evaluate(frames)
    }

    /// The next block. `input` holds `channels · frames` values. Real-time safe.
    ///
    /// - Returns: 0, or the code of what was wrong; then neither state nor output has changed.
    public func process(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, frames: Int)
        -> Int32
    {
        ok_instance_process(instance.c, input, output, Int64(frames))
    }

    /// Back to the state right after it was made, bit for bit. Real-time safe.
    public func reset() { ok_instance_reset(instance.c) }

    /// Convenience for whole arrays of one-channel models: processes in blocks and allocates the result.
    public func process(_ signal: [Float]) throws -> [Float] {
        let channels = (input.channels, output.channels)
        guard channels == (1, 1), granularity == 1, outputFrames(1) == 1 else {
            throw OssicleError(.unsupported, "this form is for one channel in and out at one rate")
        }
        var result = [Float](repeating: 0, count: signal.count)
        var status: Int32 = 0
        signal.withUnsafeBufferPointer { x in
            result.withUnsafeMutableBufferPointer { y in
                var start = 0
                while start < x.count, status == 0 {
                    let frames = min(maxBlock, x.count - start)
                    status = process(x.baseAddress! + start, y.baseAddress! + start, frames: frames)
                    start += frames
                }
            }
        }
        guard status == 0 else {
            throw OssicleError(OssicleError.Code(rawValue: status) ?? .internal, "status \(status)")
        }
        return result
    }

    private func run(silence frames: Int) throws {
        let block = maxBlock
        let silence = [Float](repeating: 0, count: block * input.channels)
        var sink = [Float](repeating: 0, count: outputFrames(block) * output.channels)
        var left = (frames + granularity - 1) / granularity * granularity
        while left > 0 {
            let status = process(silence, &sink, frames: min(block, left))
            guard status == 0 else {
                throw OssicleError(.internal, "prewarming failed with status \(status)")
            }
            left -= min(block, left)
        }
        instance.keepState()
    }
}
