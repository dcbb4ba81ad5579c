/// A position that depends on the inputs, as far as it is known when a model is loaded: elements of computed values, each
/// times a number, plus a number. Two positions of equal terms are a known distance apart: `x[i:i + 2]` has two elements.
struct MILPosition {
    private struct Place: Hashable {
        let value: ValueID
        let index: Int
    }

    private var terms: [Place: Int] = [:]
    private var offset = 0

    /// Its value where it depends on no input.
    var known: Int? { terms.isEmpty ? offset : nil }

    /// How far this lies behind `other`, where that is known.
    func distance(from other: MILPosition) -> Int? { plus(other, times: -1)?.known }

    /// Element `index` of a vector of integers.
    init(_ index: Int, of vector: ValueID, in graph: Graph) {
        // What is reached along several ways is looked at several times: that has to end.
        var visits = 64
        self.init(Place(value: vector, index: index), graph, &visits)
    }

    private init(_ place: Place, _ graph: Graph, _ visits: inout Int) {
        if let tensor = graph.constant(place.value) {
            offset = tensor.ints()[place.index]
            return
        }
        visits -= 1
        if visits > 0, let node = graph.producer(of: place.value),
            let found = Self.combined(place.index, node, graph, &visits)
        {
            self = found
        } else {
            terms = [place: 1]
        }
    }

    /// What an operation makes of its inputs' elements, if that is a sum.
    private static func combined(
        _ index: Int, _ node: Node, _ graph: Graph, _ visits: inout Int
    ) -> MILPosition? {
        func input(_ i: Int, _ index: Int) -> MILPosition {
            MILPosition(Place(value: node.inputs[i], index: index), graph, &visits)
        }
        func count(_ i: Int) -> Int {
            (graph.type(of: node.inputs[i]).shape.fixedValues ?? []).reduce(1, *)
        }
        switch node.operation {
        case is Reshape: return input(0, index)
        case is Concat where graph.type(of: node.outputs[0]).rank == 1:
            var index = index
            for i in node.inputs.indices {
                if index < count(i) { return input(i, index) }
                index -= count(i)
            }
            return nil
        case let slice as Slice where graph.type(of: node.outputs[0]).rank == 1:
            return input(0, slice.start + index * slice.step)
        case let binary as Binary where graph.type(of: node.outputs[0]).dataType == .int32:
            // Of a scalar and a vector, or two of equal length.
            let total = max(count(0), count(1))
            guard [1, total].contains(count(0)), [1, total].contains(count(1)) else { return nil }
            let (a, b) = (input(0, count(0) == 1 ? 0 : index), input(1, count(1) == 1 ? 0 : index))
            switch binary.kind {
            case .add: return a.plus(b, times: 1)
            case .subtract: return a.plus(b, times: -1)
            case .multiply:
                if let factor = b.known { return MILPosition().plus(a, times: factor) }
                return a.known.flatMap { MILPosition().plus(b, times: $0) }
            default: return nil
            }
        default: return nil
        }
    }

    private init() {}

    private func plus(_ other: MILPosition, times factor: Int) -> MILPosition? {
        func sum(_ a: Int, _ b: Int) -> Int? {
            let (product, isTooLarge) = b.multipliedReportingOverflow(by: factor)
            let (sum, isStillTooLarge) = a.addingReportingOverflow(product)
            return isTooLarge || isStillTooLarge ? nil : sum
        }
        guard let offset = sum(offset, other.offset) else { return nil }
        var result = self
        result.offset = offset
        for (place, count) in other.terms {
            guard let count = sum(terms[place] ?? 0, count) else { return nil }
            result.terms[place] = count == 0 ? nil : count
        }
        return result
    }
}
