/// Memory that lives as long as a program: argument blocks, packed weights, tables. Freed together.
final class ProgramMemory: @unchecked Sendable {
    // Written only while the program is built, on one thread.
    private(set) var blocks: [UnsafeMutableRawBufferPointer] = []
    private var objects: [AnyObject] = []
    private(set) var byteCount = 0

    /// 64-byte aligned, zeroed.
    func allocate(byteCount: Int) -> UnsafeMutableRawPointer {
        let size = max(byteCount, 1)
        let block = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
        block.initializeMemory(as: UInt8.self, repeating: 0, count: size)
        blocks.append(UnsafeMutableRawBufferPointer(start: block, count: size))
        self.byteCount += size
        return block
    }

    func floats(_ count: Int) -> UnsafeMutablePointer<Float> {
        allocate(byteCount: count * 4).bindMemory(to: Float.self, capacity: max(count, 1))
    }

    func store<T>(_ value: T) -> UnsafeMutablePointer<T> {
        let pointer = allocate(byteCount: MemoryLayout<T>.stride).bindMemory(to: T.self, capacity: 1)
        pointer.initialize(to: value)
        return pointer
    }

    func store<T>(_ values: [T]) -> UnsafeMutablePointer<T> {
        let pointer = allocate(byteCount: MemoryLayout<T>.stride * values.count)
            .bindMemory(to: T.self, capacity: max(values.count, 1))
        pointer.initialize(from: values, count: values.count)
        return pointer
    }

    /// A C string.
    func store(text: String) -> UnsafePointer<CChar> {
        UnsafePointer(store(Array(text.utf8CString)))
    }

    /// Keeps an object as long as this memory; steps refer to it without counting.
    ///
    /// - Parameter byteCount: of what it holds on a device.
    func keep<Object: AnyObject>(_ object: Object, byteCount: Int = 0) -> Unmanaged<Object> {
        objects.append(object)
        self.byteCount += byteCount
        return .passUnretained(object)
    }

    deinit { for block in blocks { block.deallocate() } }
}
