/// The shapes a function's inputs may have, and which they get.
struct MILShapeChoice {
    private let inputs: [MILNamedType]
    private let flexible: MILFlexibleShapes?

    init(_ function: MILFunction, _ features: CoreMLFunctionDescription?) {
        inputs = function.inputs.filter { if case .state = $0.type { false } else { true } }
        flexible = function.flexibleShapes ?? Self.described(features?.inputs ?? [])
    }

    /// Some writers leave the shapes to the model's description.
    private static func described(_ features: [CoreMLFeature]) -> MILFlexibleShapes? {
        var defaults: [String: [Int]] = [:]
        var ranges: [String: [MILRange]] = [:]
        var sets: [[String: [Int]]] = []
        for feature in features {
            guard let array = feature.type.array else { continue }
            switch array.flexibility {
            case .fixed: continue
            case .ranges(let axes): ranges[feature.name] = axes
            case .enumerated(let shapes):
                // The lists of several inputs belong together, shape by shape.
                for (i, shape) in shapes.enumerated() {
                    if i == sets.count { sets.append([:]) }
                    sets[i][feature.name] = shape
                }
            }
            defaults[feature.name] = array.shape
        }
        if !ranges.isEmpty { return MILFlexibleShapes(defaults: defaults, choice: .ranges(ranges)) }
        return sets.isEmpty ? nil : MILFlexibleShapes(defaults: defaults, choice: .enumerated(sets))
    }

    /// What input `name` accepts.
    func flexibility(of name: String) -> CoreMLArrayType.Flexibility {
        guard isFlexible(name) else { return .fixed }
        switch flexible?.choice {
        case .ranges(let ranges): return ranges[name].map { .ranges($0) } ?? .fixed
        case .enumerated(let sets): return .enumerated(sets.compactMap { $0[name] })
        case nil: return .fixed
        }
    }

    private func isFlexible(_ name: String) -> Bool {
        inputs.first { $0.name == name }.map { $0.type.shape == nil } ?? false
    }

    /// A shape for every input: the one asked for, or the default.
    ///
    /// - Throws: `invalidArgument` for an input that does not exist, `shapeMismatch` with what is accepted.
    func choose(_ asked: [String: [Int]]) throws -> [String: [Int]] {
        if let name = asked.keys.first(where: { name in !inputs.contains { $0.name == name } }) {
            let names = inputs.map { Quoting.quoted($0.name) }.joined(separator: ", ")
            throw OssicleError(.invalidArgument, "no input \(Quoting.quoted(name)); there are \(names)")
        }
        let set = try enumeratedSet(asked)
        var chosen: [String: [Int]] = [:]
        for input in inputs {
            let shape = try shape(of: input, asked[input.name], set)
            _ = try CoreMLShape.count(shape)
            guard !shape.contains(0) else {
                throw OssicleError(.shapeMismatch, "input \(Quoting.quoted(input.name)): an axis of \(shape) is empty")
            }
            chosen[input.name] = shape
        }
        return chosen
    }

    private func shape(of input: MILNamedType, _ asked: [Int]?, _ set: [String: [Int]]?) throws -> [Int] {
        func mismatch(_ accepted: String) -> OssicleError {
            OssicleError(
                .shapeMismatch,
                "input \(Quoting.quoted(input.name)) takes \(accepted), found \(asked.map { "\($0)" } ?? "no shape")")
        }
        if let fixed = input.type.shape {
            guard asked == nil || asked == fixed else { throw mismatch("\(fixed)") }
            return fixed
        }
        guard let flexible, let standard = flexible.defaults[input.name] else {
            // No range is stated: whatever fits the declared axes.
            guard let asked, fits(asked, input.type.dimensions ?? []) else {
                throw mismatch("a shape of \(input.type), which has to be chosen")
            }
            return asked
        }
        switch flexible.choice {
        case .ranges(let ranges):
            let shape = asked ?? standard
            guard let axes = ranges[input.name] else { return shape }
            guard shape.count == axes.count, zip(axes, shape).allSatisfy({ $0.contains($1) }) else {
                throw mismatch(Self.text(axes))
            }
            return shape
        case .enumerated(let sets):
            guard let shape = set?[input.name] ?? (asked == nil ? standard : nil) else {
                throw mismatch(sets.compactMap { $0[input.name] }.map { "\($0)" }.joined(separator: " or "))
            }
            return shape
        }
    }

    /// The first set of enumerated shapes that has everything asked for.
    private func enumeratedSet(_ asked: [String: [Int]]) throws -> [String: [Int]]? {
        guard case .enumerated(let sets)? = flexible?.choice else { return nil }
        let wanted = asked.filter { isFlexible($0.key) }
        guard !wanted.isEmpty else { return nil }
        return sets.first { set in wanted.allSatisfy { set[$0.key] == $0.value } }
    }

    private func fits(_ shape: [Int], _ dimensions: [MILDimension]) -> Bool {
        shape.count == dimensions.count
            && zip(shape, dimensions).allSatisfy { extent, dimension in
                if case .fixed(let stated) = dimension { extent == stated } else { extent > 0 }
            }
    }

    /// `[1, 16…4096]`.
    static func text(_ axes: [MILRange]) -> String {
        "["
            + axes.map { axis in
                axis.lower == axis.upper ? "\(axis.lower)" : "\(axis.lower)…\(axis.upper.map { "\($0)" } ?? "")"
            }.joined(separator: ", ") + "]"
    }
}
