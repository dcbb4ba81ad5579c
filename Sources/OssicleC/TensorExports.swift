import COssicle
import Ossicle

/// Named tensors behind an `ossicle_tensors` handle.
final class TensorList {
    let tensors: [(name: String, tensor: Tensor)]

    init(_ tensors: [(name: String, tensor: Tensor)]) { self.tensors = tensors }
}

private func list(_ handle: OpaquePointer?) throws -> TensorList {
    try object(handle, OK_HANDLE_TENSORS, as: TensorList.self)
}

@c(ossicle_tensors_destroy) @implementation
public func ossicle_tensors_destroy(_ tensors: OpaquePointer!) -> Int32 {
    destroyHandle(tensors, OK_HANDLE_TENSORS, TensorList.self)
}

@c(ossicle_safetensors_load) @implementation
public func ossicle_safetensors_load(
    _ path: UnsafePointer<CChar>!, _ tensors: UnsafeMutablePointer<OpaquePointer?>!
) -> Int32 {
    status(on: nil) {
        let out = try require(tensors, "tensors")
        out.pointee = try handle(SafeTensors(path: text(path, "path")))
    }
}

@c(ossicle_safetensors_load_bytes) @implementation
public func ossicle_safetensors_load_bytes(
    _ bytes: UnsafeRawPointer!, _ count: Int, _ name: UnsafePointer<CChar>!,
    _ tensors: UnsafeMutablePointer<OpaquePointer?>!
) -> Int32 {
    status(on: nil) {
        let out = try require(tensors, "tensors")
        guard let bytes, count >= 0 else { throw OssicleError(.invalidArgument, "bytes is NULL") }
        out.pointee = try handle(
            SafeTensors(
                .copy(UnsafeRawBufferPointer(start: bytes, count: count)),
                file: name.map { String(cString: $0) } ?? "bytes"))
    }
}

private func handle(_ file: SafeTensors) throws -> OpaquePointer? {
    try makeHandle(
        OK_HANDLE_TENSORS,
        TensorList(file.entries.map { (name: $0.name, tensor: try file.tensor($0.name)) }))
}

@c(ossicle_tensors_count) @implementation
public func ossicle_tensors_count(_ handle: OpaquePointer!) -> Int32 {
    Int32((try? list(handle))?.tensors.count ?? 0)
}

@c(ossicle_tensors_get) @implementation
public func ossicle_tensors_get(
    _ handle: OpaquePointer!, _ index: Int32, _ out: UnsafeMutablePointer<ossicle_tensor>!
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let tensors = try list(handle).tensors
        let (name, tensor) = try element(tensors, index, "tensor")
        var value = ossicle_tensor()
        value.dtype = Int32(tensor.dataType.rawValue)
        value.rank = Int32(tensor.shape.count)
        try fillShape(&value.shape, tensor.shape, name)
        value.data = tensor.bytes.baseAddress
        value.byte_count = tensor.byteCount
        try fill(out, value, size: \.struct_size, "tensor")
    }
}

@c(ossicle_tensors_name) @implementation
public func ossicle_tensors_name(
    _ handle: OpaquePointer!, _ index: Int32, _ buffer: UnsafeMutablePointer<CChar>!, _ capacity: Int
) -> Int {
    guard let tensors = try? list(handle).tensors, tensors.indices.contains(Int(index)) else { return 0 }
    return copyText(tensors[Int(index)].name, buffer, capacity)
}

@c(ossicle_tensors_save) @implementation
public func ossicle_tensors_save(_ handle: OpaquePointer!, _ path: UnsafePointer<CChar>!) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        try SafeTensors.write(list(handle).tensors, to: text(path, "path"))
    }
}
