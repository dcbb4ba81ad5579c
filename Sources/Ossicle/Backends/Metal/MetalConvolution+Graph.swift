/// From the graph's operations to what the Metal kernels run.
extension MetalConvolution {
    /// Nil when the kernels cannot run it: two spatial axes, several sources, a gate, a padding other than zeros, or
    /// a streaming form that looks into a history.
    ///
    /// - Parameter weight: the weight's shape, `[out, in / groups, k]`.
    init?(_ operation: Convolution, weight: [Int]) {
        guard operation.sources.count == 1, operation.sources[0].count == 1, weight.count == 3 else {
            return nil
        }
        let axis = operation.sources[0][0]
        guard operation.gate == nil, operation.padding == .zeros, axis.past == nil,
            operation.activation.hasMetalForm
        else { return nil }
        let (inChannels, overflow) = weight[1].multipliedReportingOverflow(by: operation.groups)
        guard !overflow else { return nil }
        self.init(
            inChannels: inChannels, outChannels: weight[0], kernelSize: weight[2], axis: axis,
            groups: operation.groups, activation: operation.activation)
        guard (try? validate()) != nil else { return nil }
    }

    /// Nil when the kernels cannot run it: a streaming form that looks into a history.
    ///
    /// - Parameter weight: the weight's shape, `[in, out / groups, k]`.
    init?(_ operation: TransposedConvolution, weight: [Int]) {
        guard operation.axis.past == nil, weight.count == 3, operation.activation.hasMetalForm else {
            return nil
        }
        let (outChannels, overflow) = weight[1].multipliedReportingOverflow(by: operation.groups)
        guard !overflow else { return nil }
        self.init(
            inChannels: weight[0], outChannels: outChannels, kernelSize: weight[2], axis: operation.axis,
            groups: operation.groups, isTransposed: true, outputPadding: operation.outputPadding,
            activation: operation.activation)
        guard (try? validate()) != nil else { return nil }
    }
}
