extension NeuralNetworkWeight {
    /// The numbers as float32, row-major.
    func decoded(from storage: Storage) throws -> Tensor {
        if pieces.count == 1, let dataType = plainType, pieces[0].lowerBound % dataType.size == 0 {
            let tensor = try Tensor(
                shape: shape, dataType: dataType, storage: storage, byteOffset: pieces[0].lowerBound)
            return dataType == .float32 ? tensor : try Tensor(tensor.floats(), shape: shape)
        }
        // Unaligned or in pieces: a copy puts it right.
        var bytes: [UInt8] = []
        for piece in pieces { bytes.append(contentsOf: storage.bytes[piece]) }
        if let dataType = plainType {
            return try Tensor(
                Tensor(shape: shape, dataType: dataType, storage: .copy(bytes)).floats(), shape: shape)
        }
        return try Tensor(dequantized(bytes), shape: shape)
    }

    private var plainType: DataType? {
        switch encoding {
        case .float32: .float32
        case .float16: .float16
        case .linear, .lookup: nil
        }
    }

    private func dequantized(_ bytes: [UInt8]) -> [Float] {
        let count = shape.reduce(1, *)
        let channels = shape.isEmpty ? 1 : max(shape[scaleAxis], 1)
        let channel = max(shape.dropFirst(scaleAxis + 1).reduce(1, *), 1)
        switch encoding {
        case .float32, .float16: return []
        case .lookup(let bits, let table): return (0..<count).map { table[Self.raw(bytes, $0, bits)] }
        case .linear(let bits, let signed, let scale, let bias):
            func pick(_ list: [Float], _ index: Int, _ none: Float) -> Float {
                list.isEmpty ? none : list[list.count == 1 ? 0 : index]
            }
            return (0..<count).map { i in
                let raw = Self.raw(bytes, i, bits)
                let number = signed ? Float(Int8(truncatingIfNeeded: raw)) : Float(raw)
                let index = i / channel % channels
                return number * pick(scale, index, 1) + pick(bias, index, 0)
            }
        }
    }

    /// Number `i` of `bits` bits. This older format packs from the most significant bit on: coremltools,
    /// `models/neural_network/quantization_utils.py`.
    private static func raw(_ bytes: [UInt8], _ i: Int, _ bits: Int) -> Int {
        let first = i * bits
        let high = Int(bytes[first >> 3]) << 8
        let low = first >> 3 + 1 < bytes.count ? Int(bytes[first >> 3 + 1]) : 0
        return (high | low) >> (16 - bits - first & 7) & (1 << bits - 1)
    }
}
