/// Writes a program as MIL text, byte for byte as Apple's compiler does.
///
/// The layout was found by comparison with its output: arguments, attributes, inputs and functions sorted by name;
/// floats as C99 `%a` without trailing zeros; scalars as `tensor<T, []>` up to version 1.0, bare from 1.3 on.
struct MILPrinter {
    private var text: [UInt8] = []
    private let bareScalars: Bool

    /// - Throws: `unsupported` for what no known output of the compiler shows how to spell: nested blocks and
    ///   enumerated shapes.
    static func print(_ program: MILProgram) throws -> [UInt8] {
        var printer = MILPrinter(bareScalars: program.version.minor >= 3)
        try printer.program(program)
        return printer.text
    }

    private init(bareScalars: Bool) { self.bareScalars = bareScalars }

    private mutating func put(_ string: String) { text.append(contentsOf: string.utf8) }

    private mutating func list<S: Sequence>(_ items: S, _ item: (inout MILPrinter, S.Element) throws -> Void)
        rethrows
    {
        for (index, element) in items.enumerated() {
            if index > 0 { put(", ") }
            try item(&self, element)
        }
    }

    // MARK: Program

    private mutating func program(_ program: MILProgram) throws {
        put("program(\(program.version.major).\(program.version.minor))\n")
        if !program.attributes.isEmpty {
            attributes(program.attributes)
            put("\n")
        }
        put("{\n")
        for function in program.functions.sorted(by: { $0.name < $1.name }) { try self.function(function) }
        put("}")
    }

    private mutating func function(_ function: MILFunction) throws {
        put("    func \(function.name)<\(function.opset.spelling)>(")
        list(function.inputs.sorted { $0.name < $1.name }) { $0.named($1) }
        put(")")
        var attributes = function.attributes
        if let flexible = function.flexibleShapes {
            guard let value = flexible.value else {
                throw OssicleError(
                    .unsupported,
                    "function \(Quoting.quoted(function.name)) has enumerated shapes; give a range or a fixed shape"
                )
            }
            attributes[MILFlexibleShapes.attribute] = value
        }
        if !attributes.isEmpty {
            put(" ")
            self.attributes(attributes)
        }
        put(" {\n")
        for operation in function.body.operations { try self.operation(operation) }
        put("        } -> (\(function.body.outputs.joined(separator: ", ")));\n")
    }

    private mutating func operation(_ operation: MILOperation) throws {
        guard operation.blocks.isEmpty else {
            throw OssicleError(
                .unsupported,
                "\(Quoting.quoted(operation.outputs.first?.name ?? operation.type)) (\(Quoting.quoted(operation.type))) has nested blocks, whose text form is not known"
            )
        }
        put("            ")
        if !operation.outputs.isEmpty {
            list(operation.outputs) { $0.named($1) }
            put(" = ")
        }
        put(operation.type + "(")
        list(operation.arguments.sorted { $0.key < $1.key }) { printer, entry in
            printer.put(entry.key + " = ")
            printer.argument(entry.value, isTuple: Self.tuples.contains(entry.key))
        }
        put(")")
        if !operation.attributes.isEmpty { attributes(operation.attributes) }
        put(";\n")
    }

    /// Parameters that stay tuples when there is one thing in them. (That the compiler does so is not confirmed: both
    /// forms of a program are silent on it.)
    private static let tuples: Set<String> = ["values"]

    private mutating func argument(_ argument: MILArgument, isTuple: Bool) {
        func binding(_ printer: inout MILPrinter, _ binding: MILArgument.Binding) {
            switch binding {
            case .name(let name): printer.put(name)
            case .value(let value): printer.value(value)
            }
        }
        if argument.bindings.count == 1, !isTuple { return binding(&self, argument.bindings[0]) }
        put("(")
        list(argument.bindings) { binding(&$0, $1) }
        put(")")
    }

    private mutating func attributes(_ attributes: [String: MILValue]) {
        put("[")
        list(attributes.sorted { $0.key < $1.key }) { printer, entry in
            printer.put(entry.key + " = ")
            printer.value(entry.value)
        }
        put("]")
    }

    // MARK: Types

    private mutating func named(_ item: MILNamedType) {
        type(item.type)
        put(" " + item.name)
    }

    private mutating func type(_ type: MILType) { put(type.spelling(bareScalars: bareScalars)) }

    // MARK: Values

    private mutating func value(_ value: MILValue) {
        type(value.type)
        put("(")
        literal(value)
        put(")")
    }

    private mutating func literal(_ value: MILValue) {
        switch value.content {
        case .bools(let values): tensor(value, values) { $0.put($1 ? "true" : "false") }
        case .integers(let values): tensor(value, values) { $0.put(String($1)) }
        case .floats(let values): tensor(value, values) { $0.put(MILPrinter.hexadecimal(Double($1))) }
        case .doubles(let values): tensor(value, values) { $0.put(MILPrinter.hexadecimal($1)) }
        case .strings(let values): tensor(value, values) { $0.quoted($1) }
        case .tuple(let values):
            put("(")
            list(values) { $0.literal($1) }
            put(")")
        case .list(let values):
            put("[")
            list(values) { $0.literal($1) }
            put("]")
        case .dictionary(let entries):
            put("{")
            list(entries) { printer, entry in
                printer.put("{")
                printer.literal(entry.key)
                printer.put(", ")
                printer.literal(entry.value)
                printer.put("}")
            }
            put("}")
        case .blob(let reference):
            put("BLOBFILE(path = ")
            self.value(.string(reference.path))
            put(", offset = ")
            type(.scalar(.uint64))
            put("(\(reference.offset)))")
        }
    }

    /// Nested rows of a tensor.
    private mutating func tensor<T>(
        _ value: MILValue, _ elements: [T], _ element: (inout MILPrinter, T) -> Void
    ) {
        let shape = value.shape ?? [elements.count]
        var next = 0
        func rows(_ printer: inout MILPrinter, _ axis: Int) {
            guard axis < shape.count else {
                element(&printer, elements[next])
                next += 1
                return
            }
            printer.put("[")
            printer.list(0..<shape[axis]) { printer, _ in rows(&printer, axis + 1) }
            printer.put("]")
        }
        rows(&self, 0)
    }

    private mutating func quoted(_ string: String) {
        put("\"")
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): text.append(contentsOf: [UInt8(ascii: "\\"), byte])
            case UInt8(ascii: "\n"): put("\\n")
            case UInt8(ascii: "\t"): put("\\t")
            case UInt8(ascii: "\r"): put("\\r")
            default: text.append(byte)
            }
        }
        put("\"")
    }

    /// C99 `%a`: the mantissa in hexadecimal without trailing zeros, the exponent of two with its sign.
    static func hexadecimal(_ value: Double) -> String {
        let sign = value.sign == .minus ? "-" : ""
        if value.isNaN { return sign + "nan" }
        if value.isInfinite { return sign + "inf" }
        if value == 0 { return sign + "0x0p+0" }
        let exponent = value.exponent
        // Normalises subnormals too.
        var fraction = value.significand.significandBitPattern
        var digits = ""
        while fraction != 0 {
            digits += String(fraction >> 48 & 15, radix: 16)
            fraction = fraction << 4 & (1 << 52 - 1)
        }
        return sign + "0x1" + (digits.isEmpty ? "" : "." + digits) + "p" + (exponent < 0 ? "" : "+")
            + "\(exponent)"
    }
}
