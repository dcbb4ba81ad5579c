import CKernels

/// Every instruction set that this machine runs.
let availableKernels: [(name: String, table: ok_kernels)] = ["sse2", "avx2", "avx512", "neon"].compactMap {
    name in
    ok_kernels_named(name).map { (name, $0.pointee) }
}

/// A 64-byte aligned buffer of floats, as the kernels expect for weights and scratch.
final class AlignedFloats {
    let pointer: UnsafeMutablePointer<Float>
    let count: Int
    init(count: Int) {
        self.count = count
        pointer = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1) * 4, alignment: 64)
            .bindMemory(to: Float.self, capacity: max(count, 1))
        pointer.initialize(repeating: .nan, count: count)
    }
    convenience init(_ values: [Float]) {
        self.init(count: values.count)
        for (i, value) in values.enumerated() { pointer[i] = value }
    }
    deinit { pointer.deallocate() }
    var array: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }
}

/// Calls a kernel with the given buffers as slots 0, 1, 2 …
func callKernel<Arguments>(_ kernel: ok_kernel, _ arguments: Arguments, slots: [UnsafeMutablePointer<Float>])
{
    var addresses = slots.map { UnsafeMutableRawPointer?($0) }
    addresses.withUnsafeMutableBufferPointer { table in
        var context = ok_context()
        context.slots = table.baseAddress
        withUnsafePointer(to: arguments) { kernel($0, &context) }
    }
}
