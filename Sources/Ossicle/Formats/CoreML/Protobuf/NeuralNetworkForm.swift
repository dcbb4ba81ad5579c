/// Where a kind of layer keeps its weights, and their shapes. (`NeuralNetwork.proto`; the numbers are its fields.)
struct NeuralNetworkForm: Sendable {
    typealias Shape = @Sendable ([Int: [Int]]) throws -> [Int]

    /// Fields that give sizes.
    var sizes: Set<Int> = []
    /// Fields that hold weights.
    var weights: [Int: (role: String, shape: Shape)] = [:]
    /// Fields that hold an LSTM's weights by gate; the second of a bidirectional layer is its reverse half.
    var gates: [Int: @Sendable (_ found: [String], _ role: String) -> String] = [:]

    /// The form of a layer kind, or `nil` when the kind has no weights.
    static func of(kind: Int) -> NeuralNetworkForm? {
        switch kind {
        case 100: convolution
        // Vocabulary entries of an embedding are columns of the stored matrix.
        case 140, 150, 1040: matrix(20, bias: 21, rows: 2, columns: 1)
        case 1045: matrix(8, bias: 9, rows: 6, columns: 5)
        case 160: normalization
        case 245: NeuralNetworkForm(sizes: [1, 4], weights: [2: ("weight", list(1)), 5: ("bias", list(4))])
        case 250: NeuralNetworkForm(sizes: [1], weights: [2: ("bias", list(1))])
        case 290, 1070: NeuralNetworkForm(sizes: [1], weights: [2: ("data", list(1))])
        case 400:
            NeuralNetworkForm(
                sizes: [1, 2],
                weights: [30: ("weight_ih", input), 31: ("weight_hh", recurrent), 32: ("bias", vector)])
        case 410: gru
        case 420, 430:
            NeuralNetworkForm(sizes: [1, 2], gates: [20: { $0.contains($1) ? ".reverse" : "" }])
        default: nil
        }
    }

    /// [out, in / groups, height, width]; [in, out / groups, height, width] of a transposed convolution.
    private static let convolution = NeuralNetworkForm(
        sizes: [1, 2, 10, 20, 60],
        weights: [
            90: (
                "weight",
                { sizes in
                    let (out, kernel) = (try size(1, of: sizes), try size(2, of: sizes))
                    let groups = max(sizes[10]?.first ?? 1, 1)
                    let window = sizes[20] ?? [3, 3]
                    return (sizes[60]?.first ?? 0) == 0
                        ? [out, kernel] + window : [kernel, out / groups] + window
                }
            ),
            91: ("bias", { [try size(1, of: $0)] }),
        ])

    private static let normalization: NeuralNetworkForm = {
        var form = NeuralNetworkForm(sizes: [1])
        for (field, role) in [(15, "weight"), (16, "bias"), (17, "running_mean"), (18, "running_var")] {
            form.weights[field] = (role, { [try size(1, of: $0)] })
        }
        return form
    }()

    private static let gru: NeuralNetworkForm = {
        var form = NeuralNetworkForm(sizes: [1, 2])
        for (offset, gate) in ["update", "reset", "output"].enumerated() {
            form.weights[30 + offset] = ("weight_ih.\(gate)", input)
            form.weights[50 + offset] = ("weight_hh.\(gate)", recurrent)
            form.weights[70 + offset] = ("bias.\(gate)", vector)
        }
        return form
    }()

    private static func matrix(_ field: Int, bias: Int, rows: Int, columns: Int) -> NeuralNetworkForm {
        NeuralNetworkForm(
            sizes: [rows, columns],
            weights: [
                field: ("weight", { [try size(rows, of: $0), try size(columns, of: $0)] }),
                bias: ("bias", { [try size(rows, of: $0)] }),
            ])
    }

    /// Fields of `LSTMWeightParams`. "block" is what PyTorch calls g.
    static let lstmGates: [Int: (role: String, shape: Shape)] = {
        var fields: [Int: (role: String, shape: Shape)] = [:]
        for (offset, gate) in ["input", "forget", "block", "output"].enumerated() {
            fields[1 + offset] = ("weight_ih.\(gate)", input)
            fields[20 + offset] = ("weight_hh.\(gate)", recurrent)
            fields[40 + offset] = ("bias.\(gate)", vector)
        }
        for (offset, gate) in ["input", "forget", "output"].enumerated() {
            fields[60 + offset] = ("peephole.\(gate)", vector)
        }
        return fields
    }()

    // Recurrent layers: 1 is the input size, 2 the hidden size.
    private static let input: Shape = { [try size(2, of: $0), try size(1, of: $0)] }
    private static let recurrent: Shape = { [try size(2, of: $0), try size(2, of: $0)] }
    private static let vector: Shape = { [try size(2, of: $0)] }

    private static func list(_ field: Int) -> Shape { { $0[field] ?? [] } }

    private static func size(_ field: Int, of sizes: [Int: [Int]]) throws -> Int {
        guard let size = sizes[field]?.first else {
            throw OssicleError(.malformed, "size field \(field) is missing")
        }
        return size
    }
}
