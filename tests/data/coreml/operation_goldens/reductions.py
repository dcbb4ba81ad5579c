"""Reductions."""

import numpy as np

from .elementwise import i, p, x
from .writing import case, d

for op, f in {
    "reduce_sum": np.sum,
    "reduce_mean": np.mean,
    "reduce_max": np.max,
    "reduce_min": np.min,
    "reduce_prod": np.prod,
    "reduce_sum_square": lambda v, **k: np.sum(v * v, **k),
    "reduce_l1_norm": lambda v, **k: np.sum(np.abs(v), **k),
    "reduce_l2_norm": lambda v, **k: np.sqrt(np.sum(v * v, **k)),
    "reduce_log_sum_exp": lambda v, **k: np.log(np.sum(np.exp(v), **k)),
}.items():
    case(f"{op}_axes", op, {"x": x}, f(d(x), axis=(0, 2)), axes=[0, -1])
    case(f"{op}_keep", op, {"x": x}, f(d(x), axis=1, keepdims=True), axes=[1], keep_dims=True)
    case(f"{op}_all", op, {"x": x}, f(d(x)))
    if "log" in op or "norm" in op:  # integers in between are computed as floats and cut
        case(f"{op}_int", op, {"x": i}, np.trunc(f(d(i), axis=1)).astype(np.int32), axes=[1])
    one = np.float32(-1.5)
    case(f"{op}_scalar", op, {"x": one}, f(d(one)))
    if op != "reduce_log_sum_exp":
        case(f"{op}_none", op, {"x": x}, f(d(x), axis=()), axes=np.int32([]))
case("reduce_log_sum_axes", "reduce_log_sum", {"x": p}, np.log(np.sum(d(p), 1)), axes=[1])
case("reduce_log_sum_int", "reduce_log_sum", {"x": np.int32([5, 6])}, np.int32(2))
case("reduce_log_sum_exp_none", "reduce_log_sum_exp", {"x": x}, x, axes=np.int32([]))
case("reduce_sum_int", "reduce_sum", {"x": i}, np.sum(i, 1, dtype=np.int32), axes=[1])
case("reduce_max_int", "reduce_max", {"x": i}, np.max(i, 2), axes=[2])
case("reduce_argmax_default", "reduce_argmax", {"x": x}, np.argmax(x, -1))
case("reduce_argmax_keep", "reduce_argmax", {"x": x}, np.argmax(x, 1)[:, None], axis=1, keep_dims=True)
case("reduce_argmin_axis", "reduce_argmin", {"x": x}, np.argmin(x, 0), axis=0)
