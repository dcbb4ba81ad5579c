"""Weights and places that are computed, not constant."""

import numpy as np

from .convolutions import conv, same, transposed
from .elementwise import x
from .writing import case, d, noise, program, value

for name, shape, kernel, groups, strides, pads in (
    ("1d", (2, 4, 9), (6, 4, 3), 1, [1], [(0, 0)]),
    ("1d_strides", (1, 4, 10), (6, 2, 4), 2, [3], [(2, 1)]),
    ("1d_point", (1, 4, 5), (3, 4, 1), 1, [1], [(0, 0)]),
    ("depthwise", (2, 3, 8), (3, 1, 5), 3, [1], [(2, 2)]),
    ("2d", (1, 4, 6, 7), (4, 2, 3, 2), 2, [2, 1], [(1, 1), (0, 1)]),
    ("3d", (1, 2, 4, 5, 6), (3, 2, 2, 3, 2), 1, [1, 2, 1], [(0, 0), (1, 1), (0, 0)]),
):
    v, w, b = noise(*shape), noise(*kernel), noise(kernel[0])
    params = {"groups": groups, "strides": strides, "pad_type": "custom", "pad": [p for q in pads for p in q]}
    case(
        f"conv_computed_{name}",
        "conv",
        {"x": v, "weight": w},
        conv(v, w, b, strides, [1] * len(strides), pads, groups),
        bias=b,
        **params,
    )
v, w, b = noise(1, 3, 8), noise(2, 3, 3), noise(2)
case(
    "conv_computed_bias",
    "conv",
    {"x": v, "bias": b},
    conv(v, w, b, [1], [1], [same(8, 3, 1, 1)], 1),
    weight=w,
    pad_type="same",
)
v, w, b = noise(1, 2, 4, 5, 4), noise(4, 1, 2, 3, 2), noise(4)
case(
    "conv_3d",
    "conv",
    {"x": v},
    conv(v, w, b, [2, 1, 1], [1, 2, 1], [same(4, 2, 2, 1), same(5, 3, 1, 2), same(4, 2, 1, 1)], 2),
    weight=w,
    bias=b,
    groups=2,
    strides=[2, 1, 1],
    dilations=[1, 2, 1],
    pad_type="same",
)

for name, shape, kernel, groups, strides, dilations, pads in (
    ("1d", (2, 4, 6), (4, 3, 3), 1, [2], [1], [(0, 0)]),
    ("1d_groups", (1, 4, 5), (4, 2, 4), 2, [3], [2], [(1, 2)]),
    ("1d_cropped", (1, 2, 7), (2, 3, 1), 1, [2], [1], [(3, 4)]),
    ("2d", (1, 4, 3, 4), (4, 1, 3, 2), 4, [2, 1], [1, 2], [(1, 0), (0, 1)]),
    ("3d", (1, 2, 3, 2, 3), (2, 2, 2, 3, 2), 1, [2, 1, 2], [1, 1, 1], [(0, 0), (1, 0), (0, 1)]),
):
    v, w, b = noise(*shape), noise(*kernel), noise(kernel[1] * groups)
    full = transposed(v, w, strides, dilations, groups) + d(b).reshape(1, -1, *[1] * len(strides))
    for n, (begin, end) in enumerate(pads):
        full = np.take(full, np.arange(begin, full.shape[2 + n] - end), 2 + n)
    params = {"groups": groups, "strides": strides, "dilations": dilations, "pad_type": "custom"}
    params["pad"] = [p for q in pads for p in q]
    case(
        f"conv_transpose_computed_{name}", "conv_transpose", {"x": v, "weight": w, "bias": b}, full, **params
    )
    if len(strides) == 3:
        case(f"conv_transpose_{name}", "conv_transpose", {"x": v}, full, weight=w, bias=b, **params)

points = np.int32([[[0, 1], [2, 0], [1, -1]], [[2, 3], [-3, 0], [0, 2]]])
case(
    "gather_nd_batch",
    "gather_nd",
    {"x": x, "indices": points},
    np.stack([x[n][points[n, :, 0], points[n, :, 1]] for n in range(2)]),
    batch_dims=1,
)
rows = np.int32([[[1], [3]], [[0], [-1]]])
table = noise(2, 2, 4, 3)
case(
    "gather_nd_batches",
    "gather_nd",
    {"x": table, "indices": rows},
    np.stack([[table[n, m, rows[n, m, 0]] for m in range(2)] for n in range(2)]),
    batch_dims=2,
)


def moving(
    name: str, at: int, expected: np.ndarray, lines: list[str], begin: str, end: str, **params: object
) -> None:
    """A slice of x [2, 3, 4] between positions that follow from `at`, of a size that is not declared."""
    shape = ", ".join("?" for _ in expected.shape)
    more = "".join(f", {k} = {value(v)}" for k, v in sorted(params.items()))
    program(
        name,
        {"x": x, "at": np.int32([at])},
        {"y": expected},
        [
            *(f"tensor<int32, [1]> {line};" for line in lines),
            f"tensor<int32, [3]> begin = concat(values = ({begin}), axis = int32(0));",
            f"tensor<int32, [3]> end = concat(values = ({end}), axis = int32(0));",
            f"tensor<fp32, [{shape}]> y = slice_by_index(x = x, begin = begin, end = end{more});",
        ],
    )


zero, two, three, four = (value(np.int32([n])) for n in (0, 2, 3, 4))
for at in (0, 1, -2):
    span = np.arange(at, at + 2)
    moving(
        f"slice_by_index_computed_{'back' if at < 0 else at}",
        at,
        x[:, span],
        ["last = add(x = at, y = int32(2))"],
        f"{zero}, at, {zero}",
        f"{two}, last, {four}",
    )
moving(
    "slice_by_index_computed_frames",
    1,
    x[:, :, 2:4],
    [
        "first = mul(x = int32(2), y = at)",
        "next = add(x = at, y = int32(1))",
        "last = mul(x = next, y = int32(2))",
    ],
    f"{zero}, {zero}, first",
    f"{two}, {three}, last",
)
moving(
    "slice_by_index_computed_stride",
    1,
    x[:, :, 1:4:2],
    ["last = add(x = at, y = int32(3))"],
    f"{zero}, {zero}, at",
    f"{two}, {three}, last",
    stride=[1, 1, 2],
)
moving(
    "slice_by_index_computed_backwards",
    1,
    x[:, ::-1, 3:0:-2],
    ["first = add(x = at, y = int32(2))", "last = sub(x = at, y = int32(1))"],
    f"{zero}, {zero}, first",
    f"{two}, {three}, last",
    stride=[1, -1, -2],
    begin_mask=[True, True, False],
    end_mask=[True, True, False],
)
moving(
    "slice_by_index_computed_masks",
    1,
    x[1, 1:3, -3:],
    ["last = add(x = at, y = int32(2))", "other = identity(x = at)"],
    f"at, at, {value(np.int32([-3]))}",
    f"{two}, last, other",
    end_mask=[False, False, True],
    squeeze_mask=[True, False, False],
)
program(
    "slice_by_size_computed",
    {"x": x, "at": np.int32([1])},
    {"y": x[:, 1:, 1:3]},
    [
        "tensor<int32, [1]> last = add(x = at, y = int32(2));",
        f"tensor<int32, [3]> begin = concat(values = ({zero}, {value(np.int32([1]))}, at), axis = int32(0));",
        f"tensor<int32, [3]> end = concat(values = ({two}, {three}, last), axis = int32(0));",
        "tensor<int32, [3]> size = sub(x = end, y = begin);",
        "tensor<fp32, [?, ?, ?]> y = slice_by_size(x = x, begin = begin, size = size);",
    ],
)
