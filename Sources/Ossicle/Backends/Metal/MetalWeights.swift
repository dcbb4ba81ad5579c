#if canImport(Metal)
    import Metal

    /// A tensor's values on a device. Nothing writes them once they are made.
    final class MetalWeights: @unchecked Sendable {
        let buffer: any MTLBuffer
        /// Kept, so that no other tensor gets the identity that the values are found by.
        private let storage: Storage

        fileprivate init(_ buffer: any MTLBuffer, of tensor: Tensor) {
            self.buffer = buffer
            storage = tensor.storage
        }
    }

    /// What a device has of tensors, as long as a program uses it: those of one model, one for each shape it is called
    /// with, share its weights.
    final class MetalWeightCache: Sendable {
        private struct Key: Hashable {
            var storage: ObjectIdentifier
            var byteOffset: Int
            var count: Int
            var dataType: DataType
        }
        private struct Entry { weak var weights: MetalWeights? }
        private let entries = Locked<[Key: Entry]>([:])

        func weights(
            of tensor: Tensor, make: (Tensor) throws -> any MTLBuffer
        ) rethrows -> MetalWeights {
            let key = Key(
                storage: ObjectIdentifier(tensor.storage), byteOffset: tensor.byteOffset, count: tensor.count,
                dataType: tensor.dataType)
            return try entries.withLock { entries in
                if let known = entries[key]?.weights { return known }
                let made = MetalWeights(try make(tensor), of: tensor)
                entries = entries.filter { $0.value.weights != nil }
                entries[key] = Entry(weights: made)
                return made
            }
        }
    }
#endif
