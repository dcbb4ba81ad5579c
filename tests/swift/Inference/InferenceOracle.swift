import Testing

@testable import Ossicle

/// What another program computed for a model: `NAME.oracle.safetensors` beside it.
struct InferenceOracle: Sendable, CustomTestStringConvertible {
    /// Path under tests/data/coreml, without an ending.
    let model: String
    /// Largest absolute difference allowed.
    let tolerance: Float

    var testDescription: String { model }

    struct Run: Sendable {
        var function: String?
        var inputs: [String: Tensor] = [:]
        var outputs: [String: Tensor] = [:]
    }

    /// The runs, in order. Those of one sequence (`stepN/`) share states; `caseN/` and `FUNCTION/` stand alone.
    func runs() throws -> (runs: [Run], isSequence: Bool) {
        let file = try SafeTensors(path: CoreMLTestData.path(model + ".oracle.safetensors"))
        var groups: [String: Run] = [:]
        for entry in file.entries {
            let parts = entry.name.split(separator: "/", omittingEmptySubsequences: false)
            let group = parts.count == 3 ? String(parts[0]) : ""
            let isCounted = group.isEmpty || group.hasPrefix("step") || group.hasPrefix("case")
            groups[group, default: Run(function: isCounted ? nil : group)].add(
                entry.name, side: parts[parts.count - 2], name: String(parts[parts.count - 1]),
                try file.tensor(entry.name))
        }
        let order = groups.keys.sorted { Self.number($0) < Self.number($1) }
        return (order.map { groups[$0]! }, order[0].hasPrefix("step"))
    }

    private static func number(_ group: String) -> Int { Int(group.drop { !$0.isNumber }) ?? 0 }

    /// Largest difference over all runs and outputs, of the package or of the bundle.
    func worst(_ ending: String, engine: BNNSInference.Engine = .ossicle) throws -> Float {
        let path = CoreMLTestData.path(model + ending)
        let (runs, isSequence) = try runs()
        var worst: Float = 0
        var loaded: (function: String?, model: BNNSInference)?
        for run in runs {
            if loaded == nil || loaded!.function != run.function {
                loaded = (
                    run.function, try BNNSInference(modelPath: path, function: run.function, engine: engine)
                )
            }
            let inference = loaded!.model
            if !isSequence { inference.resetState() }
            let results = try inference.predict(run.inputs)
            #expect(Set(results.keys) == Set(run.outputs.keys))
            for (name, expected) in run.outputs {
                let found = try #require(results[name], "output \(name)")
                #expect(found.shape == expected.shape, "\(name)")
                for (a, b) in zip(found.floats(), expected.floats()) { worst = max(worst, abs(a - b)) }
                #expect(!found.floats().contains { $0.isNaN }, "\(name) has NaN")
            }
        }
        return worst
    }
}

extension InferenceOracle.Run {
    mutating func add(_ key: String, side: Substring, name: String, _ tensor: Tensor) {
        if side == "in" { inputs[name] = tensor } else { outputs[name] = tensor }
    }
}
