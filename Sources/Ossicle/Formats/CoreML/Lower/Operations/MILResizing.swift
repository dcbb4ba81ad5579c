/// Up- and downsampling of the last axes (coremltools `ops/defs/iOS15/image_resizing.py`, `iOS17/image_resizing.py`).
enum MILResizing {
    static let rules: [String: MILLowering.Rule] = [
        "upsample_nearest_neighbor": { call in
            let x = try call.tensor("x")
            return [.tensor(try call.nearest(x, scaledExtents(call, of: x)))]
        },
        "resize_nearest_neighbor": { call in
            let extents = [try call.integer("target_size_height"), try call.integer("target_size_width")]
            return [.tensor(try call.central(call.tensor("x"), extents))]
        },
        "upsample_bilinear": upsampleBilinear,
        "resize_bilinear": { call in
            let extents = [
                try call.integer("target_size_height", default: 1),
                try call.integer("target_size_width", default: 1),
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
            // The product is rounded to float32, as by coremltools: 5 / 3 of 3 elements are 5.
            let factor = try call.float("scale_factor_\(side)", default: 1)
            let result = (Float(extent) * factor).rounded(.down)
            guard result >= 1, result <= Float(CoreMLLimits.elements) else {
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
        let grid = try Grid.named(call.string("sampling_mode", default: "DEFAULT"))
        switch try call.string("interpolation_mode", default: "LINEAR") {
        case "LINEAR":
            return [.tensor(try call.linear(x, extents, grid))]
        case "NEAREST_NEIGHBOR":
            // Nothing says which elements are nearest on the other grids.
            guard [.standard, .halfPixel].contains(grid) else {
                let mode = Quoting.quoted(try call.string("sampling_mode"))
                throw OssicleError(.unsupported, "sampling_mode \(mode) with NEAREST_NEIGHBOR")
            }
            return [.tensor(try call.central(x, extents))]
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

        /// Sample i of `outputs` lies at i · step + offset of `inputs` samples.
        func target(from inputs: Int, to outputs: Int) -> Resize.Target {
            let (n, m) = (Double(inputs), Double(outputs))
            let (step, offset): (Double, Double)
            switch self {
            case .corners where outputs == 1: (step, offset) = (0, (n - 1) / 2)
            case .strictCorners, .corners: (step, offset) = (outputs == 1 ? 0 : (n - 1) / (m - 1), 0)
            case .standard: (step, offset) = (outputs == 1 ? 0 : (n - n / m) / (m - 1), 0)
            case .offsetCorners: (step, offset) = (max(1, n - 1) / m, 0.5 * max(1, n - 1) / m)
            case .halfPixel: (step, offset) = (n / m, 0.5 * n / m - 0.5)
            case .asymmetric: (step, offset) = (n / m, 0)
            }
            return .grid(extent: outputs, step: step, offset: offset)
        }
    }
}

extension MILCall {
    /// The last axes at new extents, by the element that the middle of each place is in.
    ///
    /// MIL does not say which one; coremltools converts TensorFlow's half-pixel centers to it, and its test for `resize`
    /// agrees. For a single place that test has a known difference, and of two elements leaves the first.
    func central(_ x: ValueID, _ extents: [Int]) throws -> ValueID {
        let axes = try resized(x, extents)
        return try axes.reduce(x) { x, axis in
            let (n, m) = (shape(x)[axis], extents[axis - (rank(x) - extents.count)])
            let indices = (0..<m).map { m == 1 ? 0 : (2 * $0 + 1) * n / (2 * m) }
            return try apply(Gather(axis: axis, indices: indices), x)
        }
    }

    /// The last axes at new extents, by the nearest element at or before each place.
    func nearest(_ x: ValueID, _ extents: [Int]) throws -> ValueID {
        let axes = try resized(x, extents)
        if axes.isEmpty { return x }
        let targets = axes.map { Resize.Target.extent(extents[$0 - (rank(x) - extents.count)]) }
        return try apply(Resize(.nearest, axes: axes, targets: targets), x)
    }

    /// The last axes at new extents, by linear interpolation along each.
    func linear(_ x: ValueID, _ extents: [Int], _ grid: MILResizing.Grid) throws -> ValueID {
        // Samples away from the corners move even where there are as many as before.
        let axes = try resized(x, extents, all: grid == .offsetCorners)
        if axes.isEmpty { return x }
        let (first, shape) = (rank(x) - extents.count, shape(x))
        let targets = axes.map { grid.target(from: shape[$0], to: extents[$0 - first]) }
        return try apply(Resize(.linear, axes: axes, targets: targets), x)
    }

    private func resized(_ x: ValueID, _ extents: [Int], all: Bool = false) throws -> [Int] {
        let shape = shape(x)
        guard extents.count <= shape.count, extents.allSatisfy({ $0 > 0 }) else {
            throw OssicleError(.malformed, "\(shape) at \(extents)")
        }
        let first = shape.count - extents.count
        return extents.indices.map { first + $0 }.filter { all || extents[$0 - first] != shape[$0] }
    }
}
