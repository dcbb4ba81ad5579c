import Foundation
import Testing

@testable import Ossicle

/// How a value can lie in a larger one, so that an operation reads it through strides.
private enum Layout: CaseIterable {
    /// Rows with a margin: the last axis is dense, the others are not.
    case margin
    /// Every other element of the last axis; of one element, an axis that only looks dense.
    case sparse
    /// The last two axes swapped.
    case transposed

    func fits(_ shape: [Int]) -> Bool { shape.count >= (self == .transposed ? 2 : 1) }

    func surround(_ shape: [Int]) -> [Int] {
        let last = shape.count - 1
        switch self {
        case .margin: return shape.dropLast() + [shape[last] + 3]
        case .sparse: return shape.dropLast() + [2 * shape[last] + 1]
        case .transposed: return shape.dropLast(2) + [shape[last], shape[last - 1]]
        }
    }

    func place(_ index: [Int]) -> [Int] {
        let last = index.count - 1
        switch self {
        case .margin: return index.dropLast() + [index[last] + 2]
        case .sparse: return index.dropLast() + [2 * index[last] + 1]
        case .transposed: return index.dropLast(2) + [index[last], index[last - 1]]
        }
    }

    func view(_ shape: [Int]) -> any Ossicle.Operation {
        let last = shape.count - 1
        switch self {
        case .margin: return Slice(axis: last, start: 2, count: .fixed(shape[last]))
        case .sparse: return Slice(axis: last, start: 1, count: .fixed(shape[last]), step: 2)
        case .transposed: return Transpose(Array(0..<last - 1) + [last, last - 1])
        }
    }

    /// The tensor inside its surroundings, which are all ones in every bit: NaN, -1, true.
    func embed(_ tensor: Tensor) throws -> Tensor {
        let shape = surround(tensor.shape), size = tensor.dataType.size
        var bytes = [UInt8](repeating: 0xff, count: shape.reduce(size, *))
        for (i, index) in Array64.indices(tensor.shape).enumerated() {
            let target = zip(place(index), shape).reduce(0) { $0 * $1.1 + $1.0 } * size
            for byte in 0..<size { bytes[target + byte] = tensor.bytes[i * size + byte] }
        }
        return try bytes.withUnsafeBytes {
            try Tensor(shape: shape, dataType: tensor.dataType, storage: .copy($0))
        }
    }
}

extension Graph {
    /// The same graph with input `index` read as a view of a larger one.
    fileprivate func viewing(_ index: Int, _ layout: Layout) throws -> Graph {
        var graph = self
        let old = inputs[index].value, type = type(of: old)
        let shape = type.shape.evaluate(0)
        graph.nodes = []
        let wide = graph.makeValue(
            "wide", ValueType(layout.surround(shape).map { .fixed($0) }, type.dataType))
        let view = try graph.apply(layout.view(shape), wide, name: "view")
        graph.nodes += nodes.map { node in
            var node = node
            node.inputs = node.inputs.map { $0 == old ? view : $0 }
            return node
        }
        graph.inputs[index].value = wide
        for i in graph.outputs.indices where graph.outputs[i].value == old { graph.outputs[i].value = view }
        return graph
    }
}

/// Every operation reads views right: slices, sparse rows and transposed axes give what a dense copy gives.
@Test(arguments: MILOperationTests.names) func viewsChangeNothing(_ name: String) throws {
    let (graph, inputs) = try MILOperationTests.case(name)
    let expected = try Instance(Program(graph, mode: .fixed(length: 1))).run(inputs)
    for index in inputs.indices {
        for layout in Layout.allCases where layout.fits(inputs[index].shape) {
            let viewing = try graph.viewing(index, layout)
            var placed = inputs
            placed[index] = try layout.embed(inputs[index])
            let found = try Instance(Program(viewing, mode: .fixed(length: 1))).run(placed)
            for (a, b) in zip(found, expected) {
                let place = "input \(index) \(layout)"
                #expect(a.shape == b.shape && a.dataType == b.dataType, "\(place)")
                guard a.dataType == .float32 else {
                    #expect(a.ints() == b.ints(), "\(place)")
                    continue
                }
                for (x, y) in zip(a.floats(), b.floats()) where x != y && !(x.isNaN && y.isNaN) {
                    #expect(abs(x - y) <= 4e-6 * max(1, abs(y)), "\(place): \(x), dense \(y)")
                }
            }
        }
    }
}

/// A column is no row, although its last axis, of one element, has stride 1.
@Test(arguments: instructionSets) func columnsAreNotRows(_ isa: String) throws {
    var graph = Graph()
    let x = graph.input("x", ValueType([5, 2]))
    graph.output("y", try graph.glu(x, axis: 1))
    var random = SeededGenerator(1)
    let input = Array64.random([5, 2], &random)
    let found = try Runner(graph, .fixed(length: 0), isa: isa).run([input], length: 0)[0]
    expectClose(found, Array64([5, 1]) { input[[$0[0], 0]] / (1 + exp(-input[[$0[0], 1]])) }, isa)
}
