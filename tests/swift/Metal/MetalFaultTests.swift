#if OSSICLE_APPLE_STUBS
    import Foundation
    import Metal
    import Testing

    @testable import Ossicle

    extension MetalChainTests {
        /// Everything that can go wrong on the way to the GPU is an error whose text says what. The stand-in for Metal
        /// plants the faults; it also can be slow.
        @Suite(.serialized) struct Faults {
            let device: MetalDevice

            init() throws { device = try MetalDevice() }

            private func error(
                _ change: (inout MetalStub.Faults) -> Void, _ body: () throws -> Void
            ) -> OssicleError? {
                var faults = MetalStub.Faults()
                change(&faults)
                return MetalStub.$faults.withValue(faults) { errorOf(body) }
            }

            @Test func noDevice() {
                let e = error({ $0.noDevice = true }) { _ = try MetalDevice() }
                #expect(e?.code == .unsupported)
                #expect(e?.message.contains("no GPU") == true)
            }

            @Test func noQueue() {
                #expect(error({ $0.noQueue = true }) { _ = try MetalDevice() }?.code == .unsupported)
            }

            @Test func aShaderErrorCarriesTheCompilersText() {
                let e = error({ $0.shaderPrefix = "this is not a shader;\n" }) { _ = try MetalDevice() }
                #expect(e?.code == .internal)
                #expect(e?.message.contains("expected unqualified-id") == true, "\(e?.message ?? "no error")")
            }

            @Test(arguments: MetalPipelines.names) func aMissingKernelIsNamed(_ name: String) {
                let e = error({ $0.missingFunction = name }) { _ = try MetalDevice() }
                #expect(e?.code == .internal)
                #expect(e?.message.hasSuffix("no kernel \(name)") == true)
            }

            @Test func everyBufferCanBeRefused() throws {
                let device = try MetalDevice()
                let before = MetalStub.liveBuffers
                var refused = 0
                while let e = error(
                    { $0.budget = MetalStub.Budget(buffers: refused) }, { _ = try simpleChain(device) })
                {
                    #expect(e.code == .outOfMemory)
                    #expect(MetalStub.liveBuffers == before)
                    refused += 1
                    try #require(refused < 20)
                }
                #expect(refused == 5)  // three values, weight, bias
            }

            @Test func aFailedRunIsAnErrorAndTheNextOneWorks() throws {
                let chain = try simpleChain(try MetalDevice())
                for i in 0..<16 { chain.input[i] = 1 }
                for delay in [nil, 0.05] {
                    let e = error({
                        $0.commandBufferError = "page fault at 0x0"
                        $0.delay = delay
                    }) { try chain.run(length: 16) }
                    #expect(e?.code == .internal)
                    #expect(e?.message.contains("page fault at 0x0") == true)
                }
                #expect(try chain.run(length: 16) == 16)
                #expect(chain.output[15] == 7)
                #expect(chain.output[31] == 17)
            }

            @Test func noCommandBuffer() throws {
                let chain = try simpleChain(try MetalDevice())
                #expect(
                    error({ $0.noCommandBuffer = true }) { try chain.run(length: 16) }?.code == .outOfMemory)
                #expect(throws: Never.self) { try chain.run(length: 16) }
            }

            @Test func aPrecompiledLibraryIsUsed() throws {
                let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                defer { try? FileManager.default.removeItem(at: folder) }
                let wrong = folder.appendingPathComponent("wrong.metallib")
                try Data("not a library".utf8).write(to: wrong)
                let e = errorOf { _ = try MetalDevice(libraryPath: wrong.path) }
                #expect(e?.code == .io)
                #expect(e?.message.hasPrefix(wrong.path) == true)

                let source = folder.appendingPathComponent("all.metal")
                try MetalPipelines.source.write(to: source, atomically: true, encoding: .utf8)
                let right = folder.appendingPathComponent("right.metallib")
                let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                    .deletingLastPathComponent()
                    .deletingLastPathComponent()
                let compiler = try Process.run(
                    tests.appendingPathComponent("apple/msl/compile.sh"),
                    arguments: [source.path, right.path])
                compiler.waitUntilExit()
                // The source is broken on purpose: only the library can make this work.
                let fine = error({ $0.shaderPrefix = "this is not a shader;\n" }) {
                    let chain = try simpleChain(try MetalDevice(libraryPath: right.path))
                    try chain.run(length: 4)
                }
                #expect(fine == nil)
            }

            @Test func runsCanBeHalved() throws {
                let (chain, reference) = try deepChain(device, 64)
                let x = noiseRows(2, 64, seed: 3)
                var delayed = MetalStub.Faults()
                delayed.delay = 0.2
                try MetalStub.$faults.withValue(delayed) {
                    for (i, value) in x.values.enumerated() { chain.input[i] = Float(value) }
                    try chain.begin(length: 64)
                    // The stand-in has really not run yet: output is as it was allocated.
                    #expect(chain.output[0].isNaN)
                    #expect(throws: OssicleError.self) { try chain.begin(length: 64) }
                    try chain.finish()
                    #expect(distance(chain.rows(64), try reference(x)) < 1e-5)
                    #expect(throws: OssicleError.self) { try chain.finish() }
                }
            }

            @Test func memoryIsFreedAndOutlivesTheRun() throws {
                let before = MetalStub.liveBuffers
                do {
                    var delayed = MetalStub.Faults()
                    delayed.delay = 0.2
                    let (chain, _) = try deepChain(device, 64)
                    #expect(MetalStub.liveBuffers > before)
                    for i in 0..<128 { chain.input[i] = 1 }
                    try MetalStub.$faults.withValue(delayed) { try chain.begin(length: 64) }
                    // Dropped here, in the middle of the run.
                }
                #expect(MetalStub.liveBuffers == before)
            }
        }
    }
#endif
