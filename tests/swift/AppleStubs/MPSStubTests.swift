#if OSSICLE_APPLE_STUBS
    import MetalPerformanceShaders
    import Testing

    @Suite struct MPSStubTests {
        /// Rows of a matrix, each padded to `rowBytes`.
        private func matrix(_ rows: [[Float]], _ device: any MTLDevice, _ rowBytes: Int) throws -> MPSMatrix {
            let buffer = try #require(
                device.makeBuffer(length: rows.count * rowBytes, options: .storageModeShared))
            for (i, row) in rows.enumerated() {
                row.withUnsafeBytes {
                    (buffer.contents() + i * rowBytes).copyMemory(from: $0.baseAddress!, byteCount: $0.count)
                }
            }
            let descriptor = MPSMatrixDescriptor(
                rows: rows.count, columns: rows[0].count, rowBytes: rowBytes, dataType: .float32)
            return MPSMatrix(buffer: buffer, descriptor: descriptor)
        }

        private func floats(_ m: MPSMatrix) -> [[Float]] {
            (0..<m.rows).map { row in
                (0..<m.columns).map {
                    (m.data.contents() + row * m.rowBytes).assumingMemoryBound(to: Float.self)[$0]
                }
            }
        }

        @Test func aProductOfPaddedMatrices() throws {
            let device = try #require(MTLCreateSystemDefaultDevice())
            let pitch = MPSMatrixDescriptor.rowBytes(forColumns: 3, dataType: .float32)
            #expect(pitch == 16)
            let x = try matrix([[1, 2, 3], [4, 5, 6]], device, pitch)
            let w = try matrix([[1, 0, 0], [0, 1, 1]], device, pitch)  // [out, in], as Linear's
            let y = try matrix([[.nan, .nan], [.nan, .nan]], device, pitch)
            let product = MPSMatrixMultiplication(
                device: device, transposeLeft: false, transposeRight: true, resultRows: 2, resultColumns: 2,
                interiorColumns: 3, alpha: 1, beta: 0)
            let queue = try #require(device.makeCommandQueue())
            let commands = try #require(queue.makeCommandBuffer())
            product.encode(commandBuffer: commands, leftMatrix: x, rightMatrix: w, resultMatrix: y)
            #expect(floats(y)[0][0].isNaN)  // nothing runs before commit
            commands.commit()
            commands.waitUntilCompleted()
            #expect(floats(y) == [[1, 5], [4, 11]])

            let again = try #require(queue.makeCommandBuffer())
            MPSMatrixMultiplication(
                device: device, transposeLeft: true, transposeRight: false, resultRows: 2, resultColumns: 2,
                interiorColumns: 2, alpha: 2, beta: 1
            ).encode(commandBuffer: again, leftMatrix: y, rightMatrix: y, resultMatrix: w)
            again.commit()
            again.waitUntilCompleted()
            #expect(floats(w) == [[35, 98, 0], [98, 293, 1]])
        }
    }
#endif
