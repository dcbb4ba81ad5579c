#if canImport(Metal)
    /// One step of a `MetalConvolutionChain`. Every step makes one value: value 0 is the chain's input, value n what
    /// step n made (counting from 1). A step works on the value before it.
    public enum MetalLayer: Sendable {
        /// Convolution or transposed convolution; `residual` is an earlier value of the output's shape to add.
        case convolution(
            MetalConvolution, weight: Tensor, bias: Tensor?,
            residual: (value: Int, place: MetalConvolution.Residual)? = nil)
        /// A function of every sample.
        case activation(Activation)
        /// The sum with an earlier value of the same shape, then a function of every sample.
        case add(value: Int, activation: Activation = .identity)

        /// The earlier value that the step reads besides the one before it.
        var otherValue: Int? {
            switch self {
            case .convolution(_, _, _, let residual): residual?.value
            case .activation: nil
            case .add(let value, _): value
            }
        }
    }

    /// Where each value of a chain lives while it runs: values share buffers when their lives do not overlap.
    struct MetalBufferPlan: Equatable {
        /// Buffer of every value.
        private(set) var buffers: [Int] = []
        /// Floats of every buffer.
        private(set) var sizes: [Int] = []

        /// - Parameters:
        ///   - sizes: floats of every value.
        ///   - layers: the steps; step i reads value i and, perhaps, another, and writes value i + 1.
        init(sizes valueSizes: [Int], layers: [MetalLayer]) {
            var lastUse = valueSizes.indices.map { $0 }  // of value i: step i
            for (step, layer) in layers.enumerated() {
                if let other = layer.otherValue { lastUse[other] = max(lastUse[other], step) }
            }
            // The caller writes the input and reads the output in place: their buffers are theirs alone.
            lastUse[0] = Int.max
            var free: [Int] = []
            for value in valueSizes.indices {
                let isEnd = value == 0 || value == valueSizes.count - 1
                if !isEnd, let reused = free.popLast() {
                    buffers.append(reused)
                    sizes[reused] = max(sizes[reused], valueSizes[value])
                } else {
                    buffers.append(sizes.count)
                    sizes.append(valueSizes[value])
                }
                // Step `value - 1` has made it; what that step was the last to read is free for the next one.
                for earlier in 0...value where lastUse[earlier] == value - 1 { free.append(buffers[earlier]) }
            }
        }
    }
#endif
