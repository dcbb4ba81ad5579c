/// What values are computed with: float32, int32, bool. Other types a constant may have are widened when it is read.
extension DataType {
    var computed: DataType { isFloat ? .float32 : self }
}

extension Operation {
    /// The one element type of all inputs.
    ///
    /// - Throws: `invalidArgument` when they differ, or when it is none of `allowed`.
    @discardableResult
    func elementType(
        _ inputs: [ValueType], of allowed: [DataType] = [.float32, .int32, .bool]
    ) throws -> DataType {
        let type = inputs[0].dataType.computed
        guard allowed.contains(type), inputs.allSatisfy({ $0.dataType.computed == type }) else {
            throw OssicleError(
                .invalidArgument,
                "\(name): expected inputs of one type out of \(allowed), found \(inputs.map(\.dataType))")
        }
        return type
    }

    /// - Throws: `invalidArgument` when `input` is not of type `type`.
    func expect(_ input: ValueType, type: DataType, _ what: String) throws {
        guard input.dataType.computed == type else {
            throw OssicleError(.invalidArgument, "\(name): \(what) must be \(type), found \(input)")
        }
    }
}
