/// A layer of an older network, as far as its weights go.
struct NeuralNetworkLayer: Sendable {
    var name: String
    /// The layer's field in `NeuralNetworkLayer` of Apple's `NeuralNetwork.proto`: 100 convolution …
    var kind: Int
    var weights: [NeuralNetworkWeight]
    /// Of a GRU or LSTM.
    var recurrent: NeuralNetworkRecurrent?
}

/// `WeightParams`: where the numbers are and how they are stored.
struct NeuralNetworkWeight: Sendable {
    enum Encoding: Sendable, Equatable {
        case float32
        case float16
        /// `raw · scale + bias`, `bits` each; scale and bias one number or one for each output channel.
        case linear(bits: Int, signed: Bool, scale: [Float], bias: [Float])
        case lookup(bits: Int, table: [Float])
    }

    /// `weight`, `bias`, or a gate's `weight_ih.input` and so on.
    var role: String
    var shape: [Int]
    /// The axis along which scales and biases change, where there are several.
    var scaleAxis = 0
    var encoding: Encoding
    /// The stored bytes; more than one piece only if a writer left a float array unpacked.
    var pieces: [Range<Int>]

    var byteCount: Int { pieces.reduce(0) { $0 + $1.count } }

    var bitWidth: Int {
        switch encoding {
        case .float32: 32
        case .float16: 16
        case .linear(let bits, _, _, _), .lookup(let bits, _): bits
        }
    }
}

/// Finds the weights of a `CoreML.Specification.NeuralNetwork` without copying them.
enum NeuralNetworkReader {
    static func layers(_ reader: ProtobufReader) throws -> [NeuralNetworkLayer] {
        var layers: [NeuralNetworkLayer] = []
        try append(reader, to: &layers)
        return layers
    }

    /// A branch or loop is followed by the layers of the networks inside.
    private static func append(_ network: ProtobufReader, to layers: inout [NeuralNetworkLayer]) throws {
        var network = network
        while let field = try network.next(1) {
            guard layers.count < CoreMLLimits.layers else { throw field.failure("is one layer too many") }
            let (layer, content) = try layer(field.message("NeuralNetworkLayer"))
            layers.append(layer)
            guard let inside = NeuralNetworkForm.networks[layer.kind],
                var parameters = try content?.message("LayerParams")
            else { continue }
            while let field = try parameters.next() {
                if inside.contains(field.number) {
                    try append(field.message("NeuralNetwork"), to: &layers)
                }
            }
        }
    }

    private static func layer(_ reader: ProtobufReader) throws -> (NeuralNetworkLayer, ProtobufField?) {
        var reader = reader
        var layer = NeuralNetworkLayer(name: "", kind: 0, weights: [])
        var content: ProtobufField?
        while let field = try reader.next() {
            switch field.number {
            case 1: layer.name = try field.string()
            case 100...:
                layer.kind = field.number
                content = field
            default: break
            }
        }
        guard let content, let form = NeuralNetworkForm.of(kind: layer.kind) else { return (layer, content) }
        do {
            let parameters = try content.message("LayerParams")
            layer.weights = try weights(parameters, form)
            layer.recurrent = try NeuralNetworkRecurrent(parameters, kind: layer.kind)
        } catch let error as OssicleError {
            throw error.within("layer \(Quoting.quoted(layer.name))")
        }
        return (layer, content)
    }

    private static func weights(_ reader: ProtobufReader, _ form: NeuralNetworkForm) throws
        -> [NeuralNetworkWeight]
    {
        var reader = reader
        var sizes: [Int: [Int]] = [:]
        var found: [(role: String, shape: NeuralNetworkForm.Shape?, message: ProtobufReader)] = []
        func add(_ weight: NeuralNetworkForm.Weight, _ field: ProtobufField, _ suffix: String) throws {
            guard found.count < CoreMLLimits.layerWeights else {
                throw field.failure("is one weight too many")
            }
            found.append((weight.role + suffix, weight.shape, try field.message("WeightParams")))
        }
        while let field = try reader.next() {
            if form.sizes.contains(field.number) {
                try field.eachVarint { value in
                    guard let size = Int(exactly: value), sizes[field.number]?.count ?? 0 < CoreMLLimits.rank
                    else {
                        throw field.failure("is no size")
                    }
                    sizes[field.number, default: []].append(size)
                }
            } else if let weight = form.weights[field.number] {
                try add(weight, field, form.isNumbered ? ".\(found.count)" : "")
            } else if let weights = form.inner[field.number] {
                // The second of a bidirectional layer is its reverse half.
                let suffix = found.isEmpty ? "" : ".reverse"
                var message = try field.message("LayerParams")
                while let inner = try message.next() {
                    if let weight = weights[inner.number] { try add(weight, inner, suffix) }
                }
            }
        }
        var weights: [NeuralNetworkWeight] = []
        for (role, shape, message) in found {
            guard var weight = try self.weight(message) else { continue }
            weight.role = role
            weight.shape = try shape?(sizes) ?? [weight.byteCount * 8 / weight.bitWidth]
            weight.scaleAxis = weight.shape.count > 1 ? form.scaleAxis(sizes) : 0
            try check(weight)
            weights.append(weight)
        }
        return weights
    }

    /// - Returns: `nil` when the message holds no numbers, which is how an absent bias is written.
    private static func weight(_ reader: ProtobufReader) throws -> NeuralNetworkWeight? {
        var reader = reader
        var pieces: [Range<Int>] = []
        var kind = 0
        var quantization: ProtobufReader?
        while let field = try reader.next() {
            switch field.number {
            case 1:
                // Packed, or a single number that is the last four bytes of its field.
                if case .fixed32 = field.payload {
                    pieces.append(field.end - 4..<field.end)
                } else {
                    pieces.append(try field.bytes())
                }
                kind = 1
            case 2, 30, 31:
                pieces.append(try field.bytes())
                kind = field.number
            case 40: quantization = try field.message("QuantizationParams")
            default: break
            }
        }
        guard pieces.contains(where: { !$0.isEmpty }) else { return nil }
        let encoding: NeuralNetworkWeight.Encoding
        switch kind {
        case 1: encoding = .float32
        case 2: encoding = .float16
        default:
            guard let quantization else { throw reader.failure("raw weights without quantisation") }
            encoding = try self.quantization(quantization, signed: kind == 31)
        }
        return NeuralNetworkWeight(role: "", shape: [], encoding: encoding, pieces: pieces)
    }

    private static func quantization(
        _ reader: ProtobufReader, signed: Bool
    ) throws -> NeuralNetworkWeight.Encoding {
        var reader = reader
        var bits = 0
        var lists: [Int: [Float]] = [:]
        var isLookup = false
        while let field = try reader.next() {
            switch field.number {
            case 1: bits = try field.count()
            case 101, 102:
                isLookup = field.number == 102
                var inner = try field.message("QuantizationParams")
                while let list = try inner.next() {
                    try list.eachFixed(UInt32.self) {
                        lists[list.number, default: []].append(Float(bitPattern: $0))
                    }
                }
            default: break
            }
        }
        let table = lists[1] ?? []
        guard (1...8).contains(bits), !signed || bits == 8, !isLookup || table.count == 1 << bits else {
            throw reader.failure("a quantisation of \(bits) bits and \(table.count) entries")
        }
        return isLookup
            ? .lookup(bits: bits, table: table)
            : .linear(bits: bits, signed: signed, scale: table, bias: lists[2] ?? [])
    }

    private static func check(_ weight: NeuralNetworkWeight) throws {
        let count = try CoreMLShape.count(weight.shape)
        let bits = weight.bitWidth
        if case .linear(_, _, let scale, let bias) = weight.encoding {
            let channels = weight.shape.isEmpty ? 1 : weight.shape[weight.scaleAxis]
            for list in [scale, bias] where list.count > 1 && list.count != channels {
                throw OssicleError(
                    .malformed, "\(weight.role): \(list.count) scales or biases for \(channels) channels")
            }
        }
        guard weight.byteCount == (count * bits + 7) / 8 else {
            throw OssicleError(
                .malformed,
                "\(weight.role): \(weight.byteCount) bytes for shape \(weight.shape) of \(bits) bits each")
        }
    }
}
