extension NAMWaveNet {
    /// The equations of `NAMWaveNet`, node by node; the passes fuse them.
    func append(to graph: inout Graph, _ x: ValueID, name: String) throws -> ValueID {
        let c = try condition?.append(to: &graph, x, name: "\(name)condition.") ?? x
        var h = x
        var headOutput: ValueID?
        for (i, array) in arrays.enumerated() {
            let last = i == arrays.count - 1
            let scale = last && postHead == nil ? headScale : 1
            (h, headOutput) = try append(
                array, to: &graph, h, condition: c, head: headOutput, scale: scale, name: "\(name)array[\(i)]"
            )
        }
        guard var y = headOutput else {
            throw OssicleError(.malformed, "\(name)the WaveNet has no layer arrays")
        }
        guard let postHead else { return y }
        y = try graph.scaled(y, by: headScale, name: "\(name)head_scale")
        for (i, convolution) in postHead.convolutions.enumerated() {
            y = try graph.append(postHead.activation, to: y, name: "\(name)head[\(i)].activation")
            y = try graph.append(convolution, to: y, name: "\(name)head[\(i)].conv")
        }
        return y
    }

    private func append(
        _ array: LayerArray, to graph: inout Graph, _ x: ValueID, condition: ValueID, head: ValueID?,
        scale: Float,
        name: String
    ) throws -> (h: ValueID, head: ValueID) {
        var h = try graph.append(array.rechannel, to: x, name: "\(name).rechannel")
        var sum = head
        for (i, layer) in array.layers.enumerated() {
            let name = "\(name).layer[\(i)]"
            let z = try activated(layer, in: &graph, h, condition: condition, name: name)
            if let residual = layer.residual {
                var r = try graph.append(residual, to: z, name: "\(name).layer1x1")
                if layer.appliesResidualPost {
                    r = try film(layer, .residualPost, in: &graph, r, condition, name: name)
                }
                h = try graph.apply(Binary(.add), h, r, name: "\(name).residual")
            }
            var s = z
            if let skip = layer.skip { s = try graph.append(skip, to: z, name: "\(name).head1x1") }
            s = try film(layer, .skipPost, in: &graph, s, condition, name: name)
            sum = try sum.map { try graph.apply(Binary(.add), $0, s, name: "\(name).head_sum") } ?? s
        }
        return (h, try graph.append(array.head, to: sum!, name: "\(name).head", scale: scale))
    }

    private func activated(
        _ layer: Layer, in graph: inout Graph, _ h: ValueID, condition: ValueID, name: String
    ) throws -> ValueID {
        var x = try film(layer, .convPre, in: &graph, h, condition, name: name)
        x = try graph.append(layer.convolution, to: x, name: "\(name).conv")
        x = try film(layer, .convPost, in: &graph, x, condition, name: name)
        var mix = try film(layer, .mixPre, in: &graph, condition, condition, name: name)
        mix = try graph.append(layer.mix, to: mix, name: "\(name).input_mixin")
        mix = try film(layer, .mixPost, in: &graph, mix, condition, name: name)
        var z = try graph.apply(Binary(.add), x, mix, name: "\(name).sum")
        z = try film(layer, .activationPre, in: &graph, z, condition, name: name)
        z = try gated(layer, in: &graph, z, name: name)
        return try film(layer, .activationPost, in: &graph, z, condition, name: name)
    }

    private func gated(_ layer: Layer, in graph: inout Graph, _ z: ValueID, name: String) throws -> ValueID {
        guard layer.gating != .none, let secondary = layer.secondary else {
            return try graph.append(layer.activation, to: z, name: "\(name).activation")
        }
        let half = layer.convolution.outputs / 2
        let top = try graph.apply(Slice(axis: 0, start: 0, count: .fixed(half)), z, name: "\(name).top")
        let bottom = try graph.apply(
            Slice(axis: 0, start: half, count: .fixed(half)), z, name: "\(name).bottom")
        let a = try graph.append(secondary, to: bottom, name: "\(name).secondary")
        let active = try graph.append(layer.activation, to: top, name: "\(name).activation")
        if layer.gating == .gated {
            return try graph.apply(Binary(.multiply), active, a, name: "\(name).gate")
        }
        // a · active + (1 - a) · top = top + a · (active - top)
        let difference = try graph.apply(Binary(.subtract), active, top, name: "\(name).difference")
        let part = try graph.apply(Binary(.multiply), a, difference, name: "\(name).part")
        return try graph.apply(Binary(.add), top, part, name: "\(name).blend")
    }

    /// scale(c) · v + shift(c), or v itself where the layer has no FiLM at this site.
    private func film(
        _ layer: Layer, _ site: FilmSite, in graph: inout Graph, _ v: ValueID, _ condition: ValueID,
        name: String
    ) throws -> ValueID {
        guard let film = layer.films[site] else { return v }
        let name = "\(name).\(site.rawValue)"
        let parameters = try graph.append(film.convolution, to: condition, name: name)
        guard film.hasShift else {
            return try graph.apply(Binary(.multiply), v, parameters, name: "\(name).scale")
        }
        let count = Dim.fixed(film.channels)
        let scale = try graph.apply(
            Slice(axis: 0, start: 0, count: count), parameters, name: "\(name).scales")
        let shift = try graph.apply(
            Slice(axis: 0, start: film.channels, count: count), parameters, name: "\(name).shifts")
        let scaled = try graph.apply(Binary(.multiply), v, scale, name: "\(name).scale")
        return try graph.apply(Binary(.add), scaled, shift, name: "\(name).shift")
    }
}
