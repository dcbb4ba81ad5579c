// Plays a WAV file through an amp model the way a plug-in would: block by block.
//
//   swift run stream-wav amp.nam guitar.wav out.wav
import Foundation
import Ossicle

let block = 64

func run() throws {
    guard CommandLine.arguments.count == 4 else {
        throw OssicleError(.invalidArgument, "usage: stream-wav MODEL IN.wav OUT.wav")
    }
    let model = try Model.load(path: CommandLine.arguments[1])
    let sound = try Wave(path: CommandLine.arguments[2])
    if let rate = model.facts.sampleRate, rate != Double(sound.rate) {
        print("warning: the model was trained at \(rate) Hz, the file has \(sound.rate)")
    }
    let stream = try model.stream(maxBlock: block)

    var played = sound
    var worst = Duration.zero
    let clock = ContinuousClock()
    for start in stride(from: 0, to: sound.samples.count, by: block) {
        let frames = min(block, sound.samples.count - start)
        let took = clock.measure {
            sound.samples.withUnsafeBufferPointer { x in
                played.samples.withUnsafeMutableBufferPointer { y in
                    // All that runs on the audio thread: no allocation, no lock, no system call.
                    let (from, to) = (x.baseAddress! + start, y.baseAddress! + start)
                    let status = stream.process(from, to, frames: frames)
                    precondition(status == 0, "the block fits what the stream was made for")
                }
            }
        }
        worst = max(worst, took)
    }
    try played.write(path: CommandLine.arguments[3])
    let peak = played.samples.map(abs).max() ?? 0
    print("\(sound.samples.count) frames in blocks of \(block), latency \(stream.latency), peak \(peak)")
    print("slowest block: \(worst)")
}

do {
    try run()
} catch {
    print("stream-wav: \(error)")
    exit(1)
}
