#if canImport(Accelerate)
    import CAccelerate
    import CKernels

    extension Activation {
        /// vForce has these. Cheaper functions are bound by memory, where nothing is to be won.
        fileprivate var accelerateName: String? {
            switch kind {
            case .tanh: "vvtanhf"
            case .exp: "vvexpf"
            case .log where alpha == 0: "vvlogf"
            case .sigmoid: "vvexpf+vvrecf"
            default: nil
            }
        }
    }

    extension Emitter {
        /// A pass over dense values: vForce's where it has the function and `rule` takes it, else the engine's.
        func emitUnary(
            _ activation: Activation, _ source: Operand, to target: Operand, _ rule: AccelerateRule
        ) {
            guard let name = activation.accelerateName, source.isDense, target.isDense,
                rule.takes(.pass(count: maximum(target.count)))
            else { return asBackend("cpu") { emitUnary(activation, from: source, to: target) } }
            step(
                ok_vector_unary,
                ok_vector_args(
                    function: activation.kind.rawValue, a: Int32(source.slot), b: -1,
                    destination: Int32(target.slot), count: length(target.count)),
                name)
        }
    }

    extension Unary: AccelerateOperation {
        func accelerateCalls(_ node: Node, in graph: Graph, mode: PlanMode) -> [AccelerateCall] {
            guard activation.accelerateName != nil, graph.type(of: node.inputs[0]).dataType == .float32 else {
                return []
            }
            return [.pass(count: graph.count(node.outputs[0], mode))]
        }

        func emitAccelerate(_ emitter: Emitter, _ rule: AccelerateRule) throws {
            let source = try emitter.denseInput(0)
            _ = emitter.reuseInput(0)
            try emitter.withDenseOutput { emitter.emitUnary(activation, source, to: $0, rule) }
        }
    }

    extension Binary: AccelerateOperation {
        private var accelerateName: String? {
            switch kind {
            case .add: "vDSP_vadd"
            case .subtract: "vDSP_vsub"
            case .multiply: "vDSP_vmul"
            default: nil
            }
        }

        func accelerateCalls(_ node: Node, in graph: Graph, mode: PlanMode) -> [AccelerateCall] {
            let types = (node.inputs + node.outputs).map { graph.type(of: $0) }
            guard accelerateName != nil, types[0].dataType == .float32,
                types.allSatisfy({ $0.shape == types[0].shape })
            else { return [] }
            return [.pass(count: graph.count(node.outputs[0], mode))]
        }

        func emitAccelerate(_ emitter: Emitter, _ rule: AccelerateRule) throws {
            let (a, b) = (try emitter.denseInput(0), try emitter.denseInput(1))
            try emitter.withDenseOutput { target in
                emitter.step(
                    ok_vector_binary,
                    ok_vector_args(
                        function: kind.rawValue, a: Int32(a.slot), b: Int32(b.slot),
                        destination: Int32(target.slot), count: emitter.length(target.count)),
                    accelerateName!)
            }
        }
    }
#endif
