"""Convolutions in one and two dimensions."""

import numpy as np

from .writing import case, d, noise


def padded(v: np.ndarray, pads: list[tuple[int, int]], fill: float = 0.0) -> np.ndarray:
    return np.pad(d(v), [(0, 0), (0, 0), *pads], constant_values=fill)


def same(extent: int, kernel: int, stride: int, dilation: int, lower: bool = False) -> tuple[int, int]:
    span = (kernel - 1) * dilation + 1
    total = max((-(-extent // stride) - 1) * stride + span - extent, 0)
    return (total - total // 2, total // 2) if lower else (total // 2, total - total // 2)


def conv(
    v: np.ndarray,
    weight: np.ndarray,
    b: np.ndarray | None,
    strides: list[int],
    dilations: list[int],
    pads: list[tuple[int, int]],
    groups: int,
) -> np.ndarray:
    v = padded(v, pads)
    kernel = weight.shape[2:]
    sizes = [
        (v.shape[2 + n] - (kernel[n] - 1) * dilations[n] - 1) // strides[n] + 1 for n in range(len(kernel))
    ]
    out = np.zeros((v.shape[0], weight.shape[0], *sizes))
    per_in, per_out = weight.shape[1], weight.shape[0] // groups
    for o in range(weight.shape[0]):
        source = v[:, (o // per_out) * per_in : (o // per_out + 1) * per_in]
        for tap in np.ndindex(*kernel):
            index = tuple(
                slice(
                    tap[n] * dilations[n], tap[n] * dilations[n] + (sizes[n] - 1) * strides[n] + 1, strides[n]
                )
                for n in range(len(kernel))
            )
            out[:, o] += np.einsum(
                "nc...,c->n...", source[(slice(None), slice(None), *index)], d(weight)[(o, slice(None), *tap)]
            )
    return out if b is None else out + d(b).reshape(1, -1, *[1] * len(kernel))


def transposed(
    v: np.ndarray, weight: np.ndarray, strides: list[int], dilations: list[int], groups: int
) -> np.ndarray:
    kernel, per = weight.shape[2:], weight.shape[1]
    sizes = [
        (v.shape[2 + n] - 1) * strides[n] + (kernel[n] - 1) * dilations[n] + 1 for n in range(len(kernel))
    ]
    out = np.zeros((v.shape[0], per * groups, *sizes))
    inputs = v.shape[1] // groups
    for c_ in range(v.shape[1]):
        g = c_ // inputs
        for tap in np.ndindex(*kernel):
            index = tuple(
                slice(
                    tap[n] * dilations[n],
                    tap[n] * dilations[n] + (v.shape[2 + n] - 1) * strides[n] + 1,
                    strides[n],
                )
                for n in range(len(kernel))
            )
            out[(slice(None), slice(g * per, (g + 1) * per), *index)] += np.einsum(
                "n...,o->no...", d(v[:, c_]), d(weight)[(c_, slice(None), *tap)]
            )
    return out


line, flat = noise(2, 4, 11), noise(2, 4, 7, 9)
w1, w2, wb = noise(6, 4, 4), noise(6, 4, 3, 2), noise(6)
case(
    "conv_valid",
    "conv",
    {"x": line},
    conv(line, w1, wb, [1], [1], [(0, 0)], 1),
    weight=w1,
    bias=wb,
    pad_type="valid",
)
case("conv_default", "conv", {"x": line}, conv(line, w1, None, [1], [1], [(0, 0)], 1), weight=w1)
for stride, dilation in ((1, 1), (2, 1), (3, 2)):
    for lower in (False, True):
        pads = [same(11, 4, stride, dilation, lower)]
        case(
            f"conv_same{'_lower' if lower else ''}_{stride}_{dilation}",
            "conv",
            {"x": line},
            conv(line, w1, wb, [stride], [dilation], pads, 1),
            weight=w1,
            bias=wb,
            pad_type="same_lower" if lower else "same",
            strides=[stride],
            dilations=[dilation],
        )
wg = noise(6, 2, 3)
case(
    "conv_groups",
    "conv",
    {"x": line},
    conv(line, wg, wb, [2], [2], [(3, 1)], 2),
    weight=wg,
    bias=wb,
    pad_type="custom",
    pad=[3, 1],
    strides=[2],
    dilations=[2],
    groups=2,
)
case(
    "conv_2d_custom",
    "conv",
    {"x": flat},
    conv(flat, w2, wb, [2, 1], [1, 2], [(1, 0), (2, 3)], 1),
    weight=w2,
    bias=wb,
    pad_type="custom",
    pad=[1, 0, 2, 3],
    strides=[2, 1],
    dilations=[1, 2],
)
case(
    "conv_2d_same",
    "conv",
    {"x": flat},
    conv(flat, w2, None, [2, 3], [1, 1], [same(7, 3, 2, 1), same(9, 2, 3, 1)], 1),
    weight=w2,
    pad_type="same",
    strides=[2, 3],
)
wd = noise(4, 1, 3, 3)
case(
    "conv_2d_depthwise",
    "conv",
    {"x": flat},
    conv(flat, wd, None, [1, 1], [1, 1], [(1, 1), (1, 1)], 4),
    weight=wd,
    pad_type="custom",
    pad=[1, 1, 1, 1],
    groups=4,
)
t1, tg, t2 = noise(4, 3, 5), noise(4, 2, 4), noise(4, 3, 3, 2)
tb = noise(3)
full = transposed(line, t1, [2], [1], 1)
case(
    "conv_transpose_valid",
    "conv_transpose",
    {"x": line},
    full + d(tb)[None, :, None],
    weight=t1,
    bias=tb,
    strides=[2],
)
case(
    "conv_transpose_custom",
    "conv_transpose",
    {"x": line},
    full[:, :, 2:-1],
    weight=t1,
    strides=[2],
    pad_type="custom",
    pad=[2, 1],
)
case(
    "conv_transpose_same",
    "conv_transpose",
    {"x": line},
    full[:, :, 1:-2],
    weight=t1,
    strides=[2],
    pad_type="same",
)
case(
    "conv_transpose_groups",
    "conv_transpose",
    {"x": line},
    transposed(line, tg, [3], [2], 2)[:, :, 1:-1],
    weight=tg,
    strides=[3],
    dilations=[2],
    groups=2,
    pad_type="custom",
    pad=[1, 1],
)
case(
    "conv_transpose_shape",
    "conv_transpose",
    {"x": line},
    full[:, :, 2:],
    weight=t1,
    strides=[2],
    pad_type="custom",
    pad=[2, 2],
    output_shape=[2, 3, 23],
)
case(
    "conv_transpose_2d",
    "conv_transpose",
    {"x": flat},
    transposed(flat, t2, [2, 1], [1, 2], 1)[:, :, 1:, 1:-1],
    weight=t2,
    strides=[2, 1],
    dilations=[1, 2],
    pad_type="custom",
    pad=[1, 0, 1, 1],
)
