/// Functions of one or two values, element by element (coremltools `elementwise_unary.py`, `elementwise_binary.py`).
enum MILElementwise {
    static let rules: [String: MILLowering.Rule] = [
        "add": { try $0.binary(.add) },
        "sub": { try $0.binary(.subtract) },
        "mul": { try $0.binary(.multiply) },
        "real_div": realDivide,
        "floor_div": { try $0.binary(.floorDivide) },
        "mod": { try $0.binary(.modulo) },
        "pow": power,
        "maximum": { try $0.binary(.maximum) },
        "minimum": { try $0.binary(.minimum) },

        "equal": { try $0.comparison(.equal) },
        "not_equal": { try $0.comparison(.notEqual) },
        "less": { try $0.comparison(.less) },
        "less_equal": { try $0.comparison(.lessEqual) },
        "greater": { try $0.comparison(.greater) },
        "greater_equal": { try $0.comparison(.greaterEqual) },

        "logical_and": { try $0.logic(.and) },
        "logical_or": { try $0.logic(.or) },
        "logical_xor": { try $0.logic(.xor) },
        "logical_not": { [.tensor(try $0.apply(Logical(.not), $0.cast($0.tensor("x"), to: .bool)))] },

        "abs": { [.tensor(try $0.magnitude($0.tensor("x")))] },
        "sign": { try $0.activation(Activation(.sign)) },
        "floor": { try $0.activation(Activation(.floor)) },
        "ceil": { try $0.activation(Activation(.ceil)) },
        "round": { try $0.activation(Activation(.round)) },
        "square": { call in
            let x = try call.tensor("x")
            guard call.dataType(x) == .int32 else { return try call.activation(Activation(.square)) }
            return [.tensor(try call.apply(Binary(.multiply), x, x))]
        },
        "sqrt": { try $0.activation(Activation(.sqrt)) },
        "rsqrt": { try $0.activation(Activation(.rsqrt, alpha: $0.float("epsilon", default: 1e-12))) },
        "inverse": { try $0.activation(Activation(.reciprocal, alpha: $0.float("epsilon", default: 1e-4))) },
        "exp": { try $0.activation(Activation(.exp)) },
        "exp2": { try $0.activation(Activation(.exp2)) },
        // Subnormal numbers count as zero while a model runs, MIL's default of 1e-45 among them.
        "log": {
            try $0.activation(
                Activation(.log, alpha: max($0.float("epsilon", default: 0), .leastNormalMagnitude)))
        },
        "erf": { try $0.activation(Activation(.erf)) },
        "sin": { try $0.activation(Activation(.sin)) },
        "cos": { try $0.activation(Activation(.cos)) },
        "tan": { try $0.activation(Activation(.tan)) },
        "asin": { try $0.activation(Activation(.asin)) },
        "acos": { try $0.activation(Activation(.acos)) },
        "atan": { try $0.activation(Activation(.atan)) },
        "sinh": { try $0.activation(Activation(.sinh)) },
        "cosh": { try $0.activation(Activation(.cosh)) },
        "asinh": { try $0.activation(Activation(.asinh)) },
        "acosh": { try $0.activation(Activation(.acosh)) },
        "atanh": { try $0.activation(Activation(.atanh)) },

        "cast": cast,
        "select": { call in
            let condition = try call.cast(call.tensor("cond"), to: .bool)
            let (a, b) = try call.alike(call.tensor("a"), call.tensor("b"))
            return [.tensor(try call.apply(Select(), condition, a, b))]
        },
    ]

    /// Integers divide into float32; the program says what it wants back.
    private static func realDivide(_ call: MILCall) throws -> [MILLowered] {
        let (x, y) = try call.alike(call.tensor("x"), call.tensor("y"))
        let quotient = try call.apply(Binary(.divide), x, y)
        return [.tensor(call.dataType(x) == .int32 ? try call.cast(quotient, to: .int32) : quotient)]
    }

    /// Small constant powers have faster forms.
    private static func power(_ call: MILCall) throws -> [MILLowered] {
        let (x, y) = (try call.tensor("x"), try call.tensor("y"))
        if call.dataType(x) == .float32, let exponent = call.lowering.graph.constant(y), exponent.count == 1,
            exponent.shape.count <= call.rank(x)
        {
            switch exponent.floats()[0] {
            case 1: return [.tensor(x)]
            case 2: return [.tensor(try call.apply(Unary(Activation(.square)), x))]
            case 0.5: return [.tensor(try call.apply(Unary(Activation(.sqrt)), x))]
            default: break
            }
        }
        return try call.binary(.power)
    }

    /// Between float types nothing changes: all are float32 here. To an integer, floats are cut towards zero.
    private static func cast(_ call: MILCall) throws -> [MILLowered] {
        let name = try call.string("dtype")
        guard let type = MILElementType(spelling: name), type != .string else {
            throw OssicleError(.unsupported, "dtype \(Quoting.quoted(name))")
        }
        let x = try call.tensor("x")
        let y = try call.cast(x, to: type.computed)
        guard type.isInteger, type.bitWidth < 32, call.dataType(x) != .bool, let range = type.integerRange
        else {
            return [.tensor(y)]
        }
        // What a narrower type cannot hold wraps around, as in NumPy, with which coremltools folds constants.
        func plus(_ value: ValueID, _ shift: Int) throws -> ValueID {
            try call.apply(Binary(.add), value, call.constant([shift], []))
        }
        let turn = try call.constant([1 << type.bitWidth], [])
        let positive = try call.apply(Binary(.modulo), y, turn)
        guard range.lowerBound < 0 else { return [.tensor(positive)] }
        let shift = -Int(range.lowerBound)
        return [.tensor(try plus(call.apply(Binary(.modulo), plus(positive, shift), turn), -shift))]
    }
}

extension MILCall {
    /// Two values in one type: the wider of theirs.
    func alike(_ a: ValueID, _ b: ValueID) throws -> (ValueID, ValueID) {
        let order: [DataType] = [.bool, .int32, .float32]
        let widest = max(order.firstIndex(of: dataType(a)) ?? 2, order.firstIndex(of: dataType(b)) ?? 2)
        return (try cast(a, to: order[widest]), try cast(b, to: order[widest]))
    }

    /// |x|, of integers exactly.
    func magnitude(_ x: ValueID) throws -> ValueID {
        guard dataType(x) == .int32 else { return try apply(Unary(Activation(.abs)), x) }
        return try apply(Binary(.maximum), x, apply(Binary(.subtract), constant([0], []), x))
    }

    func binary(_ kind: Binary.Kind) throws -> [MILLowered] {
        let (x, y) = try alike(tensor("x"), tensor("y"))
        return [.tensor(try apply(Binary(kind), x, y))]
    }

    func comparison(_ kind: Compare.Kind) throws -> [MILLowered] {
        let (x, y) = try alike(tensor("x"), tensor("y"))
        return [.tensor(try apply(Compare(kind), x, y))]
    }

    func logic(_ kind: Logical.Kind) throws -> [MILLowered] {
        [.tensor(try apply(Logical(kind), cast(tensor("x"), to: .bool), cast(tensor("y"), to: .bool)))]
    }
}
