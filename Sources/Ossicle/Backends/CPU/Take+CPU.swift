import CKernels

// Padding, gathering, reversing and nearest-neighbour resizing: all move elements along one axis.

extension Pad: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        try emitter.emitPasses(pads.map(\.axis)) { axis, source, destination in
            let begin = pads.first { $0.axis == axis }!.begin
            emitter.emitTake(
                OK_TAKE_PADDED, mode: mode, begin: begin, value: bits(of: emitter), from: source,
                to: destination, name)
        }
    }
}

extension Pad {
    /// `value` in the type of the input.
    private func bits(of emitter: Emitter) -> UInt32 {
        switch emitter.type(of: emitter.current.inputs[0]).dataType {
        case .int32: UInt32(bitPattern: Int32(clamping: Int(value.isFinite ? value : 0)))
        case .bool: value != 0 ? 1 : 0
        default: value.bitPattern
        }
    }
}

extension Reverse: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        try emitter.emitPasses(axes) { _, source, destination in
            emitter.emitTake(OK_TAKE_REVERSE, from: source, to: destination, name)
        }
    }
}

extension Gather: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let table = emitter.memory.store(indices.map(Int64.init))
        try emitter.emitPasses([axis]) { _, source, destination in
            emitter.emitTake(OK_TAKE_TABLE, table: table, from: source, to: destination, name)
        }
    }
}

extension Resize: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        try emitter.emitPasses(axes) { axis, source, destination in
            let scale = scale(targets[axes.firstIndex(of: axis)!])
            if mode == .nearest {
                return emitter.emitTake(
                    OK_TAKE_NEAREST, scale: scale, from: source, to: destination, "nearest")
            }
            let points = emitter.scratch(
                byteCount: emitter.maximum(destination.axis) * MemoryLayout<ok_lerp_point>.stride)
            emitter.step(
                emitter.kernels.pointee.ok_lerp,
                ok_lerp_args(
                    source: emitter.cAxis(source), destination: emitter.cAxis(destination), scale: scale,
                    points: Int32(points), outer: emitter.length(source.outer),
                    axis: emitter.length(source.axis),
                    inner: emitter.length(source.inner), windows: emitter.length(destination.axis)),
                "linear")
        }
    }

    private func scale(_ target: Target) -> ok_scale {
        if alignsCorners { return ok_scale(kind: Int32(OK_SCALE_CORNERS.rawValue), factor: 0) }
        guard case .factor(let factor) = target else {
            return ok_scale(kind: Int32(OK_SCALE_EXTENTS.rawValue), factor: 0)
        }
        let kind = target.wholeFactor == nil ? OK_SCALE_FACTOR : OK_SCALE_WHOLE
        return ok_scale(kind: Int32(kind.rawValue), factor: factor)
    }
}

extension Emitter {
    fileprivate func emitTake(
        _ kind: ok_take_kind, mode: PaddingMode = .zeros, begin: Int = 0, value: UInt32 = 0,
        scale: ok_scale = ok_scale(), table: UnsafePointer<Int64>? = nil, from source: AxisView,
        to destination: AxisView, _ label: String
    ) {
        let indices = scratch(byteCount: maximum(destination.axis) * MemoryLayout<Int64>.stride)
        step(
            kernels.pointee.ok_take,
            ok_take_args(
                source: cAxis(source), destination: cAxis(destination), kind: Int32(kind.rawValue),
                mode: mode.rawValue, begin: Int64(begin),
                element: Int32(type(of: current.outputs[0]).dataType.size), value: value, scale: scale,
                table: table,
                indices: Int32(indices), outer: length(source.outer), axis: length(source.axis),
                inner: length(source.inner), windows: length(destination.axis)),
            label)
    }
}
