#if OSSICLE_APPLE_STUBS
    import Foundation
    import Testing

    @testable import Ossicle

    @Suite struct MetalStubTests {
        /// The stand-in compiles shaders in the temporary directory and leaves nothing there.
        @Test func theCompilerCleansUp() throws {
            let prefix = "msl-\(ProcessInfo.processInfo.processIdentifier)-"
            func left() throws -> [String] {
                let folder = FileManager.default.temporaryDirectory.path
                return try FileManager.default.contentsOfDirectory(atPath: folder).filter {
                    $0.hasPrefix(prefix)
                }
            }
            _ = try MetalDevice.system.get()
            // What other tests compile beside this comes and goes; one look without any is enough.
            var seen = try left()
            for _ in 0..<600 where !seen.isEmpty {
                usleep(100_000)
                seen = try left()
            }
            #expect(seen == [])
        }
    }
#endif
