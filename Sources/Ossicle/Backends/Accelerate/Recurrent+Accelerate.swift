#if canImport(Accelerate)
    import CAccelerate

    extension Recurrent: AccelerateOperation {
        /// Inputs that one sgemm multiplies: whole sequences, longer ones in pieces of this, so that the gate values
        /// stay in a cache and their memory is bounded.
        private static let steps = 512

        func accelerateCalls(_ node: Node, in graph: Graph, mode: PlanMode) -> [AccelerateCall] {
            let shape = graph.type(of: node.inputs[0]).shape.evaluate(mode.maxLength)
            guard shape.allSatisfy({ $0 > 0 }),
                node.inputs[1..<stateIndex].allSatisfy({ graph.constant($0) != nil })
            else { return [] }
            return (0..<layers).flatMap { layer in
                let calls = calls(
                    steps: shape[shape.count - 2], inputs: layer == 0 ? shape.last! : directions * hiddenSize)
                return [calls.input] + (calls.hidden.map { [$0] } ?? [])
            }
        }

        /// Of one layer and direction: the input's product for all steps, and the hidden state's for each. The latter
        /// is the kernel's own where the reset stands between two parts of it.
        private func calls(steps: Int, inputs: Int) -> (input: AccelerateCall, hidden: AccelerateCall?) {
            let outputs = gates * hiddenSize
            return (
                .product(rows: min(steps, Self.steps), inputs: inputs, outputs: outputs),
                cell == .gruResetBefore ? nil : .product(rows: 1, inputs: hiddenSize, outputs: outputs)
            )
        }

        func emitAccelerate(_ emitter: Emitter, _ rule: AccelerateRule) throws {
            let library = RecurrentLibrary(add: ok_blas_add, maximumSteps: Self.steps) { steps, inputs in
                let calls = calls(steps: steps, inputs: inputs)
                return (rule.takes(calls.input), calls.hidden.map(rule.takes) ?? false)
            }
            try emit(emitter, library: library)
        }
    }
#endif
