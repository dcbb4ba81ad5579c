/// The type of a graph value: shape and element type.
public struct ValueType: Hashable, Sendable, CustomStringConvertible {
    public var shape: [Dim]
    public var dataType: DataType

    public init(_ shape: [Dim], _ dataType: DataType = .float32) {
        self.shape = shape
        self.dataType = dataType
    }

    public var rank: Int { shape.count }
    public var description: String { "\(dataType)\(shape.text)" }
}

/// Names a value of one graph.
public struct ValueID: Hashable, Sendable {
    let index: Int
}

/// A value: computed by a node, given from outside, or constant.
public struct Value: Sendable {
    public var name: String
    public var type: ValueType
    /// The contents, for constants. Weights are constants.
    public var constant: Tensor?
}

/// One operation with the values it reads and makes. Regions are the bodies of control flow.
public struct Node: Sendable {
    public var name: String
    public var operation: any Operation
    public var inputs: [ValueID]
    public var outputs: [ValueID]
    public var regions: [Graph] = []
}

/// A value that outlives a run, by name: read at the start of a run, replaced during it.
public struct State: Sendable {
    public var name: String
    public var type: ValueType
    /// The contents after a reset; zero when nil.
    public var initial: Tensor?
}

/// What a graph takes or gives, in order.
public struct Port: Sendable {
    public var name: String
    public var value: ValueID
    /// May be left out of a run, and is all zero then.
    public var isOptional = false
}

/// A model as every front end builds it: nodes in topological order over typed values.
///
/// Building checks types at once: `add` throws where an operation does not take what it is given.
public struct Graph: Sendable {
    public private(set) var values: [Value] = []
    public var nodes: [Node] = []
    public var inputs: [Port] = []
    public var outputs: [Port] = []
    public var states: [State] = []

    /// Axes that kernels can walk.
    static let maxRank = 8
    /// Elements that a value may have: 256 GiB of float32. Sizes in bytes and counts of operations then fit an Int.
    static let maxElements = 1 << 36

    public init() {}

    public subscript(id: ValueID) -> Value {
        get { values[id.index] }
        set { values[id.index] = newValue }
    }

    /// The node that makes a value; nil for inputs and constants. While a graph is being built: its nodes are in the order
    /// of what they make then (some make nothing). Passes keep `producers`.
    func producer(of id: ValueID) -> Node? {
        var (low, high) = (0, nodes.count)
        while low < high {
            let middle = (low + high) / 2
            let first = nodes[low...middle].last { !$0.outputs.isEmpty }?.outputs[0].index
            if first ?? 0 <= id.index { low = middle + 1 } else { high = middle }
        }
        let node = nodes[..<low].last { !$0.outputs.isEmpty }
        return node?.outputs.contains(id) == true ? node : nil
    }

    public func type(of id: ValueID) -> ValueType { values[id.index].type }
    public func constant(_ id: ValueID) -> Tensor? { values[id.index].constant }

    mutating func makeValue(_ name: String, _ type: ValueType, constant: Tensor? = nil) -> ValueID {
        values.append(Value(name: name, type: type, constant: constant))
        return ValueID(index: values.count - 1)
    }

    public mutating func input(_ name: String, _ type: ValueType, optional: Bool = false) -> ValueID {
        let value = makeValue(name, type)
        inputs.append(Port(name: name, value: value, isOptional: optional))
        return value
    }

    public mutating func constant(_ name: String, _ tensor: Tensor) -> ValueID {
        makeValue(name, ValueType(tensor.shape.map { .fixed($0) }, tensor.dataType), constant: tensor)
    }

    public mutating func constant(_ name: String, _ values: [Float], _ shape: [Int]) throws -> ValueID {
        constant(name, try Tensor(values, shape: shape))
    }

    public mutating func output(_ name: String, _ value: ValueID) {
        outputs.append(Port(name: name, value: value))
    }

    /// Appends a node and answers its outputs.
    ///
    /// - Throws: what the operation's shape rule says, with the node's name in front.
    @discardableResult
    public mutating func add(
        _ operation: any Operation, _ inputs: [ValueID], name: String? = nil, regions: [Graph] = []
    ) throws -> [ValueID] {
        let name = name ?? "\(operation.name)_\(nodes.count)"
        let types: [ValueType]
        do {
            // Weights may be stored in any type; whoever reads them widens them.
            if !operation.takesIntegers,
                let other = inputs.first(where: { constant($0) == nil && type(of: $0).dataType != .float32 })
            {
                throw OssicleError(
                    .unsupported,
                    "\(operation.name) takes float32, found \(self[other].name) \(type(of: other))")
            }
            types = try operation.infer(inputs.map { type(of: $0) }, regions: regions)
        } catch let error as OssicleError {
            throw error.within(name)
        }
        for type in types { try Self.check(type, name, length: 1) }
        let outputs = types.enumerated().map { i, type in
            makeValue(types.count == 1 ? name : "\(name).\(i)", type)
        }
        nodes.append(
            Node(name: name, operation: operation, inputs: inputs, outputs: outputs, regions: regions))
        return outputs
    }

    /// - Throws: `unsupported` for a value of too many axes, or too many elements at this dynamic length.
    static func check(_ type: ValueType, _ name: String, length: Int) throws {
        guard type.rank <= maxRank else {
            throw OssicleError(.unsupported, "\(name): \(type) has more than \(maxRank) axes")
        }
        // An extent of 0 must not hide others that are beyond all bounds.
        let elements = type.shape.reduce(1) { $0.times(max($1.evaluate(length), 1)) }
        guard elements <= maxElements else {
            throw OssicleError(.unsupported, "\(name): \(type) has more than \(maxElements) elements")
        }
    }

    /// `add` for operations with one output.
    public mutating func apply(_ operation: any Operation, _ inputs: ValueID..., name: String? = nil) throws
        -> ValueID
    {
        try add(operation, inputs, name: name)[0]
    }

    /// How often each value is read by nodes and outputs.
    var useCounts: [Int] {
        var counts = [Int](repeating: 0, count: values.count)
        for node in nodes { for id in node.inputs { counts[id.index] += 1 } }
        for port in outputs { counts[port.value.index] += 1 }
        return counts
    }

    /// Elements of all constants that nodes read.
    public var parameterCount: Int {
        var seen = Set<ValueID>()
        return nodes.flatMap(\.inputs).reduce(0) { sum, id in
            guard let tensor = constant(id), seen.insert(id).inserted else { return sum }
            return sum + tensor.count
        }
    }

    /// The dynamic length must be a multiple of this for every extent to come out whole.
    var granularity: Int {
        nodes.flatMap(\.outputs).reduce(1) { factor, id in
            type(of: id).shape.reduce(factor) { leastCommonMultiple($0, $1.granularity) }
        }
    }

    /// Whether an operation relies on lengths that are multiples of its stride, in whole runs too.
    var dividesEvenly: Bool {
        nodes.contains {
            ($0.operation as? Convolution)?.sources.contains { $0.contains(where: \.dividesEvenly) } == true
        }
    }

    /// Whether any input has a dynamic extent.
    public var isDynamic: Bool { inputs.contains { type(of: $0.value).shape.contains { !$0.isFixed } } }
}
