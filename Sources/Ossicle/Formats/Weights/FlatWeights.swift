/// One flat list of weights consumed in order, as `.nam` files store them.
///
/// The counterpart of `WeightSource` for formats without names: each call says what it takes, for the messages.
/// After the last layer `finish()` throws when numbers are left over. Not real-time safe.
public struct FlatWeights {
    /// How errors call the file.
    public let file: String
    private let values: [Float]
    private var position = 0
    private let checker: WeightCheck

    public init(_ values: [Float], file: String, options: LoadOptions = LoadOptions()) {
        self.values = values
        self.file = file
        checker = WeightCheck(file: file, options: options)
    }

    public var remaining: Int { values.count - position }

    /// Takes the next `count` numbers as a vector (a bias).
    ///
    /// - Throws: `weights` naming `name` when too few are left or one is not finite.
    public mutating func take(_ count: Int, as name: String) throws -> [Float] {
        try take(shape: [count], as: name)
    }

    /// Takes the next numbers as a row-major tensor of `shape`.
    ///
    /// - Throws: as `take(_:as:)`.
    public mutating func take(shape: [Int], as name: String) throws -> [Float] {
        var count = 1
        for extent in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            guard extent >= 0, !overflow else {
                throw failure(name, "shape \(shape) is negative or too large")
            }
            count = product
        }
        guard count <= remaining else {
            throw failure(
                name,
                "expected \(count) numbers from index \(position), found \(remaining) of \(values.count) left"
            )
        }
        let range = position..<(position + count)
        try values.withUnsafeBufferPointer {
            try checker.check(UnsafeBufferPointer(rebasing: $0[range]), name: name, mixes: shape.count >= 2)
        }
        position = range.upperBound
        return Array(values[range])
    }

    /// - Throws: `weights` with both counts when numbers are left over.
    public func finish() throws {
        guard remaining == 0 else {
            throw OssicleError(
                .weights,
                "\(file): expected \(position) weights for this architecture, found \(values.count)")
        }
    }

    private func failure(_ name: String, _ what: String) -> OssicleError {
        OssicleError(.weights, "\(file): tensor \(Quoting.quoted(name)): \(what)")
    }
}
