import Foundation
import Testing

@testable import Ossicle

@Suite struct CoreMLCompileTests {
    static func read(_ path: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(fileURLWithPath: path)))
    }

    static func identity(of bundle: String) throws -> CoreMLCompiler.Identity {
        let info = try #require(CoreMLModel(path: bundle).program?.attributes["buildInfo"])
        return CoreMLCompiler.Identity(
            component: try #require(info["coremlc-component-MIL"]?.string),
            version: try #require(info["coremlc-version"]?.string))
    }

    @Test(arguments: CoreMLTestData.pairs) func theBundleIsTheCompilersOwn(_ pair: String) throws {
        let package = CoreMLTestData.path(pair + ".mlpackage")
        let reference = CoreMLTestData.path(pair + ".mlmodelc")
        let folder = try TemporaryFolder()
        // The package's name decides the class name, so the bundle's own name may be any.
        let bundle = folder.path + "/out.mlmodelc"
        try CoreMLCompiler.compile(package: package, to: bundle, identity: Self.identity(of: reference))
        for file in ["model.mil", "analytics/coremldata.bin", "weights/weight.bin"] {
            guard FileManager.default.fileExists(atPath: reference + "/" + file) else {
                #expect(!FileManager.default.fileExists(atPath: bundle + "/" + file))
                continue
            }
            #expect(try Self.read(bundle + "/" + file) == Self.read(reference + "/" + file), "\(file)")
        }
        // Entries of maps have no order in Protocol Buffers: equal length, equal meaning.
        let (a, b) = (try Self.read(bundle + "/coremldata.bin"), try Self.read(reference + "/coremldata.bin"))
        #expect(a.count == b.count && a.sorted() == b.sorted())
        #expect(a.prefix(75) == b.prefix(75) && a.suffix(16) == b.suffix(16))
        let (x, y) = (try CoreMLBundleData(.copy(a)), try CoreMLBundleData(.copy(b)))
        #expect(
            x.description == y.description && x.kind == y.kind
                && x.specificationVersion == y.specificationVersion)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["out.mlmodelc"])
        // What was written can be read: the same program and weights.
        #expect(try CoreMLModel(path: bundle).program == CoreMLModel(path: reference).program)
    }

    @Test func aWeightFileOutsideIsRefusedWithTheModelsPath() throws {
        let source = CoreMLTestData.specification("real/silero_vad_v6/unified_int8.mlpackage")
        let (inside, outside) = (Array("_path/weights".utf8), Array("_path/../ghts".utf8))
        var bytes = try Self.read(source)
        for i in 0..<(bytes.count - inside.count) where bytes[i..<(i + inside.count)].elementsEqual(inside) {
            bytes.replaceSubrange(i..<(i + inside.count), with: outside)
        }
        let folder = try TemporaryFolder()
        try folder.write(bytes, "m.mlmodel")
        let path = folder.path + "/m.mlmodel"
        expectError(.malformed, "\(path): weight file \"@model_path/../ghts/") {
            try CoreMLCompiler.compile(package: path, to: folder.path + "/m.mlmodelc")
        }
    }

    /// Only bundles of Apple's compiler; the others were written by our own rules.
    @Test(arguments: CoreMLTestData.pairs.filter { $0.hasPrefix("real/") })
    func metadataSaysWhatTheCompilersDoes(_ pair: String) throws {
        let folder = try TemporaryFolder()
        try CoreMLCompiler.compile(
            package: CoreMLTestData.path(pair + ".mlpackage"), to: folder.path + "/m.mlmodelc")
        func load(_ path: String) throws -> NSArray {
            try #require(
                JSONSerialization.jsonObject(with: Data(Self.read(path + "/metadata.json"))) as? NSArray)
        }
        let ours = try load(folder.path + "/m.mlmodelc")
        #expect(ours == (try load(CoreMLTestData.path(pair + ".mlmodelc"))))
    }

    @Test func textsOfAppleAreReprinted() throws {
        for name in CoreMLTestData.models(".mil") where name.hasPrefix("real/") {
            var text = try Self.read(CoreMLTestData.path(name))
            // One file got a newline at its end in the repository it comes from.
            if text.last == UInt8(ascii: "\n") { text.removeLast() }
            let program = try text.withUnsafeBytes { try MILParser.parse($0, name: name) }
            #expect(try MILPrinter.print(program) == text, "\(name)")
        }
    }

    @Test func hexadecimalFloats() {
        let cases: [(Double, String)] = [
            (0, "0x0p+0"), (-0.0, "-0x0p+0"), (1, "0x1p+0"), (-2, "-0x1p+1"), (0.5, "0x1p-1"),
            (-.infinity, "-inf"),
            (0x1.dfp-5, "0x1.dfp-5"), (0x1.00000ep+20, "0x1.00000ep+20"),
            (.leastNonzeroMagnitude, "0x1p-1074"),
            (1.0 / 3, "0x1.5555555555555p-2"),
        ]
        for (value, text) in cases { #expect(MILPrinter.hexadecimal(value) == text) }
    }

    /// FIPS 180-4 examples and a million letters, and RFC 4648's.
    @Test func hashes() {
        func hex(_ text: [UInt8]) -> String {
            text.withUnsafeBytes { SHA256.hash($0) }.map { String(format: "%02x", $0) }.joined()
        }
        #expect(hex([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(hex(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            hex(Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8))
                == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
        #expect(
            hex([UInt8](repeating: 0x61, count: 1_000_000))
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
        // Around the block border, where padding needs a block of its own.
        #expect(
            hex([UInt8](repeating: 0x61, count: 64))
                == "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb")
        for (plain, coded) in [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy"),
        ] {
            #expect(SHA256.base64(Array(plain.utf8)) == coded)
        }
    }

    @Test func whatHasNoKnownSpellingIsRefused() throws {
        let folder = try TemporaryFolder()
        for (name, text) in [
            ("generated/control_flow_fp32.mlpackage", "nested blocks"),
            ("generated/gru_uni_1layer_fp32.mlpackage", "while_loop"),
            ("generated/enumerated_shapes_fp32.mlpackage", "enumerated shapes"),
            ("real/espresso_cardscan/FourRecognize.mlmodel", "only ML Programs"),
        ] {
            expectError(.unsupported, text) {
                try CoreMLCompiler.compile(
                    package: CoreMLTestData.path(name), to: folder.path + "/x.mlmodelc")
            }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test func anExistingDestinationIsRefusedOrReplaced() throws {
        let folder = try TemporaryFolder()
        let package = CoreMLTestData.path("generated/linear_fp32.mlpackage")
        let bundle = folder.path + "/m.mlmodelc"
        try CoreMLCompiler.compile(package: package, to: bundle)
        try folder.write([1], "m.mlmodelc/old")
        expectError(.invalidArgument, "exists") { try CoreMLCompiler.compile(package: package, to: bundle) }
        #expect(FileManager.default.fileExists(atPath: bundle + "/old"))
        try CoreMLCompiler.compile(package: package, to: bundle + "/", existing: .replace)
        #expect(!FileManager.default.fileExists(atPath: bundle + "/old"))
        #expect(try CoreMLModel(path: bundle).program != nil)
        // A directory that is no model is someone's work.
        try folder.write([1], "work/thesis.txt")
        expectError(.invalidArgument, "no compiled model") {
            try CoreMLCompiler.compile(package: package, to: folder.path + "/work", existing: .replace)
        }
        #expect(FileManager.default.fileExists(atPath: folder.path + "/work/thesis.txt"))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == [
                "m.mlmodelc", "work",
            ])
    }

    /// Failures late in the writing: the weight file's name collides with one of the bundle's own.
    @Test func failureLeavesNothingBehind() throws {
        let folder = try TemporaryFolder()
        let source = CoreMLTestData.path("generated/linear_fp32.mlpackage")
        try FileManager.default.copyItem(atPath: source, toPath: folder.path + "/m.mlpackage")
        let specification = folder.path + "/m.mlpackage/Data/com.apple.CoreML/model.mlmodel"
        var bytes = try Self.read(specification)
        let (old, new) = (
            Array("@model_path/weights/weight.bin".utf8), Array("@model_path/model.mil/weight.b".utf8)
        )
        var changed = 0
        for start in bytes.indices.dropLast(old.count) where Array(bytes[start..<(start + old.count)]) == old
        {
            bytes.replaceSubrange(start..<(start + old.count), with: new)
            changed += 1
        }
        #expect(changed > 0)
        try Data(bytes).write(to: URL(fileURLWithPath: specification))
        try FileManager.default.createDirectory(
            atPath: folder.path + "/m.mlpackage/Data/com.apple.CoreML/model.mil",
            withIntermediateDirectories: true)
        try FileManager.default.copyItem(
            atPath: source + "/Data/com.apple.CoreML/weights/weight.bin",
            toPath: folder.path + "/m.mlpackage/Data/com.apple.CoreML/model.mil/weight.b")
        expectError(.io, "model.mil") {
            try CoreMLCompiler.compile(package: folder.path + "/m.mlpackage", to: folder.path + "/m.mlmodelc")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["m.mlpackage"])
        // A weight file cut short is found before anything is written.
        try FileManager.default.removeItem(atPath: folder.path + "/m.mlpackage")
        try FileManager.default.copyItem(atPath: source, toPath: folder.path + "/m.mlpackage")
        let weights = folder.path + "/m.mlpackage/Data/com.apple.CoreML/weights/weight.bin"
        try Data(Self.read(weights).prefix(300)).write(to: URL(fileURLWithPath: weights))
        expectError(.malformed, "outside the file") {
            try CoreMLCompiler.compile(package: folder.path + "/m.mlpackage", to: folder.path + "/m.mlmodelc")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["m.mlpackage"])
        expectError(.io, "no/such/place") {
            try CoreMLCompiler.compile(package: source, to: folder.path + "/no/such/place/m.mlmodelc")
        }
    }
}
