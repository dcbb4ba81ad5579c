extension NAMReader {
    mutating func waveNet(_ config: JSON, sampleRate: Double?) throws -> NAMWaveNet {
        let inputs = try config.optional("in_channels")?.int(in: FileLimits.width) ?? 1
        var net = NAMWaveNet(inputs: inputs, arrays: [], headScale: 1)
        if let nested = try config.optional("condition_dsp") {
            let model = try NAMReader.model(nested, file: file, options: options)
            guard model.inputs == inputs, model.sampleRate == sampleRate else {
                throw nested.failure("expected the input channels and sample rate of the model around it")
            }
            net.condition = model
        }
        let list = try config.required("layers")
        for (i, json) in try list.elements(atMost: 256).enumerated() {
            let previous = net.arrays.last
            let spec = try NAMArraySpec(json, conditionSize: net.conditionSize)
            let expected = previous?.channels ?? inputs
            guard spec.inputs == expected else {
                throw json.failure("expected input_size \(expected), found \(spec.inputs)")
            }
            if let previous, previous.head.outputs != spec.accumulator {
                throw json.failure(
                    "expected a head of \(previous.head.outputs) channels to add to the previous array's, found "
                        + "\(spec.accumulator)")
            }
            net.arrays.append(try array(spec, json, name: "layers[\(i)]"))
        }
        guard let last = net.arrays.last else { throw list.failure("expected at least one layer array") }
        if let head = try config.optional("head") {
            net.postHead = try postHead(head, inputs: last.head.outputs)
        }
        // The weight outranks the number of the same name in the configuration.
        net.headScale = try weights.take(1, as: "head_scale")[0]
        return net
    }

    private mutating func array(
        _ spec: NAMArraySpec, _ json: JSON, name: String
    ) throws -> NAMWaveNet.LayerArray {
        let rechannel = try convolution("\(name).rechannel", spec.inputs, spec.channels, hasBias: false)
        var layers: [NAMWaveNet.Layer] = []
        for i in spec.dilations.indices {
            layers.append(try layer(spec, i, json, name: "\(name).layers[\(i)]"))
        }
        let head = try convolution(
            "\(name).head", spec.accumulator, spec.head.outputs, kernel: spec.head.kernel,
            dilation: spec.head.dilation, hasBias: spec.head.hasBias)
        return NAMWaveNet.LayerArray(
            rechannel: rechannel, layers: layers, head: head, channels: spec.channels)
    }

    private mutating func layer(
        _ spec: NAMArraySpec, _ i: Int, _ json: JSON, name: String
    ) throws -> NAMWaveNet.Layer {
        let gating = spec.gatings[i]
        let width = gating == .none ? spec.bottleneck : 2 * spec.bottleneck
        var layer = NAMWaveNet.Layer(
            convolution: try convolution(
                "\(name).conv", spec.channels, width, kernel: spec.kernels[i], dilation: spec.dilations[i],
                groups: spec.groups, hasBias: true),
            mix: try convolution(
                "\(name).input_mixin", spec.conditionSize, width, groups: spec.mixGroups, hasBias: false),
            activation: try activation(
                element(json.required("activation"), i, spec.dilations.count), channels: spec.bottleneck),
            gating: gating)
        if gating != .none {
            let json = try json.optional("secondary_activation").map {
                try element($0, i, spec.dilations.count)
            }
            layer.secondary =
                try json.map { try activation($0, channels: spec.bottleneck) } ?? .function(.sigmoid)
        }
        if let groups = spec.residualGroups {
            layer.residual = try convolution(
                "\(name).layer1x1", spec.bottleneck, spec.channels, groups: groups, hasBias: true)
        }
        if let skip = spec.skip {
            layer.skip = try convolution(
                "\(name).head1x1", spec.bottleneck, skip.outputs, groups: skip.groups, hasBias: true)
        }
        for site in NAMWaveNet.FilmSite.allCases {
            guard let film = spec.films[site] else { continue }
            let channels =
                switch site {
                case .convPre, .residualPost: spec.channels
                case .convPost, .mixPost, .activationPre: width
                case .mixPre: spec.conditionSize
                case .activationPost: spec.bottleneck
                case .skipPost: spec.skip?.outputs ?? 0
                }
            layer.films[site] = NAMWaveNet.Film(
                convolution: try convolution(
                    "\(name).\(site.rawValue)", spec.conditionSize, film.hasShift ? 2 * channels : channels,
                    groups: film.groups, hasBias: true),
                channels: channels, hasShift: film.hasShift)
        }
        return layer
    }

    private mutating func postHead(_ json: JSON, inputs: Int) throws -> NAMWaveNet.PostHead {
        if let stated = try json.optional("in_channels")?.int(in: FileLimits.width), stated != inputs {
            throw json.failure(
                "expected in_channels \(inputs) as the last layer array gives, found \(stated)")
        }
        let channels = try json.int("channels", in: FileLimits.width)
        let outputs = try json.int("out_channels", in: FileLimits.width)
        let kernels = try json.required("kernel_sizes").ints(in: FileLimits.kernel, atMost: 256)
        guard !kernels.isEmpty else { throw json.failure("expected at least one of kernel_sizes") }
        var convolutions: [FileConvolution] = []
        for (i, kernel) in kernels.enumerated() {
            convolutions.append(
                try convolution(
                    "head[\(i)]", convolutions.last?.outputs ?? inputs,
                    i == kernels.count - 1 ? outputs : channels, kernel: kernel, hasBias: true))
        }
        // One set of slopes cannot fit several widths.
        let activation = try self.activation(json.required("activation"), channels: inputs)
        if case .prelu(let slopes) = activation, slopes.count > 1,
            convolutions.contains(where: { $0.inputs != inputs })
        {
            throw json.failure("expected one PReLU slope for convolutions of different widths")
        }
        return NAMWaveNet.PostHead(convolutions: convolutions, activation: activation)
    }
}

/// The i-th of `count` elements where the field is a list, the field itself where it holds for all.
private func element(_ json: JSON, _ i: Int, _ count: Int) throws -> JSON {
    guard case .array(let values) = json.value else { return json }
    guard values.count == count else {
        throw json.failure("expected \(count) elements as there are dilations, found \(values.count)")
    }
    return JSON(values[i], path: "\(json.path)[\(i)]")
}

/// The sizes of one layer array, with the defaults of older files filled in.
private struct NAMArraySpec {
    var inputs: Int
    var conditionSize: Int
    var channels: Int
    var bottleneck: Int
    var dilations: [Int]
    var kernels: [Int]
    var gatings: [NAMWaveNet.Gating]
    var groups: Int
    var mixGroups: Int
    /// Nil when there is no layer1x1.
    var residualGroups: Int?
    var skip: (outputs: Int, groups: Int)?
    var head: (outputs: Int, kernel: Int, dilation: Int, hasBias: Bool)
    var films: [NAMWaveNet.FilmSite: (hasShift: Bool, groups: Int)] = [:]

    var accumulator: Int { skip?.outputs ?? bottleneck }

    init(_ json: JSON, conditionSize: Int) throws {
        inputs = try json.int("input_size", in: FileLimits.width)
        self.conditionSize = try json.int("condition_size", in: FileLimits.width)
        guard self.conditionSize == conditionSize else {
            throw json.failure("expected condition_size \(conditionSize), found \(self.conditionSize)")
        }
        channels = try json.int("channels", in: FileLimits.width)
        bottleneck = try json.optional("bottleneck")?.int(in: FileLimits.width) ?? channels
        dilations = try json.required("dilations").ints(in: FileLimits.dilation, atMost: FileLimits.layers)
        guard !dilations.isEmpty else { throw json.failure("expected at least one of dilations") }
        kernels = try Self.kernels(json, count: dilations.count)
        gatings = try Self.gatings(json, count: dilations.count)
        groups = try json.optional("groups_input")?.int(in: FileLimits.width) ?? 1
        mixGroups = try json.optional("groups_input_mixin")?.int(in: FileLimits.width) ?? 1
        head = try Self.head(json)
        residualGroups = 1
        if let residual = try json.optional("layer1x1") {
            residualGroups =
                try residual.bool("active") ? try residual.int("groups", in: FileLimits.width) : nil
        }
        if let skip = try json.optional("head1x1"), try skip.bool("active") {
            self.skip = (
                try skip.int("out_channels", in: FileLimits.width),
                try skip.int("groups", in: FileLimits.width)
            )
        }
        for site in NAMWaveNet.FilmSite.allCases { films[site] = try Self.film(json, site) }
        try check(json)
    }

    private func check(_ json: JSON) throws {
        if residualGroups == nil {
            guard bottleneck == channels else {
                throw json.failure("without layer1x1 expected bottleneck \(channels), found \(bottleneck)")
            }
            guard films[.residualPost] == nil else { throw json.failure("layer1x1_post_film needs layer1x1") }
        }
        guard skip != nil || films[.skipPost] == nil else {
            throw json.failure("head1x1_post_film needs head1x1")
        }
        // A network that can be slimmed is read at its full width, which must be one of those allowed.
        if let slimmable = try json.optional("slimmable") {
            let method = try slimmable.string("method")
            guard method == "slice_channels_uniform" else {
                throw OssicleError(
                    .unsupported, "\(slimmable.path).method: \(Quoting.quoted(method)) is not supported")
            }
            let allowed = try slimmable.required("kwargs").required("allowed_channels")
            guard try allowed.ints(in: FileLimits.width).last == channels else {
                throw allowed.failure("expected the last to be the full \(channels) channels")
            }
        }
    }

    /// `kernel_size` for all layers or `kernel_sizes` one by one.
    private static func kernels(_ json: JSON, count: Int) throws -> [Int] {
        guard let list = try json.optional("kernel_sizes") else {
            return [Int](repeating: try json.int("kernel_size", in: FileLimits.kernel), count: count)
        }
        guard try json.optional("kernel_size") == nil else {
            throw json.failure("expected kernel_size or kernel_sizes, found both")
        }
        let kernels = try list.ints(in: FileLimits.kernel)
        guard kernels.count == count else {
            throw list.failure("expected \(count) elements as there are dilations, found \(kernels.count)")
        }
        return kernels
    }

    /// `gating_mode` as a word or a list of them; before that `gated`, true or false.
    private static func gatings(_ json: JSON, count: Int) throws -> [NAMWaveNet.Gating] {
        guard let mode = try json.optional("gating_mode") else {
            let gated = try json.optional("gated")?.bool() ?? false
            return Array(repeating: gated ? .gated : .none, count: count)
        }
        return try (0..<count).map { i in
            let word = try element(mode, i, count)
            guard let gating = NAMWaveNet.Gating(rawValue: try word.string()) else {
                throw word.expected("\"none\", \"gated\" or \"blended\"")
            }
            return gating
        }
    }

    /// `head` as an object; before that `head_size` and `head_bias`, with kernel 1.
    private static func head(
        _ json: JSON
    ) throws -> (outputs: Int, kernel: Int, dilation: Int, hasBias: Bool) {
        guard let head = try json.optional("head") else {
            return (try json.int("head_size", in: FileLimits.width), 1, 1, try json.bool("head_bias"))
        }
        return (
            try head.int("out_channels", in: FileLimits.width),
            try head.int("kernel_size", in: FileLimits.kernel),
            try head.optional("head_dilation")?.int(in: FileLimits.dilation) ?? 1, try head.bool("bias")
        )
    }

    /// Absent, false, or an object whose fields all have defaults.
    private static func film(
        _ json: JSON, _ site: NAMWaveNet.FilmSite
    ) throws -> (hasShift: Bool, groups: Int)? {
        guard let film = try json.optional(site.rawValue) else { return nil }
        if case .bool(false) = film.value { return nil }
        guard try film.optional("active")?.bool() ?? true else { return nil }
        return (
            try film.optional("shift")?.bool() ?? true,
            try film.optional("groups")?.int(in: FileLimits.width) ?? 1
        )
    }
}
