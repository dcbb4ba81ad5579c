"""Quantization while running."""

import numpy as np

from .elementwise import x
from .normalizations import across
from .writing import case, d, ints

scale = np.float32(0.05)
case(
    "quantize_scalar",
    "quantize",
    {"input": x},
    np.clip(np.round(d(x) / d(scale)) + 3, -128, 127).astype(np.int32),
    scale=scale,
    zero_point=np.int32(3),
    output_dtype="int8",
)
codes = ints(2, 3, 4, low=-100, high=100)
steps = np.float32([0.1, 0.2, 0.3])
case(
    "dequantize_channels",
    "dequantize",
    {"input": codes},
    (d(codes) - 2) * across(steps),
    scale=steps,
    zero_point=np.int32([2, 2, 2]),
    axis=1,
)
