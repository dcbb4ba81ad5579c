import CKernels

/// Operands as kernels take them, with as few axes as their strides allow.
extension Emitter {
    /// Fills a fixed-size C array of lengths.
    func lengths(_ dims: [Dim]) -> ok_lengths {
        var result: ok_lengths = (0, 0, 0, 0, 0, 0, 0, 0)
        withUnsafeMutableBytes(of: &result) { bytes in
            let values = bytes.assumingMemoryBound(to: ok_len.self)
            for (i, dim) in dims.enumerated() { values[i] = length(dim) }
        }
        return result
    }

    /// The loop nest that serves `operands` together: neighbouring axes are merged where every operand walks them
    /// as one, and axes of extent 1 are dropped.
    func nest(_ shape: [Dim], _ strides: [[Dim]]) throws -> (shape: [Dim], strides: [[Dim]]) {
        var mergedShape: [Dim] = []
        var merged = strides.map { _ in [Dim]() }
        for axis in shape.indices where shape[axis] != .fixed(1) {
            if let last = mergedShape.last,
                merged.indices.allSatisfy({ canMerge(merged[$0].last!, strides[$0][axis], shape[axis]) })
            {
                mergedShape[mergedShape.count - 1] = last * shape[axis]
                for i in merged.indices { merged[i][merged[i].count - 1] = strides[i][axis] }
            } else {
                mergedShape.append(shape[axis])
                for i in merged.indices { merged[i].append(strides[i][axis]) }
            }
        }
        if mergedShape.isEmpty {
            mergedShape = [.fixed(1)]
            for i in merged.indices { merged[i] = [.fixed(1)] }
        }
        guard mergedShape.count <= Int(OK_MAX_RANK) else {
            throw OssicleError(.unsupported, "\(shape.text) has more than \(OK_MAX_RANK) axes")
        }
        return (mergedShape, merged)
    }

    private func canMerge(_ outer: Dim, _ inner: Dim, _ extent: Dim) -> Bool { outer == inner * extent }

    func cOperand(_ operand: Operand, _ strides: [Dim]) -> ok_operand {
        ok_operand(slot: Int32(operand.slot), stride: lengths(strides))
    }

    /// Strides of `operand` seen through the broadcast shape `shape`: 0 along axes it is stretched over.
    func broadcastStrides(_ operand: Operand, to shape: [Dim]) -> [Dim] {
        let missing = shape.count - operand.shape.count
        return shape.indices.map { axis in
            if axis < missing { return .fixed(0) }
            return operand.shape[axis - missing] == .fixed(1) && shape[axis] != .fixed(1)
                ? .fixed(0) : operand.strides[axis - missing]
        }
    }

    func emitCopy(from source: Operand, to destination: Operand) {
        let (shape, strides) = try! nest(source.shape, [source.strides, destination.strides])
        step(
            kernels.pointee.ok_copy,
            ok_copy_args(
                element: Int32(source.dataType.size), rank: Int32(shape.count), shape: lengths(shape),
                source: cOperand(source, strides[0]), destination: cOperand(destination, strides[1])),
            "copy")
    }
}

typealias ok_lengths = (ok_len, ok_len, ok_len, ok_len, ok_len, ok_len, ok_len, ok_len)
