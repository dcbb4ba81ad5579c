/// States (`read_state`, `write_state`) copied out and in, between predictions. They are float32 or int32 here,
/// whatever the model declares.
extension BNNSInference {
    /// Copies a state out.
    ///
    /// - Throws: `invalidArgument` naming the states there are, `shapeMismatch` for a buffer of another size,
    ///   `unsupported` where the engine keeps its states to itself.
    public func readState(_ name: String, into buffer: UnsafeMutableRawBufferPointer) throws {
        buffer.copyMemory(from: UnsafeRawBufferPointer(try state(name, byteCount: buffer.count)))
    }

    /// A state in a new tensor.
    ///
    /// - Throws: as the other form.
    public func readState(_ name: String) throws -> Tensor {
        let feature = try feature(ofState: name)
        return try Tensor(
            shape: feature.shape, dataType: feature.dataType,
            storage: .make(byteCount: feature.byteCount) { try readState(name, into: $0) })
    }

    /// Copies a state in.
    ///
    /// - Throws: as `readState`.
    public func writeState(_ name: String, from buffer: UnsafeRawBufferPointer) throws {
        try state(name, byteCount: buffer.count).copyMemory(from: buffer)
    }

    private func feature(ofState name: String) throws -> Feature {
        guard let feature = states.first(where: { $0.name == name }) else {
            let names = states.map { Quoting.quoted($0.name) }.joined(separator: ", ")
            throw OssicleError(
                .invalidArgument, "\(modelPath): no state \(Quoting.quoted(name)); there are: \(names)")
        }
        return feature
    }

    private func state(_ name: String, byteCount: Int) throws -> UnsafeMutableRawBufferPointer {
        let feature = try feature(ofState: name)
        guard feature.byteCount == byteCount else {
            throw OssicleError(
                .shapeMismatch,
                "\(modelPath): state \(Quoting.quoted(name)) of \(feature.dataType)\(feature.shape) has "
                    + "\(feature.byteCount) bytes, the buffer has \(byteCount)")
        }
        guard let place = runner.state(name) else {
            throw OssicleError(
                .unsupported, "\(modelPath): engine \(engine.rawValue) keeps its states to itself")
        }
        return place
    }
}
