/// Elements by number (coremltools `scatter_gather.py`, `tensor_operation.py`). Negative numbers count from the end.
enum MILIndexing {
    static let rules: [String: MILLowering.Rule] = [
        "gather": gather,
        "gather_along_axis": { call in
            let x = try call.tensor("x")
            let axis = try call.axis("axis", default: 0, of: x)
            return [.tensor(try call.apply(TakeAlong(axis: axis), x, call.tensor("indices")))]
        },
        "gather_nd": gatherND,
        "scatter": { call in
            let data = try call.tensor("data")
            let (axis, mode) = (try call.axis("axis", default: 0, of: data), try call.scatterMode())
            return [
                .tensor(
                    try call.scattered(
                        into: data, call.tensor("indices"), call.tensor("updates"), axis: axis, mode: mode))
            ]
        },
        "scatter_along_axis": { call in
            let data = try call.tensor("data")
            let (axis, mode) = (try call.axis("axis", default: 0, of: data), try call.scatterMode())
            let operation = ScatterAlong(axis: axis, mode: mode)
            return [.tensor(try call.apply(operation, data, call.tensor("indices"), call.tensor("updates")))]
        },
        "scatter_nd": scatterND,
        "one_hot": oneHot,
        "cumsum": { call in
            let x = try call.tensor("x")
            let operation = CumulativeSum(
                axis: try call.axis("axis", default: 0, of: x),
                isExclusive: try call.bool("exclusive", default: false),
                isReversed: try call.bool("reverse", default: false))
            return [.tensor(try call.apply(operation, x))]
        },
        "argsort": { call in
            let x = try call.tensor("x")
            let operation = ArgSort(
                axis: try call.axis("axis", default: -1, of: x),
                isAscending: try call.bool("ascending", default: false))
            return [.tensor(try call.apply(operation, x))]
        },
        "topk": topK,
    ]

    private static func gather(_ call: MILCall) throws -> [MILLowered] {
        let (x, indices) = (try call.tensor("x"), try call.tensor("indices"))
        let axis = try call.axis("axis", default: 0, of: x)
        let batch = try call.integer("batch_dims", default: 0)
        guard batch != 0 else { return [.tensor(try call.gathered(x, indices, axis: axis))] }
        return [
            .tensor(try call.apply(Take(axis: axis, batchAxes: call.axis(batch, rank: axis + 1)), x, indices))
        ]
    }

    private static func gatherND(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let batch = try call.integer("batch_dims", default: 0)
        let (flat, places, shape) = try points(call, in: x, batch: batch)
        let outer = call.shape(try call.tensor("indices")).dropLast()
        let found =
            batch == 0
            ? try call.gathered(flat, places, axis: 0)
            : try call.apply(Take(axis: 1, batchAxes: 1), flat, places)
        return [.tensor(try call.reshape(found, outer + shape))]
    }

    private static func scatterND(_ call: MILCall) throws -> [MILLowered] {
        let data = try call.tensor("data")
        let (flat, places, shape) = try points(call, in: data)
        let updates = try call.reshape(call.tensor("updates"), call.shape(places) + shape)
        let result = try call.scattered(into: flat, places, updates, axis: 0, mode: call.scatterMode())
        return [.tensor(try call.reshape(result, call.shape(data)))]
    }

    /// Points given by one index for each of the first axes: the value with those axes made one, the points' numbers
    /// along it, and the shape behind it.
    ///
    /// - Parameter batch: how many axes before those belong together in both; they are made one in both, too.
    private static func points(
        _ call: MILCall, in x: ValueID, batch: Int = 0
    ) throws -> (flat: ValueID, places: ValueID, shape: [Int]) {
        let (indices, shape) = (try call.tensor("indices"), call.shape(x))
        let extents = call.shape(indices)
        guard (0..<max(extents.count, 1)).contains(batch), batch < shape.count, let depth = extents.last,
            (1...(shape.count - batch)).contains(depth), shape[..<batch] == extents[..<batch]
        else {
            throw OssicleError(
                .malformed, "indices of shape \(extents) into \(shape), \(batch) axes of both together")
        }
        let lead = batch == 0 ? [] : [shape[..<batch].reduce(1, *)]
        let count = extents.dropLast().reduce(1, *)
        let table = try call.reshape(indices, [count, depth])
        var places: ValueID?
        for axis in 0..<depth {
            let column = try call.reshape(call.slice(table, axis: 1, start: axis, count: 1), [count])
            let extent = try call.constant([shape[batch + axis]], [])
            // What is outside takes the nearest element.
            let last = try call.constant([shape[batch + axis] - 1], [])
            let first = try call.constant([-shape[batch + axis]], [])
            let inside = try call.apply(Binary(.maximum), call.apply(Binary(.minimum), column, last), first)
            let positive = try call.apply(Binary(.modulo), inside, extent)
            guard let before = places else {
                places = positive
                continue
            }
            places = try call.apply(Binary(.add), call.apply(Binary(.multiply), before, extent), positive)
        }
        let perBatch = extents[batch...].dropLast().reduce(1, *)
        let (joined, rest) = (shape[batch..<(batch + depth)].reduce(1, *), Array(shape[(batch + depth)...]))
        return (
            try call.reshape(x, lead + [joined] + rest), try call.reshape(places!, lead + [perBatch]), rest
        )
    }

    private static func oneHot(_ call: MILCall) throws -> [MILLowered] {
        let indices = try call.tensor("indices")
        let size = try call.integer("one_hot_vector_size")
        let rank = call.rank(indices) + 1
        let axis = try call.axis(call.integer("axis", default: -1), rank: rank)
        guard size >= 0 else { throw OssicleError(.malformed, "one_hot_vector_size \(size)") }
        var shape = call.shape(indices)
        shape.insert(1, at: axis)
        let numbers = try call.constant(
            Array(0..<CoreMLShape.count([size])), [size] + [Int](repeating: 1, count: rank - axis - 1))
        let isHot = try call.apply(Compare(.equal), call.reshape(indices, shape), numbers)
        let on = try call.optionalTensor("on_value") ?? call.constant([1], [])
        let off = try call.optionalTensor("off_value") ?? call.constant([0], [])
        let (a, b) = try call.alike(on, off)
        return [.tensor(try call.apply(Select(), isHot, a, b))]
    }

    private static func topK(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let (axis, count) = (
            try call.axis("axis", default: -1, of: x), try call.integer("k", default: 1)
        )
        // -1 means all of them.
        let operation = TopK(
            count == -1 ? call.shape(x)[axis] : count, axis: axis,
            isAscending: try call.bool("ascending", default: false))
        let results = try call.add(operation, [x]).map(MILLowered.tensor)
        return try call.bool("return_indices", default: true) ? results : [results[0]]
    }
}

extension MILCall {
    fileprivate func scatterMode() throws -> Scatter.Mode {
        switch try string("mode", default: "add") {
        case "update": .update
        case "add": .add
        case "sub": .subtract
        case "mul": .multiply
        case "div": .divide
        case "max": .maximum
        case "min": .minimum
        case let mode: throw OssicleError(.unsupported, "mode \(Quoting.quoted(mode))")
        }
    }

    /// `x[…, indices, …]`: the axes of the indices stand in place of `axis`.
    func gathered(_ x: ValueID, _ indices: ValueID, axis: Int) throws -> ValueID {
        guard let known = lowering.graph.constant(indices)?.ints() else {
            return try apply(Take(axis: axis), x, indices)
        }
        var shape = shape(x)
        let extent = shape[axis]
        let positions = known.map { $0 < 0 ? $0 + extent : $0 }
        guard positions.allSatisfy((0..<extent).contains) else {
            throw OssicleError(.malformed, "indices \(known) of an axis of \(extent) elements")
        }
        shape.replaceSubrange(axis...axis, with: self.shape(indices))
        // One element is a view.
        if positions.count == 1 {
            return try reshape(slice(x, axis: axis, start: positions[0], count: 1), shape)
        }
        return try reshape(apply(Gather(axis: axis, indices: positions), x), shape)
    }

    func scattered(
        into data: ValueID, _ indices: ValueID, _ updates: ValueID, axis: Int, mode: Scatter.Mode
    ) throws -> ValueID {
        let shape = shape(data)
        let known = lowering.graph.constant(indices)?.ints() ?? []
        if mode == .update, known.count == 1, self.shape(indices) == [1], (0..<shape[axis]).contains(known[0])
        {
            var begin = [Int](repeating: 0, count: shape.count)
            begin[axis] = known[0]
            let range = UpdateSlice.Range(begin: begin, step: [Int](repeating: 1, count: shape.count))
            return try apply(UpdateSlice(range), data, updates)
        }
        return try apply(Scatter(axis: axis, mode: mode), data, indices, updates)
    }
}
