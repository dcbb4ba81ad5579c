"""Weights of older networks."""

import struct

from .blobs import FLOATS
from .specifications import field, model, spec


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
