import Foundation
import Ossicle

/// A WAV file of one channel: 16-bit PCM in, 32-bit float out.
struct Wave {
    var rate = 48_000
    var samples: [Float] = []

    init(path: String) throws {
        let data = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        func number(_ at: Int, _ bytes: Int) -> Int {
            (0..<bytes).reduce(0) { $0 | Int(data[at + $1]) << (8 * $1) }
        }
        func name(_ at: Int) -> String { String(decoding: data[at..<at + 4], as: UTF8.self) }
        guard data.count >= 12, name(0) == "RIFF", name(8) == "WAVE" else {
            throw OssicleError(.malformed, "\(path): not a WAV file")
        }
        var at = 12
        var fits = false
        while data.count - at >= 8 {
            let body = at + 8
            let length = min(number(at + 4, 4), data.count - body)
            if name(at) == "fmt ", length >= 16 {
                fits = number(body, 2) == 1 && number(body + 2, 2) == 1 && number(body + 14, 2) == 16
                rate = number(body + 4, 4)
            } else if name(at) == "data" {
                guard fits else {
                    throw OssicleError(.unsupported, "\(path): this example reads one channel of 16-bit PCM")
                }
                samples = (0..<length / 2).map {
                    Float(Int16(truncatingIfNeeded: number(body + 2 * $0, 2))) / 32_768
                }
                return
            }
            at = body + length + length % 2
        }
        throw OssicleError(.malformed, "\(path): no audio data")
    }

    func write(path: String) throws {
        var data = Data()
        func put(_ value: Int, _ bytes: Int) {
            for i in 0..<bytes { data.append(UInt8(truncatingIfNeeded: value >> (8 * i))) }
        }
        let bytes = samples.count * 4
        data.append(contentsOf: "RIFF".utf8)
        put(50 + bytes, 4)
        data.append(contentsOf: "WAVEfmt ".utf8)
        for (value, size) in [(18, 4), (3, 2), (1, 2), (rate, 4), (rate * 4, 4), (4, 2), (32, 2), (0, 2)] {
            put(value, size)
        }
        data.append(contentsOf: "fact".utf8)
        put(4, 4)
        put(samples.count, 4)
        data.append(contentsOf: "data".utf8)
        put(bytes, 4)
        for sample in samples { put(Int(sample.bitPattern), 4) }
        try data.write(to: URL(fileURLWithPath: path))
    }
}
