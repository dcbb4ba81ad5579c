#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A fuzz target reads `bytes` as a file. Errors of the engine are its good answers; crashes, traps, leaks, slow
/// inputs and broken invariants (`require`) are findings.
typealias FuzzTarget = @Sendable (_ bytes: UnsafeRawBufferPointer) throws -> Void

/// Which of `fuzzTargets` this process runs: one program holds them all, since building the engine takes most of
/// the time.
private let chosen: FuzzTarget = {
    let name = getenv("OSSICLE_FUZZ_TARGET").map { String(cString: $0) } ?? ""
    guard let target = fuzzTargets[name] else {
        fatalError("OSSICLE_FUZZ_TARGET is \"\(name)\", expected one of \(fuzzTargets.keys.sorted())")
    }
    return target
}()

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    do {
        try chosen(UnsafeRawBufferPointer(start: data, count: count))
    } catch let error as OssicleError {
        // Only these blame the file; any other code would be a defect of the reader.
        require([.malformed, .unsupported, .weights, .shapeMismatch].contains(error.code), error.message)
        require(error.message.utf8.count < 4096, "a flooding message")
    } catch {
        fatalError("not an OssicleError: \(error)")
    }
    return 0
}

func require(_ condition: Bool, _ message: @autoclosure () -> String) {
    if !condition { fatalError(message()) }
}
