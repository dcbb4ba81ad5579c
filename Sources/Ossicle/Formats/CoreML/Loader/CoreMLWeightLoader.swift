/// Lists and loads the weights of a Core ML model, on any platform.
///
/// Reads `.mlpackage`, `.mlmodelc` (ML Program and the older Espresso form) and `.mlmodel`. Nothing is copied
/// before a weight is asked for; a weight that is float32 in the file stays a view of it. Compressed weights
/// (`constexpr_*`) come out expanded. Not real-time safe. The files must not change while the loader lives.
public struct CoreMLWeightLoader: Sendable {
    /// The model the weights belong to.
    public let model: CoreMLModel
    /// In program or layer order.
    public let availableWeights: [CoreMLWeight]

    /// How weights are checked as they load.
    public var options: LoadOptions
    let source: any CoreMLWeightSource

    /// - Parameters:
    ///   - path: a `.mlpackage`, `.mlmodelc` or `.mlmodel`.
    ///   - function: of a program with several functions, whose weights; the model's default if `nil`.
    ///   - options: thresholds of, and receiver for, warnings about unusual magnitudes.
    /// - Throws: `io`, `malformed` or `unsupported`, naming the file; `invalidArgument` for an unknown function.
    public init(path: String, function: String? = nil, options: LoadOptions = LoadOptions()) throws {
        try self.init(CoreMLModel(path: path), function: function, options: options)
    }

    /// As `init(path:function:options:)`, of a model read before.
    public init(_ model: CoreMLModel, function: String? = nil, options: LoadOptions = LoadOptions()) throws {
        self.model = model
        self.options = options
        let source: any CoreMLWeightSource =
            switch model.content {
            case .program(let program, let files):
                CoreMLProgramWeights(try model.function(named: function, of: program), files: files)
            case .network(let layers, let storage): CoreMLNetworkWeights(layers: layers, storage: storage)
            case .espresso(let bundle): bundle
            }
        self.source = source
        availableWeights = try model.naming { try source.list(path: model.path) }
    }

    /// The weight as float32.
    ///
    /// - Throws: `weights` when there is none of that name or it has a NaN or an infinity; `malformed` when its bytes
    ///   do not hold together. Errors name the weight.
    public func loadWeights(name: String) throws -> Tensor { try load(name, allowsInfinity: false) }

    /// Every available weight as float32.
    ///
    /// - Throws: as `loadWeights(name:)`, but infinities in a constant that is no layer's weight are only warned of: an
    ///   attention mask is made of them.
    public func loadAll() throws -> [(name: String, tensor: Tensor)] {
        try availableWeights.map {
            ($0.name, try load($0.name, allowsInfinity: source.use(of: $0.name) == .other))
        }
    }

    private func load(_ name: String, allowsInfinity: Bool) throws -> Tensor {
        let tensor = try source.load(name, path: model.path)
        try WeightCheck(file: model.path, options: options).check(
            tensor.bytes.bindMemory(to: Float.self), name: name,
            mixes: tensor.shape.count >= 2 && source.use(of: name) != .uniform, allowsInfinity: allowsInfinity
        )
        return tensor
    }

    /// The weight as float32, which must have that shape.
    ///
    /// - Throws: as `loadWeights(name:)`; `weights` for another shape, naming both.
    public func loadWeights(name: String, expectedShape: [Int]) throws -> Tensor {
        let tensor = try loadWeights(name: name)
        guard tensor.shape == expectedShape else {
            throw OssicleError(
                .weights,
                "\(model.path): tensor \(Quoting.quoted(name)): expected shape \(expectedShape), found \(tensor.shape)"
            )
        }
        return tensor
    }
}

/// One form in which a model keeps weights.
protocol CoreMLWeightSource: Sendable {
    func list(path: String) throws -> [CoreMLWeight]
    func load(_ name: String, path: String) throws -> Tensor
    func use(of name: String) -> CoreMLWeightUse
}

/// What a weight is for, as far as its numbers tell whether something is wrong with it.
enum CoreMLWeightUse {
    /// A kernel, matrix or bias.
    case layer
    /// A scale or shift of a normalization, or an initial state: one number throughout is everyday.
    case uniform
    case other
}

extension CoreMLWeightSource {
    func use(of name: String) -> CoreMLWeightUse { .layer }
}

extension CoreMLModel {
    func function(named name: String?, of program: MILProgram) throws -> MILFunction {
        if let name {
            guard let function = program.function(named: name) else {
                let names = program.functions.map(\.name).joined(separator: ", ")
                throw OssicleError(
                    .invalidArgument, "\(path): no function \(Quoting.quoted(name)); there are \(names)")
            }
            return function
        }
        return program.function(named: description.defaultFunctionName) ?? program.function(named: "main")
            ?? program.functions[0]
    }
}

/// Weights of an ML Program: its constants.
struct CoreMLProgramWeights: CoreMLWeightSource {
    let function: MILFunction
    let constants: MILConstantTable
    /// Every operation, also those in blocks of others.
    let operations: [MILOperation]
    private let uses: [String: CoreMLWeightUse]

    init(_ function: MILFunction, files: MILBlobFiles) {
        self.function = function
        constants = MILConstantTable(function, files: files)
        var operations: [MILOperation] = []
        func visit(_ block: MILBlock) {
            for operation in block.operations {
                operations.append(operation)
                operation.blocks.forEach(visit)
            }
        }
        visit(function.body)
        self.operations = operations
        var uses: [String: CoreMLWeightUse] = [:]
        for operation in operations {
            for parameter in ["gamma", "beta", "initial_h", "initial_c"] {
                if let name = operation.parameter(parameter)?.name { uses[name] = .uniform }
            }
            for parameter in Self.layerParameters {
                if let name = operation.parameter(parameter)?.name { uses[name] = .layer }
            }
        }
        self.uses = uses
    }

    private static let layerParameters = [
        "weight", "bias", "weight_ih", "weight_hh", "weight_ih_back", "weight_hh_back", "bias_back",
        "peephole",
        "peephole_back", "mean", "variance",
    ]

    func use(of name: String) -> CoreMLWeightUse { (try? resolve(name)).flatMap { uses[$0] } ?? .other }

    /// Constants that hold weights: those in a file, and float tensors of at least one axis in the program; single
    /// numbers there are parameters of operations. What
    /// only feeds an expansion (indices, scales …) is a part of that weight, not one itself.
    func list(path: String) throws -> [CoreMLWeight] {
        let parts = partsOfOthers()
        var weights: [CoreMLWeight] = []
        for name in constants.names where !parts.contains(name) {
            guard let operation = constants.operation(name), let stored = try storedElements(of: operation),
                let output = operation.outputs.first(where: { $0.name == name }),
                let shape = output.type.shape,
                let element = stored.type.elementType, element != .string, let storedShape = stored.shape,
                stored.blob != nil || operation.type != "const" || (element.isFloat && !shape.isEmpty)
            else { continue }
            let count = try CoreMLShape.count(storedShape)
            var weight = (file: path, offset: Int?.none)
            if let blob = stored.blob, let file = constants.files[blob.path] {
                weight = (file.path, try file.blob(at: blob.offset).range.lowerBound)
            }
            weights.append(
                CoreMLWeight(
                    name: name, shape: shape, dataType: element,
                    byteCount: PackedElements.byteCount(element, count) ?? 0, file: weight.file,
                    offset: weight.offset, compression: operation.type == "const" ? nil : operation.type))
        }
        return weights
    }

    func load(_ name: String, path: String) throws -> Tensor {
        do {
            return try constants.array(resolve(name)).float32()
        } catch let error as OssicleError {
            throw error.within("\(path): tensor \(Quoting.quoted(name))")
        }
    }

    /// A constant's own name, or the label it was given if that is one constant's alone.
    private func resolve(_ name: String) throws -> String {
        if constants.operation(name) != nil { return name }
        let labelled = constants.names.filter { constants.operation($0)?.label == name }
        guard labelled.count == 1 else {
            throw OssicleError(
                .weights, labelled.isEmpty ? "no such weight" : "the label of \(labelled.count) weights")
        }
        return labelled[0]
    }

    private static let storedParameters = [
        "val", "quantized_data", "data", "indices", "nonzero_data", "indices_nonzero_data", "source_val",
    ]

    /// The value that holds the bulk of a constant; `nil` for a `const` that is no weight.
    private func storedElements(of operation: MILOperation, depth: Int = 0) throws -> MILValue? {
        func failure(_ what: String) -> OssicleError {
            OssicleError(.malformed, "\(Quoting.quoted(operation.outputs.first?.name ?? "")): \(what)")
        }
        guard depth < CoreMLLimits.nesting else { throw failure("nested too deeply") }
        for argument in Self.storedParameters.lazy.compactMap(operation.parameter) {
            if let value = argument.value { return value }
            guard let next = argument.name.flatMap(constants.operation) else { break }
            return try storedElements(of: next, depth: depth + 1)
        }
        throw failure("no constant holds its elements")
    }

    private func partsOfOthers() -> Set<String> {
        var parts: Set<String> = []
        var used: Set<String> = []
        func visit(_ block: MILBlock) {
            for operation in block.operations {
                let names = operation.arguments.values.flatMap(\.names)
                if MILConstants.isConstant(operation) {
                    parts.formUnion(names)
                } else {
                    used.formUnion(names)
                }
                // Of a sparse expansion's outputs the first is only the mask.
                if operation.outputs.count == 2, MILConstants.isConstant(operation) {
                    parts.insert(operation.outputs[0].name)
                }
                operation.blocks.forEach(visit)
            }
            used.formUnion(block.outputs)
        }
        visit(function.body)
        return parts.subtracting(used)
    }
}

/// Weights of an older network's specification.
struct CoreMLNetworkWeights: CoreMLWeightSource {
    let layers: [NeuralNetworkLayer]
    let storage: Storage

    func list(path: String) throws -> [CoreMLWeight] {
        layers.flatMap { layer in
            layer.weights.map { weight in
                let (element, compression): (MILElementType, String?) =
                    switch weight.encoding {
                    case .float32: (.fp32, nil)
                    case .float16: (.fp16, nil)
                    case .linear(let bits, let signed, _, _): (signed ? .int8 : .unsigned(bits), "linear")
                    case .lookup(let bits, _): (.unsigned(bits), "lookup")
                    }
                return CoreMLWeight(
                    name: "\(layer.name).\(weight.role)", shape: weight.shape, dataType: element,
                    byteCount: weight.byteCount, file: path, offset: weight.pieces.first?.lowerBound,
                    compression: compression)
            }
        }
    }

    func use(of name: String) -> CoreMLWeightUse {
        // A layer normalization's scales may have several axes.
        let isNorm = layers.contains { layer in
            layer.kind == 1350 && layer.weights.contains { "\(layer.name).\($0.role)" == name }
        }
        return isNorm ? .uniform : .layer
    }

    func load(_ name: String, path: String) throws -> Tensor {
        for layer in layers {
            for weight in layer.weights where "\(layer.name).\(weight.role)" == name {
                return try weight.decoded(from: storage)
            }
        }
        throw OssicleError(.weights, "\(path): tensor \(Quoting.quoted(name)): no such weight")
    }
}

extension MILElementType {
    /// The type of that many bits. Core ML has none of 5 or 7: those stand for bytes here.
    fileprivate static func unsigned(_ bits: Int) -> MILElementType {
        [1: .uint1, 2: .uint2, 3: .uint3, 4: .uint4, 6: .uint6][bits] ?? .uint8
    }
}

extension EspressoBundle: CoreMLWeightSource {
    func list(path: String) -> [CoreMLWeight] {
        weights.map {
            CoreMLWeight(
                name: $0.name, shape: $0.shape, dataType: $0.dataType == .float16 ? .fp16 : .fp32,
                byteCount: $0.range.count, file: self.path, offset: $0.range.lowerBound, compression: nil)
        }
    }

    func load(_ name: String, path: String) throws -> Tensor {
        guard let weight = weights.first(where: { $0.name == name }) else {
            throw OssicleError(.weights, "\(path): tensor \(Quoting.quoted(name)): no such weight")
        }
        return try tensor(weight)
    }
}
