/// Values of constants: `const` operations and the `constexpr_*` operations that expand compressed weights.
enum MILConstants {
    /// Those there are.
    static let operations = [
        "const", "constexpr_affine_dequantize", "constexpr_blockwise_shift_scale", "constexpr_cast",
        "constexpr_lut_to_dense", "constexpr_lut_to_sparse", "constexpr_sparse_blockwise_shift_scale",
        "constexpr_sparse_to_dense",
    ]

    static func isConstant(_ operation: MILOperation) -> Bool {
        operation.type == "const" || operation.type.hasPrefix("constexpr_")
    }

    /// What the operation yields, one array for each output.
    ///
    /// - Parameter lookup: gives the constants its arguments name.
    /// - Throws: `malformed` or `unsupported`, naming the first output.
    static func evaluate(
        _ operation: MILOperation, files: MILBlobFiles, lookup: (String) throws -> MILArray
    ) throws -> [MILArray] {
        do {
            let parameters = try Parameters(operation, files: files, lookup: lookup)
            let arrays = try evaluate(operation, parameters)
            guard arrays.count == operation.outputs.count else {
                throw OssicleError(
                    .malformed, "\(arrays.count) outputs expected, \(operation.outputs.count) found")
            }
            for (array, output) in zip(arrays, operation.outputs)
            where output.type.shape != array.shape || output.type.elementType != array.element {
                throw OssicleError(
                    .malformed,
                    "the value is \(array.element.spelling) \(array.shape), its declared type \(output.type)")
            }
            return arrays
        } catch let error as OssicleError {
            throw error.within(
                "\(Quoting.quoted(operation.outputs.first?.name ?? "")) (\(Quoting.quoted(operation.type)))")
        }
    }

    private static func evaluate(_ operation: MILOperation, _ parameters: Parameters) throws -> [MILArray] {
        switch operation.type {
        case "const": return [try parameters.array("val")]
        case "constexpr_affine_dequantize":
            return [
                try MILDecompression.affine(
                    data: parameters.array("quantized_data"), scale: parameters.array("scale"),
                    zero: parameters.array("zero_point"), axis: parameters.integer("axis"))
            ]
        case "constexpr_blockwise_shift_scale":
            return [
                try MILDecompression.blockwise(
                    data: parameters.array("data"), scale: parameters.array("scale"),
                    offset: parameters.optional("offset"))
            ]
        case "constexpr_lut_to_dense":
            let (indices, lut) = (try parameters.array("indices"), try parameters.array("lut"))
            if let shape = try parameters.shape() {
                return [try MILDecompression.palette(packed: indices, lut: lut, shape: shape)]
            }
            return [try MILDecompression.palette(indices: indices, lut: lut, axis: parameters.vectorAxis())]
        case "constexpr_sparse_to_dense":
            var mask = try parameters.array("mask")
            if let shape = try parameters.shape() {
                mask = try MILDecompression.repack(mask, as: .uint1, shape: shape)
            }
            return [try MILDecompression.sparse(values: parameters.array("nonzero_data"), mask: mask)]
        case "constexpr_lut_to_sparse":
            let sparse = try MILDecompression.sparsePalette(
                mask: parameters.array("indices_mask"), indices: parameters.array("indices_nonzero_data"),
                lut: parameters.array("lut"), axis: parameters.vectorAxis())
            return [sparse.mask, sparse.values]
        case "constexpr_sparse_blockwise_shift_scale":
            let sparse = try MILDecompression.sparseBlockwise(
                mask: parameters.array("data_mask"), values: parameters.array("nonzero_data"),
                scale: parameters.array("scale"), offset: parameters.optional("offset"))
            return [sparse.mask, sparse.values]
        case "constexpr_cast":
            let source = try parameters.array("source_val")
            guard source.element == .fp16,
                operation.parameter("output_dtype")?.value?.string ?? "fp32" == "fp32"
            else {
                throw OssicleError(.unsupported, "only fp16 to fp32 is defined")
            }
            return [try MILArray(.fp32, source.shape, .floats((0..<source.count).map(source.float)))]
        default: throw OssicleError(.unsupported, "not a known form of constant")
        }
    }

    /// The operation's parameters of numbers, resolved.
    private struct Parameters {
        private var arrays: [String: MILArray] = [:]

        init(_ operation: MILOperation, files: MILBlobFiles, lookup: (String) throws -> MILArray) throws {
            for name in Array(operation.arguments.keys) + Array(operation.attributes.keys) {
                guard let argument = operation.parameter(name) else { continue }
                do {
                    if let constant = argument.name {
                        arrays[name] = try lookup(constant)
                    } else if let value = argument.value, value.type.elementType != .string {
                        arrays[name] = try MILArray(value, files: files)
                    }
                } catch let error as OssicleError {
                    throw error.within("parameter \(Quoting.quoted(name))")
                }
            }
        }

        func optional(_ name: String) -> MILArray? { arrays[name] }

        func array(_ name: String) throws -> MILArray {
            guard let array = arrays[name] else {
                throw OssicleError(.malformed, "parameter \(Quoting.quoted(name)) is missing")
            }
            return array
        }

        func integer(_ name: String) throws -> Int {
            let array = try array(name)
            guard array.count == 1, array.element.isInteger else {
                throw OssicleError(.malformed, "parameter \(Quoting.quoted(name)) is not one integer")
            }
            return Int(array.integer(0))
        }

        func vectorAxis() throws -> Int? {
            arrays["vector_axis"] == nil ? nil : try integer("vector_axis")
        }

        /// The output's shape, a parameter only of iOS 16 operations.
        func shape() throws -> [Int]? {
            guard let shape = arrays["shape"] else { return nil }
            guard shape.element.isInteger, shape.shape.count == 1, shape.count <= CoreMLLimits.rank else {
                throw OssicleError(.malformed, "parameter 'shape' is not a shape")
            }
            return (0..<shape.count).map { Int(shape.integer($0)) }
        }
    }
}

/// The constants of one function, by name. Those inside nested blocks count too.
struct MILConstantTable: Sendable {
    private struct Definition: Sendable {
        let operation: MILOperation
        let output: Int
    }

    let files: MILBlobFiles
    private(set) var names: [String] = []
    private var definitions: [String: Definition] = [:]

    init(_ function: MILFunction, files: MILBlobFiles) {
        self.files = files
        add(function.body)
    }

    private mutating func add(_ block: MILBlock) {
        for operation in block.operations {
            for nested in operation.blocks { add(nested) }
            guard MILConstants.isConstant(operation) else { continue }
            for (index, output) in operation.outputs.enumerated() where definitions[output.name] == nil {
                names.append(output.name)
                definitions[output.name] = Definition(operation: operation, output: index)
            }
        }
    }

    /// The operation that defines a constant.
    func operation(_ name: String) -> MILOperation? { definitions[name]?.operation }

    /// An argument that is written in place, or as a constant of its own.
    func value(of argument: MILArgument) -> MILValue? {
        argument.value ?? argument.name.flatMap { operation($0)?.parameter("val")?.value }
    }

    /// A weight file that a constant, or what it is expanded from, lies in.
    func file(of name: String) -> MILBlobFile? {
        var seen: Set<String> = []
        return file(of: name, &seen)
    }

    /// `seen` keeps a constant that several parameters share from being followed again each time.
    private func file(of name: String, _ seen: inout Set<String>) -> MILBlobFile? {
        guard seen.insert(name).inserted, let operation = operation(name) else { return nil }
        let values =
            operation.arguments.values.flatMap(\.bindings) + operation.attributes.values.map { .value($0) }
        for value in values {
            switch value {
            case .value(let value): if let blob = value.blob { return files[blob.path] }
            case .name(let name): if let file = file(of: name, &seen) { return file }
            }
        }
        return nil
    }

    /// - Throws: `weights` when there is no such constant; `malformed` when its value does not hold together.
    func array(_ name: String) throws -> MILArray {
        var known: [String: MILArray] = [:]
        return try array(name, depth: 0, &known)
    }

    /// `known` keeps a constant that several parameters share from being expanded again each time.
    private func array(_ name: String, depth: Int, _ known: inout [String: MILArray]) throws -> MILArray {
        if let array = known[name] { return array }
        guard let definition = definitions[name] else {
            throw OssicleError(.weights, "no constant \(Quoting.quoted(name))")
        }
        guard depth < CoreMLLimits.nesting else {
            throw OssicleError(.malformed, "\(Quoting.quoted(name)) is nested too deeply")
        }
        let arrays = try MILConstants.evaluate(definition.operation, files: files) {
            try array($0, depth: depth + 1, &known)
        }
        for (output, array) in zip(definition.operation.outputs, arrays) { known[output.name] = array }
        return arrays[definition.output]
    }
}
