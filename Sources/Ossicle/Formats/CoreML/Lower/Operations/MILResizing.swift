/// Up- and downsampling of the last axes (coremltools `ops/defs/iOS15/image_resizing.py`, `iOS17/image_resizing.py`).
enum MILResizing {
    static let rules: [String: MILLowering.Rule] = [
        "upsample_nearest_neighbor": { call in
            let x = try call.tensor("x")
            return [.tensor(try call.nearest(x, scaledExtents(call, of: x)))]
        },
        "resize_nearest_neighbor": { call in
            let extents = [try call.integer("target_size_height"), try call.integer("target_size_width")]
            return [.tensor(try call.nearest(call.tensor("x"), extents))]
        },
        "upsample_bilinear": upsampleBilinear,
        "resize_bilinear": { call in
            let extents = [
                try call.integer("target_size_height", default: 1), try call.integer("target_size_width", default: 1),
            ]
            let grid = try Grid.named(call.string("sampling_mode", default: "DEFAULT"))
            return [.tensor(try call.linear(call.tensor("x"), extents, grid))]
        },
        "resize": resize,
    ]

    private static func scaledExtents(_ call: MILCall, of x: ValueID) throws -> [Int] {
        let shape = call.shape(x)
        guard shape.count >= 3 else { throw OssicleError(.malformed, "an input of shape \(shape)") }
        return try zip(["height", "width"], shape.suffix(2)).map { side, extent in
            let factor = Double(try call.float("scale_factor_\(side)", default: 1))
            let result = (Double(extent) * factor).rounded(.down)
            guard result >= 1, result <= Double(CoreMLLimits.elements) else {
                throw OssicleError(.malformed, "scale_factor_\(side) \(factor) of \(extent) elements")
            }
            return Int(result)
        }
    }

    private static func upsampleBilinear(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let corners = try call.bool("align_corners", default: true)
        let half = try call.bool("half_pixel_centers", default: !corners)
        let grid: Grid = corners ? .strictCorners : half ? .halfPixel : .asymmetric
        return [.tensor(try call.linear(x, scaledExtents(call, of: x), grid))]
    }

    private static func resize(_ call: MILCall) throws -> [MILLowered] {
        let x = try call.tensor("x")
        let (shape, wanted) = (call.shape(x), try call.integers("shape"))
        let count = try call.integer("resized_dims")
        guard count >= 0, count <= wanted.count, count <= shape.count else {
            throw OssicleError(.malformed, "\(count) axes of \(shape) by \(wanted)")
        }
        let extents = zip(wanted.suffix(count), shape.suffix(count)).map { $0 == 0 ? $1 : $0 }
        switch try call.string("interpolation_mode", default: "LINEAR") {
        case "LINEAR":
            return [.tensor(try call.linear(x, extents, Grid.named(call.string("sampling_mode", default: "DEFAULT"))))]
        case "NEAREST_NEIGHBOR":
            return [.tensor(try call.nearest(x, extents))]
        case let mode: throw OssicleError(.unsupported, "interpolation_mode \(Quoting.quoted(mode))")
        }
    }

    /// Where an output sample lies among the input samples.
    enum Grid {
        case strictCorners, corners, standard, offsetCorners, halfPixel, asymmetric

        static func named(_ name: String) throws -> Grid {
            switch name {
            case "STRICT_ALIGN_CORNERS": .strictCorners
            case "ALIGN_CORNERS": .corners
            case "DEFAULT": .standard
            case "OFFSET_CORNERS": .offsetCorners
            case "UNALIGN_CORNERS": .halfPixel
            default: throw OssicleError(.unsupported, "sampling_mode \(Quoting.quoted(name))")
            }
        }

        func position(_ i: Int, from inputs: Int, to outputs: Int) -> Double {
            let (i, n, m) = (Double(i), Double(inputs), Double(outputs))
            let point: Double
            switch self {
            case .corners where outputs == 1: point = (n - 1) / 2
            case .strictCorners, .corners: point = outputs == 1 ? 0 : i * (n - 1) / (m - 1)
            case .standard: point = outputs == 1 ? 0 : i * (n - n / m) / (m - 1)
            case .offsetCorners: point = (0.5 + i) * max(1, n - 1) / m
            case .halfPixel: point = (i + 0.5) * n / m - 0.5
            case .asymmetric: point = i * n / m
            }
            return min(n - 1, max(0, point))
        }
    }
}

extension MILCall {
    /// The last axes at new extents, by the nearest element at or before each place.
    func nearest(_ x: ValueID, _ extents: [Int]) throws -> ValueID {
        let axes = try resized(x, extents)
        if axes.isEmpty { return x }
        let targets = axes.map { Resize.Target.extent(extents[$0 - (rank(x) - extents.count)]) }
        return try apply(Resize(.nearest, axes: axes, targets: targets), x)
    }

    /// The last axes at new extents, by linear interpolation along each.
    func linear(_ x: ValueID, _ extents: [Int], _ grid: MILResizing.Grid) throws -> ValueID {
        let axes = try resized(x, extents)
        if axes.isEmpty { return x }
        let first = rank(x) - extents.count
        let targets = axes.map { Resize.Target.extent(extents[$0 - first]) }
        switch grid {
        case .halfPixel: return try apply(Resize(.linear, axes: axes, targets: targets), x)
        case .strictCorners:
            return try apply(Resize(.linear, axes: axes, targets: targets, alignsCorners: true), x)
        default:
            return try axes.reduce(x) { value, axis in
                try interpolated(value, axis: axis, to: extents[axis - first], grid)
            }
        }
    }

    private func resized(_ x: ValueID, _ extents: [Int]) throws -> [Int] {
        let shape = shape(x)
        guard extents.count <= shape.count, extents.allSatisfy({ $0 > 0 }) else {
            throw OssicleError(.malformed, "\(shape) at \(extents)")
        }
        let first = shape.count - extents.count
        return extents.indices.map { first + $0 }.filter { extents[$0 - first] != shape[$0] }
    }

    /// Interpolation along one axis as a product with the matrix of its weights.
    private func interpolated(_ x: ValueID, axis: Int, to count: Int, _ grid: MILResizing.Grid) throws -> ValueID {
        let inputs = shape(x)[axis]
        _ = try CoreMLShape.count([count, inputs])
        var weights = [Float](repeating: 0, count: count * inputs)
        for i in 0..<count {
            let position = grid.position(i, from: inputs, to: count)
            let below = Int(position)
            let part = Float(position - Double(below))
            weights[i * inputs + below] += 1 - part
            if part > 0 { weights[i * inputs + below + 1] += part }
        }
        var order = Array(0..<rank(x))
        order.swapAt(axis, order.count - 1)
        let matrix = try constant(weights, [count, inputs])
        let product = try apply(LinearOperation(hasBias: false), transpose(x, order), matrix)
        return try transpose(product, order)
    }
}
