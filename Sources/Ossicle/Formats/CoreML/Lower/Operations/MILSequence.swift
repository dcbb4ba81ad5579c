extension MILRecurrent {
    /// The input of a recurrent layer, in the order in which it is run.
    struct Sequence {
        enum Direction: String { case forward, reverse, bidirectional }

        let direction: Direction
        /// [T, B, I].
        let input: ValueID
        let steps, batch, features: Int
        let wantsAll: Bool

        init(_ call: MILCall, bidirectional: Bool) throws {
            let name = try call.string("direction", default: "forward")
            guard let direction = Direction(rawValue: name), bidirectional || direction != .bidirectional
            else {
                throw OssicleError(.unsupported, "direction \(Quoting.quoted(name))")
            }
            let x = try call.tensor("x")
            let shape = call.shape(x)
            guard shape.count == 3, !shape.contains(0) else {
                throw OssicleError(.malformed, "a sequence of shape \(shape), expected [T, B, I]")
            }
            self.direction = direction
            (steps, batch, features) = (shape[0], shape[1], shape[2])
            input = direction == .reverse && steps > 1 ? try call.apply(Reverse(axes: [0]), x) : x
            wantsAll = try call.bool("output_sequence", default: false)
        }

        /// Of the parameters of each direction.
        var suffixes: [String] { direction == .bidirectional ? ["", "_back"] : [""] }
        private var directions: Int { suffixes.count }

        /// The input of a direction: the second one of a bidirectional layer begins at the end.
        func input(_ call: MILCall, direction: Int) throws -> ValueID {
            direction == 0 ? input : try reversed(call, input)
        }

        /// [T, …] from the last step to the first.
        func reversed(_ call: MILCall, _ id: ValueID) throws -> ValueID {
            call.shape(id)[0] > 1 ? try call.apply(Reverse(axes: [0]), id) : id
        }

        /// The input as our layer takes it: [T, I], or [B, T, I].
        func featuresLast(_ call: MILCall) throws -> ValueID {
            batch == 1 ? try call.reshape(input, [steps, features]) : try call.transpose(input, [1, 0, 2])
        }

        /// [B, directions · H].
        func state(_ call: MILCall, _ parameter: String, _ hidden: Int) throws -> ValueID {
            let state = try call.tensor(parameter)
            guard call.shape(state) == [batch, directions * hidden] else {
                throw OssicleError(.malformed, "\(parameter) of shape \(call.shape(state))")
            }
            return state
        }

        /// [B, directions · H] as [directions, B?, H].
        func initialState(_ call: MILCall, _ parameter: String, _ hidden: Int) throws -> ValueID {
            let state = try state(call, parameter, hidden)
            if batch == 1 { return try call.reshape(state, [directions, hidden]) }
            return try call.transpose(call.reshape(state, [batch, directions, hidden]), [1, 0, 2])
        }

        /// The way back.
        func finalState(_ call: MILCall, _ state: ValueID) throws -> ValueID {
            let hidden = call.shape(state).last!
            if batch == 1 { return try call.reshape(state, [1, directions * hidden]) }
            return try call.reshape(call.transpose(state, [1, 0, 2]), [batch, directions * hidden])
        }

        /// [T, B, directions · H]; of the last step only, the final states.
        func output(_ call: MILCall, _ y: ValueID, last h: ValueID) throws -> ValueID {
            let width = call.shape(y).last!
            guard wantsAll else { return try call.reshape(h, [1, batch, width]) }
            return batch == 1 ? try call.reshape(y, [steps, 1, width]) : try call.transpose(y, [1, 0, 2])
        }
    }
}
