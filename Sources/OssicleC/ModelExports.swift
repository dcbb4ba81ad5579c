import CKernels
import COssicle
import Ossicle

@c(ossicle_isa) @implementation
public func ossicle_isa() -> UnsafePointer<CChar>! { ok_best_isa() }

@c(ossicle_model_load) @implementation
public func ossicle_model_load(
    _ path: UnsafePointer<CChar>!, _ options: UnsafePointer<ossicle_load_options>!,
    _ model: UnsafeMutablePointer<OpaquePointer?>!
) -> Int32 {
    status(on: nil) {
        let out = try require(model, "model")
        let loaded = try Model.load(path: text(path, "path"), options: loadOptions(options))
        out.pointee = try makeHandle(OK_HANDLE_MODEL, loaded.running(on: compute(options)))
    }
}

@c(ossicle_model_load_bytes) @implementation
public func ossicle_model_load_bytes(
    _ bytes: UnsafeRawPointer!, _ count: Int, _ name: UnsafePointer<CChar>!,
    _ options: UnsafePointer<ossicle_load_options>!, _ model: UnsafeMutablePointer<OpaquePointer?>!
) -> Int32 {
    status(on: nil) {
        let out = try require(model, "model")
        guard let bytes, count >= 0 else { throw OssicleError(.invalidArgument, "bytes is NULL") }
        let loaded = try Model.load(
            bytes: UnsafeRawBufferPointer(start: bytes, count: count),
            name: name.map { String(cString: $0) } ?? "bytes",
            options: loadOptions(options))
        out.pointee = try makeHandle(OK_HANDLE_MODEL, loaded.running(on: compute(options)))
    }
}

@c(ossicle_model_destroy) @implementation
public func ossicle_model_destroy(_ model: OpaquePointer!) -> Int32 {
    destroyHandle(model, OK_HANDLE_MODEL, Model.self)
}

private func model(_ handle: OpaquePointer?) throws -> Model {
    try object(handle, OK_HANDLE_MODEL, as: Model.self)
}

@c(ossicle_model_info_get) @implementation
public func ossicle_model_info_get(
    _ handle: OpaquePointer!, _ info: UnsafeMutablePointer<ossicle_model_info>!
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let model = try model(handle)
        let facts = model.facts
        try fill(
            info,
            ossicle_model_info(
                struct_size: 0, input_count: Int32(model.graph.inputs.count),
                output_count: Int32(model.graph.outputs.count), streamable: model.isStreamable ? 1 : 0,
                sample_rate: facts.sampleRate ?? 0, loudness: facts.loudness ?? .nan,
                parameter_count: Int64(model.parameterCount), weight_bytes: Int64(model.weightByteCount),
                receptive_field: Int64(model.receptiveField ?? -1),
                runs_as_stream: facts.runsAsStream ? 1 : 0,
                required_input_count: Int32(model.graph.inputs.filter { !$0.isOptional }.count)),
            size: \.struct_size, "info")
    }
}

private func port(_ model: Model, _ direction: Int32, _ index: Int32) throws -> Port {
    let ports = direction == 0 ? model.graph.inputs : model.graph.outputs
    guard 0...1 ~= direction, ports.indices.contains(Int(index)) else {
        throw OssicleError(
            .invalidArgument,
            "there is no \(direction == 0 ? "input" : "output") \(index); the model has \(ports.count)")
    }
    return ports[Int(index)]
}

@c(ossicle_model_port) @implementation
public func ossicle_model_port(
    _ handle: OpaquePointer!, _ direction: Int32, _ index: Int32, _ out: UnsafeMutablePointer<ossicle_port>!
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let model = try model(handle)
        let port = try port(model, direction, index)
        let type = model.graph.type(of: port.value)
        var value = ossicle_port()
        value.dtype = Int32(type.dataType.rawValue)
        value.rank = Int32(type.rank)
        value.optional = port.isOptional ? 1 : 0
        try fillShape(&value.shape, type.shape.map { $0.fixedValue ?? 0 }, port.name)
        try fill(out, value, size: \.struct_size, "port")
    }
}

@c(ossicle_model_port_name) @implementation
public func ossicle_model_port_name(
    _ handle: OpaquePointer!, _ direction: Int32, _ index: Int32, _ buffer: UnsafeMutablePointer<CChar>!,
    _ capacity: Int
) -> Int {
    guard let model = try? model(handle), let port = try? port(model, direction, index) else { return 0 }
    return copyText(port.name, buffer, capacity)
}

@c(ossicle_model_text) @implementation
public func ossicle_model_text(
    _ handle: OpaquePointer!, _ kind: Int32, _ buffer: UnsafeMutablePointer<CChar>!, _ capacity: Int
) -> Int {
    guard let model = try? model(handle) else { return 0 }
    let text: String? =
        switch kind {
        case 0: model.facts.format
        case 1: model.facts.metadata
        case 2: model.facts.layers.joined(separator: "\n")
        case 3: model.planText
        default: nil
        }
    return text.map { copyText($0, buffer, capacity) } ?? 0
}

@c(ossicle_linear_set_gpu_batch_threshold) @implementation
public func ossicle_linear_set_gpu_batch_threshold(_ batch: Int64) -> Int32 {
    status(on: nil) {
        guard batch >= 1 else {
            throw OssicleError(.invalidArgument, "the batch threshold must be at least 1, found \(batch)")
        }
        Linear.mpsBatchThreshold = Int(batch)
    }
}

@c(ossicle_linear_gpu_batch_threshold) @implementation
public func ossicle_linear_gpu_batch_threshold() -> Int64 { Int64(Linear.mpsBatchThreshold) }

@c(ossicle_linear_strategy) @implementation
public func ossicle_linear_strategy(_ batch: Int64) -> UnsafePointer<CChar>! {
    let name: StaticString =
        switch Linear.strategy(batch: Int(batch)) {
        case .gemv: "gemv"
        case .gemm: "gemm"
        case .gpu: "gpu"
        }
    return UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
}
