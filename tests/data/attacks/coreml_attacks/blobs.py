"""Weight files and what points into them."""

import struct

from .mil import const, mil

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
