import CKernels

extension HybridPipeline {
    /// Whether a GPU runs any of `process`; no longer after it has failed.
    public var usesGPU: Bool { session.instance.backends.contains("metal") }
    /// Whether the system's BNNS Graph runs any of `process`; no longer after it has failed.
    public var usesBNNS: Bool { session.instance.backends.contains("bnns") }
    /// Why the GPU or BNNS Graph is no longer used by `process` and the engine's own kernels do its work; nil while it is, or
    /// was not planned.
    public var deviceFailure: OssicleError? { session.deviceFailure }

    /// Bytes that the pipeline holds for buffers of `inputLength` frames.
    public struct Memory: Sendable, Equatable {
        /// The weights as they were given, half-width ones at their width.
        public var weights: Int
        /// Weights laid out for the machine, and tables.
        public var packed: Int
        /// Values between layers and working space of kernels.
        public var workspace: Int

        public var total: Int { weights + packed + workspace }
    }

    public var memory: Memory {
        Memory(
            weights: model.weightByteCount, packed: session.program.memory.byteCount,
            workspace: session.memoryByteCount)
    }

    /// What the stages of one run took, in nanoseconds. The projection counts as bottleneck.
    public struct Timings: Sendable, Equatable {
        public var encoder: Int
        public var bottleneck: Int
        public var decoder: Int
    }

    /// One run as `process`, with the clock read between the stages. Does not allocate.
    ///
    /// - Throws: `shapeMismatch` when a size is not that of `inputLength` frames.
    public func timings(
        _ input: UnsafeBufferPointer<Float>, _ output: UnsafeMutableBufferPointer<Float>
    ) throws -> Timings {
        var source = ok_buffer(
            data: UnsafeMutableRawPointer(mutating: input.baseAddress), byte_count: input.count * 4)
        var target = ok_buffer(data: output.baseAddress, byte_count: output.count * 4)
        var ends = (
            session.program.stepCount(upTo: "encoder"),
            session.program.stepCount(upTo: "bottleneck", "projection"),
            session.program.steps.count
        )
        var times: (Int64, Int64, Int64) = (0, 0, 0)
        let status = withUnsafePointer(to: &ends) { ends in
            withUnsafeMutablePointer(to: &times) { times in
                ok_instance_run_timed(
                    session.realtime, &source, &target,
                    UnsafeRawPointer(ends).assumingMemoryBound(to: Int.self), 3,
                    UnsafeMutableRawPointer(times).assumingMemoryBound(to: Int64.self))
            }
        }
        guard status == 0 else {
            throw OssicleError(
                OssicleError.Code(rawValue: status) ?? .internal,
                "HybridPipeline: expected \(configuration.inChannels) and \(configuration.outChannels) channels of "
                    + "\(configuration.inputLength) frames, found \(input.count) and \(output.count) values")
        }
        return Timings(encoder: Int(times.0), bottleneck: Int(times.1), decoder: Int(times.2))
    }

    /// The steps of one buffer, see `Program.describe`.
    public var plan: String { session.program.describe() }

    /// A page for a person: the stages with shapes and parameters, memory, where it runs, how it streams.
    public var summary: String {
        let configuration = configuration, memory = memory
        var lines = [
            "HybridPipeline: [\(configuration.inChannels), T] → [\(configuration.outChannels), T], prepared for "
                + "\(configuration.inputLength) frames, one step of the bottleneck for \(configuration.totalStride)"
        ]
        lines += network.table.map { "  \($0)" }
        lines.append("parameters: \(model.parameterCount)")
        lines.append(
            "memory: \(memory.total) bytes (weights \(memory.weights), packed \(memory.packed), workspace \(memory.workspace))"
        )
        lines.append("runs on: \(session.instance.backends.sorted().joined(separator: ", "))")
        if let deviceFailure { lines.append("not used: \(deviceFailure.message)") }
        if let latency = try? stream().latency {
            lines.append(
                "streams: yes, latency \(latency) frames; with a window in chunks of any multiple of \(configuration.totalStride)"
            )
        } else {
            lines.append("streams: with a window only")
        }
        return lines.joined(separator: "\n")
    }
}

extension HybridNetwork {
    /// One line for each stage: name, module, output shape for `inputLength` frames, parameters.
    var table: [String] {
        var rows: [(name: String, module: String, shape: [Int], parameters: Int)] = []
        func count(_ parameters: [Parameter]) -> Int { parameters.reduce(0) { $0 + $1.shape.reduce(1, *) } }
        let total = configuration.totalStride
        var frames = (configuration.inputLength + total - 1) / total * total
        for stage in encoder {
            frames /= stage.stride
            rows.append((stage.name, stage.text, [stage.outChannels, frames], count(stage.parameters)))
        }
        rows.append(("bottleneck", bottleneckText, [frames, features], count(bottleneck.parameters)))
        if configuration.projection {
            let last = configuration.channels.last!
            rows.append(
                ("projection", "Linear(\(features), \(last))", [frames, last], count(projectionParameters)))
        }
        for stage in decoder {
            frames *= stage.stride
            let skip = configuration.skipConnections ? "+ encoder.\(encoder.count - 1 - stage.index), " : ""
            rows.append(
                (stage.name, skip + stage.text, [stage.outChannels, frames], count(stage.parameters)))
        }
        let (names, modules) = (rows.map(\.name.utf8.count).max()!, rows.map(\.module.utf8.count).max()!)
        return rows.map { row in
            let name = row.name + String(repeating: " ", count: names - row.name.utf8.count)
            let module = row.module + String(repeating: " ", count: modules - row.module.utf8.count)
            return "\(name)  \(module)  \(row.shape)  \(row.parameters)"
        }
    }

    private var bottleneckText: String {
        guard let recurrent = bottleneck as? any RecurrentLayer else {
            guard let inner = (bottleneck as? ModelLayer)?.model else { return bottleneck.module }
            return "\(inner.facts.format) model of \(inner.parameterCount) parameters"
        }
        var text = "\(recurrent.module)(\(recurrent.inputSize), \(recurrent.hiddenSize)"
        if recurrent.numLayers > 1 { text += ", num_layers=\(recurrent.numLayers)" }
        if recurrent.bidirectional { text += ", bidirectional=True" }
        return text + ")"
    }
}

extension Program {
    /// Steps up to the last whose node's name begins with one of these words.
    fileprivate func stepCount(upTo words: String...) -> Int {
        (steps.lastIndex { step in words.contains { step.node.utf8.starts(with: $0.utf8) } } ?? -1) + 1
    }
}
