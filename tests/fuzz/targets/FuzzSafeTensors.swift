/// Whatever is accepted must be readable to its last byte and survive writing and reading again.
@Sendable func fuzzSafeTensors(_ bytes: UnsafeRawBufferPointer) throws {
    let file = try SafeTensors(.copy(bytes), file: "fuzz")
    let tensors = try file.entries.map { (name: $0.name, tensor: try file.tensor($0.name)) }
    let again = try SafeTensors(
        .copy(try SafeTensors.encode(tensors, metadata: file.metadata)), file: "again")
    for (name, tensor) in tensors {
        let back = try again.tensor(name)
        require(back.shape == tensor.shape && back.dataType == tensor.dataType, "a tensor changed its type")
        require(back.bytes.elementsEqual(tensor.bytes), "a tensor changed its bytes")
    }
    let weights = try file.weights(options: LoadOptions { _ = $0.description })
    for (name, tensor) in tensors {
        do { _ = try weights.take(name, shape: tensor.shape) } catch { try weights.discard(name) }
    }
    try weights.finish()
}
