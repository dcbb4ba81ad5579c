import CKernels
import COssicle
import Ossicle

@c(ossicle_session_create) @implementation
public func ossicle_session_create(
    _ handle: OpaquePointer!, _ shapes: UnsafePointer<ossicle_shape>!, _ count: Int,
    _ session: UnsafeMutablePointer<OpaquePointer?>!
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let model = try object(handle, OK_HANDLE_MODEL, as: Model.self)
        let out = try require(session, "session")
        let made =
            shapes == nil
            ? try model.session() : try model.session((0..<count).map { try extents(shapes[$0]) })
        out.pointee = try makeHandle(OK_HANDLE_SESSION, made, instance: made.realtime)
    }
}

@c(ossicle_session_destroy) @implementation
public func ossicle_session_destroy(_ session: OpaquePointer!) -> Int32 {
    destroyHandle(session, OK_HANDLE_SESSION, Session.self)
}

private func session(_ handle: OpaquePointer?) throws -> Session {
    try object(handle, OK_HANDLE_SESSION, as: Session.self)
}

@c(ossicle_session_shape) @implementation
public func ossicle_session_shape(
    _ handle: OpaquePointer!, _ direction: Int32, _ index: Int32,
    _ shape: UnsafeMutablePointer<ossicle_shape>!
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let session = try session(handle)
        let out = try require(shape, "shape")
        let count = direction == 0 ? session.inputCount : session.outputCount
        guard 0...1 ~= direction, 0..<count ~= Int(index) else {
            throw OssicleError(.invalidArgument, "there is no port \(index) in direction \(direction)")
        }
        let extents = direction == 0 ? session.inputShape(Int(index)) : session.outputShape(Int(index))
        var value = ossicle_shape()
        value.rank = Int32(extents.count)
        try fillShape(&value.extent, extents, "shape")
        out.pointee = value
    }
}

@c(ossicle_session_is_realtime) @implementation
public func ossicle_session_is_realtime(_ handle: OpaquePointer!) -> Int32 {
    (try? session(handle))?.program.isRealtimeSafe == true ? 1 : 0
}

@c(ossicle_session_memory) @implementation
public func ossicle_session_memory(_ handle: OpaquePointer!) -> Int {
    (try? session(handle))?.memoryByteCount ?? 0
}

@c(ossicle_session_plan) @implementation
public func ossicle_session_plan(
    _ handle: OpaquePointer!, _ buffer: UnsafeMutablePointer<CChar>!, _ capacity: Int
) -> Int {
    (try? session(handle)).map { copyText($0.program.describe(), buffer, capacity) } ?? 0
}
