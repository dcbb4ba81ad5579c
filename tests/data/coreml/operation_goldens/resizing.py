"""Resizing."""

import numpy as np

from .writing import case, d, noise


def lerp(v: np.ndarray, axis: int, positions: list[float]) -> np.ndarray:
    columns = []
    for position in positions:
        position = min(max(position, 0.0), v.shape[axis] - 1.0)
        low = int(position)
        high = min(low + 1, v.shape[axis] - 1)
        part = position - low
        columns.append(d(v).take(low, axis) * (1 - part) + d(v).take(high, axis) * part)
    return np.stack(columns, axis)


def grid(mode: str, n: int, m: int) -> list[float]:
    if mode == "corners":
        return [k * (n - 1) / (m - 1) if m > 1 else 0.0 for k in range(m)]
    if mode == "default":
        return [k * (n - n / m) / (m - 1) if m > 1 else 0.0 for k in range(m)]
    if mode == "offset":
        return [(0.5 + k) * max(1, n - 1) / m for k in range(m)]
    if mode == "half":
        return [(k + 0.5) * n / m - 0.5 for k in range(m)]
    return [k * n / m for k in range(m)]


def bilinear(v: np.ndarray, h: int, w_: int, mode: str) -> np.ndarray:
    return lerp(lerp(v, 2, grid(mode, v.shape[2], h)), 3, grid(mode, v.shape[3], w_))


pixels = noise(1, 2, 3, 4)
case(
    "upsample_nearest_two",
    "upsample_nearest_neighbor",
    {"x": pixels},
    pixels.repeat(2, 2).repeat(3, 3),
    scale_factor_height=2,
    scale_factor_width=3,
)
case(
    "resize_nearest_size",
    "resize_nearest_neighbor",
    {"x": pixels},
    pixels[:, :, [0, 0, 1, 2, 2]][:, :, :, [0, 1, 1, 2, 3, 3]],
    target_size_height=5,
    target_size_width=6,
)
case(
    "upsample_bilinear_corners",
    "upsample_bilinear",
    {"x": pixels},
    bilinear(pixels, 6, 8, "corners"),
    scale_factor_height=2,
    scale_factor_width=2,
    align_corners=True,
)
case(
    "upsample_bilinear_half",
    "upsample_bilinear",
    {"x": pixels},
    bilinear(pixels, 6, 8, "half"),
    scale_factor_height=2,
    scale_factor_width=2,
    align_corners=False,
)
case(
    "upsample_bilinear_plain",
    "upsample_bilinear",
    {"x": pixels},
    bilinear(pixels, 6, 8, "plain"),
    scale_factor_height=2,
    scale_factor_width=2,
    align_corners=False,
    half_pixel_centers=False,
)
for mode, named in {
    "corners": "STRICT_ALIGN_CORNERS",
    "default": "DEFAULT",
    "offset": "OFFSET_CORNERS",
    "half": "UNALIGN_CORNERS",
}.items():
    case(
        f"resize_bilinear_{mode}",
        "resize_bilinear",
        {"x": pixels},
        bilinear(pixels, 5, 7, mode),
        target_size_height=5,
        target_size_width=7,
        sampling_mode=named,
    )
    case(
        f"resize_bilinear_small_{mode}",
        "resize_bilinear",
        {"x": pixels},
        bilinear(pixels, 2, 3, mode),
        target_size_height=2,
        target_size_width=3,
        sampling_mode=named,
    )

case(
    "resize_linear",
    "resize",
    {"x": pixels},
    bilinear(pixels, 3, 7, "half"),
    shape=[9, 0, 7],
    resized_dims=2,
    interpolation_mode="LINEAR",
    sampling_mode="UNALIGN_CORNERS",
)
case(
    "resize_nearest",
    "resize",
    {"x": pixels},
    pixels.repeat(2, 2),
    shape=[6, 0],
    resized_dims=2,
    interpolation_mode="NEAREST_NEIGHBOR",
)
case(
    "resize_nearest_middle",  # as in coremltools' test
    "resize",
    {"x": np.float32([[[[-6.174], [9.371]]]])},
    np.float32([[[[-6.174] * 2, [9.371] * 2, [9.371] * 2]]]),
    shape=[1, 1, 3, 2],
    resized_dims=2,
    interpolation_mode="NEAREST_NEIGHBOR",
    sampling_mode="DEFAULT",
)
numbers = np.arange(2**24, 2**24 + 12, dtype=np.int32).reshape(1, 1, 3, 4)
case(
    "resize_nearest_int",
    "resize",
    {"x": numbers},
    numbers.repeat(2, 2)[:, :, :, [1, 3]],
    shape=[6, 2],
    resized_dims=2,
    interpolation_mode="NEAREST_NEIGHBOR",
    sampling_mode="UNALIGN_CORNERS",
)
case(
    "resize_bilinear_same_offset",
    "resize_bilinear",
    {"x": pixels},
    bilinear(pixels, 3, 4, "offset"),
    target_size_height=3,
    target_size_width=4,
    sampling_mode="OFFSET_CORNERS",
)
case(
    "upsample_nearest_thirds",  # 5 / 3, a little less in float32
    "upsample_nearest_neighbor",
    {"x": pixels},
    pixels[:, :, [0, 0, 1, 1, 2]],
    scale_factor_height=5 / 3,
)
