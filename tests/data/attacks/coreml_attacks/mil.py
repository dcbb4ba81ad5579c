"""MIL text."""

from .writing import attack, coremldata


def program(body, inputs="tensor<fp32, [1]> x", outputs="y", opset="ios16", version="1.0", attributes=""):
    return f"program({version}) {attributes} {{ func main<{opset}>({inputs}) {{ {body} }} -> ({outputs}); }}"


RELU = "tensor<fp32, [1]> y = relu(x = x);"


def mil(name, source, text, code="malformed", weights=None):
    files = {"model_dot_mil": source, "coremldata_dot_bin": coremldata()}
    if weights is not None:
        files["weights__weight_dot_bin"] = weights
    attack(f"mil_{name}.mlmodelc", text, code, **files)


def const(value, name="w", type=None):
    type = type or value.split("(")[0]
    return program(f"{type} {name} = const()[val = {value}]; {RELU}")


mil("empty", "", "expected 'program', found the end of the text")
mil("other", "MIL", "expected 'program', found \"MIL\"")
mil("version", program(RELU, version="9.9"), "MIL version", "unsupported")
mil("no_function", "program(1.0) { }", "the program has no function")
mil("opset", program(RELU, opset="ios99"), 'opset "ios99"', "unsupported")
mil("trailing", program(RELU) + " func", "expected the end of the text")
mil("nul", program(RELU)[:40] + "\0" + program(RELU)[40:], "unexpected byte 0")
mil("cut", program(RELU)[:-20], "expected")
mil("cut_string", 'program(1.0) [a = string("abc', "a string does not end")
mil("string_utf8", b'program(1.0) [a = string("\xff")] {}', "a string is not UTF-8")
mil("escape", 'program(1.0) [a = string("\\q")] {}', "unknown escape")
mil("undefined", program("tensor<fp32, [1]> y = relu(x = z);"), '"z", which is not defined before it')
mil("own_output", program("tensor<fp32, [1]> y = relu(x = y);"), '"y", which is not defined before it')
mil(
    "cycle",
    program("tensor<fp32, [1]> a = relu(x = b); tensor<fp32, [1]> b = relu(x = a); " + RELU),
    '"b", which is not defined before it',
)
mil("defined_twice", program(RELU + RELU), '"y" is defined twice')
mil("input_redefined", program("tensor<fp32, [1]> x = relu(x = x); " + RELU), '"x" is defined twice')
mil("output_undefined", program(RELU, outputs="q"), 'the block returns "q"')
mil("function_twice", program(RELU)[:-1] + program(RELU).split("{", 1)[1], 'function "main" is defined twice')
mil("parameter_twice", program("tensor<fp32, [1]> y = add(x = x, x = x);"), 'parameter "x" occurs twice')
mil("attribute_twice", program(RELU[:-1] + "[a = int32(1), a = int32(2)];"), 'attribute "a" occurs twice')
mil("nested_block", program("tensor<fp32, [1]> y = cond(pred = x) { };"), "nested blocks", "unsupported")
mil(
    "deep_type",
    program(RELU, inputs="list<" * 1000 + "int32" + ", ?>" * 1000 + " x"),
    "nested deeper than 64",
)
mil("deep_tuple", f"program(1.0) [a = {'tuple<' * 60}int32{'>' * 60}({'(' * 5000}] {{}}", "expected")
mil(
    "deep_argument",
    program("tensor<fp32, [1]> y = relu(x = " + "(" * 5000 + ");"),
    "expected a name or a value",
)
mil("rank", const("tensor<fp32, [" + "1, " * 17 + "1]>(1)"), "18 axes; at most 16")
mil("extent", const("tensor<fp32, [99999999999999999999]>([])"), "expected an extent")
mil("rows", const("tensor<fp32, [2, 2]>([[1, 2], [3]])"), "rows of 2 and of 1 elements")
mil("elements", const("tensor<fp32, [3]>([1, 2])"), "has 2 elements on an axis")
mil("range", const("tensor<int8, [1]>([300])"), '"300" is not a int8')
mil("overflow", const("tensor<int64, [1]>([9999999999999999999])"), "is not a int64")
mil("negative", const("tensor<uint4, [1]>([-1])"), "is not a uint4")
mil("type", const('tensor<int32, [1]>(["x"])'), "a string in int32")
mil("unknown_type", const("tensor<int5, [1]>([1])"), "unknown element type")
mil("tuple_short", "program(1.0) [a = tuple<int32, int32>((1))] {}", "a tuple of 2 has 1 elements")
mil("tuple_long", "program(1.0) [a = tuple<int32>((1, 2))] {}", "a tuple of 1 has more elements")
mil("list_length", "program(1.0) [a = list<int32, 3>([1])] {}", "a list of 3 has 1 elements")
mil("blob_offset", const('tensor<fp32, [1]>(BLOBFILE(path = string("@model_path/w")))'), "BLOBFILE needs")
mil(
    "blob_negative",
    const('tensor<fp32, [1]>(BLOBFILE(path = string("@model_path/w"), offset = int32(-1)))'),
    "BLOBFILE needs",
)
mil(
    "flexible",
    "program(1.0) { func main<ios16>() [FlexibleShapeInformation = int32(1)] { } -> (); }",
    "FlexibleShapeInformation: not a pair",
)
mil("long_name", program("tensor<fp32, [1]> y = relu(x = " + "z" * 100_000 + ");"), "zzz…")
mil("infinite_weight", const("tensor<fp32, [1]>([inf])"), "expected finite weights, found inf", "weights")
mil("nan_weight", const("tensor<fp16, [1, 1]>([[nan]])"), "expected finite weights, found nan", "weights")
