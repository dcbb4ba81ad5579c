import CKernels

/// A scalar function of one variable, with PyTorch's names, formulas and default parameters.
public struct Activation: Hashable, Sendable {
    public enum Kind: Int32, Sendable, CaseIterable {
        case identity, relu, leakyRelu, elu, selu, gelu, geluTanh, sigmoid, tanh, silu, softplus, softsign,
            mish
        case hardtanh, hardsigmoid, hardswish, exp, log, sqrt, abs, negate
        /// A rational tanh, faster and less exact; only where asked for by name.
        case fastTanh
        /// The rational tanh that `.nam` files call "Fasttanh".
        case namFastTanh
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
