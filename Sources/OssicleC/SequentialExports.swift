import COssicle
import Ossicle

private func sequential(_ handle: OpaquePointer?) throws -> Sequential {
    try object(handle, OK_HANDLE_SEQUENTIAL, as: Sequential.self)
}

@c(ossicle_sequential_create) @implementation
public func ossicle_sequential_create(_ sequential: UnsafeMutablePointer<OpaquePointer?>!) -> Int32 {
    status(on: nil) {
        try require(sequential, "sequential").pointee = try makeHandle(OK_HANDLE_SEQUENTIAL, Sequential())
    }
}

@c(ossicle_sequential_destroy) @implementation
public func ossicle_sequential_destroy(_ sequential: OpaquePointer!) -> Int32 {
    destroyHandle(sequential, OK_HANDLE_SEQUENTIAL, Sequential.self)
}

@c(ossicle_sequential_add) @implementation
public func ossicle_sequential_add(
    _ handle: OpaquePointer!, _ module: UnsafePointer<CChar>!, _ arguments: UnsafePointer<CChar>!,
    _ unchecked: Int32
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let sequential = try sequential(handle)
        try sequential.add(
            module: text(module, "module"), arguments: arguments.map { String(cString: $0) },
            unchecked: unchecked != 0)
    }
}

@c(ossicle_sequential_set_weight) @implementation
public func ossicle_sequential_set_weight(
    _ handle: OpaquePointer!, _ name: UnsafePointer<CChar>!, _ dtype: Int32, _ shape: UnsafePointer<Int64>!,
    _ rank: Int32, _ data: UnsafeRawPointer!
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let sequential = try sequential(handle)
        let name = try text(name, "name")
        sequential.setWeight(name, try copiedWeight(name, dtype, shape, rank, data))
    }
}

@c(ossicle_sequential_load_weights) @implementation
public func ossicle_sequential_load_weights(_ handle: OpaquePointer!, _ path: UnsafePointer<CChar>!) -> Int32
{
    status(on: UnsafeRawPointer(handle)) { try sequential(handle).loadWeights(path: text(path, "path")) }
}

@c(ossicle_sequential_set_source) @implementation
public func ossicle_sequential_set_source(_ handle: OpaquePointer!, _ name: UnsafePointer<CChar>!) -> Int32 {
    status(on: UnsafeRawPointer(handle)) { try sequential(handle).source = text(name, "name") }
}

@c(ossicle_sequential_build) @implementation
public func ossicle_sequential_build(
    _ handle: OpaquePointer!, _ options: UnsafePointer<ossicle_load_options>!,
    _ model: UnsafeMutablePointer<OpaquePointer?>!
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let sequential = try sequential(handle)
        let out = try require(model, "model")
        let model = try sequential.build(
            options: loadOptions(options), compute: compute(options, usual: .automatic))
        out.pointee = try makeHandle(OK_HANDLE_MODEL, model)
    }
}

@c(ossicle_sequential_buffer_stats) @implementation
public func ossicle_sequential_buffer_stats(
    _ handle: OpaquePointer!, _ length: Int64, _ stats: UnsafeMutablePointer<ossicle_buffer_stats>!
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let found = try sequential(handle).bufferStats(length: Int(length))
        try fill(
            stats,
            ossicle_buffer_stats(
                struct_size: 0, buffer_count: Int32(found.bufferCount), naive_count: Int32(found.naiveCount),
                reserved: 0, allocated_bytes: Int64(found.allocatedBytes),
                naive_bytes: Int64(found.naiveBytes),
                scratch_bytes: Int64(found.scratchBytes)),
            size: \.struct_size, "stats")
    }
}
