import COssicle
import Ossicle

/// An opened Core ML file behind an `ossicle_coreml` handle.
private final class CoreMLFile {
    let loader: CoreMLWeightLoader

    init(_ loader: CoreMLWeightLoader) { self.loader = loader }

    /// The loader with the caller's way of hearing warnings.
    func loader(_ options: UnsafePointer<ossicle_load_options>?) -> CoreMLWeightLoader {
        var loader = loader
        loader.options = loadOptions(options)
        return loader
    }

    func load(
        _ name: String, _ shape: UnsafePointer<ossicle_shape>?,
        _ options: UnsafePointer<ossicle_load_options>?
    ) throws -> Tensor {
        let loader = loader(options)
        guard let shape else { return try loader.loadWeights(name: name) }
        return try loader.loadWeights(name: name, expectedShape: extents(shape.pointee))
    }
}

private func file(_ handle: OpaquePointer?) throws -> CoreMLFile {
    try object(handle, OK_HANDLE_COREML, as: CoreMLFile.self)
}

@c(ossicle_coreml_open) @implementation
public func ossicle_coreml_open(
    _ path: UnsafePointer<CChar>!, _ function: UnsafePointer<CChar>!,
    _ coreml: UnsafeMutablePointer<OpaquePointer?>!
) -> Int32 {
    status(on: nil) {
        let out = try require(coreml, "coreml")
        let loader = try CoreMLWeightLoader(
            path: text(path, "path"), function: function.map { String(cString: $0) })
        out.pointee = try makeHandle(OK_HANDLE_COREML, CoreMLFile(loader))
    }
}

@c(ossicle_coreml_destroy) @implementation
public func ossicle_coreml_destroy(_ coreml: OpaquePointer!) -> Int32 {
    destroyHandle(coreml, OK_HANDLE_COREML, CoreMLFile.self)
}

@c(ossicle_coreml_description) @implementation
public func ossicle_coreml_description(
    _ handle: OpaquePointer!, _ buffer: UnsafeMutablePointer<CChar>!, _ capacity: Int
) -> Int {
    (try? file(handle)).map { copyText($0.loader.model.describe(), buffer, capacity) } ?? 0
}

// MARK: Weights

@c(ossicle_coreml_weight_count) @implementation
public func ossicle_coreml_weight_count(_ handle: OpaquePointer!) -> Int32 {
    Int32((try? file(handle))?.loader.availableWeights.count ?? 0)
}

@c(ossicle_coreml_weight_info) @implementation
public func ossicle_coreml_weight_info(
    _ handle: OpaquePointer!, _ index: Int32, _ out: UnsafeMutablePointer<ossicle_coreml_weight>!
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let weight = try element(file(handle).loader.availableWeights, index, "weight")
        var value = ossicle_coreml_weight()
        value.rank = Int32(weight.shape.count)
        try fillShape(&value.shape, weight.shape, weight.name)
        value.byte_count = Int64(weight.byteCount)
        value.offset = Int64(weight.offset ?? -1)
        try fill(out, value, size: \.struct_size, "weight")
    }
}

@c(ossicle_coreml_weight_text) @implementation
public func ossicle_coreml_weight_text(
    _ handle: OpaquePointer!, _ index: Int32, _ kind: Int32, _ buffer: UnsafeMutablePointer<CChar>!,
    _ capacity: Int
) -> Int {
    guard let weights = try? file(handle).loader.availableWeights, weights.indices.contains(Int(index))
    else { return 0 }
    let weight = weights[Int(index)]
    let text: String? =
        switch kind {
        case 0: weight.name
        case 1: weight.dataType.dtypeName
        case 2: weight.file
        case 3: weight.compression ?? ""
        default: nil
        }
    return text.map { copyText($0, buffer, capacity) } ?? 0
}

@c(ossicle_coreml_weight_read) @implementation
public func ossicle_coreml_weight_read(
    _ handle: OpaquePointer!, _ name: UnsafePointer<CChar>!, _ shape: UnsafePointer<ossicle_shape>!,
    _ options: UnsafePointer<ossicle_load_options>!, _ data: UnsafeMutablePointer<Float>!, _ count: Int
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let name = try text(name, "name")
        let tensor = try file(handle).load(name, shape, options)
        guard tensor.count == count else {
            throw OssicleError(
                .shapeMismatch,
                "weight '\(name)' of shape \(tensor.shape) has \(tensor.count) elements, count is \(count)")
        }
        guard count > 0 else { return }
        UnsafeMutableRawPointer(try require(data, "data"))
            .copyMemory(from: tensor.bytes.baseAddress!, byteCount: tensor.byteCount)
    }
}

@c(ossicle_coreml_load_layer) @implementation
public func ossicle_coreml_load_layer(
    _ handle: OpaquePointer!, _ kind: Int32, _ name: UnsafePointer<CChar>!, _ layer: Int32, _ reverse: Int32,
    _ options: UnsafePointer<ossicle_load_options>!, _ tensors: UnsafeMutablePointer<OpaquePointer?>!
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let loader = try file(handle).loader(options)
        let out = try require(tensors, "tensors")
        let name = try text(name, "name")
        let (layer, reverse) = (Int(layer), reverse != 0)
        let ending = "_l\(layer)" + (reverse ? "_reverse" : "")
        func recurrent(_ ih: Tensor, _ hh: Tensor, _ biasIH: Tensor, _ biasHH: Tensor) -> [(String, Tensor)] {
            [
                ("weight_ih" + ending, ih), ("weight_hh" + ending, hh), ("bias_ih" + ending, biasIH),
                ("bias_hh" + ending, biasHH),
            ]
        }
        let found: [(String, Tensor)]
        switch kind {
        case 0:
            let weights = try loader.loadLinear(name: name)
            found = [("weight", weights.weight)] + (weights.bias.map { [("bias", $0)] } ?? [])
        case 1:
            let weights = try loader.loadConv1D(name: name)
            found = [("weight", weights.weight)] + (weights.bias.map { [("bias", $0)] } ?? [])
        case 2:
            let weights = try loader.loadLSTM(prefix: name, layer: layer, reverse: reverse)
            found = recurrent(weights.weightIH, weights.weightHH, weights.biasIH, weights.biasHH)
        case 3:
            let weights = try loader.loadGRU(prefix: name, layer: layer, reverse: reverse)
            found = recurrent(weights.weightIH, weights.weightHH, weights.biasIH, weights.biasHH)
        default: throw OssicleError(.invalidArgument, "kind is \(kind), allowed are 0…3")
        }
        out.pointee = try makeHandle(OK_HANDLE_TENSORS, TensorList(found.map { (name: $0.0, tensor: $0.1) }))
    }
}

@c(ossicle_coreml_load_weight) @implementation
public func ossicle_coreml_load_weight(
    _ handle: OpaquePointer!, _ name: UnsafePointer<CChar>!, _ shape: UnsafePointer<ossicle_shape>!,
    _ options: UnsafePointer<ossicle_load_options>!, _ tensors: UnsafeMutablePointer<OpaquePointer?>!
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let file = try file(handle)
        let out = try require(tensors, "tensors")
        let name = try text(name, "name")
        let weight = (name: name, tensor: try file.load(name, shape, options))
        out.pointee = try makeHandle(OK_HANDLE_TENSORS, TensorList([weight]))
    }
}

@c(ossicle_coreml_load_all) @implementation
public func ossicle_coreml_load_all(
    _ handle: OpaquePointer!, _ options: UnsafePointer<ossicle_load_options>!,
    _ tensors: UnsafeMutablePointer<OpaquePointer?>!
) -> Int32 {
    status(on: UnsafeRawPointer(handle)) {
        let loader = try file(handle).loader(options)
        let out = try require(tensors, "tensors")
        out.pointee = try makeHandle(OK_HANDLE_TENSORS, TensorList(loader.loadAll()))
    }
}

// MARK: Compiling

@c(ossicle_coreml_compile) @implementation
public func ossicle_coreml_compile(
    _ package: UnsafePointer<CChar>!, _ destination: UnsafePointer<CChar>!, _ replace: Int32
) -> Int32 {
    status(on: nil) {
        try CoreMLCompiler.compile(
            package: text(package, "package"), to: text(destination, "destination"),
            existing: replace != 0 ? .replace : .refuse)
    }
}
