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

        init(device: any MTLDevice, libraryPath: String?) throws {
            let library = try Self.library(device: device, path: libraryPath)
            var states: [String: any MTLComputePipelineState] = [:]
            for name in Self.names {
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
            self.states = states
        }

        /// The pipeline, and how many threads a threadgroup of it has unless the kernel fixes that.
        subscript(name: String) -> (state: any MTLComputePipelineState, threads: MetalGrid) {
            let state = states[name]!  // init has built all names
            let width = max(1, state.threadExecutionWidth)
            let height = max(1, min(4, state.maxTotalThreadsPerThreadgroup / width))
            return (state, MetalGrid(x: width, y: height))
        }

        private static func library(device: any MTLDevice, path: String?) throws -> any MTLLibrary {
            if let path { return try precompiled(device, URL(fileURLWithPath: path)) }
            if let url = Bundle.main.url(forResource: "ossicle", withExtension: "metallib") {
                return try precompiled(device, url)
            }
            let options = MTLCompileOptions()
            // Fast math may reorder sums, drop NaN and approximate division.
            if #available(macOS 15, iOS 18, *) {
                options.mathMode = .safe
            } else {
                options.fastMathEnabled = false
            }
            do {
                return try device.makeLibrary(source: source, options: options)
            } catch {
                throw OssicleError(
                    .internal, "Metal: the shaders do not compile: \(error.localizedDescription)")
            }
        }

        private static func precompiled(_ device: any MTLDevice, _ url: URL) throws -> any MTLLibrary {
            do {
                return try device.makeLibrary(URL: url)
            } catch {
                throw OssicleError(.io, "\(url.path): not a Metal library: \(error.localizedDescription)")
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
