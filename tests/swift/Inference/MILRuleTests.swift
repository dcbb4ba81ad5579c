import Testing

@testable import Ossicle

/// Rules on programs written for them, where no golden of `MILOperationTests` has the case.
@Suite struct MILRuleTests {
    static func integers(_ values: [Int32], _ shape: [Int]? = nil) throws -> Tensor {
        try Tensor(values, shape: shape ?? [values.count])
    }

    static let x = Result { try Tensor((0..<24).map { Float($0) }, shape: [2, 3, 4]) }

    // MARK: Slices

    /// `x[:, i]` with both `squeeze_mask` and `end_mask` on that axis is element `i`, not the last.
    @Test func squeezingGoesBeforeTheEndMask() throws {
        let text = """
            func main<ios18>(tensor<fp32, [2, 3, 4]> x, tensor<int32, [3]> begin) {
                tensor<fp32, [2, 4]> y = slice_by_index(x = x, begin = begin, end = tensor<int32, [3]>([0, 0, 0]), begin_mask = tensor<bool, [3]>([true, false, true]), end_mask = tensor<bool, [3]>([true, true, true]), squeeze_mask = tensor<bool, [3]>([false, true, false]));
            } -> (y);
            """
        for (index, first) in [(0, 0), (1, 4), (2, 8), (-2, 4)] as [(Int32, Float)] {
            let y = try InferenceTests.run(text, [Self.integers([7, index, 7]), Self.x.get()])
            #expect(y[0].shape == [2, 4] && y[0].floats()[0] == first && y[0].floats()[4] == first + 12)
        }
    }

    /// As PyTorch's `x[:, i]` is converted: no size is stated, but each follows from the masks or a zero among what the
    /// index is joined with.
    @Test func sizesFollowFromMasks() throws {
        func text(_ first: Int, _ mask: String) -> String {
            """
            func main<ios18>(tensor<fp32, [2, 3, 4]> x, tensor<int32, []> i) {
                tensor<int32, [1]> a = const()[val = tensor<int32, [1]>([\(first)])];
                tensor<int32, [1]> c = const()[val = tensor<int32, [1]>([0])];
                tensor<int32, [3]> begin = concat(values = (a, i, c), axis = int32(0), interleave = bool(false));
                tensor<fp32, [?, ?]> y = slice_by_index(x = x, begin = begin, end = begin, end_mask = tensor<bool, [3]>(\(mask)), squeeze_mask = tensor<bool, [3]>([false, true, false]));
            } -> (y);
            """
        }
        let whole = "[true, false, true]"
        let y = try InferenceTests.run(text(0, whole), [Self.integers([2], []), Self.x.get()])
        #expect(y[0].floats() == [8, 9, 10, 11, 20, 21, 22, 23])
        for unknown in [text(1, whole), text(0, "[true, false, false]")] {
            expectError(.unsupported, "the size is not declared") { _ = try InferenceTests.graph(unknown) }
        }
    }

    // MARK: Integers

    @Test(arguments: [(false, false), (true, false), (false, true), (true, true)])
    func integersMultiplyAsMatrices(_ first: Bool, _ second: Bool) throws {
        // One of the products is beyond what a float holds exactly.
        let a: [Int32] = [1, 2, 3, 4, 5, 16_777_217], b: [Int32] = [7, -8, 9, 10, 11, 12]
        let (left, right) = (first ? "[1, 3, 2]" : "[1, 2, 3]", second ? "[2, 3]" : "[3, 2]")
        let text = """
            func main<ios18>(tensor<int32, \(left)> x, tensor<int32, \(right)> y) {
                tensor<int32, [1, 2, 2]> z = matmul(x = x, y = y, transpose_x = bool(\(first)), transpose_y = bool(\(second)));
            } -> (z);
            """
        let z = try InferenceTests.run(
            text,
            [
                Self.integers(a, first ? [1, 3, 2] : [1, 2, 3]), Self.integers(b, second ? [2, 3] : [3, 2]),
            ])
        func at(_ row: Int, _ column: Int) -> Int {
            (0..<3).reduce(0) { sum, k in
                sum + Int(first ? a[k * 2 + row] : a[row * 3 + k])
                    * Int(second ? b[column * 3 + k] : b[k * 2 + column])
            }
        }
        #expect(z[0].ints() == [at(0, 0), at(0, 1), at(1, 0), at(1, 1)])
    }

    @Test func vectorsOfIntegersMultiply() throws {
        let text = """
            func main<ios18>(tensor<int32, [3]> x, tensor<int32, [3, 2]> y) {
                tensor<int32, [2]> z = matmul(x = x, y = y);
                tensor<int32, []> s = matmul(x = x, y = x);
                tensor<int32, [2]> t = matmul(x = y, y = x, transpose_x = bool(true));
            } -> (z, s, t);
            """
        let found = try InferenceTests.run(
            text, [Self.integers([1, 2, 3]), Self.integers([1, 2, 3, 4, 5, 6], [3, 2])])
        #expect(found.map { $0.ints() } == [[22, 28], [14], [22, 28]])
    }

    /// As `numpy.astype`, with which coremltools folds constants.
    @Test(arguments: [
        ("int8", [-128, 127, -128, -1, 44, 0]), ("uint8", [128, 127, 128, 255, 44, 0]),
        ("int16", [-128, 127, 128, -1, 300, -32768]), ("uint16", [65408, 127, 128, 65535, 300, 32768]),
        ("int32", [-128, 127, 128, -1, 300, 32768]),
    ]) func castsWrapAround(_ type: String, _ expected: [Int]) throws {
        for source in ["int32", "fp32"] {
            let text = """
                func main<ios18>(tensor<\(source), [6]> x) {
                    tensor<\(type), [6]> z = cast(x = x, dtype = string("\(type)"));
                    tensor<int32, [6]> y = cast(x = z, dtype = string("int32"));
                } -> (y);
                """
            let values: [Int32] = [-128, 127, 128, -1, 300, 32768]
            let x =
                source == "int32"
                ? try Self.integers(values) : try Tensor(values.map { Float($0) }, shape: [6])
            #expect(try InferenceTests.run(text, [x])[0].ints() == expected, "\(source)")
        }
    }

    /// A palette of integers is one of numbers, not of zeros, where nothing scales it.
    @Test func palettesOfIntegersAreIntegers() throws {
        let text = """
            func main<ios18>(tensor<fp32, [4]> x) {
                tensor<int8, [4]> p = constexpr_lut_to_dense(indices = tensor<uint1, [4]>([0, 1, 1, 0]), lut = tensor<int8, [1, 2, 1]>([[[-34], [35]]]));
                tensor<fp32, [4]> q = cast(x = p, dtype = string("fp32"));
                tensor<fp32, [4]> y = add(x = x, y = q);
            } -> (y);
            """
        let x = try Tensor([0, 0, 1, 1] as [Float], shape: [4])
        #expect(try InferenceTests.run(text, [x])[0].floats() == [-34, 35, 36, -33])
    }

    // MARK: Errors

    /// Integers that an operation on floats is given are refused, whether they are known or not.
    @Test(arguments: ["x", "tensor<int32, [2]>([1, 2])"]) func integersAreNotTakenForFloats(_ x: String)
        throws
    {
        expectError(.unsupported, "softmax takes float32") {
            _ = try InferenceTests.graph(
                """
                func main<ios17>(tensor<int32, [2]> x) {
                    tensor<int32, [2]> y = softmax(axis = int32(0), x = \(x));
                } -> (y);
                """)
        }
    }

    /// A list gets as long as constant indices make it; one that might grow while the model runs is refused.
    @Test(arguments: [true, false]) func listsGrowAtLoad(_ isKnown: Bool) throws {
        let text = """
            func main<ios17>(tensor<fp32, [2]> x, tensor<int32, []> n) {
                list<tensor<fp32, [2]>, ?> a = make_list(dtype = string("fp32"), dynamic_length = bool(true), elem_shape = (int32(2)), init_length = int32(1));
                list<tensor<fp32, [2]>, ?> b = list_write(index = \(isKnown ? "int32(2)" : "n"), ls = a, value = x);
                tensor<fp32, [2]> y = list_read(index = n, ls = b);
                tensor<int32, []> z = list_length(ls = b);
            } -> (y, z);
            """
        guard isKnown else {
            return expectError(.unsupported, "the list has a dynamic_length") {
                _ = try InferenceTests.graph(text)
            }
        }
        let x = try Tensor([4, 5] as [Float], shape: [2])
        let found = try InferenceTests.run(text, [Self.integers([2], []), x])
        #expect(found[0].floats() == [4, 5] && found[1].ints() == [3])
    }

    /// Nothing says which elements lie nearest to places that are aligned at the corners.
    @Test(arguments: ["STRICT_ALIGN_CORNERS", "ALIGN_CORNERS", "OFFSET_CORNERS"])
    func nearestElementsHaveNoCorners(_ mode: String) throws {
        expectError(.unsupported, "sampling_mode \"\(mode)\" with NEAREST_NEIGHBOR") {
            _ = try InferenceTests.graph(
                """
                func main<ios17>(tensor<fp32, [1, 4]> x) {
                    tensor<fp32, [1, 7]> y = resize(x = x, shape = tensor<int32, [1]>([7]), resized_dims = uint32(1), interpolation_mode = string("NEAREST_NEIGHBOR"), sampling_mode = string("\(mode)"));
                } -> (y);
                """)
        }
    }

    /// Every parameter of every operation, in one error.
    @Test func whatMustBeConstantIsReportedWithTheRest() throws {
        let gates = "tensor<fp32, [4, 1]>([[0x0p+0], [0x1p+0], [0x1p+1], [0x1.8p+1]])"
        let text = """
            func main<ios17>(tensor<fp32, [1, 4, 9]> x, tensor<fp32, [3, 4, 3]> w, tensor<fp32, [4, 3, 3]> v, tensor<fp32, [3]> b, tensor<fp32, [2, 1, 1]> t, tensor<fp32, [1, 1]> s) {
                tensor<fp32, [1, 3, 7]> y = conv(x = x, weight = w, bias = b, pad_type = string("odd"));
                tensor<fp32, [1, 3, 11]> u = conv_transpose(x = x, weight = v);
                tensor<fp32, [1, 4, 3]> l = linear(x = x, weight = w);
                tensor<fp32, [1, 1, 1]> z, tensor<fp32, [1, 1]> h, tensor<fp32, [1, 1]> c = lstm(x = t, initial_h = s, initial_c = s, weight_ih = \(gates), weight_hh = \(gates), peephole = b, clip = fp32(0x1p+0), activation = string("odd"));
                tensor<fp32, [1, 1, 1]> q, tensor<fp32, [1, 1]> r = rnn(x = t, initial_h = s, weight_ih = s, weight_hh = s, activation = string("odd"));
                tensor<fp32, [4]> a = random_thing(x = x);
            } -> (y, u, l, z, q, a);
            """
        let depends = "depends on the inputs; it must be constant"
        for part in [
            "\"y\" (\"conv\"): parameter \"weight\" \(depends), parameter \"bias\" \(depends), pad_type \"odd\"",
            "\"u\" (\"conv_transpose\"): parameter \"weight\" \(depends)",
            "\"l\" (\"linear\"): parameter \"weight\" \(depends)",
            "\"z\" (\"lstm\"): parameter \"peephole\", parameter \"clip\", activation \"odd\"",
            "\"q\" (\"rnn\"): activation \"odd\", parameter \"weight_ih\" \(depends)", "random_thing",
        ] {
            expectError(.unsupported, part) { _ = try InferenceTests.graph(text) }
        }
    }

    @Test func declaredTypesAreSpeltAsInMIL() throws {
        expectError(.malformed, "\"y\" is declared tensor<fp32, [5, 1]>, the operation gives [4]") {
            _ = try InferenceTests.graph(
                """
                func main<ios17>(tensor<fp32, [4]> x) {
                    tensor<fp32, [5, 1]> y = relu(x = x);
                } -> (y);
                """)
        }
        #expect("\(MILType.state(.tensor(.fp16, [.fixed(2), .unknown])))" == "state<tensor<fp16, [2, ?]>>")
        #expect("\(MILType.list(.scalar(.int32), .unknown))" == "list<int32, ?>")
    }

    /// Shapes that are each in their range, but do not go together, are the caller's; a file that contradicts itself
    /// stays malformed.
    @Test func shapesThatDoNotGoTogetherAreTheCallers() throws {
        func model(_ result: String) -> String {
            """
            program(1.3) { func main<ios18>(tensor<fp32, [?, 3]> x, tensor<fp32, [?, 3]> y) [FlexibleShapeInformation = tuple<tuple<string, dict<string, tensor<int32, [?]>>>, tuple<string, dict<string, list<tensor<int32, [2]>, ?>>>>((("DefaultShapes", {{"x", [2, 3]}, {"y", [2, 3]}}), ("RangeDims", {{"x", [[1, 9], [3, 3]]}, {"y", [[1, 9], [3, 3]]}})))] {
                tensor<fp32, \(result)> z = add(x = x, y = y); } -> (z); }
            """
        }
        let folder = try TemporaryFolder()
        func load(_ result: String, _ shapes: [String: [Int]]) throws {
            let loader = try CoreMLWeightTests.loader(model(result), in: folder, Collected())
            _ = try BNNSInference(loader.model, shapes: shapes)
        }
        try load("[?, 3]", ["x": [4, 3], "y": [4, 3]])
        expectError(.shapeMismatch, "\"x\" [4, 3] do not go together") { try load("[?, 3]", ["x": [4, 3]]) }
        expectError(.malformed, "is declared") { try load("[7, 3]", ["x": [4, 3], "y": [4, 3]]) }
        expectError(.malformed, "is declared") { try load("[7, 3]", [:]) }
    }
}
