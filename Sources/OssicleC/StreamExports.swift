import CKernels
import COssicle
import Ossicle

@c(ossicle_stream_create) @implementation
public func ossicle_stream_create(
    _ handle: OpaquePointer!, _ options: UnsafePointer<ossicle_stream_options>!,
    _ stream: UnsafeMutablePointer<OpaquePointer?>!
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let model = try object(handle, OK_HANDLE_MODEL, as: Model.self)
        let out = try require(stream, "stream")
        guard let options, options.pointee.struct_size >= MemoryLayout<ossicle_stream_options>.size else {
            throw OssicleError(.invalidArgument, "options is NULL or its struct_size is too small")
        }
        let made = try model.stream(
            maxBlock: Int(options.pointee.max_block), prewarm: options.pointee.skip_prewarm == 0)
        out.pointee = try makeHandle(
            OK_HANDLE_STREAM, made, instance: made.realtime, facts: made.realtimeFacts)
    }
}

extension Stream {
    fileprivate var realtimeFacts: ok_stream_facts {
        let ratio = rate
        return ok_stream_facts(
            input_channels: Int32(inputChannels), output_channels: Int32(outputChannels),
            channels_last: isChannelsLast ? 1 : 0, max_block: Int64(maxBlock),
            granularity: Int64(granularity),
            rate_numerator: Int64(ratio.numerator), rate_denominator: Int64(ratio.denominator),
            latency: Int64(latency), sample_rate: sampleRate ?? 0, state_bytes: Int64(stateByteCount),
            workspace_bytes: Int64(workspaceByteCount), window: 0)
    }
}

@c(ossicle_stream_destroy) @implementation
public func ossicle_stream_destroy(_ stream: OpaquePointer!) -> Int32 {
    destroyHandle(stream, OK_HANDLE_STREAM, Stream.self)
}

@c(ossicle_stream_plan) @implementation
public func ossicle_stream_plan(
    _ handle: OpaquePointer!, _ buffer: UnsafeMutablePointer<CChar>!, _ capacity: Int
) -> Int {
    guard let stream = try? object(handle, OK_HANDLE_STREAM, as: Stream.self) else { return 0 }
    return copyText(stream.program.describe(), buffer, capacity)
}
