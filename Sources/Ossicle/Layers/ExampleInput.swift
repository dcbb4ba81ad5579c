/// An input shape that a chain of layers takes, with the shape after each layer.
///
/// A model is planned for it until a call brings another. The first layer often takes any rank, the channels may only
/// be told by a later layer, and behind a `Flatten` the length is told too. So shapes are tried, the plainest first.
struct ExampleInput {
    var shape: [Dim]
    var outputs: [[Dim]]

    /// The plainest that fits; nil when none of those tried does.
    init?(for layers: [any Layer]) {
        // By far the most end here.
        if let fit = Self.fit(layers[0].inputShape ?? [.dynamic], layers) {
            self = fit
            return
        }
        let plain = Self.candidates(layers)
        // Some layers need to know the length; any will do, and this one divides by many numbers.
        let known = plain.map { $0.map { $0.isFixed ? $0 : .fixed(240) } }
        guard let fit = (plain + known).lazy.compactMap({ Self.fit($0, layers) }).first else { return nil }
        self = fit
    }

    private init(_ shape: [Dim], _ outputs: [[Dim]]) {
        self.shape = shape
        self.outputs = outputs
    }

    /// What the first layer expects, alone and in a batch of one; then signals, batches and features of up to the
    /// highest rank, with the extents that any layer names, or a power of two of them where `GLU`s halve.
    private static func candidates(_ layers: [any Layer]) -> [[Dim]] {
        var named: [Int] = []
        for layer in layers {
            for case let extent? in (layer.inputShape ?? []).map(\.fixedValue) where !named.contains(extent) {
                named.append(extent)
            }
        }
        named = Array(named.prefix(8))
        let extents = [1, 2, 4, 8, 16] + [1, 2, 4].flatMap { factor in named.map { factor * $0 } }
        let own = layers[0].inputShape
        var shapes: [[Dim]] = own.map { [$0, [1] + $0] } ?? [[.dynamic]]
        shapes += extents.map { [1, .fixed($0), .dynamic] }
        shapes += extents.flatMap { [[.fixed($0), .dynamic], [.dynamic, .fixed($0)]] }
        shapes += extents.map { [1, .dynamic, .fixed($0)] }
        for rank in 4...Graph.maxRank {
            let batch = [Dim](repeating: 1, count: rank - 2)
            shapes += extents.flatMap { [batch + [.fixed($0), .dynamic], batch + [.dynamic, .fixed($0)]] }
        }
        return shapes
    }

    private static func fit(_ input: [Dim], _ layers: [any Layer]) -> ExampleInput? {
        var outputs: [[Dim]] = []
        for layer in layers {
            let shape = outputs.last ?? input
            if let output = try? layer.outputShape(for: shape) {
                outputs.append(output)
            } else if let length = length(that: shape, fits: layer) {
                return fit(input.map { .fixed($0.evaluate(length)) }, layers)
            } else {
                return nil
            }
        }
        return ExampleInput(input, outputs)
    }

    /// The dynamic length for which an extent becomes the one the layer asks for.
    private static func length(that shape: [Dim], fits layer: any Layer) -> Int? {
        for (found, expected) in zip(shape.reversed(), (layer.inputShape ?? []).reversed()) {
            guard !found.isFixed, let extent = expected.fixedValue else { continue }
            var (low, high) = (1, 1 << 24)
            while low < high {
                let middle = (low + high) / 2
                if found.evaluate(middle) < extent { low = middle + 1 } else { high = middle }
            }
            return found.evaluate(low) == extent ? low : nil
        }
        return nil
    }
}
