/// eˣ / Σ eˣ along an axis, or its logarithm: PyTorch's `Softmax` and `LogSoftmax`.
public struct Softmax: Operation {
    public var axis: Int
    public var isLogarithm: Bool

    public init(axis: Int, isLogarithm: Bool = false) {
        self.axis = axis
        self.isLogarithm = isLogarithm
    }

    public var name: String { isLogarithm ? "log_softmax" : "softmax" }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        try expect(inputs, count: 1...1)
        try expect(axis, of: inputs[0])
        return inputs
    }

    public func flops(_ inputs: [[Int]], _ outputs: [[Int]]) -> Int { 4 * outputs[0].reduce(1, *) }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        try requireWholeSignal(axis, of: node.inputs[0])
        return StreamingForm(self, latency: node.latency)
    }
}
