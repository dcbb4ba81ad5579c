/// An extent of a shape: a number, or a function of the graph's one dynamic length.
///
/// A graph has at most one dynamic length (for audio: the frames of a block). Extents that follow from it, such
/// as the output length of a strided convolution, stay symbolic, so one plan serves every length up to a maximum.
public indirect enum Dim: Hashable, Sendable {
    case fixed(Int)
    /// The dynamic length itself.
    case dynamic
    /// floor((base · multiplier + addend) / divisor), divisor > 0.
    case affine(Dim, multiplier: Int, addend: Int, divisor: Int)
    case product(Dim, Dim)

    /// 0 means dynamic, as everywhere in the public interface.
    public init(_ extent: Int) { self = extent == 0 ? .dynamic : .fixed(extent) }

    public var fixedValue: Int? {
        if case .fixed(let value) = self { value } else { nil }
    }

    public var isFixed: Bool { fixedValue != nil }

    /// The extent for a dynamic length of `length`.
    public func evaluate(_ length: Int) -> Int {
        switch self {
        case .fixed(let value): value
        case .dynamic: length
        case .affine(let base, let multiplier, let addend, let divisor):
            base.evaluate(length).times(multiplier).plus(addend).flooredQuotient(divisor)
        case .product(let a, let b): a.evaluate(length).times(b.evaluate(length))
        }
    }

    /// floor((self · multiplier + addend) / divisor), folded where it can be.
    public func affine(multiplier: Int = 1, addend: Int = 0, divisor: Int = 1) -> Dim {
        switch self {
        case .fixed(let value): .fixed(value.times(multiplier).plus(addend).flooredQuotient(divisor))
        case _ where multiplier == 1 && addend == 0 && divisor == 1: self
        case .affine(let base, let m, let a, 1):
            base.affine(
                multiplier: m.times(multiplier), addend: a.times(multiplier).plus(addend), divisor: divisor)
        default: .affine(self, multiplier: multiplier, addend: addend, divisor: divisor)
        }
    }

    /// `self · numerator / denominator` where the division is known to leave no rest, so that up- and down-sampling
    /// by the same factor cancel.
    func scaledExactly(by numerator: Int, over denominator: Int) -> Dim {
        if case .affine(let base, let m, 0, let d) = self {
            return base.scaledExactly(by: m.times(numerator), over: d.times(denominator))
        }
        let common = greatestCommonDivisor(numerator, denominator)
        return affine(multiplier: numerator / common, divisor: denominator / common)
    }

    /// The dynamic length must be a multiple of this for every division in the extent to be exact.
    var granularity: Int {
        switch self {
        case .fixed, .dynamic: 1
        case .affine(let base, let multiplier, _, let divisor):
            base.granularity.times(divisor) / greatestCommonDivisor(multiplier, divisor)
        case .product(let a, let b): a.granularity.times(b.granularity)
        }
    }

    public static func * (a: Dim, b: Dim) -> Dim {
        switch (a, b) {
        case (.fixed(let x), .fixed(let y)): .fixed(x.times(y))
        case (.fixed(let x), _): b.affine(multiplier: x)
        case (_, .fixed(let y)): a.affine(multiplier: y)
        default: .product(a, b)
        }
    }

    public static func + (a: Dim, b: Int) -> Dim { a.affine(addend: b) }
    public static func - (a: Dim, b: Int) -> Dim { a.affine(addend: -b) }
}

extension Dim: CustomStringConvertible {
    public var description: String {
        switch self {
        case .fixed(let value): return "\(value)"
        case .dynamic: return "T"
        case .affine(let base, let m, let a, let d):
            var text = m == 1 ? "\(base)" : "\(m)\(base)"
            if a != 0 { text += a > 0 ? "+\(a)" : "\(a)" }
            return d == 1 ? text : "(\(text))/\(d)"
        case .product(let a, let b): return "\(a)·\(b)"
        }
    }
}

extension Dim: ExpressibleByIntegerLiteral {
    /// A literal is the extent itself; 0 means dynamic.
    public init(integerLiteral value: Int) { self.init(value) }
}

extension Array where Element == Dim {
    /// The number of elements.
    var product: Dim { reduce(.fixed(1), *) }
    /// The extents, when none is dynamic.
    var fixedValues: [Int]? {
        let values = compactMap(\.fixedValue)
        return values.count == count ? values : nil
    }
    func evaluate(_ length: Int) -> [Int] { map { $0.evaluate(length) } }
    /// `[8, T]`, for messages.
    var text: String { "[" + map(\.description).joined(separator: ", ") + "]" }
}

extension Int {
    /// Extents do not overflow: far beyond any memory they stay as they are, for `Graph.maxElements` to refuse.
    private static let farBeyond = 1 << 60

    func times(_ other: Int) -> Int {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        if overflow { return (self < 0) == (other < 0) ? Self.farBeyond : -Self.farBeyond }
        return Swift.min(Swift.max(product, -Self.farBeyond), Self.farBeyond)
    }

    func plus(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        if overflow { return other > 0 ? Self.farBeyond : -Self.farBeyond }
        return Swift.min(Swift.max(sum, -Self.farBeyond), Self.farBeyond)
    }

    func flooredQuotient(_ divisor: Int) -> Int {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}

func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? abs(a) : greatestCommonDivisor(b, a % b) }
func leastCommonMultiple(_ a: Int, _ b: Int) -> Int { (a / greatestCommonDivisor(a, b)).times(b) }
