import Foundation
import Testing

@testable import Ossicle

/// PyTorch's results for 82 layer configurations, computed in float64 (tests/data/goldens).
struct Golden: CustomStringConvertible, Sendable {
    let name: String
    let module: String
    let arguments: String
    let absolute: Double
    let relative: Double

    var description: String { name }

    static let all: [Golden] = {
        let url = TestData.folder.appendingPathComponent("goldens/cases/index.json")
        let root = try! JSONSerialization.jsonObject(with: Data(contentsOf: url)) as! [String: Any]
        return (root["cases"] as! [String: [String: Any]]).sorted { $0.key < $1.key }.map { name, entry in
            let arguments = try! JSONSerialization.data(withJSONObject: entry["args"]!)
            return Golden(
                name: name, module: entry["module"] as! String,
                arguments: String(decoding: arguments, as: UTF8.self),
                absolute: entry["atol"] as! Double, relative: entry["rtol"] as! Double)
        }
    }()

    func file() throws -> SafeTensors {
        try SafeTensors(
            path: TestData.folder.appendingPathComponent("goldens/cases/\(name).safetensors").path)
    }

    func model(_ file: SafeTensors) throws -> Model {
        let sequential = Sequential()
        try sequential.add(try LayerRegistry.make(module, arguments))
        let given = ["input", "output", "h0", "c0", "hn", "cn"]
        for entry in file.entries where !given.contains(entry.name) {
            sequential.setWeight(entry.name, try file.tensor(entry.name))
        }
        return try sequential.build()
    }

    func expectEqual(_ found: [Float], _ expected: [Float], _ what: String) {
        #expect(found.count == expected.count)
        var worst = 0.0
        for (a, b) in zip(found, expected) {
            let error = abs(Double(a) - Double(b)) / (absolute + relative * abs(Double(b)))
            worst = error.isNaN ? .infinity : max(worst, error)
        }
        #expect(worst <= 1, "\(name) \(what): \(worst) times the tolerance")
    }
}

@Test(arguments: Golden.all) func golden(_ golden: Golden) throws {
    let file = try golden.file()
    let model = try golden.model(file)
    let x = try file.tensor("input")
    let session = try model.session([x.shape])
    var inputs = [x]
    for name in ["h0", "c0"] where file.entries.contains(where: { $0.name == name }) {
        inputs.append(try file.tensor(name))
    }
    let outputs = try session.run(inputs)
    golden.expectEqual(outputs[0].floats(), try file.tensor("output").floats(), "output")
    for (i, name) in ["hn", "cn"].enumerated() where file.entries.contains(where: { $0.name == name }) {
        golden.expectEqual(outputs[i + 1].floats(), try file.tensor(name).floats(), name)
    }
}

/// The check above must be able to fail.
@Test func goldenComparisonSeesOneWrongWeight() throws {
    let golden = Golden.all.first { $0.name == "conv1d_2" }!
    let file = try golden.file()
    let sequential = Sequential()
    try sequential.add(try LayerRegistry.make(golden.module, golden.arguments))
    var weight = try file.tensor("weight").floats()
    weight[17] += 0.01
    sequential.setWeight("weight", try Tensor(weight, shape: try file.tensor("weight").shape))
    sequential.setWeight("bias", try file.tensor("bias"))
    let x = try file.tensor("input")
    let y = try sequential.build().session([x.shape]).run([x])[0].floats()
    let expected = try file.tensor("output").floats()
    let worst = zip(y, expected).map { abs($0 - $1) }.max()!
    #expect(worst > 1e-3)
}
