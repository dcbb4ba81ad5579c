/// The same values as another type. Floats are cut towards zero and kept within int32 (NaN gives 0); a bool is what is
/// not zero.
public struct Cast: Operation {
    public var dataType: DataType
    public init(to dataType: DataType) { self.dataType = dataType }

    public var name: String { "cast" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...1)
        try elementType(inputs)
        guard [.float32, .int32, .bool].contains(dataType) else {
            throw OssicleError(.invalidArgument, "values are float32, int32 or bool, not \(dataType)")
        }
        return [ValueType(inputs[0].shape, dataType)]
    }
}
