/// What a name of an ML Program stands for while its function becomes a graph.
enum MILLowered {
    /// A tensor: made by a node, given from outside, or constant.
    case tensor(ValueID)
    case list(MILList)
    /// A variable that outlives a call, by its name in the graph.
    case state(String)
    /// Not there, because what makes it is not supported; the load fails at its end.
    case unknown
}

/// A list of tensors of one shape, kept as one tensor with an axis in front: its length never changes.
struct MILList {
    var length: Int
    /// [length, element…]; nil before the first write into a list that does not say the shape of its elements.
    var tensor: ValueID?
    var dataType: DataType
    /// Whether a write behind its end makes it longer, which can only be done while the model is loaded.
    var grows: Bool
}

extension MILElementType {
    /// The type values of this type have in a graph: floats of every width are computed in float32, integers in int32.
    var computed: DataType {
        if self == .bool { return .bool }
        return isFloat ? .float32 : .int32
    }
}

extension MILArray {
    /// The elements in the type they are computed in; 64-bit integers beyond int32 become its bounds, which MIL
    /// uses to mean "to the end".
    func tensor() throws -> Tensor {
        switch element.computed {
        case .bool:
            return try Tensor((0..<count).map { integer($0) != 0 }, shape: shape)
        case .int32: return try Tensor((0..<count).map { Int32(clamping: integer($0)) }, shape: shape)
        default: return try float32()
        }
    }
}
