/// The named tensors of one file or dictionary, each to be consumed exactly once.
///
/// A reader takes every tensor that its layers need and then calls `finish()`, which throws for whatever is left
/// over: a weight that no layer uses is a sign of a misread model. Every tensor taken has passed the checks of
/// `WeightCheck`. Not for use from two threads at once; not real-time safe.
public final class WeightSource {
    /// How errors call the file or dictionary.
    public let file: String
    private var tensors: [ByteName: Tensor] = [:]
    private var order: [String] = []
    private var taken = Set<ByteName>()
    private let checker: WeightCheck

    /// - Throws: `weights` when a name is there twice.
    public init(
        _ tensors: [(name: String, tensor: Tensor)], file: String, options: LoadOptions = LoadOptions()
    ) throws {
        self.file = file
        checker = WeightCheck(file: file, options: options)
        for (name, tensor) in tensors {
            guard self.tensors.updateValue(tensor, forKey: ByteName(name)) == nil else {
                throw OssicleError(.weights, "\(file): tensor \(Quoting.quoted(name)) is there twice")
            }
            order.append(name)
        }
    }

    /// Names not taken yet, in the order given.
    public var remaining: [String] { order.filter { !taken.contains(ByteName($0)) } }

    /// Looks at a tensor without taking it; nil when there is none or it is taken. For optional tensors such as
    /// a bias, and for sizes that only the shapes tell.
    public func peek(_ name: String) -> Tensor? {
        let key = ByteName(name)
        return taken.contains(key) ? nil : tensors[key]
    }

    /// Takes a floating-point tensor in the type it is stored in.
    ///
    /// - Throws: `weights` when it is missing, already taken, of another shape or type, or not finite.
    public func take(_ name: String, shape: [Int]) throws -> Tensor {
        try take(Parameter(name, shape))
    }

    /// Takes a layer's parameter, under its own name or that of the file.
    ///
    /// - Throws: as `take(_:shape:)`.
    func take(_ parameter: Parameter, as name: String? = nil) throws -> Tensor {
        try claim(name ?? parameter.name, parameter)
    }

    /// Takes a floating-point tensor widened to float32, row-major.
    ///
    /// - Throws: as `take(_:shape:)`.
    public func takeFloats(_ name: String, shape: [Int]) throws -> [Float] {
        try take(name, shape: shape).floats()
    }

    /// Takes a tensor that inference has no use for, such as a count of training batches, unchecked.
    ///
    /// - Throws: `weights` when it is missing or already taken.
    public func discard(_ name: String) throws {
        _ = try find(name)
        taken.insert(ByteName(name))
    }

    /// - Throws: `weights` listing the tensors that nothing took.
    public func finish() throws {
        let left = remaining
        guard !left.isEmpty else { return }
        let names = left.prefix(8).map { "\(Quoting.quoted($0)) \(tensors[ByteName($0)]!.shape)" }
        let more = left.count > 8 ? " and \(left.count - 8) more" : ""
        throw OssicleError(
            .weights,
            "\(file): expected every tensor to be used, found \(left.count) left over: "
                + names.joined(separator: ", ") + more)
    }

    private func find(_ name: String) throws -> Tensor {
        let key = ByteName(name)
        guard let tensor = tensors[key] else {
            throw failure(name, "missing; the file has \(remaining.count) other tensors left")
        }
        guard !taken.contains(key) else { throw failure(name, "already taken by another layer") }
        return tensor
    }

    /// Finds and checks; the tensor counts as taken only when all is well with it.
    private func claim(_ name: String, _ parameter: Parameter) throws -> Tensor {
        let tensor = try find(name)
        guard tensor.shape == parameter.shape else {
            throw failure(name, "expected shape \(parameter.shape), found \(tensor.shape)")
        }
        guard tensor.dataType.isFloat else {
            throw failure(name, "expected a floating-point type, found \(tensor.dataType)")
        }
        try tensor.withFloats { try checker.check($0, name: name, mixes: parameter.mixes) }
        taken.insert(ByteName(name))
        return tensor
    }

    private func failure(_ name: String, _ what: String) -> OssicleError {
        OssicleError(.weights, "\(file): tensor \(Quoting.quoted(name)): \(what)")
    }
}

extension Tensor {
    /// Calls `body` with the elements as float32: in place where they are stored so, else a widened copy.
    fileprivate func withFloats(_ body: (UnsafeBufferPointer<Float>) throws -> Void) rethrows {
        if dataType == .float32, Int(bitPattern: bytes.baseAddress) % MemoryLayout<Float>.alignment == 0 {
            try body(bytes.assumingMemoryBound(to: Float.self))
        } else {
            try floats().withUnsafeBufferPointer(body)
        }
    }
}
