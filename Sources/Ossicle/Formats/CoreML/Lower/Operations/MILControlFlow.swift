/// Loops and branches (coremltools `ops/defs/iOS15/control_flow.py`).
///
/// A loop whose trip count is known when the model is loaded is unrolled, as far as that is reasonable: its indices
/// are then constants and its slices views. Others run as loops over fixed buffers.
enum MILControlFlow {
    static let rules: [String: MILLowering.Rule] = ["while_loop": whileLoop, "cond": branch]

    private static func whileLoop(_ call: MILCall) throws -> [MILLowered] {
        guard call.operation.blocks.count == 2 else {
            throw OssicleError(.malformed, "\(call.operation.blocks.count) blocks, expected 2")
        }
        let start = try call.bound("loop_vars")
        let before = call.lowering.snapshot()
        if let values = try unrolled(call, start) { return values }
        call.lowering.restore(before)
        return try loop(call, start)
    }

    /// The loop written out; nil when how often it turns is not known, or too often.
    private static func unrolled(_ call: MILCall, _ start: [MILLowered]) throws -> [MILLowered]? {
        let blocks = call.operation.blocks
        var values = start
        let bytes = max(call.lowering.constantBytes(of: blocks), 1)
        for _ in 0...min(CoreMLLimits.unrolledTurns, max(CoreMLLimits.unrolledBytes / bytes, 1)) {
            guard case .tensor(let condition)? = try call.lowering.lower(blocks[0], inputs: values).first,
                let known = call.lowering.graph.constant(condition)?.ints().first
            else { return nil }
            if known == 0 { return values }
            values = try call.lowering.lower(blocks[1], inputs: values)
            guard values.count == start.count else {
                throw OssicleError(.malformed, "the body gives \(values.count) values, expected \(start.count)")
            }
        }
        return nil
    }

    private static func loop(_ call: MILCall, _ start: [MILLowered]) throws -> [MILLowered] {
        let blocks = call.operation.blocks
        let start = try withElements(call, start)
        let carried = try start.map { try call.carriedTensor($0) }
        let captured = call.lowering.captures(of: blocks)
        let regions = try blocks.map {
            try call.lowering.region($0, inputs: start, values: carried, captured: captured)
        }
        let condition = regions[0].outputs.first.map { regions[0].type(of: $0.value) }
        guard regions[0].outputs.count == 1, condition?.dataType == .bool, condition?.shape.product == .fixed(1) else {
            throw OssicleError(.malformed, "the condition of a loop must give one bool")
        }
        try expect(regions[1], carried.map { call.lowering.graph.type(of: $0) }, "a loop variable")
        let results = try call.add(
            While(carried: carried.count), carried + captured.map(\.value), regions: regions)
        return zip(start, results).map { $0.with($1) }
    }

    /// Gives lists that are empty at the start the shape that one turn of the body finds.
    private static func withElements(_ call: MILCall, _ start: [MILLowered]) throws -> [MILLowered] {
        let isOpen = start.contains { if case .list(let list) = $0 { list.tensor == nil } else { false } }
        guard isOpen else { return start }
        let before = call.lowering.snapshot()
        let found = try call.lowering.lower(call.operation.blocks[1], inputs: start).map { value -> [Int]? in
            guard case .list(let list) = value, let tensor = list.tensor else { return nil }
            return call.shape(tensor)
        }
        call.lowering.restore(before)
        return try zip(start, found).map { value, shape in
            guard case .list(var list) = value, list.tensor == nil, let shape else { return value }
            list.length = shape[0]
            list.tensor = try call.zeros(shape, list.dataType)
            return .list(list)
        }
    }

    private static func branch(_ call: MILCall) throws -> [MILLowered] {
        let blocks = call.operation.blocks
        guard blocks.count == 2 else { throw OssicleError(.malformed, "\(blocks.count) blocks, expected 2") }
        if call.isConstant("pred") {
            return try call.lowering.lower(blocks[try call.integers("pred").first != 0 ? 0 : 1])
        }
        let captured = call.lowering.captures(of: blocks)
        let regions = try blocks.map {
            try call.lowering.region($0, inputs: [], values: [], captured: captured)
        }
        let types = regions[0].outputs.map { regions[0].type(of: $0.value) }
        try expect(regions[1], types, "a result of a branch")
        let condition = try call.cast(call.tensor("pred"), to: .bool)
        return try call.add(If(), [condition] + captured.map(\.value), regions: regions).map(MILLowered.tensor)
    }

    /// Fixed buffers need fixed shapes.
    private static func expect(_ region: Graph, _ types: [ValueType], _ what: String) throws {
        let found = region.outputs.map { region.type(of: $0.value) }
        guard found.count == types.count else {
            throw OssicleError(.malformed, "a block gives \(found.count) values, expected \(types.count)")
        }
        for (a, b) in zip(found, types) where a != b {
            throw OssicleError(.unsupported, "\(what) changes from \(b) to \(a)")
        }
    }
}

extension MILLowered {
    /// The same kind of thing with other contents.
    func with(_ value: ValueID) -> MILLowered {
        guard case .list(var list) = self else { return .tensor(value) }
        list.tensor = value
        return .list(list)
    }
}

extension MILCall {
    /// What goes round a loop for a value: the tensor itself, or the one that holds a list.
    fileprivate func carriedTensor(_ value: MILLowered) throws -> ValueID {
        switch value {
        case .tensor(let id): return id
        case .list(let list):
            guard let id = list.tensor else {
                throw OssicleError(.unsupported, "a list goes into a loop before its elements have a shape")
            }
            return id
        case .state, .unknown: throw OssicleError(.malformed, "a loop carries tensors and lists")
        }
    }
}
