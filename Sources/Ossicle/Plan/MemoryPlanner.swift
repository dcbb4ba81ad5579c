/// Packs buffers whose lifetimes overlap side by side, and lets others share bytes.
///
/// Greedy by size with best fit (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference",
/// arXiv:2001.03288): largest buffer first, each into the smallest gap that its live neighbours leave. A chain of
/// layers of one shape comes out as two buffers used in turn.
struct MemoryPlan {
    /// Byte offset of each request, in the order given.
    private(set) var offsets: [Int]
    private(set) var byteCount = 0

    /// Distinct places: what a person would call buffers.
    var bufferCount: Int { Set(offsets).count }

    static let alignment = 64

    init(_ requests: [(byteCount: Int, lifetime: ClosedRange<Int>)]) {
        offsets = Array(repeating: 0, count: requests.count)
        var placed: [(offset: Int, end: Int, lifetime: ClosedRange<Int>)] = []
        let order = requests.indices.sorted { a, b in
            (requests[b].byteCount, a) < (requests[a].byteCount, b)
        }
        for i in order {
            let size = (max(requests[i].byteCount, 1) + Self.alignment - 1) / Self.alignment * Self.alignment
            let neighbours = placed.filter { $0.lifetime.overlaps(requests[i].lifetime) }.sorted {
                $0.offset < $1.offset
            }
            var best: (gap: Int, offset: Int)?
            var end = 0
            for neighbour in neighbours {
                let gap = neighbour.offset - end
                if gap >= size, gap < best?.gap ?? .max { best = (gap, end) }
                end = max(end, neighbour.end)
            }
            let offset = best?.offset ?? end
            offsets[i] = offset
            placed.append((offset, offset + size, requests[i].lifetime))
            byteCount = max(byteCount, offset + size)
        }
    }
}
