extension Staging: CPUOperation {
    func emitCPU(_ emitter: Emitter) throws {
        emitter.emitCopy(from: try emitter.input(0), to: emitter.output())
    }
}
