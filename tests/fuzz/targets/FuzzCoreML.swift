/// Text that is accepted must print, unless it cannot, and read back as the same program.
@Sendable func fuzzMIL(_ bytes: UnsafeRawBufferPointer) throws {
    let program = try MILParser.parse(bytes, name: "fuzz")
    let text = try MILPrinter.print(program)
    let again = try text.withUnsafeBytes { try MILParser.parse($0, name: "again") }
    // NaN differs from itself, so compare what is printed.
    require(try! MILPrinter.print(again) == text, "a program changed when written and read")
}

/// A specification: its constants and weights, and the program as text.
@Sendable func fuzzMLModel(_ bytes: UnsafeRawBufferPointer) throws {
    let specification = try CoreMLSpecification(.copy(bytes))
    switch specification.content {
    case .program(let program):
        _ = try? MILBlobFiles(of: program, directory: "/nowhere")
        touch(program, MILBlobFiles([:]))
        let text = try MILPrinter.print(program)
        let again = try text.withUnsafeBytes { try MILParser.parse($0, name: "again") }
        require(try! MILPrinter.print(again) == text, "a program changed when written and read")
        _ = try CoreMLMetadataFile.encode(specification, program, className: "fuzz")
    case .network(let layers):
        for weight in layers.flatMap(\.weights) {
            let tensor = try weight.decoded(from: specification.storage)
            require(tensor.shape == weight.shape && tensor.dataType == .float32, "a weight changed its shape")
        }
    }
}

/// Program text, a zero byte, and the weight file every reference of the program is led to.
@Sendable func fuzzCoreMLWeights(_ bytes: UnsafeRawBufferPointer) throws {
    guard let end = bytes.firstIndex(of: 0) else { return }
    let program = try MILParser.parse(UnsafeRawBufferPointer(rebasing: bytes[..<end]), name: "fuzz")
    let storage = Storage.copy(UnsafeRawBufferPointer(rebasing: bytes[(end + 1)...]))
    let file = try MILBlobFile(storage: storage, path: "weight.bin")
    touch(
        program,
        MILBlobFiles(
            Dictionary(uniqueKeysWithValues: Set(program.blobReferences.map(\.path)).map { ($0, file) })))
}

@Sendable func fuzzCoreMLData(_ bytes: UnsafeRawBufferPointer) throws {
    let data = try CoreMLBundleData(.copy(bytes))
    _ = try data.description.flexibleShapes(function: data.description.defaultFunctionName)
}

/// The layers' JSON, a zero byte, and the weights.
@Sendable func fuzzEspresso(_ bytes: UnsafeRawBufferPointer) throws {
    guard let end = bytes.firstIndex(of: 0) else { return }
    let weights = UnsafeRawBufferPointer(rebasing: bytes[(end + 1)...])
    let net = Storage.copy(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
    let bundle = try EspressoBundle(net: net, path: "net") {
        $0
    } open: { _ in
        .copy(weights)
    }
    for weight in bundle.weights {
        let tensor = try bundle.tensor(weight)
        require(tensor.shape == weight.shape, "a weight changed its shape")
    }
}

private func touch(_ program: MILProgram, _ files: MILBlobFiles) {
    for function in program.functions {
        let weights = CoreMLProgramWeights(function, files: files)
        _ = try? weights.list(path: "fuzz")
        for name in weights.constants.names.prefix(64) {
            guard let tensor = try? weights.load(name, path: "fuzz") else { continue }
            require(tensor.dataType == .float32, "a weight is not float32")
            _ = tensor.floats().last
        }
    }
}

/// Program text, made into a graph and, where that is small, run on zeros.
@Sendable func fuzzMILRun(_ bytes: UnsafeRawBufferPointer) throws {
    let program = try MILParser.parse(bytes, name: "fuzz")
    for function in program.functions {
        guard let shapes = try? MILShapeChoice(function, nil).choose([:]),
            let graph = try? MILLowering(function, files: MILBlobFiles([:])).lower(
                function, shapes: shapes, nil),
            graph.values.reduce(0, { $0 + $1.type.shape.evaluate(1).reduce(1, *) }) < 1 << 18
        else { continue }
        let engine = try OssicleEngine(graph)
        let inputs = try graph.inputs.map { port in
            let type = graph.type(of: port.value)
            let count = type.shape.evaluate(1).reduce(type.dataType.size, *)
            return try Tensor(
                shape: type.shape.evaluate(1), dataType: type.dataType,
                storage: .copy([UInt8](repeating: 0, count: count)))
        }
        _ = try engine.instance.run(inputs)
    }
}
