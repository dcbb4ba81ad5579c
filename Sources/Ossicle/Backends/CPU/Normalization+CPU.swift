import CKernels

extension BatchNormalization: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let factors = factors(
            mean: try emitter.constant(1).floats(), variance: try emitter.constant(2).floats(),
            weight: hasWeight ? try emitter.constant(3).floats() : nil,
            bias: hasBias ? try emitter.constant(biasIndex).floats() : nil)
        try emitter.emitAlong(axis..<(axis + 1)) { source, destination in
            emitter.step(
                emitter.kernels.pointee.ok_affine,
                ok_affine_args(
                    source: emitter.cAxis(source), destination: emitter.cAxis(destination),
                    outer: emitter.length(source.outer), axis: emitter.length(source.axis),
                    inner: emitter.length(source.inner),
                    scale: emitter.memory.store(factors.scale.map(Float.init)),
                    shift: emitter.memory.store(factors.shift.map(Float.init))),
                "scale+shift")
        }
    }
}

extension LayerNormalization: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let weight = hasWeight ? try emitter.constant(1).floats() : nil
        let bias = hasBias ? try emitter.constant(emitter.current.inputs.count - 1).floats() : nil
        try emitter.emitAlong(axes) { source, destination in
            // Without neighbours the axis is one row, and the weights run along it.
            let isRow = !source.hasColumns
            emitter.emitNormalize(
                from: source, to: destination, axis: isRow ? .fixed(1) : source.axis,
                inner: isRow ? source.axis : source.inner,
                ok_normalize_args(
                    source: ok_axis_operand(), destination: ok_axis_operand(), centred: isCentred ? 1 : 0,
                    columns: isRow ? 0 : 1, elementwise: isRow ? 1 : 0, groups: 1, outer: 0, axis: 0,
                    inner: 0,
                    epsilon: epsilon, weight: weight.map { UnsafePointer(emitter.memory.store($0)) },
                    bias: bias.map { UnsafePointer(emitter.memory.store($0)) }),
                isCentred ? "layer norm" : "rms norm")
        }
    }
}

extension GroupNormalization: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let weight = hasWeight ? try emitter.constant(1).floats() : nil
        let bias = hasBias ? try emitter.constant(emitter.current.inputs.count - 1).floats() : nil
        let source = emitter.axisView(split(try emitter.input(0)), (axis + 1)..<(axis + 2))
        _ = emitter.reuseInput(0)
        func emit(_ destination: Operand) {
            emitter.emitNormalize(
                from: source, to: AxisView(split(destination), (axis + 1)..<(axis + 2))!, axis: source.axis,
                inner: source.inner,
                ok_normalize_args(
                    source: ok_axis_operand(), destination: ok_axis_operand(), centred: 1, columns: 0,
                    elementwise: 0,
                    groups: Int64(groups), outer: 0, axis: 0, inner: 0, epsilon: epsilon,
                    weight: weight.map { UnsafePointer(emitter.memory.store($0)) },
                    bias: bias.map { UnsafePointer(emitter.memory.store($0)) }),
                "group norm")
        }
        if AxisView(split(emitter.output()), (axis + 1)..<(axis + 2)) != nil {
            emit(emitter.output())
        } else {
            try emitter.withDenseOutput { emit($0) }
        }
    }

    /// The channels as [groups, channels of a group].
    private func split(_ operand: Operand) -> Operand {
        var result = operand
        let channels = operand.shape[axis].fixedValue! / groups
        result.shape.replaceSubrange(axis...axis, with: [.fixed(groups), .fixed(channels)])
        result.strides.insert(operand.strides[axis] * .fixed(channels), at: axis)
        return result
    }
}

extension Emitter {
    fileprivate func emitNormalize(
        from source: AxisView, to destination: AxisView, axis: Dim, inner: Dim,
        _ arguments: ok_normalize_args,
        _ label: String
    ) {
        var arguments = arguments
        arguments.source = cAxis(source)
        arguments.destination = cAxis(destination)
        arguments.outer = length(source.outer)
        arguments.axis = length(axis)
        arguments.inner = length(inner)
        step(kernels.pointee.ok_normalize, arguments, label)
    }
}
