/// PyTorch's `LSTM`, batch first: input `[N?, T, input_size]`, optional h0 and c0 `[layers·directions, N?, hidden]`,
/// outputs y, hn, cn. Gates i f g o. Runs on the CPU by design: a step depends on the one before it.
public struct LSTM: RecurrentLayer {
    public let inputSize, hiddenSize, numLayers: Int
    public let bias, bidirectional: Bool

    /// - Throws: `invalidArgument` naming the argument that is out of range.
    public init(
        inputSize: Int, hiddenSize: Int, numLayers: Int = 1, bias: Bool = true, bidirectional: Bool = false
    ) throws {
        self.inputSize = inputSize
        self.hiddenSize = hiddenSize
        self.numLayers = numLayers
        self.bias = bias
        self.bidirectional = bidirectional
        try checkSizes()
    }

    public var module: String { "LSTM" }
    public var cell: Recurrent.Cell { .lstm }
    public var extraOutputs: [String] { ["hn", "cn"] }
}

/// PyTorch's `GRU`, batch first: input `[N?, T, input_size]`, optional h0, outputs y and hn. Gates r z n.
public struct GRU: RecurrentLayer {
    public let inputSize, hiddenSize, numLayers: Int
    public let bias, bidirectional: Bool

    /// - Throws: `invalidArgument` naming the argument that is out of range.
    public init(
        inputSize: Int, hiddenSize: Int, numLayers: Int = 1, bias: Bool = true, bidirectional: Bool = false
    ) throws {
        self.inputSize = inputSize
        self.hiddenSize = hiddenSize
        self.numLayers = numLayers
        self.bias = bias
        self.bidirectional = bidirectional
        try checkSizes()
    }

    public var module: String { "GRU" }
    public var cell: Recurrent.Cell { .gru }
    public var extraOutputs: [String] { ["hn"] }
}

/// What LSTM and GRU share.
public protocol RecurrentLayer: Layer {
    var inputSize: Int { get }
    var hiddenSize: Int { get }
    var numLayers: Int { get }
    var bias: Bool { get }
    var bidirectional: Bool { get }
    var cell: Recurrent.Cell { get }
}

extension RecurrentLayer {
    public var inputShape: [Dim]? { [.dynamic, .fixed(inputSize)] }
    var directions: Int { bidirectional ? 2 : 1 }

    func checkSizes() throws {
        try require(
            inputSize > 0 && hiddenSize > 0 && numLayers > 0,
            "input_size, hidden_size and num_layers must be positive")
        try require(
            inputSize <= 1 << 20 && hiddenSize <= 1 << 16 && numLayers <= 256,
            "input_size, hidden_size or num_layers is too large")
    }

    public var parameters: [Parameter] {
        let rows = (cell == .lstm ? 4 : 3) * hiddenSize
        return (0..<numLayers).flatMap { layer in
            (0..<directions).flatMap { direction -> [Parameter] in
                let suffix = "l\(layer)" + (direction == 1 ? "_reverse" : "")
                let inputs = layer == 0 ? inputSize : hiddenSize * directions
                return [
                    Parameter("weight_ih_\(suffix)", [rows, inputs]),
                    Parameter("weight_hh_\(suffix)", [rows, hiddenSize]),
                ]
                    + (bias
                        ? [Parameter("bias_ih_\(suffix)", [rows]), Parameter("bias_hh_\(suffix)", [rows])]
                        : [])
            }
        }
    }

    public func extraInputs(for input: ValueType) -> [(name: String, type: ValueType)] {
        let shape = [.fixed(numLayers * directions)] + input.shape.dropLast(2) + [.fixed(hiddenSize)]
        return (cell == .lstm ? ["h0", "c0"] : ["h0"]).map { ($0, ValueType(shape)) }
    }

    public func append(to graph: inout Graph, _ inputs: [ValueID], weights: [String: ValueID]) throws
        -> [ValueID]
    {
        let operation = Recurrent(
            cell, hiddenSize: hiddenSize, layers: numLayers, bidirectional: bidirectional, hasBias: bias,
            hasInitialState: inputs.count > 1)
        return try graph.add(
            operation, [inputs[0]] + parameters.map { weights[$0.name]! } + inputs.dropFirst())
    }
}
