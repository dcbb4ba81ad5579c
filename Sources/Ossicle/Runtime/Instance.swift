import CKernels

/// What one running copy of a program needs of its own: workspace, state, pointer tables.
///
/// Belongs to one thread at a time. Making one allocates and touches everything; running it only calls C.
final class Instance: @unchecked Sendable {
    let program: Program
    let c: UnsafeMutablePointer<ok_instance>
    let workspaceByteCount: Int
    /// Its share of the device that the program uses, if any.
    private(set) var device: (any DeviceSession)?
    /// What the program's resources made for it, or why they did not.
    private var resources: [(backend: String, made: Result<any InstanceObject, OssicleError>)] = []
    let memory = ProgramMemory()
    /// The arena; nil while released.
    private(set) var arena: Workspace?
    /// Held while the arena comes or goes, which more than one thread may want. Not for the audio thread.
    private let gate = Locked(())
    private let state: UnsafeMutableRawPointer
    private let image: UnsafeMutableRawPointer

    init(_ program: Program) throws {
        self.program = program
        let length = program.mode.maxLength
        func bytes(_ ports: [Port]) -> [Int] {
            ports.map { port in
                program.shape(port, length: length).reduce(1, *)
                    * program.graph.type(of: port.value).dataType.size
            }
        }
        let inputs = bytes(program.graph.inputs)
        let outputs = bytes(program.graph.outputs)
        let optional = program.graph.inputs.map { $0.isOptional ? UInt8(1) : 0 }
        let spare = max(zip(inputs, optional).reduce(0) { max($0, $1.1 == 1 ? $1.0 : 0) }, 1)
        workspaceByteCount = program.arenaByteCount
        try Workspace.probe(
            byteCount: outputs.reduce(2 * program.stateByteCount + spare + workspaceByteCount, +))
        state = memory.allocate(byteCount: program.stateByteCount)
        image = memory.allocate(byteCount: program.stateByteCount)
        let slots = memory.store([UnsafeMutableRawPointer?](repeating: nil, count: program.slots.count))
        for (i, slot) in program.slots.enumerated() {
            switch slot.place {
            case .constant(let pointer): slots[i] = pointer
            case .state(let offset): slots[i] = state + offset
            case .resource(let resource):
                do {
                    let object = try resource.make()
                    slots[i] = object.pointer
                    resources.append((resource.backend, .success(object)))
                } catch {
                    Diagnostics.report("\(error); Ossicle's own engine runs it")
                    let reason = error as? OssicleError ?? OssicleError(.internal, "\(error)")
                    resources.append((resource.backend, .failure(reason)))
                }
            case .arena, .external, .history, .view: break
            }
        }
        let sinks = outputs.map { [memory] in Optional(memory.allocate(byteCount: $0)) }

        var context = ok_context()
        context.slots = slots
        context.dims = memory.store([Int64](repeating: 0, count: max(Int(program.c.pointee.dim_count), 1)))
        context.positions = (state + program.positionsOffset).assumingMemoryBound(to: Int64.self)
        let base = state
        context.histories = memory.store(program.historyOffsets.map { Optional(base + $0) })
        context.evaluated = -1
        c = memory.store(
            ok_instance(
                program: program.c, context: context,
                input_slots: memory.store(program.inputSlots.map(Int32.init)),
                output_slots: memory.store(program.outputSlots.map(Int32.init)),
                input_count: Int32(inputs.count),
                output_count: Int32(outputs.count), state: state.assumingMemoryBound(to: UInt8.self),
                image: UnsafePointer(image.assumingMemoryBound(to: UInt8.self)),
                state_bytes: program.stateByteCount,
                input_bytes: memory.store(program.inputBytes),
                output_bytes: memory.store(program.outputBytes),
                keeps_state: program.graph.states.isEmpty ? 0 : 1,
                optional: memory.store(optional), zeros: memory.allocate(byteCount: spare),
                sinks: memory.store(sinks), use: Int32(OK_IDLE.rawValue)))
        try placeArena()
        for initial in program.stateInitials {
            let stored = initial.tensor
            let tensor = stored.dataType.computed == stored.dataType ? stored : try stored.widened()
            (state + initial.offset).copyMemory(from: tensor.bytes.baseAddress!, byteCount: tensor.byteCount)
        }
        let positions = (state + program.positionsOffset).assumingMemoryBound(to: Int64.self)
        for (i, history) in program.histories.enumerated() { positions[i] = history.past }
        keepState()
    }

    /// Bytes that the program's resources hold for it.
    var objectByteCount: Int { resources.reduce(0) { $0 + ((try? $1.made.get().byteCount) ?? 0) } }

    /// What of the program's backends is no longer used, or never was, and why.
    private var failures: [(backend: String, reason: OssicleError)] {
        var failures: [(backend: String, reason: OssicleError)] = []
        if let reason = device?.failure { failures.append((program.device!.name, reason)) }
        for (backend, made) in resources {
            switch made {
            case .success(let object): if let reason = object.failure { failures.append((backend, reason)) }
            case .failure(let reason): failures.append((backend, reason))
            }
        }
        return failures
    }

    /// Why something beside the CPU is not used; nil while all of it is. From any thread.
    var deviceFailure: OssicleError? { failures.first?.reason }

    /// What runs it now: the backends that were planned, the CPU in the place of those that have failed.
    var backends: Set<String> {
        let planned = Set(program.steps.map(\.backend)), failed = Set(failures.map(\.backend))
        return planned.isDisjoint(with: failed) ? planned : planned.subtracting(failed).union(["cpu"])
    }

    private func placeArena() throws {
        let workspace = try Workspace(byteCount: workspaceByteCount, isPaged: program.device != nil)
        for (i, offset) in program.arenaOffsets { c.pointee.context.slots[i] = workspace.start + offset }
        arena = workspace
        device = program.device?.session(workspace)
        c.pointee.context.device = device.map { Unmanaged<AnyObject>.passUnretained($0).toOpaque() }
    }

    /// Where one of the graph's named states lies.
    func namedState(_ name: String) -> UnsafeMutableRawBufferPointer? {
        program.namedStates[name].map {
            UnsafeMutableRawBufferPointer(start: state + $0.offset, count: $0.byteCount)
        }
    }

    /// Whether there is a workspace, without which `ok_instance_predict` refuses.
    var hasWorkspace: Bool { gate.withLock { _ in arena != nil } }

    /// Frees the workspace; state stays. False, and nothing is done, while a run is going on.
    func releaseArena() -> Bool {
        gate.withLock { _ in
            guard ok_instance_release(c) != 0 else { return false }
            c.pointee.context.device = nil
            device = nil
            arena = nil
            return true
        }
    }

    /// The workspace again. Allocates.
    ///
    /// - Throws: `outOfMemory`.
    func restoreArena() throws {
        try gate.withLock { _ in
            guard arena == nil else { return }
            try placeArena()
            ok_instance_restore(c)
        }
    }

    /// Makes the present state the one that a reset goes back to.
    func keepState() { image.copyMemory(from: state, byteCount: program.stateByteCount) }

    /// Runs once on tensors, in the order of the ports; `length` is the dynamic extent, where there is one.
    ///
    /// - Throws: `shapeMismatch`, `blockTooLong` or `invalidArgument`.
    func run(_ inputs: [Tensor], length: Int? = nil) throws -> [Tensor] {
        let length = length ?? program.mode.maxLength
        guard 0...program.mode.maxLength ~= length else {
            throw OssicleError(
                .blockTooLong, "length \(length) is beyond the planned \(program.mode.maxLength)")
        }
        for (tensor, port) in zip(inputs, program.graph.inputs)
        where tensor.shape != program.shape(port, length: length) {
            throw OssicleError(
                .shapeMismatch,
                "input \(port.name): expected \(program.shape(port, length: length)), found \(tensor.shape)")
        }
        let outputs = program.graph.outputs.map { port in
            (program.shape(port, length: length), program.graph.type(of: port.value).dataType)
        }
        let blocks = outputs.map { shape, dataType in
            UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(shape.reduce(1, *) * dataType.size, 1), alignment: 64)
        }
        defer { for block in blocks { block.deallocate() } }
        let status = ok_instance_run(
            c, Int64(length),
            inputs.map {
                ok_buffer(
                    data: UnsafeMutableRawPointer(mutating: $0.bytes.baseAddress), byte_count: $0.byteCount)
            },
            inputs.count,
            zip(blocks, outputs).map {
                ok_buffer(data: $0.baseAddress, byte_count: $1.0.reduce(1, *) * $1.1.size)
            },
            blocks.count)
        guard status == 0 else {
            throw OssicleError(
                OssicleError.Code(rawValue: status) ?? .internal, "the run was refused with status \(status)")
        }
        return try zip(blocks, outputs).map { block, output in
            let count = output.0.reduce(1, *) * output.1.size
            return try Tensor(
                shape: output.0, dataType: output.1,
                storage: .copy(UnsafeRawBufferPointer(start: block.baseAddress, count: count)))
        }
    }
}
