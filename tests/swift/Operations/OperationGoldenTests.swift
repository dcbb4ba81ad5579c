import Foundation
import Testing

@testable import Ossicle

/// PyTorch's results against graphs of one operation, on every instruction set.
@Suite struct OperationGoldenTests {
    static let cases: [Golden] = Golden.all.filter { operations[$0.module] != nil }

    typealias Builder = @Sendable (inout Graph, ValueID, [String: ValueID], [String: Any]) throws -> ValueID

    static let operations: [String: Builder] = [
        "BatchNorm1d": { g, x, w, a in
            try g.add(
                BatchNormalization(axis: 1),
                [x] + ["running_mean", "running_var", "weight", "bias"].map { w[$0]! })[0]
        },
        "LayerNorm": { g, x, w, a in
            let rank = g.type(of: x).rank, count = (a["normalized_shape"] as! [Int]).count
            return try g.add(LayerNormalization(axes: (rank - count)..<rank), [x, w["weight"]!, w["bias"]!])[
                0]
        },
        "RMSNorm": { g, x, w, a in
            let rank = g.type(of: x).rank, count = (a["normalized_shape"] as! [Int]).count
            return try g.add(
                LayerNormalization(
                    axes: (rank - count)..<rank, epsilon: LayerNormalization.defaultRMSEpsilon,
                    isCentred: false,
                    hasBias: false), [x, w["weight"]!])[0]
        },
        "GroupNorm": { g, x, w, a in
            try g.add(
                GroupNormalization(axis: 1, groups: a["num_groups"] as! Int), [x, w["weight"]!, w["bias"]!])[
                    0]
        },
        "InstanceNorm1d": { g, x, w, a in
            try g.add(
                GroupNormalization(axis: 1, groups: a["num_features"] as! Int), [x, w["weight"]!, w["bias"]!])[
                    0]
        },
        "Softmax": { g, x, _, a in try g.apply(Softmax(axis: a["dim"] as! Int), x) },
        "LogSoftmax": { g, x, _, a in try g.apply(Softmax(axis: a["dim"] as! Int, isLogarithm: true), x) },
        "GLU": { g, x, _, a in try g.glu(x, axis: a["dim"] as! Int) },
        "PReLU": { g, x, w, _ in try g.prelu(x, weight: w["weight"]!, axis: 1) },
        "MaxPool1d": { g, x, _, a in
            let pad = a["padding"] as! Int
            return try g.apply(
                Pool(
                    .max, kernel: [a["kernel_size"] as! Int],
                    axes: [ConvolutionAxis(stride: a["stride"] as! Int, padBegin: pad, padEnd: pad)]), x)
        },
        "AvgPool1d": { g, x, _, a in
            try g.apply(
                Pool(
                    .average, kernel: [a["kernel_size"] as! Int],
                    axes: [ConvolutionAxis(stride: a["stride"] as! Int)]), x)
        },
        "AdaptiveAvgPool1d": { g, x, _, a in
            try g.apply(AdaptivePool(.average, sizes: [(a["output_size"] as! Int)]), x)
        },
        "Upsample": { g, x, _, a in
            let mode: Resize.Mode = a["mode"] as! String == "nearest" ? .nearest : .linear
            return try g.apply(
                Resize(mode, axes: [2], targets: [.factor(Double(a["scale_factor"] as! Int))]), x)
        },
    ]

    @Test func allAreThere() { #expect(Self.cases.count == 17) }

    @Test(arguments: cases) func matchesPyTorch(_ golden: Golden) throws {
        let file = try golden.file()
        let arguments = try JSONSerialization.jsonObject(with: Data(golden.arguments.utf8)) as! [String: Any]
        let x = Array64(try file.tensor("input"))
        var graph = Graph()
        let input = graph.input("x", ValueType(x.shape.map { .fixed($0) }))
        var weights: [String: ValueID] = [:]
        for entry in file.entries where !["input", "output"].contains(entry.name) {
            weights[entry.name] = graph.constant(entry.name, try file.tensor(entry.name))
        }
        graph.output("y", try Self.operations[golden.module]!(&graph, input, weights, arguments))
        for isa in instructionSets {
            let y = try Runner(graph, .fixed(length: 0), isa: isa).run([x], length: 0)[0]
            expectClose(y, Array64(try file.tensor("output")), "\(golden) \(isa)")
        }
    }
}
