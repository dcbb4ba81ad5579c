/// What `metadata.json` says of a program: its operations, and the number types it computes with and stores.
struct CoreMLProgramSurvey {
    /// Operations by name and first opset, sorted.
    private(set) var histogram: [(String, Int)] = []
    /// Operations by their MIL names, sorted, without `const`.
    private(set) var operations: [(String, Int)] = []
    let computePrecision: String
    /// `nil` when no weight lies in a file.
    let storagePrecision: String?

    init(_ functions: [MILFunction]) {
        var titles: [String: Int] = [:]
        var names: [String: Int] = [:]
        var computed: Set<String> = []
        var stored: Set<String> = []
        for function in functions {
            var types: [String: MILType] = [:]
            for input in function.inputs { types[input.name] = input.type }
            Self.visit(function.body) { operation in
                for output in operation.outputs { types[output.name] = output.type }
                stored.formUnion(Self.storage(operation))
                guard operation.type != "const" else { return }
                titles[Self.title(operation.type, function.opset), default: 0] += 1
                names[operation.type, default: 0] += 1
                guard !MILConstants.isConstant(operation) else { return }
                var used = operation.outputs.map(\.type)
                for binding in operation.arguments.values.flatMap(\.bindings) {
                    switch binding {
                    case .name(let name): if let type = types[name] { used.append(type) }
                    case .value(let value): used.append(value.type)
                    }
                }
                computed.formUnion(used.compactMap(\.elementType).compactMap(Self.precision))
            }
        }
        histogram = titles.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        operations = names.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        computePrecision = Self.mixed(computed) ?? ""
        storagePrecision = Self.mixed(stored)
    }

    private static func visit(_ block: MILBlock, _ body: (MILOperation) -> Void) {
        for operation in block.operations {
            for nested in operation.blocks { visit(nested, body) }
            body(operation)
        }
    }

    private static func mixed(_ names: Set<String>) -> String? {
        guard let first = names.first else { return nil }
        return names.count == 1 ? first : "Mixed (" + names.sorted().joined(separator: ", ") + ")"
    }

    /// Bools and strings do not count.
    private static func precision(_ element: MILElementType) -> String? {
        switch element {
        case .bool, .string: nil
        case .fp16: "Float16"
        case .fp32: "Float32"
        case .fp64: "Float64"
        case .uint1, .uint2, .uint3, .uint4, .uint6, .uint8, .uint16, .uint32, .uint64:
            "UInt\(element.bitWidth)"
        case .int4, .int8, .int16, .int32, .int64: "Int\(element.bitWidth)"
        case .bf16, .fp8e4m3fn, .fp8e5m2: element.spelling
        }
    }

    /// How the operation's weights in files are stored.
    private static func storage(_ operation: MILOperation) -> Set<String> {
        var names: Set<String> = []
        func add(_ parameter: String) {
            guard let value = operation.parameter(parameter)?.value, value.blob != nil,
                let name = value.type.elementType.flatMap(precision)
            else { return }
            names.insert(name)
        }
        switch operation.type {
        case "const": add("val")
        case "constexpr_affine_dequantize": add("quantized_data")
        case "constexpr_blockwise_shift_scale": add("data")
        case "constexpr_lut_to_dense", "constexpr_lut_to_sparse":
            let rank = operation.parameter("lut")?.value?.shape ?? []
            // The entries: the only axis in iOS 16, the last but one in iOS 18.
            let entries = rank.count == 1 ? rank[0] : rank.dropLast().last ?? 0
            if entries > 1 {
                names.insert(
                    "Palettized (\((entries - 1).bitWidth - (entries - 1).leadingZeroBitCount) bits)")
            }
        case "constexpr_sparse_to_dense": names.insert("Sparse")
        default: break
        }
        return names
    }

    /// `Ios16.conv` where that opset has a version of its own of the operation, else `Transpose`.
    private static func title(_ type: String, _ opset: MILOpset) -> String {
        let words = type.split(separator: "_")
        let camel = words.enumerated().map {
            $0 == 0 ? String($1) : $1.prefix(1).uppercased() + $1.dropFirst()
        }.joined()
        let compressionOfIOS16 = ["constexprAffineDequantize", "constexprCast"].contains(camel)
        if compressionOfIOS16 { return "Ios16." + camel }
        let unversioned = opset == .ios15 || (opset == .ios16 && Self.unversionedInIOS16.contains(camel))
        guard !unversioned else { return camel.prefix(1).uppercased() + camel.dropFirst() }
        return "Ios" + opset.spelling.dropFirst("ios".count) + "." + camel
    }

    private static let unversionedInIOS16: Set<String> = [
        "transpose", "sliceByIndex", "squeeze", "expandDims", "pad", "concat", "split", "stack", "tile",
    ]
}
