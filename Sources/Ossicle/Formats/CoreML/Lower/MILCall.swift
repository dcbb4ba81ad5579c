/// One operation being lowered: its arguments by name and type, and the graph it adds to.
///
/// Arguments that MIL wants constant are read as plain values, with MIL's default where there is one.
struct MILCall {
    let operation: MILOperation
    let lowering: MILLowering

    var name: String { operation.outputs.first?.name ?? operation.type }

    // MARK: Arguments

    func has(_ parameter: String) -> Bool { operation.parameter(parameter) != nil }

    private func argument(_ parameter: String) throws -> MILArgument {
        guard let argument = operation.parameter(parameter) else {
            throw OssicleError(.malformed, "parameter \(Quoting.quoted(parameter)) is missing")
        }
        return argument
    }

    /// What each thing bound to a parameter stands for.
    func bound(_ parameter: String) throws -> [MILLowered] {
        try argument(parameter).bindings.map { binding in
            switch binding {
            case .name(let name): try lowering.value(name)
            case .value(let value): .tensor(try lowering.immediate(value, name: "\(name).\(parameter)"))
            }
        }
    }

    func one(_ parameter: String) throws -> MILLowered {
        let values = try bound(parameter)
        guard values.count == 1 else {
            throw OssicleError(
                .malformed,
                "parameter \(Quoting.quoted(parameter)): expected one value, found \(values.count)")
        }
        return values[0]
    }

    func tensors(_ parameter: String) throws -> [ValueID] {
        try bound(parameter).map { value in
            guard case .tensor(let id) = value else {
                throw OssicleError(.malformed, "parameter \(Quoting.quoted(parameter)) is not a tensor")
            }
            return id
        }
    }

    func tensor(_ parameter: String) throws -> ValueID {
        let values = try tensors(parameter)
        guard values.count == 1 else {
            throw OssicleError(
                .malformed,
                "parameter \(Quoting.quoted(parameter)): expected one tensor, found \(values.count)")
        }
        return values[0]
    }

    func optionalTensor(_ parameter: String) throws -> ValueID? {
        has(parameter) ? try tensor(parameter) : nil
    }

    func list(_ parameter: String) throws -> MILList {
        guard case .list(let list) = try one(parameter) else {
            throw OssicleError(.malformed, "parameter \(Quoting.quoted(parameter)) is not a list")
        }
        return list
    }

    /// The contents of an argument that has to be known when the model is loaded.
    func constant(_ parameter: String) throws -> Tensor { try constant(tensor(parameter), parameter) }

    private func constant(_ id: ValueID, _ parameter: String) throws -> Tensor {
        guard let tensor = lowering.graph.constant(id) else {
            throw OssicleError(
                .unsupported,
                "parameter \(Quoting.quoted(parameter)) depends on the inputs; it must be constant")
        }
        return tensor
    }

    /// Integers or bools: one tensor of them, or a tuple of scalars.
    func integers(_ parameter: String) throws -> [Int] {
        try tensors(parameter).flatMap { try constant($0, parameter).ints() }
    }

    func integers(_ parameter: String, default values: [Int]) throws -> [Int] {
        has(parameter) ? try integers(parameter) : values
    }

    func integer(_ parameter: String) throws -> Int { try single(parameter, integers(parameter)) }
    func integer(_ parameter: String, default value: Int) throws -> Int {
        has(parameter) ? try integer(parameter) : value
    }

    func float(_ parameter: String) throws -> Float { try single(parameter, constant(parameter).floats()) }
    func float(_ parameter: String, default value: Float) throws -> Float {
        has(parameter) ? try float(parameter) : value
    }

    func bool(_ parameter: String, default value: Bool) throws -> Bool {
        has(parameter) ? try single(parameter, integers(parameter)) != 0 : value
    }

    func bools(_ parameter: String, count: Int) throws -> [Bool] {
        guard has(parameter) else { return [Bool](repeating: false, count: count) }
        return try expect(parameter, integers(parameter).map { $0 != 0 }, count: count)
    }

    /// Reports what is not supported about an operation's parameters, all of it at once.
    ///
    /// - Parameter checks: each with what is wrong, or nil.
    func require(_ checks: [() throws -> String?]) throws {
        var found: [String] = []
        for check in checks {
            do { if let problem = try check() { found.append(problem) } } catch let error as OssicleError
                where error.code == .unsupported
            { found.append(error.message) }
        }
        guard found.isEmpty else { throw OssicleError(.unsupported, found.joined(separator: ", ")) }
    }

    /// That parameters, where they are there, do not depend on the inputs.
    func isKnown(_ parameters: String...) -> [() throws -> String?] {
        parameters.filter(has).map { parameter in
            {
                _ = try constant(parameter)
                return nil
            }
        }
    }

    func string(_ parameter: String, default value: String? = nil) throws -> String {
        guard has(parameter) else {
            if let value { return value }
            throw OssicleError(.malformed, "parameter \(Quoting.quoted(parameter)) is missing")
        }
        guard let text = try lowering.constants.value(of: argument(parameter))?.string else {
            throw OssicleError(.malformed, "parameter \(Quoting.quoted(parameter)) is not a string constant")
        }
        return text
    }

    private func single<T>(_ parameter: String, _ values: [T]) throws -> T {
        try expect(parameter, values, count: 1)[0]
    }

    func expect<T>(_ parameter: String, _ values: [T], count: Int) throws -> [T] {
        guard values.count == count else {
            throw wrongCount(parameter, expected: count, found: values.count)
        }
        return values
    }

    func wrongCount(_ parameter: String, expected: Int, found: Int) -> OssicleError {
        OssicleError(
            .malformed,
            "parameter \(Quoting.quoted(parameter)): expected \(expected) elements, found \(found)")
    }

    /// An axis counted from the end when negative.
    func axis(_ axis: Int, rank: Int) throws -> Int {
        let positive = axis < 0 ? axis + rank : axis
        guard (0..<rank).contains(positive) else {
            throw OssicleError(.malformed, "axis \(axis) of a tensor of \(rank) axes")
        }
        return positive
    }

    func axis(_ parameter: String, default value: Int, of id: ValueID) throws -> Int {
        try axis(integer(parameter, default: value), rank: rank(id))
    }

    /// Different axes in ascending order; all of them when the argument is missing.
    func axes(_ parameter: String = "axes", of id: ValueID) throws -> [Int] {
        guard has(parameter) else { return Array(0..<rank(id)) }
        let axes = try integers(parameter).map { try axis($0, rank: rank(id)) }
        guard Set(axes).count == axes.count else { throw OssicleError(.malformed, "axes \(axes) repeat") }
        return axes.sorted()
    }

    // MARK: Values

    func shape(_ id: ValueID) -> [Int] { lowering.shape(id) }
    func rank(_ id: ValueID) -> Int { lowering.graph.type(of: id).rank }
    func dataType(_ id: ValueID) -> DataType { lowering.graph.type(of: id).dataType }

    /// Appends a node; what depends on constants alone is computed at once.
    func add(_ operation: any Operation, _ inputs: [ValueID], regions: [Graph] = []) throws -> [ValueID] {
        try lowering.add(operation, inputs, name: name, regions: regions)
    }

    func apply(_ operation: any Operation, _ inputs: ValueID...) throws -> ValueID {
        try add(operation, inputs)[0]
    }

    func constant(_ values: [Float], _ shape: [Int]) throws -> ValueID {
        lowering.graph.constant("\(name).constant", try Tensor(values, shape: shape))
    }

    func constant(_ value: Float) throws -> ValueID { try constant([value], []) }

    func constant(_ values: [Int], _ shape: [Int]) throws -> ValueID {
        lowering.graph.constant(
            "\(name).constant", try Tensor(values.map { Int32(clamping: $0) }, shape: shape))
    }

    func reshape(_ id: ValueID, _ shape: [Int]) throws -> ValueID {
        guard shape != self.shape(id) else { return id }
        guard try CoreMLShape.count(shape) == CoreMLShape.count(self.shape(id)) else {
            throw OssicleError(.malformed, "\(self.shape(id)) cannot be reshaped to \(shape)")
        }
        return try apply(Reshape(shape.map { .fixed($0) }), id)
    }

    func transpose(_ id: ValueID, _ order: [Int]) throws -> ValueID {
        let shape = shape(id)
        if order == Array(order.indices) { return id }
        // Where only axes of extent 1 move, nothing does.
        guard order.sorted() == Array(shape.indices) else {
            throw OssicleError(.malformed, "\(order) does not reorder the axes of \(shape)")
        }
        let moving = order.filter { shape[$0] != 1 }
        if moving == moving.sorted() {
            return try reshape(id, order.map { shape[$0] })
        }
        return try apply(Transpose(order), id)
    }

    /// `id · scale + shift`, without what does nothing.
    func scaled(_ id: ValueID, by scale: Float, plus shift: Float = 0) throws -> ValueID {
        if scale == 1, shift == 0 { return id }
        return try apply(Unary(Activation(.linear, alpha: scale, beta: shift)), id)
    }

    func cast(_ id: ValueID, to type: DataType) throws -> ValueID {
        dataType(id) == type ? id : try apply(Cast(to: type), id)
    }
}
