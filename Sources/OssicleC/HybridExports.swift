import CKernels
import COssicle
import Ossicle

private func hybrid(_ handle: OpaquePointer?) throws -> HybridPipeline {
    try object(handle, OK_HANDLE_HYBRID, as: HybridPipeline.self)
}

private func bottleneck(_ handle: OpaquePointer?) throws -> (any Layer)? {
    try handle.map { ModelLayer(try object($0, OK_HANDLE_MODEL, as: Model.self)) }
}

private func configuration(_ json: UnsafePointer<CChar>?) throws -> HybridConfiguration {
    try HybridConfiguration(json: text(json, "configuration"))
}

@c(ossicle_hybrid_parameters) @implementation
public func ossicle_hybrid_parameters(
    _ json: UnsafePointer<CChar>!, _ model: OpaquePointer!, _ buffer: UnsafeMutablePointer<CChar>!,
    _ capacity: Int, _ length: UnsafeMutablePointer<Int>!
) -> Int32 {
    status(on: nil) {
        let network = try HybridNetwork(configuration(json), bottleneck: bottleneck(model))
        let rows = network.parameters.map { "{\"name\": \"\($0.name)\", \"shape\": \($0.shape)}" }
        let count = copyText("[\(rows.joined(separator: ", "))]", buffer, capacity)
        length?.pointee = count
    }
}

@c(ossicle_hybrid_create) @implementation
public func ossicle_hybrid_create(
    _ json: UnsafePointer<CChar>!, _ weights: UnsafePointer<ossicle_hybrid_weight>!, _ count: Int,
    _ model: OpaquePointer!, _ options: UnsafePointer<ossicle_load_options>!,
    _ hybrid: UnsafeMutablePointer<OpaquePointer?>!
) -> Int32 {
    status(on: nil) {
        let out = try require(hybrid, "hybrid")
        guard count >= 0, count == 0 || weights != nil else {
            throw OssicleError(.invalidArgument, "weights is NULL")
        }
        var tensors: [String: Tensor] = [:]
        for i in 0..<count {
            let name = try text(weights[i].name, "the name of weight \(i)")
            guard tensors.updateValue(try tensor(weights[i], name), forKey: name) == nil else {
                throw OssicleError(.weights, "\(name) is given twice")
            }
        }
        let made = try HybridPipeline(
            configuration(json), weights: tensors, bottleneck: bottleneck(model),
            options: loadOptions(options), compute: compute(options, usual: .automatic))
        out.pointee = try makeHandle(OK_HANDLE_HYBRID, made, instance: made.realtime)
    }
}

private func tensor(_ weight: ossicle_hybrid_weight, _ name: String) throws -> Tensor {
    try withUnsafeBytes(of: weight.shape) { shape in
        try copiedWeight(
            name, weight.dtype, shape.bindMemory(to: Int64.self).baseAddress, weight.rank, weight.data)
    }
}

@c(ossicle_hybrid_load) @implementation
public func ossicle_hybrid_load(
    _ path: UnsafePointer<CChar>!, _ json: UnsafePointer<CChar>!, _ model: OpaquePointer!,
    _ options: UnsafePointer<ossicle_load_options>!, _ hybrid: UnsafeMutablePointer<OpaquePointer?>!
) -> Int32 {
    status(on: nil) {
        let out = try require(hybrid, "hybrid")
        let path = try text(path, "path")
        let inner = try bottleneck(model)
        let made =
            json == nil
            ? try HybridPipeline.load(
                path: path, bottleneck: inner, options: loadOptions(options),
                compute: compute(options, usual: .automatic))
            : try HybridPipeline(
                configuration(json), weightsPath: path, bottleneck: inner, options: loadOptions(options),
                compute: compute(options, usual: .automatic))
        out.pointee = try makeHandle(OK_HANDLE_HYBRID, made, instance: made.realtime)
    }
}

@c(ossicle_hybrid_save) @implementation
public func ossicle_hybrid_save(_ handle: OpaquePointer!, _ path: UnsafePointer<CChar>!) -> Int32 {
    status(on: UnsafeRawPointer(handle)) { try hybrid(handle).save(path: text(path, "path")) }
}

@c(ossicle_hybrid_destroy) @implementation
public func ossicle_hybrid_destroy(_ hybrid: OpaquePointer!) -> Int32 {
    destroyHandle(hybrid, OK_HANDLE_HYBRID, HybridPipeline.self)
}

@c(ossicle_hybrid_model) @implementation
public func ossicle_hybrid_model(
    _ handle: OpaquePointer!, _ model: UnsafeMutablePointer<OpaquePointer?>!
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let pipeline = try hybrid(handle)
        try require(model, "model").pointee = try makeHandle(OK_HANDLE_MODEL, pipeline.model)
    }
}

@c(ossicle_hybrid_info_get) @implementation
public func ossicle_hybrid_info_get(
    _ handle: OpaquePointer!, _ info: UnsafeMutablePointer<ossicle_hybrid_info>!
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let pipeline = try hybrid(handle)
        let (configuration, memory) = (pipeline.configuration, pipeline.memory)
        try fill(
            info,
            ossicle_hybrid_info(
                struct_size: 0, input_channels: Int32(configuration.inChannels),
                output_channels: Int32(configuration.outChannels),
                stage_count: Int32(configuration.stageCount),
                total_stride: Int64(configuration.totalStride),
                input_length: Int64(configuration.inputLength),
                parameter_count: Int64(pipeline.model.parameterCount), weight_bytes: Int64(memory.weights),
                packed_bytes: Int64(memory.packed), workspace_bytes: Int64(memory.workspace),
                uses_gpu: pipeline.usesGPU ? 1 : 0, uses_bnns: pipeline.usesBNNS ? 1 : 0),
            size: \.struct_size, "info")
    }
}

@c(ossicle_hybrid_text) @implementation
public func ossicle_hybrid_text(
    _ handle: OpaquePointer!, _ kind: Int32, _ buffer: UnsafeMutablePointer<CChar>!, _ capacity: Int
) -> Int {
    guard let pipeline = try? hybrid(handle) else { return 0 }
    switch kind {
    case 0: return copyText(pipeline.summary, buffer, capacity)
    case 1: return copyText(pipeline.configuration.json, buffer, capacity)
    case 2: return copyText(pipeline.plan, buffer, capacity)
    case 3: return copyText(pipeline.deviceFailure?.message ?? "", buffer, capacity)
    default: return 0
    }
}

@c(ossicle_hybrid_time) @implementation
public func ossicle_hybrid_time(
    _ handle: OpaquePointer!, _ input: UnsafePointer<Float>!, _ inputCount: Int,
    _ output: UnsafeMutablePointer<Float>!, _ outputCount: Int,
    _ times: UnsafeMutablePointer<ossicle_hybrid_times>!
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let pipeline = try hybrid(handle)
        guard let input, let output, inputCount >= 0, outputCount >= 0 else {
            throw OssicleError(.invalidArgument, "input or output is NULL")
        }
        let found = try pipeline.timings(
            UnsafeBufferPointer(start: input, count: inputCount),
            UnsafeMutableBufferPointer(start: output, count: outputCount))
        try fill(
            times,
            ossicle_hybrid_times(
                struct_size: 0, reserved: 0, encoder: Int64(found.encoder),
                bottleneck: Int64(found.bottleneck),
                decoder: Int64(found.decoder)),
            size: \.struct_size, "times")
    }
}

@c(ossicle_hybrid_stream_create) @implementation
public func ossicle_hybrid_stream_create(
    _ handle: OpaquePointer!, _ options: UnsafePointer<ossicle_hybrid_stream_options>!,
    _ stream: UnsafeMutablePointer<OpaquePointer?>!
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let pipeline = try hybrid(handle)
        let out = try require(stream, "stream")
        var given = ossicle_hybrid_stream_options()
        if let options {
            guard options.pointee.struct_size >= MemoryLayout<ossicle_hybrid_stream_options>.size else {
                throw OssicleError(.invalidArgument, "the struct_size of options is too small")
            }
            given = options.pointee
        }
        guard let window = HybridStream.Window(rawValue: given.window) else {
            throw OssicleError(.invalidArgument, "there is no window \(given.window)")
        }
        let made = try pipeline.stream(
            chunk: given.chunk == 0 ? nil : Int(given.chunk), window: window,
            overlap: given.overlap == 0 ? nil : Int(given.overlap))
        out.pointee = try makeHandle(
            OK_HANDLE_HYBRID_STREAM, made, instance: made.realtime, facts: made.facts)
    }
}

extension HybridStream {
    fileprivate var facts: ok_stream_facts {
        var facts = ok_stream_facts()
        facts.latency = Int64(latency)
        facts.sample_rate = sampleRate ?? 0
        facts.workspace_bytes = Int64(memoryByteCount)
        facts.window = window.rawValue
        return facts
    }
}

@c(ossicle_hybrid_stream_destroy) @implementation
public func ossicle_hybrid_stream_destroy(_ stream: OpaquePointer!) -> Int32 {
    destroyHandle(stream, OK_HANDLE_HYBRID_STREAM, HybridStream.self)
}
