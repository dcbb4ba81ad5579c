/// How weights are checked while a model loads.
public struct LoadOptions: Sendable {
    /// Bounds beyond which finite weights are called unusual. Trained audio networks keep weights within about
    /// 0.001 to 100 with deviations of 0.01 to 3; the defaults leave a factor of ten and more around that.
    public struct Thresholds: Sendable {
        /// Exploding: max|w| above this.
        public var maxMagnitude: Float = 1e3
        /// Exploding: standard deviation above this.
        public var maxDeviation: Float = 1e2
        /// Vanishing: max|w| below this. All zeros are the extreme case.
        public var minMagnitude: Float = 1e-8
        /// Vanishing: standard deviation below this, which is a matrix of one repeated number.
        public var minDeviation: Float = 1e-8

        public init() {}
    }

    public var thresholds = Thresholds()

    /// Called for every tensor with unusual magnitudes, on the thread that loads. Nil drops the warnings.
    public var warn: (@Sendable (WeightWarning) -> Void)?

    public init(warn: (@Sendable (WeightWarning) -> Void)? = nil) { self.warn = warn }
}

/// A tensor whose finite weights have unusual magnitudes.
public struct WeightWarning: Sendable, CustomStringConvertible {
    public enum Kind: Sendable { case exploding, vanishing }

    public let kind: Kind
    public let file: String
    public let tensor: String
    /// max|w|.
    public let magnitude: Float
    /// Standard deviation over the tensor.
    public let deviation: Float

    public var description: String {
        let what = kind == .exploding ? "exploding" : "vanishing"
        return "\(file): tensor \(Quoting.quoted(tensor)): \(what) weights: "
            + "max|w| \(magnitude), standard deviation \(deviation)"
    }
}
