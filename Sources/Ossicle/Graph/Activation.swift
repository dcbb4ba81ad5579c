import CKernels

/// A scalar function of one variable, with PyTorch's names, formulas and default parameters. `log` is of x + alpha.
public struct Activation: Hashable, Sendable {
    public enum Kind: Int32, Sendable, CaseIterable {
        case identity, relu, leakyRelu, elu, selu, gelu, geluTanh, sigmoid, tanh, silu, softplus, softsign,
            mish
        case hardtanh, hardsigmoid, hardswish, exp, log, sqrt, abs, negate
        /// A rational tanh, faster and less exact; only where asked for by name.
        case fastTanh
        /// The rational tanh that `.nam` files call "Fasttanh".
        case namFastTanh
        case square, sign, floor, ceil
        /// Halves to even.
        case round
        /// 1 / √(x + alpha) and 1 / (x + alpha).
        case rsqrt, reciprocal
        case erf, exp2, sin, cos, tan, asin, acos, atan, sinh, cosh, asinh, acosh, atanh
        /// x · sigmoid(1.702 x).
        case geluSigmoid
        /// alpha · tanh(beta · x).
        case scaledTanh
        /// alpha · x + beta, and the same within 0 and 1.
        case linear, clampedLinear
        /// x, or alpha · x where negative; at most beta.
        case clampedRelu
        /// x from alpha on, else 0.
        case thresholdedRelu
    }

    public var kind: Kind
    public var alpha: Float
    public var beta: Float

    public init(_ kind: Kind, alpha: Float = 0, beta: Float = 0) {
        self.kind = kind
        self.alpha = alpha
        self.beta = beta
    }

    public static let identity = Activation(.identity)
    public static let relu = Activation(.relu)
    public static let sigmoid = Activation(.sigmoid)
    public static let tanh = Activation(.tanh)

    var isIdentity: Bool { kind == .identity }
    var c: ok_activation { ok_activation(kind: kind.rawValue, alpha: alpha, beta: beta) }
}
