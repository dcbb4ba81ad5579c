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
        out.pointee = try makeHandle(OK_HANDLE_MODEL, Model.load(path: text(path, "path"), options: loadOptions(options)))
    }
}
