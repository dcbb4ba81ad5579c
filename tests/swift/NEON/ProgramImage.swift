import CKernels
import Foundation

@testable import Ossicle

/// An instance of a program as a file that another machine can run: every block of memory, where the blocks point at
/// each other, and where they point at kernels. tests/neon/goldens.c reads it.
///
/// This way the NEON kernels run what the planner really makes, weights packed for them, although Swift is not there.
struct ProgramImage {
    /// What the planner asks of a kernel table. Those of NEON; the reader refuses an image made for others.
    static let neon = (lanes: Int32(4), convRows: Int32(8), transformVectors: Int32(2))

    /// A table with this machine's functions that plans as NEON's does.
    static func planningTable() -> ok_kernels {
        var table = ok_kernels_named(ok_best_isa()).pointee
        (table.lanes, table.conv_rows, table.transform_vectors) = neon
        return table
    }

    struct Unknown: Error { let what: String }

    let functions: [UInt: Int]
    var blocks: [UnsafeRawBufferPointer] = []
    /// block, offset, target block (-1: function), target offset (function: its number).
    var pointers: [(Int, Int, Int, Int)] = []

    /// Kernels in the order of OK_KERNEL_LIST, then those outside of tables.
    static func functionNumbers(_ table: ok_kernels) -> [UInt: Int] {
        let first = MemoryLayout<ok_kernels>.offset(of: \.ok_unary)!
        var numbers: [UInt: Int] = [:]
        withUnsafeBytes(of: table) { bytes in
            for (i, at) in stride(from: first, to: bytes.count, by: 8).enumerated() {
                numbers[bytes.load(fromByteOffset: at, as: UInt.self)] = i
            }
        }
        let others: [ok_kernel] = [ok_view, ok_mute, ok_skip]
        for (i, function) in others.enumerated() {
            numbers[UInt(bitPattern: unsafeBitCast(function, to: Int.self))] = 1000 + i
        }
        return numbers
    }

    init(_ instance: Instance, _ table: ok_kernels) throws {
        functions = Self.functionNumbers(table)
        let workspace = UnsafeRawBufferPointer(instance.arena!.bytes)
        blocks =
            (instance.program.memory.blocks + instance.memory.blocks).map { UnsafeRawBufferPointer($0) } + [
                workspace
            ]
        blocks.sort { UInt(bitPattern: $0.baseAddress!) < UInt(bitPattern: $1.baseAddress!) }
        for (i, block) in blocks.enumerated() {
            for offset in stride(from: 0, through: block.count - 8, by: 8) {
                let word = block.load(fromByteOffset: offset, as: UInt.self)
                if let function = functions[word] {
                    pointers.append((i, offset, -1, function))
                } else if let target = find(word) {
                    pointers.append(
                        (i, offset, target, Int(word - UInt(bitPattern: blocks[target].baseAddress!))))
                }
            }
        }
        for step in instance.program.steps {
            let address = UInt(bitPattern: unsafeBitCast(step.kernel, to: Int.self))
            guard functions[address] != nil else { throw Unknown(what: "\(step.node): \(step.label)") }
        }
    }

    /// The block that holds an address.
    private func find(_ address: UInt) -> Int? {
        var (low, high) = (0, blocks.count)
        while low < high {
            let middle = (low + high) / 2
            if UInt(bitPattern: blocks[middle].baseAddress!) <= address {
                low = middle + 1
            } else {
                high = middle
            }
        }
        guard low > 0, address - UInt(bitPattern: blocks[low - 1].baseAddress!) < UInt(blocks[low - 1].count)
        else {
            return nil
        }
        return low - 1
    }

    /// One run: inputs and expected outputs; a block of a stream where `frames` is not 0.
    struct Run {
        var frames = 0
        let inputs: [Tensor]
        let outputs: [[Float]]
    }

    /// With runs, one after the other, and how far off their outputs may be.
    func write(to url: URL, _ instance: Instance, _ runs: [Run], absolute: Double, relative: Double) throws {
        var data = Data("OKIMAGE2".utf8)
        func number(_ value: Int) { withUnsafeBytes(of: Int64(value)) { data.append(contentsOf: $0) } }
        for value in [Self.neon.lanes, Self.neon.convRows, Self.neon.transformVectors] { number(Int(value)) }
        number(blocks.count)
        for block in blocks {
            number(block.count)
            data.append(contentsOf: block)
            data.append(contentsOf: [UInt8](repeating: 0, count: (8 - block.count % 8) % 8))
        }
        number(pointers.count)
        for (block, offset, target, place) in pointers { [block, offset, target, place].forEach(number) }
        let address = UInt(bitPattern: UnsafeRawPointer(instance.c))
        let home = find(address)!
        number(home)
        number(Int(address - UInt(bitPattern: blocks[home].baseAddress!)))
        number(runs.count)
        for run in runs {
            number(run.frames)
            number(run.inputs.count)
            for input in run.inputs {
                number(input.byteCount)
                data.append(contentsOf: input.bytes)
                data.append(contentsOf: [UInt8](repeating: 0, count: (8 - input.byteCount % 8) % 8))
            }
            number(run.outputs.count)
            for output in run.outputs {
                number(output.count)
                output.withUnsafeBytes { data.append(contentsOf: $0) }
                if output.count % 2 == 1 { data.append(contentsOf: [0, 0, 0, 0]) }
            }
        }
        for tolerance in [absolute, relative] {
            withUnsafeBytes(of: tolerance) { data.append(contentsOf: $0) }
        }
        try data.write(to: url)
    }
}
