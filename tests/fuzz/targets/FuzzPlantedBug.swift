/// The positive control: run.sh expects the fuzzer to find this out-of-bounds read, or it proves nothing.
@Sendable func fuzzPlantedBug(_ bytes: UnsafeRawBufferPointer) throws {
    guard bytes.count == 4, bytes[0] == UInt8(ascii: "B"), bytes[1] == UInt8(ascii: "u"),
        bytes[2] == UInt8(ascii: "g")
    else { return }
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: 4, alignment: 1)
    defer { copy.deallocate() }
    copy.copyMemory(from: bytes)
    let beyond = copy.baseAddress!.load(fromByteOffset: 4 + Int(bytes[3] & 7), as: UInt8.self)
    require(beyond != 0x5a, "an unlucky byte")
}
