import CKernels
import COssicle
import Ossicle

@c(ossicle_inference_create) @implementation
public func ossicle_inference_create(
    _ path: UnsafePointer<CChar>!, _ options: UnsafePointer<ossicle_inference_options>!,
    _ inference: UnsafeMutablePointer<OpaquePointer?>!
) -> Int32 {
    status(on: nil) {
        let out = try require(inference, "inference")
        let options =
            try options.map {
                try read($0, ossicle_inference_options(), size: \.struct_size, "options")
            } ?? ossicle_inference_options()
        let made = try BNNSInference(
            modelPath: text(path, "path"), singleThreaded: options.allow_threads == 0,
            function: options.function.map { String(cString: $0) }, shapes: shapes(options),
            engine: engine(options))
        ok_inference_reset_with {
            Unmanaged<BNNSInference>.fromOpaque($0!).takeUnretainedValue().resetState()
        }
        out.pointee = try makeHandle(
            OK_HANDLE_INFERENCE, made, instance: UnsafeMutableRawPointer(mutating: made.realtime))
    }
}

private func engine(_ options: ossicle_inference_options) throws -> BNNSInference.Engine? {
    switch options.engine {
    case 0: return nil
    case 1: return .ossicle
    case 2: return .bnns
    default:
        throw OssicleError(.invalidArgument, "options.engine is \(options.engine), allowed are 0…2")
    }
}

private func shapes(_ options: ossicle_inference_options) throws -> [String: [Int]] {
    guard options.shape_count > 0 else { return [:] }
    guard let names = options.shape_names, let shapes = options.shapes else {
        throw OssicleError(
            .invalidArgument, "options: \(options.shape_count) shapes, but names or shapes are NULL")
    }
    var chosen: [String: [Int]] = [:]
    for i in 0..<options.shape_count {
        chosen[try text(names[i], "options.shape_names[\(i)]")] = try extents(shapes[i])
    }
    return chosen
}

@c(ossicle_inference_destroy) @implementation
public func ossicle_inference_destroy(_ inference: OpaquePointer!) -> Int32 {
    destroyHandle(inference, OK_HANDLE_INFERENCE, BNNSInference.self)
}

func inference(_ handle: OpaquePointer?) throws -> BNNSInference {
    try object(handle, OK_HANDLE_INFERENCE, as: BNNSInference.self)
}

@c(ossicle_inference_model) @implementation
public func ossicle_inference_model(
    _ handle: OpaquePointer!, _ model: UnsafeMutablePointer<OpaquePointer?>!
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let inference = try inference(handle)
        try require(model, "model").pointee = try makeHandle(OK_HANDLE_MODEL, inference.model())
    }
}

@c(ossicle_inference_info_get) @implementation
public func ossicle_inference_info_get(
    _ handle: OpaquePointer!, _ info: UnsafeMutablePointer<ossicle_inference_info>!
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let model = try inference(handle)
        try fill(
            info,
            ossicle_inference_info(
                struct_size: 0, input_count: Int32(model.inputs.count),
                output_count: Int32(model.outputs.count),
                state_count: Int32(model.states.count), function_count: Int32(model.functions.count),
                single_threaded: model.isSingleThreaded ? 1 : 0, has_workspace: model.hasWorkspace ? 1 : 0,
                reserved: 0, workspace_bytes: Int64(model.workspaceByteCount)),
            size: \.struct_size, "info")
    }
}

private func feature(_ handle: OpaquePointer?, _ kind: Int32, _ index: Int32) throws -> BNNSInference.Feature
{
    let model = try inference(handle)
    switch kind {
    case 0: return try element(model.inputs, index, "input")
    case 1: return try element(model.outputs, index, "output")
    case 2: return try element(model.states, index, "state")
    default: throw OssicleError(.invalidArgument, "kind is \(kind), allowed are 0…2")
    }
}

@c(ossicle_inference_port) @implementation
public func ossicle_inference_port(
    _ handle: OpaquePointer!, _ kind: Int32, _ index: Int32, _ port: UnsafeMutablePointer<ossicle_port>!
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let feature = try feature(handle, kind, index)
        var value = ossicle_port()
        value.dtype = Int32(feature.dataType.rawValue)
        value.rank = Int32(feature.shape.count)
        value.optional = feature.defaultValue == nil ? 0 : 1
        try fillShape(&value.shape, feature.shape, feature.name)
        try fill(port, value, size: \.struct_size, "port")
    }
}

@c(ossicle_inference_port_name) @implementation
public func ossicle_inference_port_name(
    _ handle: OpaquePointer!, _ kind: Int32, _ index: Int32, _ buffer: UnsafeMutablePointer<CChar>!,
    _ capacity: Int
) -> Int {
    (try? feature(handle, kind, index)).map { copyText($0.name, buffer, capacity) } ?? 0
}

@c(ossicle_inference_function_name) @implementation
public func ossicle_inference_function_name(
    _ handle: OpaquePointer!, _ index: Int32, _ buffer: UnsafeMutablePointer<CChar>!, _ capacity: Int
) -> Int {
    (try? element(inference(handle).functions, index, "function")).map { copyText($0, buffer, capacity) } ?? 0
}

@c(ossicle_inference_text) @implementation
public func ossicle_inference_text(
    _ handle: OpaquePointer!, _ kind: Int32, _ buffer: UnsafeMutablePointer<CChar>!, _ capacity: Int
) -> Int {
    guard let model = try? inference(handle) else { return 0 }
    let text: String? =
        switch kind {
        case 0: model.engine.rawValue
        case 1: model.function
        case 2: model.describe()
        default: nil
        }
    return text.map { copyText($0, buffer, capacity) } ?? 0
}

@c(ossicle_inference_operations) @implementation
public func ossicle_inference_operations(_ buffer: UnsafeMutablePointer<CChar>!, _ capacity: Int) -> Int {
    copyText(BNNSInference.supportedOperations.joined(separator: "\n"), buffer, capacity)
}

// MARK: States

@c(ossicle_inference_read_state) @implementation
public func ossicle_inference_read_state(
    _ handle: OpaquePointer!, _ index: Int32, _ data: UnsafeMutableRawPointer!, _ count: Int
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let model = try inference(handle)
        let state = try element(model.states, index, "state")
        guard let data else { throw OssicleError(.invalidArgument, "data is NULL") }
        try model.readState(state.name, into: UnsafeMutableRawBufferPointer(start: data, count: count))
    }
}

@c(ossicle_inference_write_state) @implementation
public func ossicle_inference_write_state(
    _ handle: OpaquePointer!, _ index: Int32, _ data: UnsafeRawPointer!, _ count: Int
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let model = try inference(handle)
        let state = try element(model.states, index, "state")
        guard let data else { throw OssicleError(.invalidArgument, "data is NULL") }
        try model.writeState(state.name, from: UnsafeRawBufferPointer(start: data, count: count))
    }
}

// MARK: Workspace

@c(ossicle_inference_release_workspace) @implementation
public func ossicle_inference_release_workspace(_ handle: OpaquePointer!) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        guard try inference(handle).releaseWorkspace() else {
            throw OssicleError(.notReady, "a prediction is going on")
        }
    }
}

@c(ossicle_inference_prepare_workspace) @implementation
public func ossicle_inference_prepare_workspace(_ handle: OpaquePointer!) -> Int32 {
    status(on: UnsafeRawPointer(handle)) { try inference(handle).prepareWorkspace() }
}
