/// Where a kind of layer keeps its weights, and their shapes. (`NeuralNetwork.proto`; the numbers are its fields.)
struct NeuralNetworkForm: Sendable {
    typealias Sizes = [Int: [Int]]
    typealias Shape = @Sendable (Sizes) throws -> [Int]
    /// Without a shape: a list, as long as it is.
    typealias Weight = (role: String, shape: Shape?)

    /// Fields that give sizes.
    var sizes: Set<Int> = []
    /// Fields that hold weights.
    var weights: [Int: Weight] = [:]
    /// Whether weights have numbers behind their names: a custom layer has as many as it likes.
    var isNumbered = false
    /// Fields that hold messages with weights: an activation's, or an LSTM's by gate.
    var inner: [Int: [Int: Weight]] = [:]
    /// The axis of the output channels, each of which a quantisation may scale by itself.
    var scaleAxis: @Sendable (Sizes) -> Int = { _ in 0 }

    /// Layers that hold networks, and in which fields: branches and loops.
    static let networks: [Int: Set<Int>] = [605: [1, 2], 615: [3, 4]]

    /// The form of a layer kind, or `nil` when the kind has no weights.
    static func of(kind: Int) -> NeuralNetworkForm? {
        switch kind {
        case 100: convolution
        case 130:
            NeuralNetworkForm(
                inner: [25: [1: ("alpha", nil)], 71: [1: ("alpha", nil), 2: ("beta", nil)]])
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
        case 420, 430: NeuralNetworkForm(sizes: [1, 2], inner: [20: lstmGates])
        case 500: NeuralNetworkForm(weights: [20: ("weight", nil)], isNumbered: true)
        case 1350: NeuralNetworkForm(sizes: [1], weights: [3: ("weight", list(1)), 4: ("bias", list(1))])
        case 1471: convolution3D
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
        ], scaleAxis: { ($0[60]?.first ?? 0) == 0 ? 0 : 1 })

    /// [out, in / groups, depth, height, width]; [in, out / groups, …] of a transposed one.
    private static let convolution3D = NeuralNetworkForm(
        sizes: [1, 2, 10, 20, 21, 22, 86],
        weights: [
            60: (
                "weight",
                { sizes in
                    let (out, channels) = (try size(1, of: sizes), try size(2, of: sizes))
                    let groups = max(sizes[10]?.first ?? 1, 1)
                    let window = try (20...22).map { try size($0, of: sizes) }
                    return (sizes[86]?.first ?? 0) == 0
                        ? [out, channels / groups] + window : [channels, out / groups] + window
                }
            ),
            61: ("bias", { [try size(1, of: $0)] }),
        ], scaleAxis: { ($0[86]?.first ?? 0) == 0 ? 0 : 1 })

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
    private static let lstmGates: [Int: Weight] = {
        var fields: [Int: Weight] = [:]
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

    private static func size(_ field: Int, of sizes: Sizes) throws -> Int {
        guard let size = sizes[field]?.first else {
            throw OssicleError(.malformed, "size field \(field) is missing")
        }
        return size
    }
}
