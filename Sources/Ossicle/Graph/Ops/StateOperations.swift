/// The present value of one of the graph's states (`Graph.states`). No inputs.
public struct ReadState: Operation {
    public var state: String
    public var type: ValueType

    public init(_ state: String, _ type: ValueType) {
        self.state = state
        self.type = type
    }

    public var name: String { "read_state" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 0...0)
        return [type]
    }
}

/// Replaces one of the graph's states for what comes after it, in this run and the next. No outputs.
public struct WriteState: EffectfulOperation {
    public var state: String
    public init(_ state: String) { self.state = state }

    public var name: String { "write_state" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...1)
        return []
    }
}
