"""Pooling in one and two dimensions."""

import math

import numpy as np

from .convolutions import flat, line, same
from .writing import case, d


def pool(
    v: np.ndarray, kernel: list[int], strides: list[int], pads: list[tuple[int, int]], ceil: bool, kind_: str
) -> np.ndarray:
    extents = v.shape[2:]
    sizes = []
    for n, extent in enumerate(extents):
        room = extent + sum(pads[n]) - kernel[n]
        size = (-(-room // strides[n]) if ceil else room // strides[n]) + 1
        if ceil and (size - 1) * strides[n] >= extent + pads[n][0]:
            size -= 1
        sizes.append(size)
    out = np.zeros((*v.shape[:2], *sizes))
    for place in np.ndindex(*sizes):
        first = [place[n] * strides[n] - pads[n][0] for n in range(len(sizes))]
        inside = tuple(
            slice(max(first[n], 0), min(first[n] + kernel[n], extents[n])) for n in range(len(sizes))
        )
        part = d(v)[(slice(None), slice(None), *inside)].reshape(*v.shape[:2], -1)
        whole = math.prod(
            min(first[n] + kernel[n], extents[n] + pads[n][1]) - first[n] for n in range(len(sizes))
        )
        out[(slice(None), slice(None), *place)] = {
            "max": part.max(-1),
            "avg": part.sum(-1) / whole,
            "inside": part.mean(-1),
            "l2": np.sqrt((part**2).sum(-1)),
        }[kind_]
    return out


case(
    "max_pool_one",
    "max_pool",
    {"x": line},
    pool(line, [3], [2], [(1, 1)], False, "max"),
    kernel_sizes=[3],
    strides=[2],
    pad_type="custom",
    pad=[1, 1],
)
case(
    "max_pool_same",
    "max_pool",
    {"x": line},
    pool(line, [3], [2], [same(11, 3, 2, 1)], False, "max"),
    kernel_sizes=[3],
    strides=[2],
    pad_type="same",
)
case(
    "max_pool_ceil",
    "max_pool",
    {"x": line},
    pool(line, [4], [3], [(1, 1)], True, "max"),
    kernel_sizes=[4],
    strides=[3],
    pad_type="custom",
    pad=[1, 1],
    ceil_mode=True,
)
case(
    "max_pool_two",
    "max_pool",
    {"x": flat},
    pool(flat, [2, 3], [2, 1], [(0, 0), (0, 0)], False, "max"),
    kernel_sizes=[2, 3],
    strides=[2, 1],
    pad_type="valid",
)
case(
    "avg_pool_counting",
    "avg_pool",
    {"x": line},
    pool(line, [3], [2], [(1, 1)], False, "avg"),
    kernel_sizes=[3],
    strides=[2],
    pad_type="custom",
    pad=[1, 1],
)
case(
    "avg_pool_excluding",
    "avg_pool",
    {"x": line},
    pool(line, [3], [2], [(1, 1)], False, "inside"),
    kernel_sizes=[3],
    strides=[2],
    pad_type="custom",
    pad=[1, 1],
    exclude_padding_from_average=True,
)
case(
    "avg_pool_two",
    "avg_pool",
    {"x": flat},
    pool(flat, [3, 2], [2, 2], [(1, 0), (0, 1)], False, "inside"),
    kernel_sizes=[3, 2],
    strides=[2, 2],
    pad_type="custom",
    pad=[1, 0, 0, 1],
    exclude_padding_from_average=True,
)
case(
    "l2_pool_valid",
    "l2_pool",
    {"x": line},
    pool(line, [3], [2], [(0, 0)], False, "l2"),
    kernel_sizes=[3],
    strides=[2],
    pad_type="valid",
)
case(
    "l2_pool_ceil",
    "l2_pool",
    {"x": flat},
    pool(flat, [3, 2], [2, 2], [(1, 1), (0, 0)], True, "l2"),
    kernel_sizes=[3, 2],
    strides=[2, 2],
    pad_type="custom",
    pad=[1, 1, 0, 0],
    ceil_mode=True,
)
