/// Convolutions that our kernels do not have, of a computed weight or over three axes, as matrix products: the weight's
/// rows with what each window holds.
extension MILConvolutions {
    /// - Parameters:
    ///   - weight: [O, C / groups, kernel…].
    ///   - axes: of the windows, one for each axis of x [N, C, …] behind the second.
    /// - Returns: [N, O, …], without a bias.
    static func product(
        _ call: MILCall, _ x: ValueID, _ weight: ValueID, _ axes: [ConvolutionAxis], groups: Int
    ) throws -> ValueID {
        let (shape, kernel) = (call.shape(x), call.shape(weight))
        guard kernel.count == shape.count, kernel[1] * groups == shape[1], kernel[0] % groups == 0 else {
            throw OssicleError(
                .malformed, "a weight of shape \(kernel) in \(groups) groups for an input of shape \(shape)")
        }
        var windows = x
        var outputs: [Int] = []
        for (i, axis) in axes.enumerated() {
            // Each axis before has become two.
            let place = 2 + 2 * i
            windows = try padded(call, windows, axis: place, axis.padBegin, axis.padEnd)
            let rest = call.shape(windows)[place] - axis.span(kernel[2 + i])
            guard rest >= 0 else {
                throw OssicleError(
                    .malformed, "a window of \(kernel[2...]) is larger than the input of shape \(shape)")
            }
            let count = rest / axis.stride + 1
            outputs.append(count)
            var split = call.shape(windows)
            split.replaceSubrange(place...place, with: [kernel[2 + i], count])
            if kernel[2 + i] > 1 || axis.stride > 1 {
                try call.lowering.spend(MemoryLayout<Int>.size * CoreMLShape.count([kernel[2 + i], count]))
                let indices = (0..<kernel[2 + i]).flatMap { tap in
                    (0..<count).map { $0 * axis.stride + tap * axis.dilation }
                }
                windows = try call.apply(Gather(axis: place, indices: indices), windows)
            }
            windows = try call.reshape(windows, split)
        }
        // [N, C, kernel…, outputs…].
        let taps = axes.indices.map { 2 + 2 * $0 }
        windows = try call.transpose(windows, [0, 1] + taps + taps.map { $0 + 1 })
        let terms = kernel[1...].reduce(1, *)
        windows = try call.reshape(windows, [shape[0], groups, terms, outputs.reduce(1, *)])
        let rows = try call.reshape(weight, [groups, kernel[0] / groups, terms])
        return try call.reshape(call.apply(MatMul(), rows, windows), [shape[0], kernel[0]] + outputs)
    }

    /// The convolution of x, its elements put a stride apart, with the weight turned round.
    ///
    /// - Parameters:
    ///   - weight: [C, O / groups, kernel…].
    ///   - axes: stride, dilation and what is cropped off the full result.
    ///   - extra: what is put behind it.
    static func transposedProduct(
        _ call: MILCall, _ x: ValueID, _ weight: ValueID, _ axes: [ConvolutionAxis], extra: [Int], groups: Int
    ) throws -> ValueID {
        let kernel = call.shape(weight)
        var spread = x
        for (i, axis) in axes.enumerated() {
            let length = call.shape(x)[2 + i]
            if axis.stride > 1 {
                var shape = call.shape(spread)
                shape.insert(1, at: 3 + i)
                let apart = try padded(
                    call, call.reshape(spread, shape), axis: 3 + i, 0, axis.stride - 1)
                shape.remove(at: 3 + i)
                shape[2 + i] = length * axis.stride
                spread = try call.slice(
                    call.reshape(apart, shape), axis: 2 + i, start: 0, count: (length - 1) * axis.stride + 1)
            }
        }
        let kernelAxes = Array(2..<kernel.count)
        var turned = try call.apply(Reverse(axes: kernelAxes), weight)
        let spatial = Array(kernel[2...])
        turned = try call.reshape(turned, [groups, kernel[0] / groups, kernel[1]] + spatial)
        turned = try call.transpose(turned, [0, 2, 1] + spatial.indices.map { 3 + $0 })
        turned = try call.reshape(turned, [groups * kernel[1], kernel[0] / groups] + spatial)
        let windows = axes.enumerated().map { i, axis in
            let reach = axis.span(kernel[2 + i]) - 1
            // Where more is cropped than a kernel reaches, x is.
            return ConvolutionAxis(
                dilation: axis.dilation, padBegin: reach - axis.padBegin,
                padEnd: reach + extra[i] - axis.padEnd)
        }
        return try product(call, spread, turned, windows, groups: groups)
    }

    private static func padded(
        _ call: MILCall, _ x: ValueID, axis: Int, _ begin: Int, _ end: Int
    ) throws -> ValueID {
        begin == 0 && end == 0 ? x : try call.apply(Pad([AxisPadding(axis: axis, begin: begin, end: end)]), x)
    }
}
