#if canImport(Accelerate)
    import CAccelerate
    import CKernels

    extension LinearOperation: AccelerateOperation {
        func accelerateCalls(_ node: Node, in graph: Graph, mode: PlanMode) -> [AccelerateCall] {
            guard let weight = graph.constant(node.inputs[1]),
                !hasBias || graph.constant(node.inputs[2]) != nil,
                graph.type(of: node.inputs[0]).dataType == .float32
            else { return [] }
            let rows = graph.type(of: node.inputs[0]).shape.dropLast().evaluate(mode.maxLength).reduce(1, *)
            return [.product(rows: rows, inputs: weight.shape[1], outputs: weight.shape[0])]
        }

        func emitAccelerate(_ emitter: Emitter, _ rule: AccelerateRule) throws {
            let weight = try emitter.constant(1)
            let source = try emitter.denseInput(0)
            try emitter.withDenseOutput { target in
                let rows = Array(source.shape.dropLast()).product
                let alone = emitter.maximum(rows) == 1
                emitter.step(
                    ok_blas_linear,
                    ok_blas_linear_args(
                        source: Int32(source.slot), destination: Int32(target.slot),
                        inputs: Int64(weight.shape[1]), outputs: Int64(weight.shape[0]),
                        rows: emitter.length(rows),
                        weights: UnsafePointer(emitter.memory.store(weight.floats())),
                        bias: hasBias
                            ? UnsafePointer(emitter.memory.store(try emitter.constant(2).floats())) : nil),
                    alone ? "sgemv" : "sgemm")
                if !activation.isIdentity { emitter.emitUnary(activation, target, to: target, rule) }
            }
        }
    }
#endif
