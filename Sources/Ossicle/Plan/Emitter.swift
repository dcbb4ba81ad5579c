import CKernels

/// What a program is planned for.
public enum PlanMode: Sendable, Hashable {
    /// Whole tensors; the dynamic length, if there is one, is this.
    case fixed(length: Int)
    /// Whole tensors of any dynamic length up to the maximum.
    case dynamic(maxLength: Int)
    /// Blocks of a stream, state kept between them.
    case stream(maxBlock: Int)

    var maxLength: Int {
        switch self {
        case .fixed(let length): length
        case .dynamic(let length), .stream(let length): length
        }
    }

    var isStream: Bool { if case .stream = self { true } else { false } }
    var fixedLength: Int? { if case .fixed(let length) = self { length } else { nil } }
}

/// One planned step, with what `describe()` says of it.
struct PlannedStep {
    var kernel: ok_kernel
    var arguments: UnsafeRawPointer
    var node: String
    var label: String
    var flops: Int
    var backend: String
}

/// Turns the nodes of a graph into steps. Backends emit through it: it hands out operands, scratch, state and
/// packed memory, and keeps the lifetimes that the memory planner needs.
final class Emitter {
    var graph: Graph { scope.graph }
    let mode: PlanMode
    let memory = ProgramMemory()
    let kernels: UnsafePointer<ok_kernels>
    var lanes: Int { Int(kernels.pointee.lanes) }

    private(set) var slots: [Slot] = []
    var steps: [PlannedStep] { scope.steps }
    /// Steps emitted so far, those of regions too: what lifetimes are counted in.
    private(set) var clock = 0
    private(set) var histories: [ok_history] = []
    private(set) var stateInitials: [(offset: Int, tensor: Tensor)] = []
    private(set) var stateByteCount = 0
    private var dims: DimTable
    var dimEntries: [ok_dim] { dims.entries }
    private var scope: EmitterScope
    private let placement: Placement
    /// The named states of the whole graph, and where those that were asked for lie.
    let states: [String: State]
    private var stateSlots: [String: Int] = [:]
    /// Slots that more than one value looks into; none of them may be overwritten in place.
    private var shared: Set<Int> = []
    /// Scopes around the present one.
    private var depth = 0
    private(set) var isRealtimeSafe = true
    /// The one device that some of the nodes run on, and what it has begun and not yet ended.
    private(set) var device: (any DeviceBackend)?
    var deviceRun: AnyObject?

    init(
        graph: Graph, mode: PlanMode, kernels: UnsafePointer<ok_kernels>, pasts: [ValueID: Int],
        placement: Placement
    ) {
        self.mode = mode
        self.kernels = kernels
        self.placement = placement
        scope = EmitterScope(graph, pasts: pasts)
        states = Dictionary(graph.states.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        dims = DimTable(fixedLength: mode.fixedLength)
    }

    // MARK: Extents

    func length(_ dim: Dim) -> ok_len { dims.length(dim) }
    func maximum(_ dim: Dim) -> Int { dim.evaluate(mode.maxLength) }
    /// A table entry that a step of this program computes itself.
    func reserveLength() -> (index: Int, length: ok_len) {
        let index = dims.reserve()
        return (index, DimTable.reference(index))
    }

    // MARK: Slots

    func makeSlot(_ place: Place, byteCount: Int, name: String) -> Int {
        slots.append(Slot(place: place, byteCount: byteCount, name: name))
        scope.touched.insert(slots.count - 1)
        return slots.count - 1
    }

    func dense(_ shape: [Dim], _ dataType: DataType = .float32, place: Place = .arena, name: String)
        -> Operand
    {
        let slot = makeSlot(place, byteCount: maximum(shape.product) * dataType.size, name: name)
        return Operand(slot: slot, shape: shape, strides: Operand.denseStrides(shape), dataType: dataType)
    }

    /// Workspace for the node being emitted.
    func scratch(_ shape: [Dim], _ dataType: DataType = .float32) -> Operand {
        let operand = dense(shape, dataType, name: "\(scope.node?.name ?? "").scratch")
        slots[operand.slot].isScratch = true
        return operand
    }

    func scratch(byteCount: Int) -> Int {
        let slot = makeSlot(.arena, byteCount: byteCount, name: "\(scope.node?.name ?? "").scratch")
        slots[slot].isScratch = true
        return slot
    }

    /// Memory that lives from run to run, zero or `initial` after a reset.
    func state(byteCount: Int, initial: Tensor? = nil, name: String) -> Int {
        let offset = stateByteCount
        stateByteCount += (byteCount + 63) / 64 * 64
        if let initial { stateInitials.append((offset, initial)) }
        return makeSlot(.state(offset), byteCount: byteCount, name: name)
    }

    /// The slot of a named state, made by `make` when it is first asked for.
    func stateSlot(_ name: String, _ make: () -> Int) -> Int {
        let slot = stateSlots[name] ?? make()
        stateSlots[name] = slot
        scope.touched.insert(slot)
        return slot
    }

    // MARK: Values

    var current: Node { scope.node! }
    func type(of id: ValueID) -> ValueType { graph.type(of: id) }

    /// The contents of a constant input of the current node.
    func constant(_ index: Int) throws -> Tensor {
        guard let tensor = graph.constant(current.inputs[index]) else {
            throw OssicleError(
                .unsupported, "\(current.name): input \(index) of \(current.operation.name) must be constant")
        }
        return tensor
    }

    func input(_ index: Int) throws -> Operand { try operand(of: current.inputs[index]) }

    func operand(of id: ValueID) throws -> Operand {
        if let operand = scope.operands[id] {
            scope.touched.insert(operand.slot)
            return operand
        }
        guard let stored = graph.constant(id) else {
            throw OssicleError(
                .internal, "\(scope.node?.name ?? "output") reads \(graph[id].name) before it is made")
        }
        let tensor = stored.dataType.computed == stored.dataType ? stored : try stored.widened()
        let copy = memory.allocate(byteCount: tensor.byteCount)
        copy.copyMemory(from: tensor.bytes.baseAddress ?? UnsafeRawPointer(copy), byteCount: tensor.byteCount)
        let operand = dense(type(of: id).shape, tensor.dataType, place: .constant(copy), name: graph[id].name)
        scope.operands[id] = operand
        return operand
    }

    /// The input as one dense block, copied when it is not.
    func denseInput(_ index: Int) throws -> Operand {
        let operand = try input(index)
        if operand.isDense { return operand }
        let copy = scratch(operand.shape, operand.dataType)
        emitCopy(from: operand, to: copy)
        return copy
    }

    /// Where the current node's output goes. It may be strided (a history); see `denseOutput`.
    func output(_ index: Int = 0) -> Operand {
        let id = current.outputs[index]
        if let operand = scope.operands[id] {
            scope.touched.insert(operand.slot)
            return operand
        }
        let type = type(of: id)
        let operand: Operand
        if let past = scope.pasts[id] {
            operand = makeHistory(type, past: past, name: graph[id].name)
        } else if let slot = scope.externalSlots[id] {
            scope.touched.insert(slot)
            operand = Operand(
                slot: slot, shape: type.shape, strides: Operand.denseStrides(type.shape),
                dataType: type.dataType)
        } else {
            operand = dense(type.shape, type.dataType, name: graph[id].name)
        }
        scope.operands[id] = operand
        return operand
    }

    /// Emits through a dense output, copied to its place afterwards when that is strided.
    func withDenseOutput(_ index: Int = 0, _ emit: (Operand) throws -> Void) throws {
        let target = output(index)
        if target.isDense { return try emit(target) }
        let block = scratch(target.shape, target.dataType)
        try emit(block)
        emitCopy(from: block, to: target)
    }

    /// Whether the output has to be made in a place of its own, so that it cannot be a view of another value.
    func outputIsPlaced(_ index: Int = 0) -> Bool {
        let id = current.outputs[index]
        return scope.pasts[id] != nil || scope.externalSlots[id] != nil
    }

    /// Makes the output a view of bytes that another value owns.
    func setOutput(_ operand: Operand, at index: Int = 0) {
        scope.operands[current.outputs[index]] = operand
        shared.insert(operand.slot)
    }

    /// Lets the output take over the buffer of an input that nothing reads later. False when it cannot.
    func reuseInput(_ index: Int, forOutput output: Int = 0) -> Bool {
        let id = current.inputs[index]
        guard !outputIsPlaced(output), scope.remainingUses[id.index] == 1, scope.pasts[id] == nil,
            graph.constant(id) == nil,
            let operand = scope.operands[id], case .arena = slots[operand.slot].place,
            !shared.contains(operand.slot), operand.isDense,
            operand.shape == type(of: current.outputs[output]).shape,
            operand.dataType == type(of: current.outputs[output]).dataType
        else { return false }
        scope.operands[current.outputs[output]] = operand
        scope.touched.insert(operand.slot)
        return true
    }

    private func makeHistory(_ type: ValueType, past: Int, name: String) -> Operand {
        let block = maximum(type.shape[type.rank - 1])
        // Room for several blocks, so that the slide back costs little on average.
        let columns = (past + max(past, 4 * block) + 15) / 16 * 16
        let outer = Array(type.shape.dropLast())
        let rows = maximum(outer.product)
        let slot = makeSlot(.history, byteCount: rows * columns * type.dataType.size, name: name)
        histories.append(
            ok_history(
                slot: Int32(slot), element: Int32(type.dataType.size), rows: Int64(rows),
                stride: Int64(columns),
                past: Int64(past), length: length(type.shape[type.rank - 1])))
        let strides = Operand.denseStrides(outer + [.fixed(columns)])
        return Operand(slot: slot, shape: type.shape, strides: strides, dataType: type.dataType)
    }

    func setExternal(_ id: ValueID, _ slot: Int) { scope.externalSlots[id] = slot }

    func setInput(_ id: ValueID, _ operand: Operand) { scope.operands[id] = operand }

    // MARK: Steps

    /// Emits one node through the backend that takes it; answers its name, or that of the one it left all of it to.
    ///
    /// - Throws: what the backend says, with the node's name in front.
    func emit(_ node: Node) throws -> String {
        // What a loop or a branch holds runs as one step of the CPU.
        let placement = depth == 0 ? placement : placement.withoutDevices
        let backend = try placement.backend(for: node, in: graph, mode: mode)
        if depth == 0, !(backend is any DeviceBackend) { try endDeviceRun() }
        let first = scope.steps.count
        do {
            try emit(node, backend: backend.name) { try backend.emit(node, into: self) }
        } catch let error as OssicleError {
            throw error.message.hasPrefix(node.name) ? error : error.within(node.name)
        }
        let makers = scope.steps[first...].filter { $0.node == node.name }.map(\.backend)
        if let maker = makers.last, !makers.contains(backend.name) { return maker }
        isRealtimeSafe = isRealtimeSafe && backend.isRealtimeSafe
        device = backend as? any DeviceBackend ?? device
        return backend.name
    }

    /// The steps after this may read what nodes on the device make.
    func endDeviceRun() throws { try device?.endRun(into: self) }

    /// Emits one node through `body`, and keeps every buffer it touched alive for all of its steps.
    private func emit(_ node: Node, backend: String, _ body: () throws -> Void) throws {
        scope.node = node
        scope.backendName = backend
        scope.nodeFlops = node.operation.flops(
            node.inputs.map { type(of: $0).shape.evaluate(mode.maxLength) },
            node.outputs.map { type(of: $0).shape.evaluate(mode.maxLength) })
        scope.touched = []
        let first = clock
        try body()
        for id in node.outputs where scope.operands[id] == nil {
            throw OssicleError(.internal, "\(node.name): \(backend) made no \(graph[id].name)")
        }
        settle(first...max(first, clock - 1))
        for id in node.inputs { scope.remainingUses[id.index] -= 1 }
    }

    /// Extends the lifetime of everything touched, and of what views look into, over `range`.
    func settle(_ range: ClosedRange<Int>) {
        for slot in scope.touched {
            var slot = slot
            while true {
                let old = slots[slot].lifetime ?? range
                slots[slot].lifetime =
                    min(old.lowerBound, range.lowerBound)...max(old.upperBound, range.upperBound)
                guard case .view(let base) = slots[slot].place else { break }
                slot = base
            }
        }
        scope.touched = []
    }

    func step<Arguments>(_ kernel: ok_kernel?, _ arguments: Arguments, _ label: String) {
        clock += 1
        scope.steps.append(
            PlannedStep(
                kernel: kernel!, arguments: UnsafeRawPointer(memory.store(arguments)),
                node: scope.node?.name ?? "",
                label: label, flops: scope.nodeFlops, backend: scope.backendName))
        scope.nodeFlops = 0
    }

    /// A step that belongs to several nodes before it, and before which nothing may overwrite `slots`.
    func joinStep<Arguments>(
        _ kernel: ok_kernel, _ arguments: Arguments, _ label: String, node name: String, backend: String,
        keeping slots: Set<Int>
    ) {
        let outside = scope.touched
        scope.steps.append(
            PlannedStep(
                kernel: kernel, arguments: UnsafeRawPointer(memory.store(arguments)), node: name,
                label: label,
                flops: 0, backend: backend))
        scope.touched = slots
        settle(clock...clock)
        clock += 1
        scope.touched = outside
    }

    /// The steps of `body` are another backend's, as `describe()` shows them.
    func asBackend<Result>(_ name: String, _ body: () throws -> Result) rethrows -> Result {
        let outer = scope.backendName
        scope.backendName = name
        defer { scope.backendName = outer }
        return try body()
    }

    /// Steps made by `body`, taken out of the list: another way to do the same.
    func aside(_ body: () throws -> Void) rethrows -> [PlannedStep] {
        let outer = scope.steps
        scope.steps = []
        defer { scope.steps = outer }
        try body()
        return scope.steps
    }

    /// Steps made by `body` in a scope of its own: the inside of a loop or a branch. Nothing in it works in place on
    /// `kept`.
    func withScope(
        _ inner: EmitterScope, keeping kept: [Operand], _ body: () throws -> Void
    ) rethrows -> [PlannedStep] {
        let outer = scope
        let outerShared = shared
        scope = inner
        depth += 1
        shared.formUnion(kept.map(\.slot))
        defer {
            scope = outer
            depth -= 1
            if !kept.isEmpty { shared = outerShared }
        }
        try body()
        return scope.steps
    }

    /// Nothing emitted from here on works in place on these.
    func protect(_ operands: [Operand]) { shared.formUnion(operands.map(\.slot)) }

    /// A slot that points into another one, `offset` elements on; set by a step, since bases may move. A transient one
    /// is used up within the node.
    func view(
        of operand: Operand, offset: Dim, shape: [Dim], strides: [Dim], isTransient: Bool = false
    ) -> Operand {
        place(into: operand, shape: shape, strides: strides, isTransient: isTransient) { slot in
            step(
                ok_view,
                ok_view_args(
                    source: Int32(operand.slot), destination: Int32(slot),
                    offset: length(offset * .fixed(operand.dataType.size))),
                "view")
        }
    }

    /// A slot that points somewhere into another one, as the step that `emit` makes says.
    func place(
        into operand: Operand, shape: [Dim], strides: [Dim], isTransient: Bool, _ emit: (Int) -> Void
    ) -> Operand {
        let slot = makeSlot(.view(of: operand.slot), byteCount: 0, name: slots[operand.slot].name)
        if !isTransient { shared.insert(operand.slot) }
        emit(slot)
        return Operand(slot: slot, shape: shape, strides: strides, dataType: operand.dataType)
    }
}
