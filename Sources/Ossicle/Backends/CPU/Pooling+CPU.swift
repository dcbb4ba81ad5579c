import CKernels

extension Pool: HistoryReader {
    func past(ofInput index: Int) -> Int { axes.last?.past ?? 0 }
}

extension Pool: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let rank = emitter.type(of: emitter.current.inputs[0]).rank
        try emitter.emitPasses(Array((rank - axes.count)..<rank)) { position, source, destination in
            let i = position - (rank - axes.count)
            let axis = axes[i]
            let counter = axis.past == nil ? -1 : emitter.state(byteCount: 8, name: "frames seen")
            emitter.step(
                emitter.kernels.pointee.ok_pool,
                ok_pool_args(
                    source: emitter.cAxis(source), destination: emitter.cAxis(destination),
                    kind: kind == .max ? Int32(OK_POOL_MAX.rawValue) : Int32(OK_POOL_AVERAGE.rawValue),
                    counts_padding: countsPadding ? 1 : 0, kernel: Int64(kernel[i]),
                    stride: Int64(axis.stride),
                    dilation: Int64(axis.dilation), pad_begin: Int64(axis.past ?? axis.padBegin),
                    pad_end: Int64(axis.padEnd), counter: Int32(counter), lag: Int64(lag),
                    outer: emitter.length(source.outer), axis: emitter.length(source.axis),
                    inner: emitter.length(source.inner), windows: emitter.length(destination.axis)),
                "\(kind) pool")
        }
    }
}

extension AdaptivePool: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        let first = emitter.type(of: emitter.current.inputs[0]).rank - sizes.count
        let axes = sizes.indices.filter { sizes[$0] != nil }.map { first + $0 }
        try emitter.emitPasses(axes) { _, source, destination in
            emitter.emitReduce(
                kind == .max ? .max : .mean, from: source, to: destination, windows: destination.axis,
                "adaptive \(kind) pool")
        }
    }
}
