/// A module that applies one function to every element: `ReLU`, `Tanh`, `GELU` …
public struct ActivationLayer: Layer {
    public let module: String
    public let activation: Activation

    public init(_ module: String, _ activation: Activation) {
        self.module = module
        self.activation = activation
    }

    public func append(to graph: inout Graph, _ inputs: [ValueID], weights: [String: ValueID]) throws
        -> [ValueID]
    {
        try graph.add(Unary(activation), [inputs[0]])
    }
}

/// PyTorch's `Flatten`: axes `start_dim` to `end_dim` become one.
public struct Flatten: Layer {
    public let startDim, endDim: Int
    public var module: String { "Flatten" }

    public init(startDim: Int = 1, endDim: Int = -1) {
        self.startDim = startDim
        self.endDim = endDim
    }

    public func append(to graph: inout Graph, _ inputs: [ValueID], weights: [String: ValueID]) throws
        -> [ValueID]
    {
        let shape = graph.type(of: inputs[0]).shape
        let first = try axis(startDim, in: shape, module), last = try axis(endDim, in: shape, module)
        try require(first <= last, "start_dim \(startDim) is behind end_dim \(endDim) for \(shape.text)")
        return try graph.add(
            Reshape(Array(shape[..<first]) + [Array(shape[first...last]).product] + shape[(last + 1)...]),
            [inputs[0]])
    }
}

/// A permutation of axes. PyTorch has it as `Tensor.permute`; as a module it joins convolutions
/// (`[C, L]`) and recurrent layers (`[L, F]`) in one `Sequential`.
public struct Permute: Layer {
    public let dims: [Int]
    public var module: String { "Permute" }

    public init(dims: [Int]) { self.dims = dims }

    public func append(to graph: inout Graph, _ inputs: [ValueID], weights: [String: ValueID]) throws
        -> [ValueID]
    {
        let shape = graph.type(of: inputs[0]).shape
        return try graph.add(Transpose(try dims.map { try axis($0, in: shape, module) }), [inputs[0]])
    }
}

/// Modules that do nothing at inference: `Identity`, `Dropout`.
public struct Identity: Layer {
    public let module: String
    public init(_ module: String = "Identity") { self.module = module }

    public func append(to graph: inout Graph, _ inputs: [ValueID], weights: [String: ValueID]) throws
        -> [ValueID]
    {
        [inputs[0]]
    }
}

/// The axis that a possibly negative PyTorch `dim` means.
func axis(_ dim: Int, in shape: [Dim], _ module: String) throws -> Int {
    let axis = dim < 0 ? dim + shape.count : dim
    guard shape.indices.contains(axis) else {
        throw OssicleError(.invalidArgument, "\(module): dim \(dim) is not an axis of \(shape.text)")
    }
    return axis
}
