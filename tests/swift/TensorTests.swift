import Testing

@testable import Ossicle

@Test func halfBitsWidenExactly() {
    #expect(Float(halfBits: 0x3c00) == 1)
    #expect(Float(halfBits: 0xc000) == -2)
    #expect(Float(halfBits: 0x0001) == 0x1p-24)
    #expect(Float(halfBits: 0x7bff) == 65504)
    #expect(Float(halfBits: 0xfc00) == -.infinity)
    #expect(Float(halfBits: 0x7e00).isNaN)
}
