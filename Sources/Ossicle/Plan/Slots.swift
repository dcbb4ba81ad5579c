/// Where a value's bytes are.
enum Place {
    /// The caller's buffer, put in place for each run.
    case external
    /// The workspace, at an offset the memory planner chooses.
    case arena
    /// Memory of the program.
    case constant(UnsafeMutableRawPointer)
    /// The state block of a stream, at an offset.
    case state(Int)
    /// A sliding window over the last frames; the pointer moves from run to run.
    case history
    /// Set by a view step from another slot.
    case view(of: Int)
    /// No value: what each instance makes for itself.
    case resource(any InstanceResource)
}

/// What each instance of a program has of its own beside memory: a context of a system library, say.
protocol InstanceResource: Sendable {
    /// The backend whose steps use it.
    var backend: String { get }
    /// - Throws: why the system gives none; the steps that use it then do without.
    func make() throws -> any InstanceObject
}

protocol InstanceObject: AnyObject {
    /// What steps find in the slot.
    var pointer: UnsafeMutableRawPointer { get }
    var byteCount: Int { get }
    /// Why it is no longer used, nil while it is.
    var failure: OssicleError? { get }
}

/// One entry of the run's pointer table.
struct Slot {
    var place: Place
    var byteCount: Int
    /// Working space of one node's kernels, not a value.
    var isScratch = false
    /// First and last step that touch it.
    var lifetime: ClosedRange<Int>?
    var name: String
}

/// A value as kernels address it. Strides are in elements.
struct Operand {
    var slot: Int
    var shape: [Dim]
    var strides: [Dim]
    var dataType: DataType

    var isDense: Bool { strides == Operand.denseStrides(shape) }
    var count: Dim { shape.product }
    /// Whether neighbours along the innermost axis are neighbours in memory, axes of extent 1 left out: a loop nest
    /// drops those.
    var hasRows: Bool {
        shape.lastIndex { $0 != .fixed(1) }.map { strides[$0] == .fixed(1) } ?? true
    }

    static func denseStrides(_ shape: [Dim]) -> [Dim] {
        var strides = [Dim](repeating: .fixed(1), count: shape.count)
        for i in stride(from: shape.count - 2, through: 0, by: -1) {
            strides[i] = strides[i + 1] * shape[i + 1]
        }
        return strides
    }
}
