// What comes with Apple's Foundation and is missing from Linux's, whose C library has it as an extension.
import CMSLRuntime

public struct Dl_info {
    public var dli_fname: UnsafePointer<CChar>!
    public init() {}
}

public func dladdr(_ address: UnsafeRawPointer!, _ info: UnsafeMutablePointer<Dl_info>!) -> Int32 {
    info.pointee.dli_fname = msl_image(address)
    return info.pointee.dli_fname == nil ? 0 : 1
}
