/// The weights of an older network as Apple's compiler leaves them: `model.espresso.net` (JSON, the layers) and
/// `model.espresso.weights` (numbered blobs).
///
/// Batch normalisation is folded into the convolutions at compile time, so these weights differ from those of
/// the `.mlmodel` they came from by that factor, and by rounding to float16.
struct EspressoBundle: Sendable {
    struct Weight: Sendable {
        let name: String
        let shape: [Int]
        let dataType: DataType
        let range: Range<Int>
    }

    let weights: [Weight]
    let storage: Storage
    /// The weight file.
    let path: String

    /// - Throws: `io`, or `malformed` naming file and layer.
    init(directory: String) throws {
        let net = directory + "/model.espresso.net"
        try self.init(net: Storage.map(path: net), path: net) {
            directory + "/" + $0
        } open: {
            try Storage.map(path: $0)
        }
    }

    /// - Parameters:
    ///   - place: the path of a file of the bundle.
    ///   - open: gives the bytes of the file at a path.
    init(
        net: Storage, path netPath: String, place: (String) -> String, open: (String) throws -> Storage
    ) throws {
        do {
            guard net.count <= CoreMLLimits.sideFileBytes else {
                throw OssicleError(.malformed, "\(net.count) bytes, more than \(CoreMLLimits.sideFileBytes)")
            }
            let root = try JSON.parse(net.bytes)
            path = place(try Self.weightFile(root))
            storage = try open(path)
            weights = try Self.weights(root, EspressoBlobs(storage))
        } catch let error as OssicleError {
            throw error.within(netPath)
        }
    }

    private static func weightFile(_ root: JSON) throws -> String {
        let name = try root.string("storage")
        guard !name.isEmpty, name != ".", name != "..", !name.utf8.contains(UInt8(ascii: "/")),
            !name.utf8.contains(0)
        else { throw root.failure("storage \(Quoting.quoted(name)) is no file of the bundle") }
        return name
    }

    private static func weights(_ root: JSON, _ blobs: EspressoBlobs) throws -> [Weight] {
        var weights: [Weight] = []
        for layer in try root.required("layers").elements(atMost: CoreMLLimits.layers) {
            let name = try layer.string("name")
            for (key, value) in try layer.members() where key.hasPrefix("blob_") {
                let half = key.hasSuffix("_f16")
                let role = key.dropFirst("blob_".count).dropLast(half ? "_f16".count : 0)
                let range = try blobs.range(try value.int(in: 0...Int(Int32.max)))
                let dataType = half ? DataType.float16 : .float32
                let shape = try shape(of: role, layer, bytes: range.count, dataType)
                weights.append(
                    Weight(
                        name: "\(name).\(Self.roleNames[String(role)] ?? String(role))", shape: shape,
                        dataType: dataType, range: range))
            }
        }
        return weights.sorted { $0.range.lowerBound < $1.range.lowerBound }
    }

    private static let roleNames = ["weights": "weight", "biases": "bias"]

    /// Convolutions are [out, in / groups, height, width], inner products [out, in]; anything else a vector.
    private static func shape(
        of role: Substring, _ layer: JSON, bytes: Int, _ dataType: DataType
    ) throws -> [Int] {
        let size = 0...(1 << 24)
        let type = try layer.string("type")
        let shape: [Int]
        switch (type, role) {
        case ("convolution", "weights"):
            let groups = try layer.optional("n_groups")?.int(in: 1...(1 << 24)) ?? 1
            shape = [
                try layer.int("C", in: size), try layer.int("K", in: size) / groups,
                try layer.int("Ny", in: size),
                try layer.int("Nx", in: size),
            ]
        case ("convolution", "biases"): shape = [try layer.int("C", in: size)]
        case ("inner_product", "weights"):
            shape = [try layer.int("nC", in: size), try layer.int("nB", in: size)]
        case ("inner_product", "biases"): shape = [try layer.int("nC", in: size)]
        default: shape = [bytes / dataType.size]
        }
        // Newer writers pad blobs, so there may be more bytes than numbers.
        let needed = try CoreMLShape.count(shape) * dataType.size
        guard needed <= bytes, bytes - needed < 64 else {
            throw layer.failure("\(role) of shape \(shape) needs \(needed) bytes, the blob has \(bytes)")
        }
        return shape
    }

    func tensor(_ weight: Weight) throws -> Tensor {
        guard weight.range.lowerBound % weight.dataType.size == 0 else {
            throw OssicleError(.malformed, "\(path): blob of \(Quoting.quoted(weight.name)) is not aligned")
        }
        let stored = try Tensor(
            shape: weight.shape, dataType: weight.dataType, storage: storage,
            byteOffset: weight.range.lowerBound)
        return weight.dataType == .float32 ? stored : try Tensor(stored.floats(), shape: weight.shape)
    }
}

/// The table of `model.espresso.weights`: u64 count, then (u64 number, u64 bytes) each, then the bytes in the same
/// order. Even numbers are padding.
private struct EspressoBlobs {
    private var ranges: [UInt64: Range<Int>] = [:]

    init(_ storage: Storage) throws {
        func word(_ position: Int) -> UInt64 {
            UInt64(littleEndian: storage.bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
        }
        guard storage.count >= 8 else { throw OssicleError(.malformed, "the weight file has no table") }
        let count = word(0)
        guard count <= UInt64((storage.count - 8) / 16) else {
            throw OssicleError(.malformed, "a weight table of \(count) entries in \(storage.count) bytes")
        }
        var position = 8 + Int(count) * 16
        for entry in 0..<Int(count) {
            let (number, size) = (word(8 + entry * 16), word(16 + entry * 16))
            guard size <= UInt64(storage.count - position) else {
                throw OssicleError(
                    .malformed, "blob \(number) has \(size) bytes, \(storage.count - position) are left")
            }
            guard ranges.updateValue(position..<(position + Int(size)), forKey: number) == nil else {
                throw OssicleError(.malformed, "blob \(number) occurs twice")
            }
            position += Int(size)
        }
    }

    func range(_ number: Int) throws -> Range<Int> {
        guard let range = ranges[UInt64(number)] else {
            throw OssicleError(.malformed, "there is no blob \(number)")
        }
        return range
    }
}
