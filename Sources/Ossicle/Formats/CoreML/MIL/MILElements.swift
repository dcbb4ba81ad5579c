/// Gathers the elements of an immediate tensor of one type, checking each.
struct MILElements {
    let element: MILElementType
    private var bools: [Bool] = []
    private var integers: [Int64] = []
    private var floats: [Float] = []
    private var doubles: [Double] = []
    private var strings: [String] = []

    init(_ element: MILElementType) { self.element = element }

    var content: MILValue.Content {
        switch element {
        case .bool: .bools(bools)
        case .string: .strings(strings)
        case .fp64: .doubles(doubles)
        default: element.isFloat ? .floats(floats) : .integers(integers)
        }
    }

    /// - Returns: whether the element has this type and range, as in the other `append`s.
    mutating func append(string: String) -> Bool {
        guard element == .string else { return false }
        strings.append(string)
        return true
    }

    mutating func append(bool: Bool) -> Bool {
        guard element == .bool else { return false }
        bools.append(bool)
        return true
    }

    mutating func append(integer: Int64) -> Bool {
        guard let range = element.integerRange, range.contains(integer) else { return false }
        integers.append(integer)
        return true
    }

    mutating func append(double: Double) -> Bool {
        switch element {
        case .fp64: doubles.append(double)
        // Narrower types are written exactly, so that Float holds them exactly.
        case .fp32, .fp16, .bf16, .fp8e4m3fn, .fp8e5m2: floats.append(Float(double))
        default: return false
        }
        return true
    }

    /// A number, `true`, `false`, `inf` or `nan` of MIL text.
    mutating func append(literal text: String) -> Bool {
        switch element {
        case .bool: return (text == "true" || text == "false") && append(bool: text == "true")
        case .string: return false
        default: break
        }
        if element.isFloat { return Double(text).map { append(double: $0) } ?? false }
        return Int64(text).map { append(integer: $0) } ?? false
    }
}
