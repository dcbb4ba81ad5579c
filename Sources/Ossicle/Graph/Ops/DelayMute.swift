/// Streaming only: the input as it was `frames` frames ago (last axis).
struct Delay: Operation {
    var frames: Int
    var name: String { "delay" }

    func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] { inputs }
}

/// Streaming only: silences the first `frames` frames after a reset (last axis).
///
/// A layer with lookahead gives `frames` frames that the whole-signal graph does not have; a padded layer behind it
/// must see zeros there.
struct Mute: Operation {
    var frames: Int
    var name: String { "mute" }

    func infer(_ inputs: [ValueType], regions: [Graph]) throws -> [ValueType] { inputs }
}
