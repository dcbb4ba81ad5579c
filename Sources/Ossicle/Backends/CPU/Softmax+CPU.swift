import CKernels

extension Softmax: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        try emitter.emitAlong(axis..<(axis + 1)) { source, destination in
            emitter.step(
                emitter.kernels.pointee.ok_softmax,
                ok_softmax_args(
                    source: emitter.cAxis(source), destination: emitter.cAxis(destination),
                    logarithm: isLogarithm ? 1 : 0, columns: source.hasColumns ? 1 : 0,
                    outer: emitter.length(source.outer), axis: emitter.length(source.axis),
                    inner: emitter.length(source.inner)),
                isLogarithm ? "log softmax" : "softmax")
        }
    }
}
