import CKernels

extension Transpose: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let source = try emitter.input(0)
        let turned = Operand(
            slot: source.slot, shape: order.map { source.shape[$0] },
            strides: order.map { source.strides[$0] },
            dataType: source.dataType)
        emitter.emitCopy(from: turned, to: emitter.output())
    }
}

extension Reshape: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let shape = emitter.type(of: emitter.current.outputs[0]).shape
        if emitter.outputIsPlaced() {
            let source = try emitter.input(0)
            return try emitter.withDenseOutput { destination in
                let flat = Operand(
                    slot: destination.slot, shape: source.shape, strides: Operand.denseStrides(source.shape),
                    dataType: source.dataType)
                emitter.emitCopy(from: source, to: flat)
            }
        }
        let source = try emitter.denseInput(0)
        emitter.setOutput(
            Operand(
                slot: source.slot, shape: shape, strides: Operand.denseStrides(shape),
                dataType: source.dataType))
    }
}

extension Slice: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let source = try emitter.input(0)
        let shape = emitter.type(of: emitter.current.outputs[0]).shape
        var strides = source.strides
        let offset = strides[axis] * .fixed(start)
        strides[axis] = strides[axis] * .fixed(step)
        let part = emitter.view(of: source, offset: offset, shape: shape, strides: strides)
        if emitter.outputIsPlaced() {
            emitter.emitCopy(from: part, to: emitter.output())
        } else {
            emitter.setOutput(part)
        }
    }
}

extension Concat: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let destination = emitter.output()
        var start = 0
        for i in emitter.current.inputs.indices {
            let source = try emitter.input(i)
            let part = emitter.view(
                of: destination, offset: destination.strides[axis] * .fixed(start), shape: source.shape,
                strides: destination.strides)
            emitter.emitCopy(from: source, to: part)
            start += source.shape[axis].fixedValue!
        }
    }
}

extension Expand: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let source = try emitter.input(0), destination = emitter.output()
        let stretched = Operand(
            slot: source.slot, shape: destination.shape,
            strides: emitter.broadcastStrides(source, to: destination.shape), dataType: source.dataType)
        emitter.emitCopy(from: stretched, to: destination)
    }
}

extension Tile: CPUOperation {
    /// Both sides seen with two axes for each: the repeats, along which the source stands still, and the original.
    func emitCPU(_ emitter: Emitter) throws {
        let source = try emitter.input(0), destination = emitter.output()
        var from = Operand(slot: source.slot, shape: [], strides: [], dataType: source.dataType)
        var to = Operand(slot: destination.slot, shape: [], strides: [], dataType: source.dataType)
        for (axis, count) in repeats.enumerated() {
            let extent = source.shape[axis]
            from.shape += [.fixed(count), extent]
            from.strides += [.fixed(0), source.strides[axis]]
            to.strides += [destination.strides[axis] * extent, destination.strides[axis]]
        }
        to.shape = from.shape
        emitter.emitCopy(from: from, to: to)
    }
}

extension Delay: CPUOperation, HistoryReader {
    func past(ofInput index: Int) -> Int { frames }

    func emitCPU(_ emitter: Emitter) throws {
        let source = try emitter.input(0)
        let late = emitter.view(
            of: source, offset: .fixed(-frames), shape: source.shape, strides: source.strides)
        if emitter.outputIsPlaced() {
            emitter.emitCopy(from: late, to: emitter.output())
        } else {
            emitter.setOutput(late)
        }
    }
}

extension Mute: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let source = try emitter.input(0)
        if !emitter.reuseInput(0) { emitter.emitCopy(from: source, to: emitter.output()) }
        let target = emitter.output()
        let rows = target.shape.dropLast().reduce(1) { $0 * emitter.maximum($1) }
        let rowStride = target.shape.count > 1 ? target.strides[target.shape.count - 2] : target.shape[0]
        emitter.step(
            ok_mute,
            ok_mute_args(
                slot: Int32(target.slot), counter: Int32(emitter.state(byteCount: 8, name: "frames seen")),
                frames: Int64(frames), rows: Int64(rows), row_stride: emitter.length(rowStride),
                columns: emitter.length(target.shape.last!)),
            "mute")
    }
}
