import COssicle
import Ossicle

/// What every export does the same way: find the object, catch errors, fill structs, copy text.
func status(on handle: UnsafeRawPointer?, _ body: () throws -> Void) -> Int32 {
    do {
        try body()
        return 0
    } catch let error as OssicleError {
        ok_handle_set_error(handle, error.message)
        return error.code.rawValue
    } catch {
        ok_handle_set_error(handle, "\(error)")
        return OssicleError.Code.internal.rawValue
    }
}

/// The live object behind a handle.
func object<T: AnyObject>(_ handle: OpaquePointer?, _ kind: ok_handle_kind, as type: T.Type) throws -> T {
    guard let pointer = ok_handle_object(UnsafeRawPointer(handle), kind) else {
        throw OssicleError(.invalidHandle, "the handle is NULL, destroyed, or not a \(T.self)")
    }
    return Unmanaged<T>.fromOpaque(pointer).takeUnretainedValue()
}

func makeHandle<T: AnyObject>(
    _ kind: ok_handle_kind, _ object: T, instance: UnsafeMutableRawPointer? = nil,
    facts: ok_stream_facts? = nil
) throws -> OpaquePointer {
    let retained = Unmanaged.passRetained(object)
    var facts = facts ?? ok_stream_facts()
    guard let handle = ok_handle_create(kind, retained.toOpaque(), instance, &facts) else {
        retained.release()
        throw OssicleError(.outOfMemory, "no more handles")
    }
    return OpaquePointer(handle)
}

func destroyHandle<T: AnyObject>(_ handle: OpaquePointer?, _ kind: ok_handle_kind, _ type: T.Type) -> Int32 {
    guard let pointer = ok_handle_destroy(UnsafeMutableRawPointer(handle), kind) else {
        return OssicleError.Code.invalidHandle.rawValue
    }
    Unmanaged<T>.fromOpaque(pointer).release()
    return 0
}

/// A required pointer argument.
func require<T>(_ pointer: UnsafeMutablePointer<T>?, _ name: String) throws -> UnsafeMutablePointer<T> {
    guard let pointer else { throw OssicleError(.invalidArgument, "\(name) is NULL") }
    return pointer
}

func text(_ pointer: UnsafePointer<CChar>?, _ name: String) throws -> String {
    guard let pointer else { throw OssicleError(.invalidArgument, "\(name) is NULL") }
    return String(cString: pointer)
}

/// Writes as much of `value` as the caller's struct has room for.
func fill<T>(_ target: UnsafeMutablePointer<T>?, _ value: T, size: KeyPath<T, UInt32>, _ name: String) throws
{
    let target = try require(target, name)
    let given = Int(target.pointee[keyPath: size])
    guard given >= 4 else { throw OssicleError(.invalidArgument, "\(name).struct_size is \(given)") }
    withUnsafeBytes(of: value) { bytes in
        // The caller's own struct_size stays.
        let count = min(given, bytes.count)
        UnsafeMutableRawPointer(target).advanced(by: 4)
            .copyMemory(from: bytes.baseAddress! + 4, byteCount: max(count - 4, 0))
    }
}

/// A weight as callers hand it over, copied.
func copiedWeight(
    _ name: String, _ dtype: Int32, _ shape: UnsafePointer<Int64>?, _ rank: Int32, _ data: UnsafeRawPointer?
) throws -> Tensor {
    guard let type = UInt8(exactly: dtype).flatMap(DataType.init(rawValue:)), type.isFloat else {
        throw OssicleError(.invalidArgument, "\(name): dtype \(dtype) is not a float type")
    }
    guard 0...8 ~= rank, rank == 0 || shape != nil else {
        throw OssicleError(.invalidArgument, "\(name): rank \(rank) is not in 0…8, or shape is NULL")
    }
    let extents = (0..<Int(rank)).map { Int(shape![$0]) }
    var count = type.size
    for extent in extents {
        let (product, overflow) = count.multipliedReportingOverflow(by: extent)
        guard extent >= 0, !overflow, product < 1 << 46 else {
            throw OssicleError(.invalidArgument, "\(name): shape \(extents) is negative or too large")
        }
        count = product
    }
    guard let data else { throw OssicleError(.invalidArgument, "\(name): data is NULL") }
    let storage = Storage.copy(UnsafeRawBufferPointer(start: data, count: count))
    return try Tensor(shape: extents, dataType: type, storage: storage)
}

/// The element a caller asks for by its index.
func element<T>(_ list: [T], _ index: Int32, _ name: String) throws -> T {
    guard list.indices.contains(Int(index)) else {
        throw OssicleError(.invalidArgument, "there is no \(name) \(index); there are \(list.count)")
    }
    return list[Int(index)]
}

/// Writes a shape into a struct's array of OSSICLE_MAX_RANK extents, which is a tuple to Swift.
func fillShape<Extents>(_ target: inout Extents, _ shape: [Int], _ name: String) throws {
    guard shape.count <= Int(OSSICLE_MAX_RANK) else {
        throw OssicleError(
            .unsupported, "'\(name)' has \(shape.count) axes, more than \(OSSICLE_MAX_RANK)")
    }
    withUnsafeMutableBytes(of: &target) { bytes in
        let extents = bytes.assumingMemoryBound(to: Int64.self)
        for (i, extent) in shape.enumerated() { extents[i] = Int64(extent) }
    }
}

/// The extents of a caller's shape.
func extents(_ shape: ossicle_shape) throws -> [Int] {
    guard 0...Int32(OSSICLE_MAX_RANK) ~= shape.rank else {
        throw OssicleError(
            .invalidArgument, "a shape has rank \(shape.rank), allowed are 0…\(OSSICLE_MAX_RANK)")
    }
    return withUnsafeBytes(of: shape.extent) { bytes in
        bytes.bindMemory(to: Int64.self).prefix(Int(shape.rank)).map { Int($0) }
    }
}

/// The caller's struct as far as it goes, the rest of it zero.
func read<T>(_ source: UnsafePointer<T>, _ zero: T, size: KeyPath<T, UInt32>, _ name: String) throws -> T {
    let given = Int(source.pointee[keyPath: size])
    guard given >= 4 else { throw OssicleError(.invalidArgument, "\(name).struct_size is \(given)") }
    var value = zero
    withUnsafeMutableBytes(of: &value) { bytes in
        bytes.copyMemory(from: UnsafeRawBufferPointer(start: source, count: min(given, bytes.count)))
    }
    return value
}

func copyText(_ text: String, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int) -> Int {
    var text = text
    return text.withUTF8 { bytes in
        if let buffer, capacity > 0 {
            let count = min(bytes.count, capacity - 1)
            UnsafeMutableRawPointer(buffer).copyMemory(
                from: bytes.baseAddress ?? UnsafePointer(bitPattern: 1)!, byteCount: count)
            buffer[count] = 0
        }
        return bytes.count
    }
}

/// What may run what is loaded; `usual` where that is not said.
func compute(_ options: UnsafePointer<ossicle_load_options>?, usual: Compute = .cpu) throws -> Compute {
    guard let options else { return usual }
    let given = try read(options, ossicle_load_options(), size: \.struct_size, "options").compute
    if given == 0 { return usual }
    guard let compute = Compute(rawValue: given) else {
        throw OssicleError(.invalidArgument, "options.compute is \(given), allowed are 0…3")
    }
    return compute
}

func loadOptions(_ options: UnsafePointer<ossicle_load_options>?) -> LoadOptions {
    guard let options, options.pointee.struct_size >= MemoryLayout<ossicle_load_options>.size,
        let callback = options.pointee.on_warning
    else { return LoadOptions() }
    // The caller's context goes back to the caller only, during the load.
    nonisolated(unsafe) let context = options.pointee.warning_context
    return LoadOptions { warning in callback(context, warning.description) }
}
