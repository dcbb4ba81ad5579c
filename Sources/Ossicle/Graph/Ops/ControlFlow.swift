/// Repeats a body while a condition holds.
///
/// Inputs: the values that are carried round (`carried` of them), then what the regions read beside those. Regions:
/// condition and body, each a graph whose inputs are all of these in this order. The condition gives one bool, the body
/// the carried values anew, of the same types. Outputs: the carried values after the last round.
public struct While: Operation {
    public var carried: Int
    public init(carried: Int) { self.carried = carried }

    public var name: String { "while" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        guard (1...max(1, inputs.count)).contains(carried), regions.count == 2 else {
            throw OssicleError(
                .invalidArgument,
                "a loop needs a condition and a body and carries at least one value; found \(regions.count) regions, "
                    + "\(carried) of \(inputs.count) values")
        }
        try expectRegion(regions[0], inputs, gives: [ValueType([], .bool)], "condition", anyShape: true)
        let types = Array(inputs[..<carried])
        try expectRegion(regions[1], inputs, gives: types, "body")
        return types
    }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm { try wholeValues(node) }
}

/// One of two branches.
///
/// Inputs: a bool, then what the branches read. Regions: what runs where it is true, and where it is false; each is a
/// graph whose inputs are those values in this order, and both give the same types.
public struct If: Operation {
    public init() {}

    public var name: String { "if" }
    public var takesIntegers: Bool { true }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        guard let condition = inputs.first, regions.count == 2 else {
            throw OssicleError(
                .invalidArgument, "a branch needs a condition and two regions, found \(regions.count)")
        }
        try expect(condition, type: .bool, "condition")
        guard condition.shape.product == .fixed(1) else {
            throw OssicleError(.shapeMismatch, "condition: expected one bool, found \(condition)")
        }
        let types = regions[0].outputs.map { regions[0].type(of: $0.value) }
        for (region, what) in zip(regions, ["first branch", "second branch"]) {
            try expectRegion(region, Array(inputs.dropFirst()), gives: types, what)
        }
        return types
    }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm { try wholeValues(node) }
}

extension Operation {
    /// - Throws: `invalidArgument` when the region does not take `inputs` or does not give `outputs`. With `anyShape`
    ///   only the number of elements counts.
    fileprivate func expectRegion(
        _ region: Graph, _ inputs: [ValueType], gives outputs: [ValueType], _ what: String,
        anyShape: Bool = false
    ) throws {
        func check(_ found: [ValueType], _ expected: [ValueType], _ side: String) throws {
            let same =
                found.count == expected.count
                && zip(found, expected).allSatisfy { a, b in
                    a.dataType.computed == b.dataType.computed
                        && (anyShape && side == "gives"
                            ? a.shape.product == b.shape.product : a.shape == b.shape)
                }
            if !same {
                throw OssicleError(.invalidArgument, "\(what) \(side) \(found), expected \(expected)")
            }
        }
        try check(region.inputs.map { region.type(of: $0.value) }, inputs, "takes")
        try check(region.outputs.map { region.type(of: $0.value) }, outputs, "gives")
    }

    fileprivate func wholeValues(_ node: StreamingNode) throws -> StreamingForm {
        for input in node.inputs {
            for axis in input.shape.indices { try requireWholeSignal(axis, of: input) }
        }
        return StreamingForm(self, latency: node.latency)
    }
}
