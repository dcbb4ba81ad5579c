/// Variables that outlive a call (coremltools `ops/defs/iOS18/states.py`).
enum MILStates {
    static let rules: [String: MILLowering.Rule] = [
        "read_state": { [.tensor(try $0.read($0.state("input")))] },
        "write_state": { call in
            _ = try call.write(call.tensor("data"), to: call.state("input"))
            return []
        },
        // What coremltools writes before it takes it apart.
        "coreml_update_state": { [.tensor(try $0.write($0.tensor("value"), to: $0.state("state")))] },
    ]
}

extension MILCall {
    /// A state, with the type its values have.
    fileprivate func state(_ parameter: String) throws -> (name: String, type: ValueType) {
        guard case .state(let name) = try one(parameter), let type = lowering.states[name] else {
            throw OssicleError(.malformed, "parameter \(Quoting.quoted(parameter)) is not a state")
        }
        return (name, type)
    }

    fileprivate func read(_ state: (name: String, type: ValueType)) throws -> ValueID {
        try add(ReadState(state.name, state.type), [])[0]
    }

    fileprivate func write(_ value: ValueID, to state: (name: String, type: ValueType)) throws -> ValueID {
        let value = try cast(value, to: state.type.dataType)
        guard shape(value) == state.type.shape.evaluate(1) else {
            throw OssicleError(
                .malformed, "a value of shape \(shape(value)) for a state of shape \(state.type.shape.text)")
        }
        _ = try add(WriteState(state.name), [value])
        return value
    }
}

extension MILLowering {
    /// Adds a state of the function to the graph; zero until it is written.
    func defineState(_ input: MILNamedType, _ element: MILElementType) throws {
        guard let shape = input.type.shape else {
            throw OssicleError(.unsupported, "state \(Quoting.quoted(input.name)) has no fixed shape: \(input.type)")
        }
        _ = try CoreMLShape.count(shape)
        let type = ValueType(shape.map { .fixed($0) }, element.computed)
        graph.states.append(State(name: input.name, type: type))
        states[input.name] = type
        define(input.name, .state(input.name))
    }
}
