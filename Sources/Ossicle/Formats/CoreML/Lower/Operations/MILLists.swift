/// Lists of tensors (coremltools `ops/defs/iOS15/control_flow.py`). A list is one tensor with an axis in front; its
/// length is fixed when the model is loaded, so a loop that fills it needs no memory of its own.
enum MILLists {
    static let rules: [String: MILLowering.Rule] = [
        "make_list": makeList,
        "list_length": { [.tensor(try $0.constant([$0.list("ls").length], []))] },
        "list_write": write,
        "list_read": read,
        "list_gather": { call in
            let list = try call.list("ls")
            return [.tensor(try call.gathered(call.elements(list), call.tensor("indices"), axis: 0))]
        },
        "list_scatter": scatter,
    ]

    private static func makeList(_ call: MILCall) throws -> [MILLowered] {
        let length = try call.integer("init_length", default: 1)
        guard length >= 0 else { throw OssicleError(.malformed, "init_length \(length)") }
        let type = MILElementType(spelling: try call.string("dtype", default: "fp32"))?.computed ?? .float32
        // What has reserved room may be said to be dynamic, too: TensorFlow's lists of as many elements as there are steps.
        let grows = try call.bool("dynamic_length", default: true) && length <= 1
        var list = MILList(length: length, tensor: nil, dataType: type, grows: grows)
        // The shape is known unless it is written as symbols.
        if call.has("elem_shape"), let shape = call.numbers("elem_shape"), length > 0 {
            list.tensor = try call.zeros([length] + shape, type)
        }
        return [.list(list)]
    }

    private static func write(_ call: MILCall) throws -> [MILLowered] {
        let value = try call.tensor("value")
        var list = try call.list("ls")
        let index = try call.tensor("index")
        try call.provide(&list, shape: call.shape(value), type: call.dataType(value), index: index)
        let row = try call.reshape(value, [1] + call.shape(value))
        let place = try call.reshape(index, [1])
        list.tensor = try call.scattered(into: call.elements(list), place, row, axis: 0, mode: .update)
        return [.list(list)]
    }

    private static func read(_ call: MILCall) throws -> [MILLowered] {
        let elements = try call.elements(call.list("ls"))
        return [.tensor(try call.gathered(elements, call.reshape(call.tensor("index"), []), axis: 0))]
    }

    private static func scatter(_ call: MILCall) throws -> [MILLowered] {
        let value = try call.tensor("value")
        var list = try call.list("ls")
        let indices = try call.tensor("indices")
        try call.provide(
            &list, shape: Array(call.shape(value).dropFirst()), type: call.dataType(value), index: indices)
        list.tensor = try call.scattered(into: call.elements(list), indices, value, axis: 0, mode: .update)
        return [.list(list)]
    }
}

extension MILCall {
    /// The integers bound to a parameter as a tensor or a tuple; nil when there are others among them.
    fileprivate func numbers(_ parameter: String) -> [Int]? {
        guard let ids = try? tensors(parameter) else { return nil }
        var numbers: [Int] = []
        for id in ids {
            guard let tensor = lowering.graph.constant(id), tensor.dataType == .int32 else { return nil }
            numbers += tensor.ints()
        }
        return numbers.allSatisfy { $0 >= 0 } ? numbers : nil
    }

    func zeros(_ shape: [Int], _ type: DataType) throws -> ValueID {
        try filled(
            shape: shape,
            with: Tensor(shape: [], dataType: type, storage: .copy([UInt8](repeating: 0, count: 4))))
    }

    /// The list as one tensor.
    fileprivate func elements(_ list: MILList) throws -> ValueID {
        guard let tensor = list.tensor else {
            throw OssicleError(.unsupported, "a list is read before its elements have a shape")
        }
        return tensor
    }

    /// Gives a list its tensor, and makes room for a constant index behind its end, as MIL's lists grow.
    fileprivate func provide(_ list: inout MILList, shape: [Int], type: DataType, index: ValueID) throws {
        let known = lowering.graph.constant(index)?.ints()
        guard known != nil || !list.grows else {
            throw OssicleError(
                .unsupported, "the list may grow, and where it is written depends on the inputs")
        }
        let needed = (known?.max() ?? -1) + 1
        if list.tensor == nil {
            list.length = max(list.length, needed)
            list.dataType = type
            list.tensor = try zeros([list.length] + shape, type)
        } else if needed > list.length {
            let more = try zeros([needed - list.length] + shape, type)
            list.tensor = try joined([elements(list), more], axis: 0)
            list.length = needed
        }
    }
}
