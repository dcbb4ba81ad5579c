import CKernels

extension Reduce: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        var source = try emitter.input(0)
        var reduced = axes.min()!..<(axes.max()! + 1)
        if reduced.count != axes.count {
            // Bring the axes together at the end.
            let kept = source.shape.indices.filter { !axes.contains($0) }
            let order = kept + axes.sorted()
            source.shape = order.map { source.shape[$0] }
            source.strides = order.map { source.strides[$0] }
            reduced = kept.count..<order.count
        }
        if source.dataType == .int32 { return try emitIntegers(emitter, source, reduced) }
        let view = emitter.axisView(source, reduced)
        func emit(_ destination: Operand) -> Bool {
            guard let target = AxisView(Self.aligned(destination, reduced, keepsAxes ? axes : []), reduced)
            else {
                return false
            }
            emitter.emitReduce(kind, from: view, to: target, windows: .fixed(1), name)
            return true
        }
        if !emit(emitter.output()) { try emitter.withDenseOutput { _ = emit($0) } }
    }

    private func emitIntegers(_ emitter: Emitter, _ source: Operand, _ reduced: Range<Int>) throws {
        var dense = source
        if !source.isDense {
            dense = emitter.scratch(source.shape, source.dataType)
            emitter.emitCopy(from: source, to: dense)
        }
        try emitter.withDenseOutput { destination in
            emitter.step(
                emitter.kernels.pointee.ok_reduce_int,
                ok_reduce_int_args(
                    source: Int32(dense.slot), destination: Int32(destination.slot), kind: kind.rawValue,
                    outer: emitter.length(Array(source.shape[..<reduced.lowerBound]).product),
                    axis: emitter.length(Array(source.shape[reduced]).product),
                    inner: emitter.length(Array(source.shape[reduced.upperBound...]).product)),
                name)
        }
    }

    /// The output with an extent of 1 for each axis of `reduced`, and none for those that were kept elsewhere.
    private static func aligned(_ operand: Operand, _ reduced: Range<Int>, _ kept: [Int]) -> Operand {
        var result = operand
        for axis in kept.sorted(by: >) {
            result.shape.remove(at: axis)
            result.strides.remove(at: axis)
        }
        let ones = [Dim](repeating: .fixed(1), count: reduced.count)
        result.shape.insert(contentsOf: ones, at: reduced.lowerBound)
        result.strides.insert(contentsOf: ones, at: reduced.lowerBound)
        return result
    }
}

extension Emitter {
    /// `windows` parts of the axis, each to one number; see `ok_reduce_args`.
    func emitReduce(
        _ kind: Reduce.Kind, from source: AxisView, to destination: AxisView, windows: Dim, _ label: String
    ) {
        step(
            kernels.pointee.ok_reduce,
            ok_reduce_args(
                source: cAxis(source), destination: cAxis(destination), kind: kind.rawValue,
                columns: source.hasColumns ? 1 : 0, outer: length(source.outer), axis: length(source.axis),
                inner: length(source.inner), windows: length(windows)),
            label)
    }
}
