#if canImport(Metal)
    import Metal

    /// Every kernel, compiled once for a device.
    struct MetalPipelines: Sendable {
        private let states: [String: any MTLComputePipelineState]

        /// The names of all kernels.
        static var names: [String] {
            Conv1DShader.allCases.map(\.rawValue) + ConvTranspose1DShader.allCases.map(\.rawValue)
                + ElementwiseShader.allCases.map(\.rawValue)
        }

        /// - Parameter precompiled: where libraries of our shaders may lie. The first that loads and has every kernel is
        ///   used, else the source inside this library; one that is there and does not do is reported.
        /// - Throws: `internal` with the compiler's text when a kernel does not build from the source.
        init(device: any MTLDevice, precompiled: [URL]) throws {
            for url in precompiled where FileManager.default.fileExists(atPath: url.path) {
                do {
                    states = try Self.states(device, device.makeLibrary(URL: url))
                    return
                } catch {
                    let reason = (error as? OssicleError)?.message ?? error.localizedDescription
                    Diagnostics.report("\(url.path) is not used: \(reason)")
                }
            }
            states = try Self.states(device, Self.compiled(device))
        }

        private static func states(
            _ device: any MTLDevice, _ library: any MTLLibrary
        ) throws -> [String: any MTLComputePipelineState] {
            var states: [String: any MTLComputePipelineState] = [:]
            for name in names {
                guard let function = library.makeFunction(name: name) else {
                    throw OssicleError(.internal, "Metal: the shader library has no kernel \(name)")
                }
                do {
                    states[name] = try device.makeComputePipelineState(function: function)
                } catch {
                    throw OssicleError(
                        .internal, "Metal: no pipeline for \(name): \(error.localizedDescription)")
                }
            }
            return states
        }

        /// The pipeline, and how many threads a threadgroup of it has unless the kernel fixes that.
        subscript(name: String) -> (state: any MTLComputePipelineState, threads: MetalGrid) {
            let state = states[name]!  // init has built all names
            let width = max(1, state.threadExecutionWidth)
            let height = max(1, min(4, state.maxTotalThreadsPerThreadgroup / width))
            return (state, MetalGrid(x: width, y: height))
        }

        /// `ossicle.metallib` beside the image that this code is part of (a library, a plug-in, an app), among the
        /// resources of that image's bundle, and among those of the app.
        static var precompiledPlaces: [URL] {
            final class Here {}
            let name = "ossicle", type = "metallib"
            var image = Dl_info()
            let beside: URL? =
                dladdr(#dsohandle, &image) == 0
                ? nil
                : image.dli_fname.map {
                    URL(fileURLWithPath: String(cString: $0)).deletingLastPathComponent()
                        .appendingPathComponent("\(name).\(type)")
                }
            let bundles = [Bundle(for: Here.self), Bundle.main]
            return [beside].compactMap { $0 }
                + bundles.compactMap { $0.url(forResource: name, withExtension: type) }
        }

        /// Sums keep their order, NaN stays, and what the kernels call is rounded once: no fast math.
        static var options: MTLCompileOptions {
            let options = MTLCompileOptions()
            if #available(macOS 15, iOS 18, *) {
                options.mathMode = .safe
                options.mathFloatingPointFunctions = .precise
            } else {
                options.fastMathEnabled = false
            }
            return options
        }

        private static func compiled(_ device: any MTLDevice) throws -> any MTLLibrary {
            do {
                return try device.makeLibrary(source: source, options: options)
            } catch {
                throw OssicleError(
                    .internal, "Metal: the shaders do not compile: \(error.localizedDescription)")
            }
        }

        /// All shaders in one text. The header goes first, and its guard keeps the files from including it again.
        static var source: String {
            let files = [
                PackageResources.ossicle_metal_h, PackageResources.conv1d_metal,
                PackageResources.conv_transpose1d_metal, PackageResources.elementwise_metal,
            ]
            return files.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
        }
    }
#endif
