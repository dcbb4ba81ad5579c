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

    /// As PyTorch's `x[:, i]` is converted: no size is stated, but each follows from the masks and what the index is
    /// joined with.
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
        let rest = try InferenceTests.run(text(1, whole), [Self.integers([2], []), Self.x.get()])
        #expect(rest[0].shape == [1, 4] && rest[0].floats() == [20, 21, 22, 23])
        expectError(.unsupported, "an empty slice: 0..<0 of axis 2") {
            _ = try InferenceTests.graph(text(0, "[true, false, false]"))
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

    @Test func linearLayersOfIntegers() throws {
        let text = """
            func main<ios18>(tensor<int32, [2, 3]> x) {
                tensor<int32, [2, 2]> y = linear(x = x, weight = tensor<int32, [2, 3]>([[1, 0, -1], [16777217, 1, 1]]), bias = tensor<int32, [2]>([5, 6]));
            } -> (y);
            """
        let found = try InferenceTests.run(text, [Self.integers([1, 2, 3, 4, 5, 6], [2, 3])])
        #expect(found[0].ints() == [3, 16_777_228, 3, 67_108_885])
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

    /// As PyTorch's `x.expand(2, -1)` is converted.
    @Test func expandingKeepsAnAxis() throws {
        let text = """
            func main<ios17>(tensor<fp32, [1, 3]> x) {
                tensor<int32, [2]> reps = real_div(x = tensor<int32, [2]>([2, -1]), y = tensor<int32, [2]>([1, 3]));
                tensor<fp32, [?, ?]> y = tile(x = x, reps = reps);
            } -> (y);
            """
        let y = try InferenceTests.run(text, [Tensor([1, 2, 3] as [Float], shape: [1, 3])])
        #expect(y[0].shape == [2, 3] && y[0].floats() == [1, 2, 3, 1, 2, 3])
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

    /// A list gets as long as constant indices make it; one that might grow while the model runs is refused, but for what
    /// has reserved its room.
    @Test(arguments: [(1, true), (3, false), (1, false)]) func listsGrowAtLoad(_ length: Int, _ isKnown: Bool)
        throws
    {
        let text = """
            func main<ios17>(tensor<fp32, [2]> x, tensor<int32, []> n) {
                list<tensor<fp32, [2]>, ?> a = make_list(dtype = string("fp32"), dynamic_length = bool(true), elem_shape = (int32(2)), init_length = int32(\(length)));
                list<tensor<fp32, [2]>, ?> b = list_write(index = \(isKnown ? "int32(2)" : "n"), ls = a, value = x);
                tensor<fp32, [2]> y = list_read(index = n, ls = b);
                tensor<int32, []> z = list_length(ls = b);
            } -> (y, z);
            """
        guard isKnown || length > 1 else {
            return expectError(.unsupported, "the list may grow") {
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
            func main<ios17>(tensor<fp32, [1, 4, 9]> x, tensor<fp32, [3, 4]> w, tensor<fp32, [3]> b, tensor<fp32, [2, 1, 1]> t, tensor<fp32, [1, 1]> s) {
                tensor<fp32, [1, 4, 9]> y = relu(x = x, slope = b, knee = b);
                tensor<fp32, [1, 9, 3]> l = linear(x = x, weight = w, bias = b);
                tensor<fp32, [1, 1, 1]> z, tensor<fp32, [1, 1]> h, tensor<fp32, [1, 1]> c = lstm(x = t, initial_h = s, initial_c = s, weight_ih = \(gates), weight_hh = \(gates), peephole = b, activation = string("odd"));
                tensor<fp32, [1, 1, 1]> q, tensor<fp32, [1, 1]> r = rnn(x = t, initial_h = s, weight_ih = s, weight_hh = s, activation = string("odd"));
                tensor<fp32, [4]> a = random_thing(x = x);
            } -> (y, l, z, q, a);
            """
        let depends = "depends on the inputs; it must be constant"
        for part in [
            "\"y\" (\"relu\"): parameter \"knee\", parameter \"slope\" of no known operation set",
            "\"l\" (\"linear\"): parameter \"weight\" \(depends), parameter \"bias\" \(depends)",
            "\"z\" (\"lstm\"): activation \"odd\", parameter \"peephole\" \(depends)",
            "\"q\" (\"rnn\"): activation \"odd\", parameter \"weight_ih\" \(depends)", "random_thing",
        ] {
            expectError(.unsupported, part) { _ = try InferenceTests.graph(text) }
        }
    }

    @Test func everyRuleHasItsParameters() {
        #expect(Set(MILParameterTable.parameters.keys) == Set(MILOperationTable.rules.keys))
    }

    /// Layers that loops stand for, and convolutions that are products, say what is wrong with their arguments, too.
    @Test(arguments: [
        ("peephole = tensor<fp32, [2]>([0x0p+0, 0x0p+0])", "peephole: expected 3 elements, found 2"),
        ("clip = fp32(-0x1p+0)", "clip must not be negative, found -1.0"),
        (
            "clip = fp32(0x1p+0), weight_hh = tensor<fp32, [4, 2]>([[0x0p+0, 0x0p+0], [0x0p+0, 0x0p+0], [0x0p+0, 0x0p+0], [0x0p+0, 0x0p+0]])",
            "weight_hh of shape [4, 2]"
        ),
        ("clip = fp32(0x1p+0), initial_c = x", "initial_c of shape [2, 1, 1]"),
    ]) func lstmArgumentsAreChecked(_ extra: String, _ message: String) {
        let gates = "tensor<fp32, [4, 1]>([[0x0p+0], [0x1p+0], [0x1p+1], [0x1.8p+1]])"
        let usual = ["initial_h": "s", "initial_c": "s", "weight_ih": gates, "weight_hh": gates]
        let given = usual.filter { !extra.contains($0.key) }.map { ", \($0) = \($1)" }.joined()
        expectError(.malformed, message) {
            _ = try InferenceTests.graph(
                """
                func main<ios17>(tensor<fp32, [2, 1, 1]> x, tensor<fp32, [1, 1]> s) {
                    tensor<fp32, [1, 1, 1]> y, tensor<fp32, [1, 1]> h, tensor<fp32, [1, 1]> c = lstm(x = x\(given), \(extra));
                } -> (y);
                """)
        }
    }

    @Test(arguments: [
        (
            "conv(x = x, weight = w)",
            "a weight of shape [3, 5, 3] in 1 groups for an input of shape [1, 4, 9]"
        ),
        ("conv(x = x, weight = v)", "a window of [12] is larger than the input of shape [1, 4, 9]"),
        ("conv(x = x, weight = v, groups = int32(0))", "groups must be positive, found 0"),
        ("conv(x = x, weight = u, bias = w)", "a bias of shape [3, 5, 3] for 2 channels"),
        ("conv_transpose(x = x, weight = w)", "1 groups of 4 channels, weight [3, 5, 3]"),
        (
            "conv_transpose(x = x, weight = v, pad_type = string(\"custom\"), pad = tensor<int32, [2]>([9, 11]))",
            "axis 2 would have 0 elements"
        ),
    ]) func computedWeightsAreChecked(_ operation: String, _ message: String) {
        expectError(.malformed, message) {
            _ = try InferenceTests.graph(
                """
                func main<ios17>(tensor<fp32, [1, 4, 9]> x, tensor<fp32, [2, 4, 3]> u, tensor<fp32, [4, 4, 12]> v, tensor<fp32, [3, 5, 3]> w) {
                    tensor<fp32, [?, ?, ?]> y = \(operation);
                } -> (y);
                """)
        }
    }

    /// Positions whose distance nothing tells, or that are none.
    @Test(arguments: [
        ("i", "j", "", "the size of axis 0 is not declared"),
        ("i", "square", "", "the size of axis 0 is not declared"),
        ("i", "i", "", "the size of axis 0 is not declared"),
        ("next", "i", "", "the size of axis 0 is not declared"),
        ("i", "far", "", "9 elements of axis 0 of [4]"),
        ("i", "next", ", stride = tensor<int32, [1]>([0])", "a stride of 0"),
    ]) func computedSlicesAreChecked(_ begin: String, _ end: String, _ more: String, _ message: String) {
        expectError(message.hasPrefix("the size") ? .unsupported : .malformed, message) {
            _ = try InferenceTests.graph(
                """
                func main<ios17>(tensor<fp32, [4]> x, tensor<int32, [1]> i, tensor<int32, [1]> j) {
                    tensor<int32, [1]> next = add(x = i, y = int32(1));
                    tensor<int32, [1]> far = add(x = i, y = int32(9));
                    tensor<int32, [1]> square = mul(x = i, y = i);
                    tensor<fp32, [?]> y = slice_by_index(x = x, begin = \(begin), end = \(end)\(more));
                } -> (y);
                """)
        }
    }

    /// Sums that double at each of many steps are given up, and what is given up is never wrong.
    @Test func positionsThatAreReachedAlongManyWaysEnd() {
        let doubled = (1...200).map {
            "tensor<int32, [1]> d\($0) = add(x = d\($0 - 1), y = d\($0 - 1));"
        }.joined(separator: "\n")
        expectError(.unsupported, "the size of axis 0 is not declared") {
            _ = try InferenceTests.graph(
                """
                func main<ios17>(tensor<fp32, [4]> x, tensor<int32, [1]> d0) {
                    \(doubled)
                    tensor<fp32, [?]> y = slice_by_index(x = x, begin = d199, end = d200);
                } -> (y);
                """)
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
