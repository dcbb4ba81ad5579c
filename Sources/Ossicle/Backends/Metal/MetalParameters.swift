/// The parameter structures of the kernels: the same fields in the same order as in ossicle_metal.h.
///
/// Shaders compiled from source at run time cannot include a C header, so the two declarations stand apart and a
/// test compares them field by field.
struct ConvParams: Equatable {
    var inChannels: UInt32 = 0
    var outChannels: UInt32 = 0
    var inLength: UInt32 = 0
    var outLength: UInt32 = 0
    var inPitch: UInt32 = 0
    var outPitch: UInt32 = 0
    var residualPitch: UInt32 = 0
    var kernelSize: UInt32 = 0
    var stride: UInt32 = 1
    var dilation: UInt32 = 1
    var padding: UInt32 = 0
    var groups: UInt32 = 1
    var tapStep: UInt32 = 1
    var flags: UInt32 = 0
    var activation: UInt32 = 0
    var alpha: Float = 0
    var beta: Float = 0
}

struct ElementwiseParams: Equatable {
    var channels: UInt32 = 0
    var length: UInt32 = 0
    var aPitch: UInt32 = 0
    var bPitch: UInt32 = 0
    var outPitch: UInt32 = 0
    var activation: UInt32 = 0
    var alpha: Float = 0
    var beta: Float = 0
}

enum ConvFlags {
    static let hasBias: UInt32 = 1
    static let residualBefore: UInt32 = 2
    static let residualAfter: UInt32 = 4
}

extension Activation {
    /// Whether the shaders know it (`activate` of ossicle_metal.h). A layer with another one stays on the CPU.
    var hasMetalForm: Bool {
        switch kind {
        case .identity, .relu, .leakyRelu, .elu, .selu, .gelu, .geluTanh, .sigmoid, .tanh, .silu, .softplus,
            .softsign, .mish, .hardtanh, .hardsigmoid, .hardswish, .exp, .sqrt, .abs, .negate, .fastTanh,
            .namFastTanh, .square, .sign, .floor, .ceil, .round, .rsqrt, .reciprocal, .geluSigmoid,
            .scaledTanh,
            .linear, .clampedLinear, .clampedRelu, .thresholdedRelu:
            true
        case .log: alpha == 0
        case .erf, .exp2, .sin, .cos, .tan, .asin, .acos, .atan, .sinh, .cosh, .asinh, .acosh, .atanh: false
        }
    }
}

/// Threads a launch needs along length and channels; kernels check their bounds, so it is rounded up freely.
struct MetalGrid: Equatable {
    var x: Int
    var y: Int
}
