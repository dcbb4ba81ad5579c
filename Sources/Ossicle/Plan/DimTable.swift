import CKernels

/// The table from which a run computes its dynamic extents.
struct DimTable {
    private(set) var entries: [ok_dim] = []
    private var known: [Dim: Int] = [:]
    /// Set when every extent is to be evaluated now.
    let fixedLength: Int?

    init(fixedLength: Int?) {
        self.fixedLength = fixedLength
        if fixedLength == nil {
            entries.append(ok_dim(parent: 0, other: -1, mul: 1, add: 0, div: 1))
            known[.dynamic] = 0
        }
    }

    /// The extent as kernels take it: a number, or a reference to a table entry.
    mutating func length(_ dim: Dim) -> ok_len {
        if let fixedLength { return Int64(dim.evaluate(fixedLength)) }
        if let value = dim.fixedValue { return Int64(value) }
        return Self.reference(index(dim))
    }

    /// `OK_DIM` of ok_runtime.h, a macro that Swift does not see.
    static func reference(_ index: Int) -> ok_len { .min + Int64(index) }

    private mutating func index(_ dim: Dim) -> Int {
        if let index = known[dim] { return index }
        let entry: ok_dim
        switch dim {
        case .affine(let base, let multiplier, let addend, let divisor):
            entry = ok_dim(
                parent: Int32(index(base)), other: -1, mul: Int64(multiplier), add: Int64(addend),
                div: Int64(divisor))
        case .product(let a, let b):
            entry = ok_dim(parent: Int32(index(a)), other: Int32(index(b)), mul: 1, add: 0, div: 1)
        case .fixed, .dynamic:
            preconditionFailure("a fixed extent has no table entry")
        }
        entries.append(entry)
        known[dim] = entries.count - 1
        return entries.count - 1
    }

    /// A new entry that a step sets during the run.
    mutating func reserve() -> Int {
        entries.append(ok_dim(parent: 0, other: -1, mul: 0, add: 0, div: 1))
        return entries.count - 1
    }
}
