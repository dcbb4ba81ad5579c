#if OSSICLE_APPLE_STUBS
    import Accelerate
    import Foundation
    import Testing

    /// The stand-ins compute what Apple's documentation says: small cases worked out by hand.
    @Suite struct AccelerateStubTests {
        @Test func gemm() {
            // [1 2; 3 4] · [5 6; 7 8], in all four combinations of transposes.
            let a: [Float] = [1, 2, 3, 4]
            let aT: [Float] = [1, 3, 2, 4]
            let b: [Float] = [5, 6, 7, 8]
            let bT: [Float] = [5, 7, 6, 8]
            for (ta, left) in [(CblasNoTrans, a), (CblasTrans, aT)] {
                for (tb, right) in [(CblasNoTrans, b), (CblasTrans, bT)] {
                    var c = [Float](repeating: .nan, count: 4)  // beta 0: C is not read
                    cblas_sgemm(CblasRowMajor, ta, tb, 2, 2, 2, 2, left, 2, right, 2, 0, &c, 2)
                    #expect(c == [38, 44, 86, 100])
                }
            }
            var c: [Float] = [1, 1, 1, 1]
            cblas_sgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, 2, 2, 2, 1, aT, 2, bT, 2, 3, &c, 2)
            #expect(c == [22, 46, 25, 53])
        }

        @Test func gemv() {
            let a: [Float] = [1, 2, 3, 4, 5, 6]
            var y: [Float] = [1, 1]
            cblas_sgemv(CblasRowMajor, CblasNoTrans, 2, 3, 1, a, 3, [1, 0, -1], 1, 2, &y, 1)
            #expect(y == [0, 0])
            var z = [Float](repeating: .nan, count: 3)
            cblas_sgemv(CblasRowMajor, CblasTrans, 2, 3, 1, a, 3, [1, -1], 1, 0, &z, 1)
            #expect(z == [-3, -3, -3])
        }

        @Test func vectorArithmetic() {
            var c = [Float](repeating: 0, count: 3)
            vDSP_vsub([1, 1, 1], 1, [5, 6, 7], 1, &c, 1, 3)
            #expect(c == [4, 5, 6])  // the second minus the first
            var scale: Float = 2
            var shift: Float = 1
            vDSP_vsmsa([1, 2, 3], 1, &scale, &shift, &c, 1, 3)
            #expect(c == [3, 5, 7])
            vDSP_vadd([1, 2, 3], 1, [2, 2, 2], 1, &c, 1, 3)
            #expect(c == [3, 4, 5])
            vDSP_vmul([1, 2, 3], 1, [2, 2, 2], 1, &c, 1, 3)
            #expect(c == [2, 4, 6])
            var count: Int32 = 3
            vvtanhf(&c, [0, 100, -100], &count)
            #expect(c == [0, 1, -1])
            vvexpf(&c, [0, -.infinity, .infinity], &count)
            #expect(c == [1, 0, .infinity])
            vvlogf(&c, [1, 0, .infinity], &count)
            #expect(c == [0, -.infinity, .infinity])
            vvrecf(&c, [4, .infinity, -2], &count)
            #expect(c == [0.25, 0, -0.5])
        }
    }

    @Suite(.serialized) struct BNNSGraphStubTests {
        /// y = 2 x + 1 over one row of any length.
        private func register(_ path: String, fault: bnns_stub_fault = BNNSStubNoFault) {
            func argument(_ name: UnsafePointer<CChar>, output: Bool) -> bnns_stub_argument {
                bnns_stub_argument(
                    name: name, is_output: output, data_type: BNNSDataTypeFloat32, rank: 2,
                    shape: (1, -1, 0, 0, 0, 0, 0, 0))
            }
            "y".withCString { y in
                "x".withCString { x in
                    let arguments = [argument(y, output: true), argument(x, output: false)]
                    BNNSStubRegister(
                        path, arguments, 2, 64, fault,
                        { _, tensors, _ in
                            let y = tensors[0].data!.assumingMemoryBound(to: Float.self)
                            let x = tensors[1].data!.assumingMemoryBound(to: Float.self)
                            for i in 0..<tensors[1].shape.1 { y[i] = 2 * x[i] + 1 }
                            return 0
                        }, nil)
                }
            }
        }

        private func compile(_ path: String) -> bnns_graph_t {
            let options = BNNSGraphCompileOptionsMakeDefault()
            defer { BNNSGraphCompileOptionsDestroy(options) }
            BNNSGraphCompileOptionsSetTargetSingleThread(options, true)
            return BNNSGraphCompileFromFile(path, nil, options)
        }

        @Test func aGraphRunsOnceItsShapesAreKnown() throws {
            register("/models/gain.mlmodelc")
            defer { BNNSStubUnregister("/models/gain.mlmodelc") }
            let graph = compile("/models/gain.mlmodelc")
            #expect(graph.data != nil)
            defer { free(graph.data) }
            #expect(BNNSGraphGetArgumentCount(graph, nil) == 2)
            let context = BNNSGraphContextMake(graph)
            defer { BNNSGraphContextDestroy(context) }
            #expect(BNNSGraphContextSetArgumentType(context, BNNSGraphArgumentTypePointer) == 0)
            // SIZE_MAX, as Swift's importer shows it
            #expect(BNNSGraphContextGetWorkspaceSize(context, nil) == -1)

            var extents: [UInt64] = [1, 3]
            extents.withUnsafeMutableBufferPointer { e in
                var shapes = [bnns_graph_shape_t](
                    repeating: bnns_graph_shape_t(rank: 2, shape: e.baseAddress), count: 2)
                #expect(BNNSGraphContextSetDynamicShapes(context, nil, 2, &shapes) == 0)
            }
            let size = BNNSGraphContextGetWorkspaceSize(context, nil)
            #expect(size == 64)
            let x = UnsafeMutablePointer<Float>.allocate(capacity: 3)
            let y = UnsafeMutablePointer<Float>.allocate(capacity: 3)
            let pages = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 4096)
            let workspace = pages.assumingMemoryBound(to: CChar.self)
            defer { [x, y].forEach { $0.deallocate() } }
            defer { pages.deallocate() }
            for i in 0..<3 { x[i] = Float(i) }
            var arguments = [bnns_graph_argument_t](repeating: bnns_graph_argument_t(), count: 2)
            for (name, pointer) in [("x", x), ("y", y)] {
                let at = Int(BNNSGraphGetArgumentPosition(graph, nil, name))
                arguments[at].data_ptr = UnsafeMutableRawPointer(pointer)
                arguments[at].data_ptr_size = 12
            }
            #expect(BNNSGraphContextExecute(context, nil, 2, &arguments, size, workspace) == 0)
            #expect((0..<3).map { y[$0] } == [1, 3, 5])
            #expect(BNNSGraphContextExecute(context, nil, 2, &arguments, 0, nil) != 0)
            arguments[0].data_ptr_size = 8
            #expect(BNNSGraphContextExecute(context, nil, 2, &arguments, size, workspace) != 0)
        }

        @Test func everyStepCanFail() {
            #expect(compile("/models/unknown.mlmodelc").data == nil)
            register("/models/bad.mlmodelc", fault: BNNSStubRefusesModel)
            #expect(compile("/models/bad.mlmodelc").data == nil)
            register("/models/bad.mlmodelc", fault: BNNSStubNoContext)
            let graph = compile("/models/bad.mlmodelc")
            #expect(graph.data != nil && BNNSGraphContextMake(graph).data == nil)
            free(graph.data)
            BNNSStubUnregister("/models/bad.mlmodelc")
            #expect(compile("/models/bad.mlmodelc").data == nil)
        }
    }
#endif
