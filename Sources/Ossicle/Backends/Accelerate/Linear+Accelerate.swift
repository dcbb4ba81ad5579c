#if canImport(Accelerate)
    import CAccelerate
    import CKernels

    extension LinearOperation: AccelerateOperation {
        func accelerateWork(_ node: Node, in graph: Graph, mode: PlanMode) -> Int? {
            guard let weight = graph.constant(node.inputs[1]),
                !hasBias || graph.constant(node.inputs[2]) != nil,
                graph.type(of: node.inputs[0]).dataType == .float32
            else { return nil }
            let rows = graph.type(of: node.inputs[0]).shape.dropLast().evaluate(mode.maxLength).reduce(1, *)
            // BLAS counts in 32 bits.
            let (work, overflow) = rows.multipliedReportingOverflow(by: weight.count)
            let fits = [rows, weight.shape[0], weight.shape[1]].allSatisfy { $0 < 1 << 31 }
            return fits && !overflow ? work : nil
        }

        func emitAccelerate(_ emitter: Emitter) throws {
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
                        rows: emitter.length(rows), source_stride: Int64(weight.shape[1]),
                        destination_stride: Int64(weight.shape[0]),
                        weights: UnsafePointer(emitter.memory.store(weight.floats())),
                        bias: hasBias
                            ? UnsafePointer(emitter.memory.store(try emitter.constant(2).floats())) : nil),
                    alone ? "sgemv" : "sgemm")
                if !activation.isIdentity { emitter.emitUnary(activation, from: target, to: target) }
            }
        }
    }
#endif
