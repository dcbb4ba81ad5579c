import CKernels

/// Predictions. The forms on buffers are real-time safe; those that return arrays allocate them.
extension BNNSInference {
    // MARK: One input, one output

    /// One float input to the first output. Real-time safe.
    ///
    /// - Returns: 0, or the code of what was wrong (`OssicleError.Code`): `shapeMismatch` for a buffer of another
    ///   size, `notReady` without a workspace, `invalidArgument` for buffers that overlap, for a model of several
    ///   inputs, or while another thread predicts.
    public func predictStatus(
        _ input: UnsafeBufferPointer<Float>, _ output: UnsafeMutableBufferPointer<Float>
    ) -> Int32 {
        var x = ok_buffer(
            data: UnsafeMutableRawPointer(mutating: input.baseAddress), byte_count: input.count * 4)
        var y = ok_buffer(data: output.baseAddress, byte_count: output.count * 4)
        return ok_inference_run(realtime, &x, 1, &y, 1)
    }

    /// The same, throwing. Allocates only for an error.
    public func predict(
        _ input: UnsafeBufferPointer<Float>, _ output: UnsafeMutableBufferPointer<Float>
    ) throws {
        try check(predictStatus(input, output)) { "buffers of \(input.count) and \(output.count) floats" }
    }

    /// One float input to the first output, in a new array.
    public func predict(_ input: [Float]) throws -> [Float] {
        guard let first = outputs.first, first.dataType == .float32 else {
            throw OssicleError(.unsupported, "\(modelPath): the first output is not float")
        }
        return try [Float](unsafeUninitializedCapacity: first.count) { buffer, count in
            buffer.initialize(repeating: 0)
            try input.withUnsafeBufferPointer {
                try predict($0, UnsafeMutableBufferPointer(rebasing: buffer[..<first.count]))
            }
            count = first.count
        }
    }

    // MARK: Several

    /// All inputs and outputs, each as bytes in its own type, in the order of `inputs` and `outputs`. Outputs may be
    /// left out from the end. An input with a default value is left out by an empty buffer. Real-time safe.
    ///
    /// - Returns: as the form for one input.
    public func predictStatus(
        inputs: UnsafeBufferPointer<UnsafeRawBufferPointer>,
        outputs: UnsafeBufferPointer<UnsafeMutableRawBufferPointer>
    ) -> Int32 {
        guard inputs.count == self.inputs.count, outputs.count <= self.outputs.count else {
            return OssicleError.Code.invalidArgument.rawValue
        }
        for i in 0..<inputs.count {
            buffers[i] = ok_buffer(
                data: UnsafeMutableRawPointer(mutating: inputs[i].baseAddress), byte_count: inputs[i].count)
        }
        for i in 0..<outputs.count {
            buffers[inputs.count + i] = ok_buffer(data: outputs[i].baseAddress, byte_count: outputs[i].count)
        }
        return ok_inference_run(realtime, buffers, inputs.count, buffers + inputs.count, outputs.count)
    }

    /// The same, throwing. Allocates only for an error.
    public func predict(
        inputs: UnsafeBufferPointer<UnsafeRawBufferPointer>,
        outputs: UnsafeBufferPointer<UnsafeMutableRawBufferPointer>
    ) throws {
        try check(predictStatus(inputs: inputs, outputs: outputs)) {
            "\(inputs.count) inputs of \(inputs.map(\.count)) bytes, \(outputs.count) outputs of \(outputs.map(\.count)) bytes"
        }
    }

    /// Arrays by name, in and out. Inputs with a default value may be left out.
    ///
    /// - Throws: `invalidArgument` for a missing or unknown name or another element type, `shapeMismatch` with both
    ///   shapes, `notReady` without a workspace.
    public func predict(_ arrays: [String: Tensor]) throws -> [String: Tensor] {
        let given = try inputs.map { feature -> Tensor? in
            guard let tensor = arrays[feature.name] else {
                guard feature.defaultValue != nil else {
                    throw OssicleError(
                        .invalidArgument, "\(modelPath): input \(Quoting.quoted(feature.name)) is missing")
                }
                return nil
            }
            try check(tensor, feature)
            return tensor
        }
        guard arrays.count == given.count(where: { $0 != nil }) else {
            let names = inputs.map { Quoting.quoted($0.name) }.joined(separator: ", ")
            throw OssicleError(
                .invalidArgument, "\(modelPath): the inputs are \(names), found \(arrays.count) arrays")
        }
        var results: [String: Tensor] = [:]
        let blocks = outputs.map {
            UnsafeMutableRawBufferPointer.allocate(byteCount: max($0.byteCount, 1), alignment: 64)
        }
        defer { for block in blocks { block.deallocate() } }
        let targets = zip(blocks, outputs).map {
            UnsafeMutableRawBufferPointer(rebasing: $0[..<$1.byteCount])
        }
        try given.map { $0?.bytes ?? UnsafeRawBufferPointer(start: nil, count: 0) }.withUnsafeBufferPointer {
            x in
            try targets.withUnsafeBufferPointer { y in try predict(inputs: x, outputs: y) }
        }
        for (target, feature) in zip(targets, outputs) {
            results[feature.name] = try Tensor(
                shape: feature.shape, dataType: feature.dataType,
                storage: .copy(UnsafeRawBufferPointer(target)))
        }
        return results
    }

    // MARK: Many

    /// `count` predictions one after another, their inputs and outputs side by side. States go on from one to the
    /// next. Real-time safe, for as long as `count` predictions may take.
    ///
    /// - Returns: 0, or the code of the first that was refused.
    public func predictBatchStatus(
        _ input: UnsafeBufferPointer<Float>, _ output: UnsafeMutableBufferPointer<Float>, count: Int
    ) -> Int32 {
        guard count >= 0, inputs.count == 1, !outputs.isEmpty else {
            return OssicleError.Code.invalidArgument.rawValue
        }
        let (x, y) = (inputs[0].count, outputs[0].count)
        guard input.count == count * x, output.count == count * y else {
            return OssicleError.Code.shapeMismatch.rawValue
        }
        for i in 0..<count {
            let status = predictStatus(
                UnsafeBufferPointer(rebasing: input[(i * x)..<((i + 1) * x)]),
                UnsafeMutableBufferPointer(rebasing: output[(i * y)..<((i + 1) * y)]))
            if status != 0 { return status }
        }
        return 0
    }

    /// The same, throwing.
    public func predictBatch(
        _ input: UnsafeBufferPointer<Float>, _ output: UnsafeMutableBufferPointer<Float>, count: Int
    ) throws {
        try check(predictBatchStatus(input, output, count: count)) {
            "\(count) times buffers of \(input.count) and \(output.count) floats in all"
        }
    }

    /// One prediction for each set of arrays, in order.
    public func predictBatch(_ arrays: [[String: Tensor]]) throws -> [[String: Tensor]] {
        try arrays.map { try predict($0) }
    }

    // MARK: Errors

    private func check(_ tensor: Tensor, _ feature: Feature) throws {
        guard tensor.dataType == feature.dataType else {
            throw OssicleError(
                .invalidArgument,
                "\(modelPath): input \(Quoting.quoted(feature.name)): expected \(feature.dataType), found \(tensor.dataType)"
            )
        }
        guard tensor.shape == feature.shape else {
            throw OssicleError(
                .shapeMismatch,
                "\(modelPath): input \(Quoting.quoted(feature.name)): expected \(feature.shape), found \(tensor.shape)"
            )
        }
    }

    private func check(_ status: Int32, _ what: () -> String) throws {
        guard status != 0 else { return }
        let code = OssicleError.Code(rawValue: status) ?? .internal
        if code == .notReady {
            throw OssicleError(code, "\(modelPath): the workspace is released; call prepareWorkspace first")
        }
        func list(_ features: [Feature]) -> String {
            features.map { "\($0.name) \($0.dataType)\($0.shape)" }.joined(separator: ", ")
        }
        throw OssicleError(
            code,
            "\(modelPath): expected inputs \(list(inputs)), outputs \(list(outputs)), not overlapping, from one thread "
                + "at a time; found \(what())")
    }
}
