"""Specifications in protobuf."""

from .writing import index, write


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
