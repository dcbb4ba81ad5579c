import Foundation
import Testing

@testable import Ossicle

/// Text of a shader file, from the sources.
private func shaderText(_ name: String) throws -> String {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    let path = root.appendingPathComponent("Sources/Ossicle/Backends/Metal/Shaders").appendingPathComponent(
        name)
    return try String(contentsOf: path, encoding: .utf8)
}

/// The integer constant `name` of a shader file.
private func constant(_ name: String, in file: String) throws -> Int {
    let pattern = try Regex("constant uint \(name) = ([0-9]+);", as: (Substring, Substring).self)
    let match = try #require(try shaderText(file).firstMatch(of: pattern), "no constant \(name) in \(file)")
    return try #require(Int(match.1))
}

@Suite struct Conv1DShaderTests {
    @Test(arguments: [
        (1, 128, Conv1DShader.forward), (1, 129, .vec4), (16, 129, .vec4), (16, 128, .forward),
        (17, 1, .tiled), (17, 4096, .tiled), (128, 4096, .tiled), (129, 4096, .forward), (129, 10, .forward),
    ])
    func theRule(kernelSize: Int, outputLength: Int, expected: Conv1DShader) throws {
        #expect(try Conv1DShader.choose(kernelSize: kernelSize, outputLength: outputLength) == expected)
    }

    @Test func theWindowMustFit() throws {
        // 127 · stride + (k - 1) · dilation + 1 samples, 2048 at most.
        #expect(try Conv1DShader.choose(kernelSize: 33, outputLength: 999, stride: 1, dilation: 60) == .tiled)
        #expect(Conv1DShader.window(kernelSize: 33, stride: 1, dilation: 60) == 2048)
        #expect(
            try Conv1DShader.choose(kernelSize: 33, outputLength: 999, stride: 1, dilation: 61) == .forward)
        #expect(try Conv1DShader.choose(kernelSize: 17, outputLength: 999, stride: 17) == .forward)
        #expect(
            try Conv1DShader.choose(kernelSize: 17, outputLength: 999, stride: .max, dilation: .max)
                == .forward)
        #expect(
            try Conv1DShader.choose(kernelSize: 17, outputLength: 9, threadgroupMemory: 10239) == .forward)
        #expect(try Conv1DShader.choose(kernelSize: 17, outputLength: 9, threadgroupMemory: 10240) == .tiled)
    }

    @Test func oneCanBeForced() throws {
        #expect(try Conv1DShader.choose(kernelSize: 3, outputLength: 999, forced: .tiled) == .tiled)
        #expect(try Conv1DShader.choose(kernelSize: 200, outputLength: 9, forced: .vec4) == .vec4)
        #expect(throws: OssicleError.self) {
            try Conv1DShader.choose(kernelSize: 129, outputLength: 999, forced: .tiled)
        }
        #expect(throws: OssicleError.self) {
            try Conv1DShader.choose(kernelSize: 3, outputLength: 999, dilation: 1000, forced: .tiled)
        }
    }

    @Test func constantsAreTheShaders() throws {
        #expect(try constant("MAX_KERNEL_SIZE", in: "conv1d.metal") == Conv1DShader.maxKernelSize)
        #expect(try constant("TILE_LENGTH", in: "conv1d.metal") == Conv1DShader.tileLength)
        #expect(try constant("TILE_THREADS", in: "conv1d.metal") == Conv1DShader.tileThreads)
        #expect(try constant("MAX_WINDOW", in: "conv1d.metal") == Conv1DShader.maxWindow)
        #expect(try constant("CHANNEL_BLOCK", in: "ossicle_metal.h") == Conv1DShader.channelBlock)
    }

    @Test func everyKernelIsNamed() throws {
        let text = try ["conv1d.metal", "conv_transpose1d.metal", "elementwise.metal"].map(shaderText)
            .joined()
        let found = text.matches(of: /kernel void (\w+)\(/).map { String($0.1) }
        let named =
            Conv1DShader.allCases.map(\.rawValue) + ConvTranspose1DShader.allCases.map(\.rawValue)
            + ElementwiseShader.allCases.map(\.rawValue)
        #expect(Set(found) == Set(named))
        #expect(found.count == named.count)
    }

    /// The Swift structure has the C structure's fields, in order, without padding.
    private func compare<T>(_ value: T, _ name: String) throws {
        let text = try shaderText("ossicle_metal.h")
        let body = try #require(
            text.firstMatch(of: Regex("(?s)struct \(name) \\{(.*?)\\n\\};", as: (Substring, Substring).self)))
        let declared = body.1.matches(of: /(uint|float) (\w+);/).map { "\($0.1) \($0.2)" }
        let names = ["UInt32": "uint", "Float": "float"]
        let mirrored = Mirror(reflecting: value).children.map {
            "\(names["\(type(of: $0.value))"] ?? "?") \($0.label ?? "?")"
        }
        #expect(mirrored == declared)
        #expect(!declared.isEmpty)
        #expect(MemoryLayout<T>.size == 4 * declared.count)
    }

    @Test func parametersHaveTheShadersLayout() throws {
        try compare(ConvParams(), "ConvParams")
        try compare(ElementwiseParams(), "ElementwiseParams")
        #expect(MemoryLayout<ConvParams>.offset(of: \.beta) == 64)
        #expect(MemoryLayout<ElementwiseParams>.offset(of: \.beta) == 28)
        let text = try shaderText("ossicle_metal.h")
        #expect(text.contains("ConvHasBias = \(ConvFlags.hasBias),"))
        #expect(text.contains("ConvResidualBefore = \(ConvFlags.residualBefore),"))
        #expect(text.contains("ConvResidualAfter = \(ConvFlags.residualAfter) "))
    }
}

@Suite struct MetalConvolutionGeometryTests {
    @Test func lengthsArePyTorchs() throws {
        let plain = MetalConvolution(
            inChannels: 1, outChannels: 1, kernelSize: 3,
            axis: ConvolutionAxis(stride: 2, dilation: 2, padBegin: 1, padEnd: 1))
        #expect(try plain.outputLength(10) == 4)
        #expect(try plain.outputLength(3) == 1)
        #expect(throws: OssicleError.self) { try plain.outputLength(2) }
        let up = MetalConvolution(
            inChannels: 1, outChannels: 1, kernelSize: 4,
            axis: ConvolutionAxis(stride: 3, padBegin: 1, padEnd: 1),
            isTransposed: true, outputPadding: 1)
        #expect(try up.outputLength(10) == 30)
        #expect(throws: OssicleError.self) { try up.outputLength(0) }
    }

    @Test func tapStepIsTheReducedStride() throws {
        let up = MetalConvolution(
            inChannels: 1, outChannels: 1, kernelSize: 5, axis: ConvolutionAxis(stride: 4, dilation: 6),
            isTransposed: true)
        #expect(try up.parameters(length: 5, hasBias: true, residual: .afterActivation).tapStep == 2)
        #expect(try up.parameters(length: 5, hasBias: true, residual: .afterActivation).flags == 5)
    }

    @Test func valuesOutOfRangeAreErrors() {
        var bad = MetalConvolution(inChannels: 4, outChannels: 6, kernelSize: 3, groups: 4)
        #expect(throws: OssicleError.self) { try bad.validate() }
        bad.groups = 2
        #expect(throws: Never.self) { try bad.validate() }
        bad.axis.stride = 0
        #expect(throws: OssicleError.self) { try bad.validate() }
        bad.axis = ConvolutionAxis(dilation: 1 << 40)
        #expect(throws: OssicleError.self) { try bad.validate() }
        bad.axis = ConvolutionAxis(padBegin: -1)
        #expect(throws: OssicleError.self) { try bad.validate() }
        bad.axis = ConvolutionAxis(dilation: 1 << 27)
        #expect(throws: OssicleError.self) { try bad.validate() }
        bad.axis = ConvolutionAxis()
        bad.outChannels = 1 << 27
        #expect(throws: OssicleError.self) { try bad.validate() }
    }

    @Test func graphOperationsBecomeConvolutions() throws {
        let axis = ConvolutionAxis(stride: 2, dilation: 3, padBegin: 4, padEnd: 5)
        var plain = Convolution(axes: [axis], groups: 2, hasBias: true)
        plain.activation = .tanh
        let c = try #require(MetalConvolution(plain, weight: [6, 2, 5]))
        #expect(
            c
                == MetalConvolution(
                    inChannels: 4, outChannels: 6, kernelSize: 5, axis: axis, groups: 2, activation: .tanh))
        #expect(c.weightShape == [6, 2, 5])
        plain.gate = .sigmoid
        #expect(MetalConvolution(plain, weight: [6, 2, 5]) == nil)
        plain.gate = nil
        plain.padding = .reflect
        #expect(MetalConvolution(plain, weight: [6, 2, 5]) == nil)
        plain.padding = .zeros
        #expect(MetalConvolution(plain, weight: [5, 2, 5]) == nil)  // five channels in two groups
        plain.sources[0][0].past = 12
        #expect(MetalConvolution(plain, weight: [6, 2, 5]) == nil)
        let flat = Convolution(axes: [axis, axis], hasBias: false)
        #expect(MetalConvolution(flat, weight: [6, 2, 5, 5]) == nil)

        let up = TransposedConvolution(axis: axis, outputPadding: 1, groups: 2, hasBias: true)
        let t = try #require(MetalConvolution(up, weight: [4, 3, 5]))
        #expect(t.isTransposed && t.outChannels == 6 && t.outputPadding == 1)
        #expect(t.weightShape == [4, 3, 5])
    }

    /// Kinds that the shaders do not know are kept from them: their numbers would be taken for the identity.
    @Test func activationsAreTheShaders() throws {
        let text = try shaderText("ossicle_metal.h")
        let start = try #require(text.range(of: "enum Activation : uint {"))
        let end = try #require(text.range(of: "};", range: start.upperBound..<text.endIndex))
        var numbers: [String: Int32] = [:]
        var next: Int32 = 0
        for line in text[start.upperBound..<end.lowerBound].split(separator: "\n") {
            let words = line.split(whereSeparator: { " ,=".contains($0) })
            guard let name = words.first else { continue }
            if words.count > 1, let number = Int32(words[1]) { next = number }
            numbers[String(name)] = next
            next += 1
        }
        #expect(numbers["ActivationEnd"] == Activation.Kind.allCases.map(\.rawValue).max()! + 1)
        for kind in Activation.Kind.allCases {
            let name = "Activation\("\(kind)".prefix(1).uppercased())\("\(kind)".dropFirst())"
            let hasShader = text.contains("case \(name):") || kind == .identity
            #expect(Activation(kind).hasMetalForm == hasShader, "\(kind)")
            if hasShader { #expect(numbers[name] == kind.rawValue, "\(kind)") }
        }
        #expect(!Activation(.log, alpha: 1).hasMetalForm)
    }
}
