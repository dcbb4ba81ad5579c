/// The compressed forms of weights (`constexpr_*` operations), expanded to float32.
///
/// Formulas are those of coremltools' operation reference (iOS 16 `constexpr_ops`, iOS 18 `compression`): the
/// arithmetic is float32, the result is rounded to the operation's own output type. Shapes and counts are checked
/// against each other before anything is allocated.
enum MILDecompression {
    /// `scale · (data - zero)`, scale and zero point one number or one for each index of `axis`.
    static func affine(data: MILArray, scale: MILArray, zero: MILArray, axis: Int) throws -> MILArray {
        let axis = axis < 0 ? axis + data.shape.count : axis
        guard data.shape.indices.contains(axis) else {
            throw OssicleError(.malformed, "axis \(axis) of a tensor of \(data.shape.count) axes")
        }
        for (name, parameter) in [("scale", scale), ("zero_point", zero)]
        where parameter.count != 1 && parameter.count != data.shape[axis] {
            throw OssicleError(
                .malformed, "\(name) has \(parameter.count) elements, expected 1 or \(data.shape[axis])")
        }
        let inner = data.shape[(axis + 1)...].reduce(1, *)
        let extent = data.shape[axis]
        let scales = (0..<scale.count).map(scale.float)
        let zeros = (0..<zero.count).map(zero.float)
        return try make(data.shape, like: scale.element, count: data.count) { i in
            let index = i / inner % extent
            let zero = zeros[zeros.count == 1 ? 0 : index]
            return scales[scales.count == 1 ? 0 : index] * (data.float(i) - zero)
        }
    }

    /// `scale · (data - offset)`, one scale and offset for each block; blocks tile each axis evenly.
    static func blockwise(data: MILArray, scale: MILArray, offset: MILArray?) throws -> MILArray {
        try requireTiles("scale", scale.shape, of: data.shape)
        if let offset, offset.shape != scale.shape {
            throw OssicleError(.malformed, "offset has shape \(offset.shape), scale \(scale.shape)")
        }
        let tiles = Tiles(of: data.shape, blocks: scale.shape)
        return try make(data.shape, like: scale.element, count: data.count) { i in
            let block = tiles.block(i)
            return scale.float(block) * (data.float(i) - (offset?.float(block) ?? 0))
        }
    }

    /// iOS 16: `lut[index]` with indices of log₂(lut.count) bits packed in bytes.
    static func palette(packed indices: MILArray, lut: MILArray, shape: [Int]) throws -> MILArray {
        let types: [Int: MILElementType] = [
            2: .uint1, 4: .uint2, 8: .uint3, 16: .uint4, 64: .uint6, 256: .uint8,
        ]
        guard lut.shape.count == 1, let type = types[lut.count] else {
            throw OssicleError(.malformed, "a palette of shape \(lut.shape)")
        }
        let unpacked = try repack(indices, as: type, shape: shape)
        return try make(shape, like: lut.element, count: unpacked.count) {
            lut.float(Int(unpacked.integer($0)))
        }
    }

    /// iOS 18: a palette for each block of the indices, entries of `vector` elements laid along `axis`.
    ///
    /// `lut` has the shape of the blocks, then the number of entries, then the vector's length.
    static func palette(indices: MILArray, lut: MILArray, axis: Int?) throws -> MILArray {
        let rank = indices.shape.count
        guard rank >= 1, lut.shape.count == rank + 2 else {
            throw OssicleError(
                .malformed, "indices of shape \(indices.shape) with a palette of shape \(lut.shape)")
        }
        let (entries, vector) = (lut.shape[rank], lut.shape[rank + 1])
        guard indices.element.isInteger, indices.element.bitWidth <= 8,
            entries == 1 << indices.element.bitWidth, (1...CoreMLLimits.paletteVector).contains(vector)
        else {
            throw OssicleError(
                .malformed,
                "indices of \(indices.element.spelling) with a palette of \(entries) vectors of \(vector)")
        }
        let blocks = Array(lut.shape[..<rank])
        try requireTiles("lut", blocks, of: indices.shape)
        let tiles = Tiles(of: indices.shape, blocks: blocks)
        func entry(_ i: Int) -> Int {
            tiles.block(i) * entries + Int(indices.integer(i)) & (entries - 1)
        }
        if vector == 1 {
            return try make(indices.shape, like: lut.element, count: indices.count) { lut.float(entry($0)) }
        }
        let axis = (axis ?? rank) < 0 ? (axis ?? rank) + rank : axis ?? rank
        guard axis >= 0, axis < rank else {
            throw OssicleError(.malformed, "a palette of vectors needs a vector_axis in 0..<\(rank)")
        }
        var shape = indices.shape
        (shape[axis], _) = shape[axis].multipliedReportingOverflow(by: vector)
        let count = try CoreMLShape.count(shape)
        // [outer, axis · vector, inner] from [outer, axis, inner].
        let inner = shape[(axis + 1)...].reduce(1, *)
        return try make(shape, like: lut.element, count: count) { i in
            let (along, rest) = (i / inner, i % inner)
            return lut.float(entry(along / vector * inner + rest) * vector + along % vector)
        }
    }

    /// Zero where the mask is 0, the next of `values` where it is 1.
    static func sparse(values: MILArray, mask: MILArray) throws -> MILArray {
        let kept = try indices(of: mask)
        guard kept.count == values.count else {
            throw OssicleError(.malformed, "\(values.count) values for a mask of \(kept.count) ones")
        }
        var dense = [Float](repeating: 0, count: mask.count)
        for (i, position) in kept.enumerated() { dense[position] = values.float(i) }
        return try MILArray(values.element, mask.shape, .floats(dense))
    }

    /// A sparse palette: which elements there are, and their values.
    static func sparsePalette(
        mask: MILArray, indices: MILArray, lut: MILArray, axis: Int?
    ) throws -> (mask: MILArray, values: MILArray) {
        var dense = [Int64](repeating: 0, count: mask.count)
        let kept = try self.indices(of: mask)
        guard kept.count == indices.count else {
            throw OssicleError(.malformed, "\(indices.count) indices for a mask of \(kept.count) ones")
        }
        for (i, position) in kept.enumerated() { dense[position] = indices.integer(i) }
        let values = try palette(
            indices: MILArray(indices.element, mask.shape, .integers(dense)), lut: lut, axis: axis)
        let expanded = values.shape == mask.shape ? mask : try expand(mask, to: values.shape)
        return (expanded, try gather(values, at: expanded))
    }

    /// A sparse blockwise quantisation: which elements there are, and their values.
    static func sparseBlockwise(
        mask: MILArray, values: MILArray, scale: MILArray, offset: MILArray?
    ) throws -> (mask: MILArray, values: MILArray) {
        let dense = try blockwise(data: sparse(values: values, mask: mask), scale: scale, offset: offset)
        return (mask, try gather(dense, at: mask))
    }

    /// The same bytes read as another type: iOS 16 keeps palettes and masks in plain bytes.
    static func repack(_ bytes: MILArray, as element: MILElementType, shape: [Int]) throws -> MILArray {
        let count = try CoreMLShape.count(shape)
        guard bytes.element == .uint8, PackedElements.byteCount(element, count) == bytes.count else {
            throw OssicleError(
                .malformed,
                "\(bytes.count) elements of \(bytes.element.spelling) for \(shape) of \(element.spelling)")
        }
        if case .packed(_, let storage, let range) = bytes.elements,
            let packed = PackedElements(element, bytes: storage.bytes, range: range)
        {
            return try MILArray(element, shape, .packed(packed, storage, range))
        }
        let storage = Storage.copy((0..<bytes.count).map { UInt8(truncatingIfNeeded: bytes.integer($0)) })
        let packed = PackedElements(element, bytes: storage.bytes, range: 0..<bytes.count)!
        return try MILArray(element, shape, .packed(packed, storage, 0..<bytes.count))
    }

    // MARK: Parts

    private static func make(
        _ shape: [Int], like element: MILElementType, count: Int, _ value: (Int) -> Float
    ) throws -> MILArray {
        let half = element == .fp16
        let floats = [Float](unsafeUninitializedCapacity: count) { buffer, filled in
            for i in 0..<count {
                let exact = value(i)
                buffer.initializeElement(at: i, to: half ? exact.roundedToHalf : exact)
            }
            filled = count
        }
        return try MILArray(element, shape, .floats(floats))
    }

    private static func indices(of mask: MILArray) throws -> [Int] {
        guard mask.element == .uint1 else {
            throw OssicleError(.malformed, "a mask of \(mask.element.spelling)")
        }
        return (0..<mask.count).filter { mask.integer($0) != 0 }
    }

    private static func gather(_ dense: MILArray, at mask: MILArray) throws -> MILArray {
        let values = try indices(of: mask).map(dense.float)
        return try MILArray(dense.element, [values.count], .floats(values))
    }

    /// Repeats the mask along the one axis on which `shape` is longer.
    private static func expand(_ mask: MILArray, to shape: [Int]) throws -> MILArray {
        let tiles = Tiles(of: shape, blocks: mask.shape)
        let count = try CoreMLShape.count(shape)
        return try MILArray(.uint1, shape, .integers((0..<count).map { mask.integer(tiles.block($0)) }))
    }

    private static func requireTiles(_ name: String, _ blocks: [Int], of shape: [Int]) throws {
        guard blocks.count == shape.count, zip(shape, blocks).allSatisfy({ $1 >= 1 && $0 % $1 == 0 }) else {
            throw OssicleError(.malformed, "\(name) of shape \(blocks) does not tile \(shape)")
        }
    }

    /// Which block an element lies in, both numbered row-major.
    private struct Tiles {
        /// For each axis: elements behind it, its extent, elements in a block, blocks behind it.
        private let axes: [(stride: Int, extent: Int, size: Int, blockStride: Int)]

        init(of shape: [Int], blocks: [Int]) {
            axes = shape.indices.map { axis in
                (
                    shape[(axis + 1)...].reduce(1, *), shape[axis], max(shape[axis] / blocks[axis], 1),
                    blocks[(axis + 1)...].reduce(1, *)
                )
            }
            .filter { $0.extent != $0.size }
        }

        func block(_ i: Int) -> Int {
            var block = 0
            for axis in axes { block += i / axis.stride % axis.extent / axis.size * axis.blockStride }
            return block
        }
    }
}
