import CKernels

/// Inputs that may be left out of a prediction, filled with the model's default values.
final class InferenceDefaults {
    private let defaults: UnsafeMutablePointer<ok_defaults>
    private let buffers: UnsafeMutableBufferPointer<ok_buffer>

    /// - Parameter model: what the inputs are given to.
    /// - Returns: `nil` when every input has to be given.
    init?(_ inputs: [BNNSInference.Feature], of model: ok_inference) {
        guard inputs.contains(where: { $0.defaultValue != nil }) else { return nil }
        buffers = .allocate(capacity: inputs.count)
        buffers.initialize(repeating: ok_buffer())
        for (i, input) in inputs.enumerated() {
            guard let value = input.defaultValue else { continue }
            buffers[i] = ok_buffer(data: input.filled(with: value), byte_count: input.byteCount)
        }
        defaults = .allocate(capacity: 1)
        defaults.initialize(
            to: ok_defaults(model: model, count: inputs.count, inputs: UnsafePointer(buffers.baseAddress)))
    }

    deinit {
        for buffer in buffers { buffer.data?.deallocate() }
        buffers.deallocate()
        defaults.deallocate()
    }

    var call: ok_inference { ok_inference(context: defaults, run: ok_defaults_run) }
}

extension BNNSInference.Feature {
    fileprivate func filled(with value: Double) -> UnsafeMutableRawPointer {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(byteCount, 1), alignment: 64)
        switch dataType {
        case .float32: memory.initializeMemory(as: Float.self, repeating: Float(value), count: count)
        case .int32:
            memory.initializeMemory(as: Int32.self, repeating: Int32(saturating: value), count: count)
        default: memory.initializeMemory(as: UInt8.self, repeating: value == 0 ? 0 : 1, count: byteCount)
        }
        return memory
    }
}

extension Int32 {
    fileprivate init(saturating value: Double) {
        self = Int32(exactly: value.rounded(.towardZero)) ?? (value > 0 ? .max : value < 0 ? .min : 0)
    }
}
