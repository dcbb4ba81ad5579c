import CKernels

extension Take: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let source = try emitter.denseInput(0), indices = try emitter.denseInput(1)
        try emitter.withDenseOutput { destination in
            emitter.step(
                emitter.kernels.pointee.ok_gather,
                ok_gather_args(
                    source: Int32(source.slot), indices: Int32(indices.slot),
                    destination: Int32(destination.slot),
                    element: Int32(source.dataType.size),
                    batch: emitter.length(Array(source.shape[..<batchAxes]).product),
                    outer: emitter.length(Array(source.shape[batchAxes..<axis]).product),
                    axis: emitter.length(source.shape[axis]),
                    count: emitter.length(Array(indices.shape[batchAxes...]).product),
                    inner: emitter.length(Array(source.shape[(axis + 1)...]).product)),
                name)
        }
    }
}

extension TakeAlong: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let source = try emitter.denseInput(0), indices = try emitter.denseInput(1)
        let place = emitter.extents(source.shape, along: axis)
        try emitter.withDenseOutput { destination in
            emitter.step(
                emitter.kernels.pointee.ok_gather_along,
                ok_gather_along_args(
                    source: Int32(source.slot), indices: Int32(indices.slot),
                    destination: Int32(destination.slot),
                    element: Int32(source.dataType.size), outer: place.outer, axis: place.axis,
                    count: emitter.length(indices.shape[axis]), inner: place.inner),
                name)
        }
    }
}

extension Scatter: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let count = emitter.type(of: emitter.current.inputs[1]).shape.product
        try emitter.emitScatter(mode, axis: axis, count: count, along: false, name)
    }
}

extension ScatterAlong: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let count = emitter.type(of: emitter.current.inputs[1]).shape[axis]
        try emitter.emitScatter(mode, axis: axis, count: count, along: true, name)
    }
}

extension DynamicSlice: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let source = try emitter.input(0)
        // A view would move with x if that is overwritten in place later, as in a loop: the window is copied out.
        emitter.emitCopy(from: try emitter.window(of: source, begin: 1, sizes: sizes), to: emitter.output())
    }
}

extension UpdateSlice: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let source = try emitter.input(0), update = try emitter.input(1)
        if !emitter.reuseInput(0) { emitter.emitCopy(from: source, to: emitter.output()) }
        let destination = emitter.output()
        guard let range else {
            let window = try emitter.window(of: destination, begin: 2, sizes: update.shape)
            return emitter.emitCopy(from: update, to: window)
        }
        var window = destination
        for (axis, begin) in range.begin.enumerated() where begin != 0 {
            window = emitter.view(
                of: window, offset: destination.strides[axis] * .fixed(begin), shape: update.shape,
                strides: window.strides, isTransient: true)
        }
        window.shape = update.shape
        window.strides = zip(destination.strides, range.step).map { $0 * .fixed($1) }
        emitter.emitCopy(from: update, to: window)
    }
}

extension CumulativeSum: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let source = try emitter.denseInput(0)
        let place = emitter.extents(source.shape, along: axis)
        try emitter.withDenseOutput { destination in
            emitter.step(
                emitter.kernels.pointee.ok_cumulate,
                ok_cumulate_args(
                    source: Int32(source.slot), destination: Int32(destination.slot), type: source.dataType.c,
                    exclusive: isExclusive ? 1 : 0, reverse: isReversed ? 1 : 0, outer: place.outer,
                    axis: place.axis,
                    inner: place.inner),
                name)
        }
    }
}

extension ArgReduce: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let source = try emitter.denseInput(0)
        let place = emitter.extents(source.shape, along: axis)
        try emitter.withDenseOutput { destination in
            emitter.step(
                emitter.kernels.pointee.ok_arg_reduce,
                ok_arg_reduce_args(
                    source: Int32(source.slot), destination: Int32(destination.slot), type: source.dataType.c,
                    smallest: kind == .min ? 1 : 0, outer: place.outer, axis: place.axis, inner: place.inner),
                name)
        }
    }
}

extension TopK: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        try emitter.withDenseOutput(0) { values in
            try emitter.withDenseOutput(1) { indices in
                try emitter.emitSort(
                    values: values, indices: indices, axis: axis, count: .fixed(count),
                    ascending: isAscending, name)
            }
        }
    }
}

extension ArgSort: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        try emitter.withDenseOutput { indices in
            try emitter.emitSort(
                values: nil, indices: indices, axis: axis, count: indices.shape[axis], ascending: isAscending,
                name)
        }
    }
}

extension Emitter {
    /// A shape as [outer, axis, inner].
    func extents(_ shape: [Dim], along axis: Int) -> (outer: ok_len, axis: ok_len, inner: ok_len) {
        (
            length(Array(shape[..<axis]).product), length(shape[axis]),
            length(Array(shape[(axis + 1)...]).product)
        )
    }

    fileprivate func emitScatter(
        _ mode: Scatter.Mode, axis: Int, count: Dim, along: Bool, _ label: String
    ) throws {
        let source = try input(0), indices = try denseInput(1), updates = try denseInput(2)
        let place = extents(source.shape, along: axis)
        let reused = reuseInput(0)
        try withDenseOutput { destination in
            if !reused { emitCopy(from: source, to: destination) }
            step(
                kernels.pointee.ok_scatter,
                ok_scatter_args(
                    indices: Int32(indices.slot), updates: Int32(updates.slot),
                    destination: Int32(destination.slot),
                    mode: mode.rawValue, type: source.dataType.c, along: along ? 1 : 0, outer: place.outer,
                    axis: place.axis, count: length(count), inner: place.inner),
                label)
        }
    }

    fileprivate func emitSort(
        values: Operand?, indices: Operand, axis: Int, count: Dim, ascending: Bool, _ label: String
    ) throws {
        let source = try denseInput(0)
        let place = extents(source.shape, along: axis)
        let keys = scratch(byteCount: 2 * maximum(source.shape[axis]) * MemoryLayout<UInt64>.stride)
        step(
            kernels.pointee.ok_sort,
            ok_sort_args(
                source: Int32(source.slot), values: Int32(values?.slot ?? -1), indices: Int32(indices.slot),
                keys: Int32(keys), type: source.dataType.c, ascending: ascending ? 1 : 0, outer: place.outer,
                axis: place.axis, count: length(count), inner: place.inner),
            label)
    }

    /// A window into `operand` that begins where input `begin` of the current node says.
    fileprivate func window(of operand: Operand, begin: Int, sizes: [Dim]) throws -> Operand {
        let place = try denseInput(begin)
        let room = zip(operand.shape, sizes).map { extent, size in
            extent == size ? Dim.fixed(0) : extent - (size.fixedValue ?? 0)
        }
        return self.place(into: operand, shape: sizes, strides: operand.strides, isTransient: true) { slot in
            step(
                ok_place,
                ok_place_args(
                    source: Int32(operand.slot), begin: Int32(place.slot), destination: Int32(slot),
                    element: Int32(operand.dataType.size), rank: Int32(sizes.count), room: lengths(room),
                    stride: lengths(operand.strides), extent: lengths(operand.shape)),
                "window")
        }
    }
}
