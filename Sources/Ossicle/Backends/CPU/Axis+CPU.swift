import CKernels

/// A value seen as [outer, axis, inner], as the kernels of `ok_axis.h` walk it.
struct AxisView {
    let slot: Int
    let outer, axis, inner: Dim
    let outerStride, axisStride: Dim

    /// The neighbouring `axes` become the axis. Nil when the strides do not allow it; dense operands always do.
    init?(_ operand: Operand, _ axes: Range<Int>) {
        guard let outer = Self.merge(operand, 0..<axes.lowerBound), let axis = Self.merge(operand, axes),
            let inner = Self.merge(operand, axes.upperBound..<operand.shape.count),
            (inner.extent == .fixed(1) ? axis : inner).stride == .fixed(1)
        else { return nil }
        slot = operand.slot
        (self.outer, outerStride) = outer
        (self.axis, axisStride) = axis
        self.inner = inner.extent
    }

    /// Whether the axis has neighbours that are worked on side by side.
    var hasColumns: Bool { inner != .fixed(1) }

    private static func merge(_ operand: Operand, _ axes: Range<Int>) -> (extent: Dim, stride: Dim)? {
        var merged: (extent: Dim, stride: Dim)?
        for axis in axes where operand.shape[axis] != .fixed(1) {
            let (extent, stride) = (operand.shape[axis], operand.strides[axis])
            if let last = merged {
                guard last.stride == stride * extent else { return nil }
                merged = (last.extent * extent, stride)
            } else {
                merged = (extent, stride)
            }
        }
        return merged ?? (.fixed(1), .fixed(1))
    }
}

extension Emitter {
    func cAxis(_ view: AxisView) -> ok_axis_operand {
        ok_axis_operand(
            slot: Int32(view.slot), outer_stride: length(view.outerStride),
            axis_stride: length(view.axisStride))
    }

    /// The operand along `axes`, from a dense copy where its own strides do not allow that.
    func axisView(_ operand: Operand, _ axes: Range<Int>) -> AxisView {
        if let view = AxisView(operand, axes) { return view }
        let copy = scratch(operand.shape, operand.dataType)
        emitCopy(from: operand, to: copy)
        return AxisView(copy, axes)!
    }

    /// Emits into the output seen along `axes`.
    func withAxisOutput(_ axes: Range<Int>, _ emit: (AxisView) throws -> Void) rethrows {
        let target = output()
        if let view = AxisView(target, axes) { return try emit(view) }
        let block = scratch(target.shape, target.dataType)
        try emit(AxisView(block, axes)!)
        emitCopy(from: block, to: target)
    }

    /// One step from the input to the output, along `axes`, in place where that can be.
    func emitAlong(_ axes: Range<Int>, _ emit: (AxisView, AxisView) throws -> Void) throws {
        let source = axisView(try input(0), axes)
        _ = reuseInput(0)
        try withAxisOutput(axes) { try emit(source, $0) }
    }

    /// One step for each axis, the last axis first: that is where a stream's history lies. Each takes one extent to
    /// that of the output.
    func emitPasses(_ axes: [Int], _ emit: (_ axis: Int, AxisView, AxisView) throws -> Void) throws {
        var source = try input(0)
        let shape = type(of: current.outputs[0]).shape
        let axes = axes.sorted(by: >)
        guard let final = axes.last else { return emitCopy(from: source, to: output()) }
        for axis in axes {
            let view = axisView(source, axis..<(axis + 1))
            if axis == final {
                try withAxisOutput(axis..<(axis + 1)) { try emit(axis, view, $0) }
            } else {
                var extents = source.shape
                extents[axis] = shape[axis]
                let next = scratch(extents, source.dataType)
                try emit(axis, view, AxisView(next, axis..<(axis + 1))!)
                source = next
            }
        }
    }
}
