/// Functions that need no operation of their own.
extension Graph {
    /// PyTorch's `GLU`: first half · sigmoid(second half) along an axis. Behind a convolution it fuses into it.
    ///
    /// - Throws: `shapeMismatch` when the axis does not halve.
    public mutating func glu(_ x: ValueID, axis: Int, name: String = "glu") throws -> ValueID {
        let shape = type(of: x).shape
        guard shape.indices.contains(axis), let extent = shape[axis].fixedValue, extent % 2 == 0 else {
            throw OssicleError(.shapeMismatch, "\(name): axis \(axis) of \(shape.text) does not halve")
        }
        let half = Dim.fixed(extent / 2)
        let value = try apply(Slice(axis: axis, start: 0, count: half), x, name: "\(name).value")
        let gate = try apply(Slice(axis: axis, start: extent / 2, count: half), x, name: "\(name).gate")
        let open = try apply(Unary(.sigmoid), gate, name: "\(name).sigmoid")
        return try apply(Binary(.multiply), value, open, name: name)
    }

    /// PyTorch's `PReLU`: x where positive, else weight · x, with one weight or one for each channel.
    ///
    /// - Throws: `shapeMismatch` when `weight` is not `[1]` or `[channels]`.
    public mutating func prelu(
        _ x: ValueID, weight: ValueID, axis: Int, name: String = "prelu"
    ) throws -> ValueID {
        let shape = type(of: x).shape, parameters = type(of: weight).shape
        if parameters == [.fixed(1)] {
            if let slope = constant(weight)?.floats().first {
                // As an activation it fuses into what stands in front of it.
                return try apply(Unary(Activation(.leakyRelu, alpha: slope)), x, name: name)
            }
            return try apply(Binary(.prelu), x, weight, name: name)
        }
        guard shape.indices.contains(axis), parameters == [shape[axis]] else {
            throw OssicleError(
                .shapeMismatch,
                "\(name): weight \(parameters.text) is neither [1] nor the channels of \(shape.text)")
        }
        let ones = [Dim](repeating: .fixed(1), count: shape.count - axis - 1)
        let slopes = try apply(Reshape(parameters + ones), weight, name: "\(name).weight")
        return try apply(Binary(.prelu), x, slopes, name: name)
    }
}
