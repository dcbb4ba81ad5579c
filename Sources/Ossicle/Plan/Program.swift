import CKernels

/// A graph made ready to run: packed weights, a flat list of steps, and where every byte lives.
///
/// Immutable and shared; what a run changes is in an `Instance`.
public final class Program: @unchecked Sendable {
    public let graph: Graph
    public let mode: PlanMode
    /// By how many output frames a stream lags behind the whole-signal result.
    public let latency: Int
    /// The dynamic length must be a multiple of this.
    public let granularity: Int
    public let bufferStats: BufferStats
    /// Whether a run keeps the real-time contract: false where a GPU or a system library takes part.
    public let isRealtimeSafe: Bool

    let memory: ProgramMemory
    let steps: [PlannedStep]
    let slots: [Slot]
    let inputSlots: [Int]
    let outputSlots: [Int]
    let inputBytes: [ok_len]
    let outputBytes: [ok_len]
    let arenaByteCount: Int
    let arenaOffsets: [Int: Int]
    let histories: [ok_history]
    let historyOffsets: [Int]
    let positionsOffset: Int
    let stateByteCount: Int
    let stateInitials: [(offset: Int, tensor: Tensor)]
    /// Where the graph's named states lie in the state block.
    let namedStates: [String: (offset: Int, byteCount: Int)]
    let c: UnsafePointer<ok_program>
    let placement: [String]
    /// The device beside the CPU that some of the steps run on.
    let device: (any DeviceBackend)?

    /// Memory of the plan's intermediate values: what the planner needs, and what one buffer a value would have taken.
    public struct BufferStats: Sendable, Equatable {
        /// Buffers used in turn, and values they hold.
        public var bufferCount: Int
        public var naiveCount: Int
        public var allocatedBytes: Int
        public var naiveBytes: Int
        /// Working space of kernels, beside the values.
        public var scratchBytes: Int

        init(_ slots: [Slot], arenaByteCount: Int) {
            let values = slots.filter { slot in
                if case .arena = slot.place { !slot.isScratch } else { false }
            }
            let plan = MemoryPlan(values.map { ($0.byteCount, $0.lifetime ?? 0...0) })
            bufferCount = plan.bufferCount
            naiveCount = values.count
            allocatedBytes = plan.byteCount
            naiveBytes = values.reduce(0) { $0 + $1.byteCount }
            scratchBytes = arenaByteCount - plan.byteCount
        }
    }

    /// - Throws: `unsupported` naming the node that cannot run in this mode.
    public convenience init(_ graph: Graph, mode: PlanMode, optimize: Bool = true) throws {
        try self.init(graph, mode: mode, optimize: optimize, placement: .portable)
    }

    /// - Parameter streaming: what the streaming pass makes of `source`, where the caller has it already.
    init(
        _ source: Graph, mode: PlanMode, optimize: Bool, placement: Placement,
        kernels: UnsafePointer<ok_kernels>? = nil, streaming: StreamingGraph? = nil
    ) throws {
        var graph = try source.placingCalls(mode.fixedLength == nil ? [] : placement.backends)
        var latency = 0
        if mode.isStream {
            let streaming = try streaming ?? StreamingPass.run(graph)
            (graph, latency) = (streaming.graph, streaming.latency)
        }
        if optimize { graph = try Passes.optimize(graph) }
        let builder = try ProgramBuilder(graph: graph, mode: mode, placement: placement, kernels: kernels)
        let emitter = builder.emitter
        namedStates = try emitter.placedStates(of: graph)

        self.graph = graph
        self.mode = mode
        self.latency = latency
        self.placement = builder.placed
        device = emitter.device
        isRealtimeSafe = emitter.isRealtimeSafe
        memory = emitter.memory
        steps = emitter.steps
        slots = emitter.slots
        inputSlots = builder.inputSlots
        outputSlots = builder.outputSlots
        inputBytes = builder.inputBytes
        outputBytes = builder.outputBytes

        let arena = slots.indices.filter { if case .arena = emitter.slots[$0].place { true } else { false } }
        let plan = MemoryPlan(
            arena.map { (emitter.slots[$0].byteCount, emitter.slots[$0].lifetime ?? 0...0) })
        arenaByteCount = plan.byteCount
        arenaOffsets = Dictionary(uniqueKeysWithValues: zip(arena, plan.offsets))
        bufferStats = BufferStats(emitter.slots, arenaByteCount: plan.byteCount)

        histories = emitter.histories
        var offset = emitter.stateByteCount
        historyOffsets = histories.map { history in
            defer { offset += (Int(history.rows * history.stride) * Int(history.element) + 63) & ~63 }
            return offset
        }
        positionsOffset = offset
        stateByteCount = offset + histories.count * 8
        stateInitials = emitter.stateInitials

        let dims = emitter.dimEntries
        granularity = mode.isStream || graph.dividesEvenly ? builder.granularity : 1
        c = UnsafePointer(
            memory.store(
                ok_program(
                    steps: memory.store(steps.map { ok_step(run: $0.kernel, args: $0.arguments) }),
                    step_count: steps.count, dims: memory.store(dims), dim_count: dims.count,
                    histories: memory.store(histories), history_count: histories.count,
                    max_length: mode.fixedLength == nil ? Int64(mode.maxLength) : 0,
                    granularity: Int64(granularity))))
    }

    /// The extents of an input or output for a dynamic length.
    func shape(_ port: Port, length: Int) -> [Int] { graph.type(of: port.value).shape.evaluate(length) }
}
