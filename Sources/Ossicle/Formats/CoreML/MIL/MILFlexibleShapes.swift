extension MILFlexibleShapes {
    /// The function attribute that holds the shapes in MIL text.
    static let attribute = "FlexibleShapeInformation"

    /// Reads the attribute: `(("DefaultShapes", {{"x", [1, 96]}}), ("RangeDims", {{"x", [[1, 1], [16, 4096]]}}))`,
    /// or `("EnumeratedShapes", {{"key", {{"x", [1]}}}, …})` in second place.
    init(_ value: MILValue) throws {
        func malformed(_ what: String) -> OssicleError {
            OssicleError(.malformed, "\(Self.attribute): \(what)")
        }
        guard case .tuple(let pairs) = value.content, pairs.count == 2 else { throw malformed("not a pair") }
        var fields: [String: [MILEntry]] = [:]
        for pair in pairs {
            guard case .tuple(let parts) = pair.content, parts.count == 2, let name = parts[0].string,
                case .dictionary(let entries) = parts[1].content
            else { throw malformed("not a name with a dictionary") }
            fields[name] = entries
        }
        func keyed<T>(_ entries: [MILEntry], _ read: (MILValue) -> T?) throws -> [String: T] {
            var result: [String: T] = [:]
            for entry in entries {
                guard let key = entry.key.string, let value = read(entry.value),
                    result.updateValue(value, forKey: key) == nil
                else { throw malformed("bad or repeated entry") }
            }
            return result
        }
        guard let defaults = fields["DefaultShapes"] else { throw malformed("no DefaultShapes") }
        self.defaults = try keyed(defaults) { $0.integers }
        if let ranges = fields["RangeDims"] {
            choice = .ranges(try keyed(ranges, Self.ranges))
        } else if let sets = fields["EnumeratedShapes"] {
            choice = .enumerated(
                try sets.map { set in
                    guard case .dictionary(let shapes) = set.value.content else {
                        throw malformed("not a set of shapes")
                    }
                    return try keyed(shapes) { $0.integers }
                })
        } else {
            throw malformed("neither RangeDims nor EnumeratedShapes")
        }
    }

    private static func ranges(_ value: MILValue) -> [MILRange]? {
        guard case .list(let axes) = value.content else { return nil }
        var ranges: [MILRange] = []
        for axis in axes {
            guard let bounds = axis.integers, bounds.count == 2, bounds[0] >= 0 else { return nil }
            ranges.append(MILRange(bounds[0], bounds[1] < 0 ? nil : bounds[1]))
        }
        return ranges
    }

    /// The attribute as a value, inputs sorted by name; `nil` for enumerated shapes, whose keys only Apple's
    /// compiler knows how to make.
    var value: MILValue? {
        guard case .ranges(let ranges) = choice else { return nil }
        let axes = MILType.tensor(.int32, [.unknown])
        let rangeList = MILType.list(.fixed(.int32, [2]), .unknown)
        func named(_ name: String, _ type: MILType, _ entries: [MILEntry]) -> MILValue {
            let dictionary = MILType.dictionary(key: .scalar(.string), value: type)
            return MILValue(
                type: .tuple([.scalar(.string), dictionary]),
                content: .tuple([.string(name), MILValue(type: dictionary, content: .dictionary(entries))]))
        }
        func integers(_ values: [Int], _ type: MILType) -> MILValue {
            MILValue(type: type, content: .integers(values.map(Int64.init)))
        }
        let defaultEntries = defaults.sorted { $0.key < $1.key }.map {
            MILEntry(key: .string($0.key), value: integers($0.value, axes))
        }
        let rangeEntries = ranges.sorted { $0.key < $1.key }.map { name, ranges in
            let bounds = ranges.map { integers([$0.lower, $0.upper ?? -1], .fixed(.int32, [2])) }
            return MILEntry(key: .string(name), value: MILValue(type: rangeList, content: .list(bounds)))
        }
        let pairs = [
            named("DefaultShapes", axes, defaultEntries), named("RangeDims", rangeList, rangeEntries),
        ]
        return MILValue(type: .tuple(pairs.map(\.type)), content: .tuple(pairs))
    }
}
