/// PyTorch's `LSTM` and `GRU`: all layers and directions of one module.
///
/// Inputs: x `[N?, T, I]`; then for each layer and direction weight_ih `[G·H, D·I]`, weight_hh `[G·H, H]` and, with
/// biases, bias_ih and bias_hh `[G·H]`; then h0 (and c0 for LSTM) `[layers·directions, N?, H]` when given.
/// Gates are PyTorch's: LSTM i f g o, GRU r z n with the reset applied behind the hidden product.
/// Outputs: y `[N?, T, directions·H]`, hn, and cn for LSTM.
public struct Recurrent: Operation {
    public enum Cell: Sendable {
        case lstm, gru
        /// The reset is applied to h before the hidden product, as Core ML's `gru` and old Keras have it.
        case gruResetBefore
    }

    /// What stands in place of sigmoid (gates), tanh (cell) and tanh (output of an LSTM).
    public struct Activations: Hashable, Sendable {
        public var gate: Activation
        public var cell: Activation
        public var output: Activation

        public init(gate: Activation = .sigmoid, cell: Activation = .tanh, output: Activation = .tanh) {
            self.gate = gate
            self.cell = cell
            self.output = output
        }
    }

    public var cell: Cell
    public var hiddenSize: Int
    public var layers: Int
    public var bidirectional: Bool
    public var hasBias: Bool
    public var hasInitialState: Bool
    public var activations: Activations?
    /// The state goes on from run to run and starts from the initial one.
    var keepsState = false
    /// Streaming only: frames that come before the signal, because a layer in front looks ahead.
    var lag = 0

    public init(
        _ cell: Cell, hiddenSize: Int, layers: Int = 1, bidirectional: Bool = false, hasBias: Bool = true,
        hasInitialState: Bool = false
    ) {
        self.cell = cell
        self.hiddenSize = hiddenSize
        self.layers = layers
        self.bidirectional = bidirectional
        self.hasBias = hasBias
        self.hasInitialState = hasInitialState
    }

    public var name: String { "\(cell)" }
    public var gates: Int { cell == .lstm ? 4 : 3 }
    public var directions: Int { bidirectional ? 2 : 1 }
    /// Tensors for each layer and direction.
    var weightsPerCell: Int { hasBias ? 4 : 2 }
    var stateCount: Int { cell == .lstm ? 2 : 1 }
    var stateIndex: Int { 1 + layers * directions * weightsPerCell }

    public func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] {
        let count = stateIndex + (hasInitialState ? stateCount : 0)
        try expect(inputs, count: count...count)
        let x = inputs[0]
        try expect(x, rank: 2...3)
        var features = x.shape[x.rank - 1]
        for layer in 0..<layers {
            for direction in 0..<directions {
                let first = 1 + (layer * directions + direction) * weightsPerCell
                let what = "layer \(layer)\(direction == 1 ? " reverse" : "")"
                let rows = Dim.fixed(gates * hiddenSize)
                try expect(inputs[first], shape: [rows, features], "\(what) weight_ih")
                try expect(inputs[first + 1], shape: [rows, .fixed(hiddenSize)], "\(what) weight_hh")
                for i in 2..<weightsPerCell { try expect(inputs[first + i], shape: [rows], "\(what) bias") }
            }
            features = .fixed(directions * hiddenSize)
        }
        let batch = Array(x.shape.dropLast(2))
        let state = ValueType([.fixed(layers * directions)] + batch + [.fixed(hiddenSize)])
        if hasInitialState {
            for i in 0..<stateCount {
                try expect(inputs[stateIndex + i], shape: state.shape, "initial state")
            }
        }
        let y = ValueType(batch + [x.shape[x.rank - 2], .fixed(directions * hiddenSize)])
        return [y] + Array(repeating: state, count: stateCount)
    }

    public func flops(_ inputs: [[Int]], _ outputs: [[Int]]) -> Int {
        let steps = outputs[0].dropLast().reduce(1, *)
        var weights = 0
        for first in stride(from: 1, to: stateIndex, by: weightsPerCell) {
            weights += inputs[first].reduce(1, *)
            weights += inputs[first + 1].reduce(1, *)
        }
        return 2 * steps * weights
    }

    public func streaming(_ node: StreamingNode) throws -> StreamingForm {
        if bidirectional { try requireWholeSignal(node.inputs[0].rank - 2, of: node.inputs[0]) }
        var form = self
        form.keepsState = !node.inputs[0].shape[node.inputs[0].rank - 2].isFixed
        form.lag = form.keepsState ? node.latency : 0
        return StreamingForm(form, latency: node.latency)
    }
}
