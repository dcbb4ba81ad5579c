"""Writes the hostile Core ML files of `coreml/` and `coreml/index.json`, which says how a reader must refuse each.

Run it in this folder after adding a case: `python3 make_coreml_attacks.py`. An entry of the index is
`[file, code, text]`: the name of the error code and a text that its message must contain. A file is opened as a
model and all its weights are loaded.
"""

import json
import pathlib
import shutil
import struct

HERE = pathlib.Path(__file__).parent / "coreml"
shutil.rmtree(HERE, ignore_errors=True)
index = []


def write(path, data):
    path = HERE / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())


def attack(name, text, code="malformed", **files):
    """A bundle or package: files by their path, `__` for a slash and `_dot_` for a point."""
    for path, data in files.items():
        write(name + "/" + path.replace("__", "/").replace("_dot_", "."), data)
    index.append([name, code, text])


def string(data):
    return struct.pack("<Q", len(data)) + data


def coremldata(kind=502, family=b"generic", version=7, description=b""):
    return (
        struct.pack("<I3Q", kind, 5, 0, 0)
        + string(family)
        + struct.pack("<4Q", version, 0, 0, 0)
        + string(description)
        + struct.pack("<2Q", kind, 0)
    )


# --- MIL text -----------------------------------------------------------------------------------------------


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

# --- Weight files -------------------------------------------------------------------------------------------

SENTINEL = 0xDEADBEEF


def weight_file(data, dtype=2, size=None, offset=128, sentinel=SENTINEL, version=2):
    size = len(data) if size is None else size
    return (
        struct.pack("<II", 1, version).ljust(64, b"\0")
        + struct.pack("<IIQQ", sentinel, dtype, size, offset).ljust(64, b"\0")
        + data
    )


def blob(type, offset=64, path="@model_path/weights/weight.bin"):
    return f'{type}(BLOBFILE(path = string("{path}"), offset = uint64({offset})))'


FLOATS = struct.pack("<4f", 1, 2, 3, 4)
F4 = "tensor<fp32, [4]>"
mil("blob_missing", const(blob(F4)), "cannot open", "io")
mil("blob_tiny", const(blob(F4)), "3 bytes, a weight file has at least 64", weights=b"abc")
mil(
    "blob_version",
    const(blob(F4)),
    "weight file version 1",
    "unsupported",
    weights=weight_file(FLOATS, version=1),
)
mil("blob_outside", const(blob(F4, 10_000)), "outside the file", weights=weight_file(FLOATS))
mil("blob_huge_offset", const(blob(F4, 2**63 - 1)), "outside the file", weights=weight_file(FLOATS))
mil("blob_header", const(blob(F4, 0)), "outside the file", weights=weight_file(FLOATS))
mil("blob_sentinel", const(blob(F4)), "no blob begins there", weights=weight_file(FLOATS, sentinel=1))
mil("blob_size", const(blob(F4)), "outside the file", weights=weight_file(FLOATS, size=2**64 - 64))
mil("blob_data", const(blob(F4)), "outside the file", weights=weight_file(FLOATS, offset=2**64 - 1))
mil(
    "blob_short",
    const(blob("tensor<fp32, [5]>")),
    "has 16 bytes, fp32 [5] needs 20",
    weights=weight_file(FLOATS),
)
mil(
    "blob_long",
    const(blob("tensor<fp32, [3]>")),
    "has 16 bytes, fp32 [3] needs 12",
    weights=weight_file(FLOATS),
)
mil(
    "blob_shape",
    const(blob("tensor<fp32, [4294967296, 4294967296]>")),
    "is not one of at most",
    weights=weight_file(FLOATS),
)
mil(
    "blob_empty_shape",
    const(blob("tensor<fp32, [0, 4294967296, 4294967296]>")),
    "is not one of at most",
    weights=weight_file(FLOATS),
)
for name, path in [
    ("up", "@model_path/../weight.bin"),
    ("absolute", "/etc/hostname"),
    ("dots", "@model_path/weights/../../x"),
    ("empty", "@model_path//x"),
]:
    mil(
        f"blob_path_{name}",
        const(blob(F4, path=path)),
        "is not inside @model_path/",
        weights=weight_file(FLOATS),
    )

# --- Compressed weights -------------------------------------------------------------------------------------


def expand(name, type, operation, text, weights=None):
    mil(f"expand_{name}", program(f"{type} w = {operation}; {RELU}"), text, weights=weights)


AFFINE = "constexpr_affine_dequantize()[axis = int32({axis}), quantized_data = tensor<int8, [2, 2]>([[1, 2], [3, 4]]), scale = {scale}, zero_point = int8(0)]"
expand("axis", "tensor<fp32, [2, 2]>", AFFINE.format(axis=5, scale="fp32(1)"), "axis 5 of a tensor of 2 axes")
expand(
    "axis_negative", "tensor<fp32, [2, 2]>", AFFINE.format(axis=-3, scale="fp32(1)"), "axis -1 of a tensor"
)
expand(
    "scale",
    "tensor<fp32, [2, 2]>",
    AFFINE.format(axis=0, scale="tensor<fp32, [3]>([1, 2, 3])"),
    "scale has 3 elements",
)
expand(
    "scale_empty",
    "tensor<fp32, [2, 2]>",
    AFFINE.format(axis=0, scale="tensor<fp32, [0]>([])"),
    "scale has 0 elements",
)
expand("declared", "tensor<fp32, [4]>", AFFINE.format(axis=0, scale="fp32(1)"), "its declared type")
expand(
    "missing",
    "tensor<fp32, [2]>",
    "constexpr_affine_dequantize()[axis = int32(0)]",
    "no constant holds its elements",
)
LUT = "constexpr_lut_to_dense()[indices = tensor<uint8, [{n}]>([{v}]), lut = tensor<fp32, [{k}]>([{l}]), shape = tensor<uint32, [{r}]>([{s}])]"
expand(
    "palette_bytes",
    "tensor<fp32, [16]>",
    LUT.format(n=1, v=1, k=2, l="0, 1", r=1, s=16),
    "1 elements of uint8 for [16] of uint1",
)
expand(
    "palette_size",
    "tensor<fp32, [8]>",
    LUT.format(n=1, v=1, k=5, l="0, 1, 2, 3, 4", r=1, s=8),
    "a palette of shape [5]",
)
expand(
    "palette_shape",
    "tensor<fp32, [8]>",
    LUT.format(n=1, v=1, k=2, l="0, 1", r=2, s="4294967295, 4294967295"),
    "is not one of at most",
)
expand(
    "palette_zero",
    "tensor<fp32, [8]>",
    LUT.format(n=1, v=1, k=2, l="0, 1", r=3, s="0, 4294967295, 4294967295"),
    "is not one of at most",
)
GROUP = "constexpr_lut_to_dense(indices = tensor<uint1, [4]>([0, 1, 0, 1]), lut = {lut})"
expand(
    "palette_rank",
    "tensor<fp32, [4]>",
    GROUP.format(lut="tensor<fp32, [2]>([0, 1])"),
    "with a palette of shape [2]",
)
expand(
    "palette_entries",
    "tensor<fp32, [4]>",
    GROUP.format(lut="tensor<fp32, [1, 3, 1]>([[[0], [1], [2]]])"),
    "with a palette of 3",
)
expand(
    "palette_tiles",
    "tensor<fp32, [4]>",
    GROUP.format(lut="tensor<fp32, [3, 2, 1]>([[[0], [1]], [[0], [1]], [[0], [1]]])"),
    "does not tile [4]",
)
expand(
    "palette_axis",
    "tensor<fp32, [8]>",
    GROUP.format(lut="tensor<fp32, [1, 2, 2]>([[[0, 1], [2, 3]]])"),
    "needs a vector_axis",
)
expand(
    "palette_no_vector",
    "tensor<fp32, [4]>",
    GROUP.format(lut="tensor<fp32, [1, 2, 0]>([[[], []]])"),
    "vectors of 0",
)
expand(
    "palette_long_vector",
    "tensor<fp32, [4]>",
    GROUP.format(lut=f"tensor<fp32, [1, 2, 1000]>([[[{', '.join('0' * 1000)}], [{', '.join('0' * 1000)}]]])"),
    "vectors of 1000",
)
BLOCK = "constexpr_blockwise_shift_scale(data = tensor<int8, [4]>([1, 2, 3, 4]), scale = {scale}{rest})"
expand(
    "block_tiles",
    "tensor<fp32, [4]>",
    BLOCK.format(scale="tensor<fp32, [3]>([1, 2, 3])", rest=""),
    "does not tile [4]",
)
expand(
    "block_zero",
    "tensor<fp32, [4]>",
    BLOCK.format(scale="tensor<fp32, [0]>([])", rest=""),
    "does not tile [4]",
)
expand("block_rank", "tensor<fp32, [4]>", BLOCK.format(scale="fp32(1)", rest=""), "does not tile [4]")
expand(
    "block_offset",
    "tensor<fp32, [4]>",
    BLOCK.format(scale="tensor<fp32, [2]>([1, 2])", rest=", offset = tensor<int8, [1]>([1])"),
    "offset has shape [1]",
)
SPARSE = "constexpr_sparse_to_dense(mask = tensor<{type}, [4]>([1, 0, 1, 0]), nonzero_data = tensor<fp32, [{n}]>([{v}]))"
expand(
    "mask_count",
    "tensor<fp32, [4]>",
    SPARSE.format(type="uint1", n=3, v="1, 2, 3"),
    "3 values for a mask of 2 ones",
)
expand("mask_type", "tensor<fp32, [4]>", SPARSE.format(type="int32", n=2, v="1, 2"), "a mask of int32")
chain = f"tensor<fp32, [4]> w0 = {BLOCK.format(scale='tensor<fp32, [1]>([1])', rest='')};"
for i in range(200):
    chain += f"tensor<fp32, [4]> w{i + 1} = constexpr_blockwise_shift_scale(data = w{i}, scale = tensor<fp32, [1]>([1]));"
mil("expand_chain", program(chain + RELU), "nested too deeply")

# --- Specifications -----------------------------------------------------------------------------------------


def varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def entry(key, value):
    return field(1, key) + field(2, value)


def spec(name, data, text, code="malformed"):
    write(f"spec_{name}.mlmodel", data)
    index.append([f"spec_{name}.mlmodel", code, text])


def model(content, kind=502, description=b"", version=7):
    return field(1, version) + field(2, description) + field(kind, content)


def tensor_type(shape, element=11, rank=None):
    dims = b"".join(field(3, field(1, field(1, n))) for n in shape)
    return field(1, field(1, element) + field(2, len(shape) if rank is None else rank) + dims)


def named(name, type=tensor_type([1])):
    return field(1, name) + field(2, type)


def value(shape, content, element=11):
    return field(2, tensor_type(shape, element)) + field(3, field(1, content))


def function(operations=b"", outputs=(), opset="CoreML6", active="CoreML6", name="x"):
    block = b"".join(field(2, o) for o in outputs) + operations
    return field(1, named(name)) + field(2, opset) + field(3, entry(active, block))


def program_message(*functions):
    return field(1, 1) + b"".join(field(2, entry(n, f)) for n, f in functions)


def constant(val):
    return field(3, field(1, "const") + field(3, named("w")) + field(5, entry("val", val)))


def main(operations=b"", **more):
    return model(program_message(("main", function(operations, **more))))


spec("empty", b"", "not a Core ML model")
spec("text", "hello, world", "Model at byte")
spec("varint_cut", b"\x08\xff", "the message ends inside a number")
spec("varint_long", b"\x08" + b"\xff" * 10 + b"\x01", "a number longer than 64 bits")
spec("length", b"\x12\xff\xff\xff\xff\x0f", "4294967295 bytes, 0 are left")
spec("length_huge", b"\x12" + b"\xff" * 9 + b"\x01", "bytes, 0 are left")
spec("group", b"\x0b", "wire type 3")
spec("field_zero", b"\x00\x00", "field number 0")
spec("fixed_cut", b"\x0d\x00", "the message ends inside a field")
spec("no_description", field(1, 7) + field(502, b""), "not a Core ML model")
spec("two_descriptions", field(2, b"") + main(), "not a Core ML model")
spec("kind", model(b"", kind=600), "a model of type 600", "unsupported")
spec("pipeline", model(b"", kind=202), "a pipeline", "unsupported")
spec("no_function", model(program_message()), "the program has no function")
spec("function_twice", model(program_message(("f", function()), ("f", function()))), "is defined twice")
spec("opset", main(opset="CoreML99", active="CoreML99"), "opset", "unsupported")
spec("specialization", main(active="CoreML5"), "no block for opset")
spec("name_utf8", main(outputs=[b"\xff"]), "is not UTF-8")
spec("name_text", main(name="x) { } -> (y"), "is no identifier")
spec("undefined", main(outputs=["z"]), 'returns "z"')
spec(
    "cycle",
    main(field(3, field(1, "relu") + field(2, entry("x", field(1, field(1, "y")))) + field(3, named("y")))),
    "which is not defined before it",
)
spec(
    "rank",
    main(field(3, field(1, "relu") + field(3, named("y", tensor_type([1, 2], rank=5))))),
    "rank 5 with 2 axes",
)
spec(
    "rank_any",
    main(field(3, field(1, "relu") + field(3, named("y", tensor_type([], rank=2**64 - 1))))),
    "without a fixed number of axes",
    "unsupported",
)
spec("rank_deep", main(field(3, field(1, "relu") + field(3, named("y", tensor_type([1] * 40))))), "rank 40")
spec(
    "element",
    main(field(3, field(1, "relu") + field(3, named("y", tensor_type([1], 99))))),
    "unknown element type 99",
)
spec("floats_few", main(constant(value([2], field(1, field(1, b"\0" * 4))))), "1 elements, the type has 2")
spec("floats_many", main(constant(value([1], field(1, field(1, b"\0" * 8))))), "more than 1 elements")
spec("floats_cut", main(constant(value([1], field(1, field(1, b"\0" * 5))))), "no multiple of 4")
spec(
    "bytes_few",
    main(constant(value([3], field(7, field(1, b"\0" * 5)), 10))),
    "does not hold 3 elements of fp16",
)
spec("ints_range", main(constant(value([1], field(2, field(1, varint(300))), 21))), "not a int8")
spec("shape", main(constant(value([2**40, 2**40], field(1, b"")))), "is not one of at most")
spec("value_type", main(constant(field(2, field(3, b"")) + field(3, field(1, b"")))), "does not fit its type")
deep = field(1, field(1, 23))
for _ in range(100):
    deep = field(2, field(1, deep))
spec(
    "deep_type", main(field(3, field(1, "relu") + field(3, named("y", deep)))), "nested deeper than 64 levels"
)
deep = b""
for _ in range(100):
    deep = field(3, field(1, "cond") + field(4, deep))
spec("deep_block", main(deep), "nested deeper than 64 levels")
spec(
    "extents",
    model(b"", description=field(1, field(3, field(5, field(1, varint(2**63)))))),
    "is a negative extent",
)
spec("axes", model(b"", description=field(1, field(3, field(5, field(1, b"\1" * 30))))), "more than 16 axes")

# --- Older networks -----------------------------------------------------------------------------------------


def layer(kind, params, name="l"):
    return model(field(1, field(1, name) + field(kind, params)), kind=500)


def inner(weights, rows=2, columns=2):
    return layer(140, field(1, columns) + field(2, rows) + field(20, weights))


spec("nn_size", inner(field(1, FLOATS[:12])), "12 bytes for shape [2, 2] of 32 bits")
spec("nn_half", inner(field(2, b"\0" * 7)), "7 bytes for shape [2, 2] of 16 bits")
spec("nn_shape", inner(field(1, FLOATS), rows=2**40, columns=2**40), "is not one of at most")
spec("nn_no_size", layer(140, field(20, field(1, FLOATS))), "size field 2 is missing")
spec(
    "nn_bits", inner(field(30, b"\0") + field(40, field(1, 9) + field(101, b""))), "a quantisation of 9 bits"
)
spec(
    "nn_table",
    inner(field(30, b"\0") + field(40, field(1, 2) + field(102, field(1, FLOATS[:8])))),
    "2 bits and 2 entries",
)
spec(
    "nn_scales",
    inner(field(30, b"\0" * 4) + field(40, field(1, 8) + field(101, field(1, FLOATS[:12])))),
    "3 scales or biases for 2 channels",
)
spec("nn_raw", inner(field(30, b"\0")), "raw weights without quantisation")
spec(
    "nn_nan", inner(field(1, struct.pack("<4f", 1, float("nan"), 3, 4))), "expected finite weights", "weights"
)
spec(
    "nn_groups",
    layer(100, field(1, 2**40) + field(2, 2**40) + field(90, field(1, FLOATS))),
    "is not one of at most",
)

# --- Packages, bundles, Espresso ----------------------------------------------------------------------------


def package(name, manifest, text, code="malformed"):
    attack(f"package_{name}.mlpackage", text, code, Manifest_dot_json=manifest)


def manifest(path, root="A"):
    return json.dumps({"itemInfoEntries": {"A": {"path": path}}, "rootModelIdentifier": root})


package("empty", "", "expected a value")
package("deep", "[" * 5000, "nested deeper than", "unsupported")
package("no_root", manifest("m", "B"), "no item has the root model's identifier")
package("up", manifest("../../../etc/hostname"), "is not inside the package")
package("absolute", manifest("/etc/hostname"), "is not inside the package")
package("missing", manifest("nothing.mlmodel"), "cannot open", "io")
attack("bundle_empty.mlmodelc", "expected Manifest.json, model.mil or model.espresso.net", readme="nothing")
attack("bundle_pipeline.mlmodelc", "a pipeline", "unsupported", model0__model_dot_mil="")
for name, data, text, code in [
    ("cut", b"\xf6\x01\0\0\5", "the file ends too early", "malformed"),
    (
        "string",
        struct.pack("<I3QQ", 502, 5, 0, 0, 2**63),
        "a string of 9223372036854775808 bytes",
        "malformed",
    ),
    ("family", coremldata(family=b"special"), 'a model of family "special"', "unsupported"),
    ("version", coremldata(version=2**64 - 1), "no specification version", "malformed"),
    ("description", coremldata(description=b"\x0a\xff"), "ModelDescription at byte", "malformed"),
]:
    attack(f"data_{name}.mlmodelc", text, code, model_dot_mil=program(RELU), coremldata_dot_bin=data)


def espresso(name, text, layers=None, weights=None, storage="w", code="malformed"):
    layers = (
        [{"name": "c", "type": "inner_product", "nB": 2, "nC": 2, "blob_weights": 1}]
        if layers is None
        else layers
    )
    net = json.dumps({"storage": storage, "layers": layers})
    table = struct.pack("<QQQ", 1, 1, 16) + FLOATS if weights is None else weights
    attack(
        f"espresso_{name}.mlmodelc",
        text,
        code,
        model_dot_espresso_dot_net=net,
        w=table,
        coremldata_dot_bin=coremldata(kind=500),
    )


espresso("storage_up", "is no file of the bundle", storage="../w")
espresso("storage_missing", "cannot open", storage="v", code="io")
espresso("table_cut", "no table", weights=b"123")
espresso("table_count", "a weight table of", weights=struct.pack("<Q", 2**60))
espresso("blob_size", "bytes, 16 are left", weights=struct.pack("<QQQ", 1, 1, 2**64 - 1) + FLOATS)
espresso("blob_twice", "occurs twice", weights=struct.pack("<5Q", 2, 1, 0, 1, 0))
espresso("blob_missing", "there is no blob 7", layers=[{"name": "c", "type": "x", "blob_weights": 7}])
espresso("blob_number", "expected an integer", layers=[{"name": "c", "type": "x", "blob_weights": -1}])
espresso(
    "shape",
    "needs 24 bytes, the blob has 16",
    layers=[{"name": "c", "type": "inner_product", "nB": 2, "nC": 3, "blob_weights": 1}],
)
espresso(
    "shape_huge",
    "is not one of at most",
    layers=[
        {
            "name": "c",
            "type": "convolution",
            "C": 1 << 24,
            "K": 1 << 24,
            "Nx": 1 << 24,
            "Ny": 1 << 24,
            "blob_weights": 1,
        }
    ],
)

(HERE / "index.json").write_text("[\n" + ",\n".join(json.dumps(e) for e in index) + "\n]\n")
print(len(index))
