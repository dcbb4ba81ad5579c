"""Writes operations/operations.mil and operations.safetensors: one function of one MIL operation for each golden.

    python3 make_operation_goldens.py operations

What an operation gives is computed here in float64 with NumPy alone, from the formulas of coremltools' operation
reference (`converters/mil/mil/ops/defs`); loops are as plain as they can be. Keys are FUNCTION/in/NAME and
FUNCTION/out/NAME.
"""

import json
import math
import struct
import sys

import numpy as np

TYPES = {"f": "fp32", "i": "int32", "b": "bool"}
rng = np.random.default_rng(7)
functions: list[str] = []
arrays: dict[str, np.ndarray] = {}


def noise(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    return rng.uniform(low, high, shape).astype(np.float32)


def ints(*shape: int, low: int = -9, high: int = 9) -> np.ndarray:
    return rng.integers(low, high + 1, shape).astype(np.int32)


def kind(a: np.ndarray) -> str:
    return TYPES[a.dtype.kind]


def type_of(a: np.ndarray) -> str:
    return f"tensor<{kind(a)}, [{', '.join(map(str, a.shape))}]>" if a.ndim else kind(a)


def element(v: np.generic) -> str:
    if isinstance(v, np.bool_):
        return "true" if v else "false"
    if isinstance(v, np.floating):
        return "inf" if v == np.inf else "-inf" if v == -np.inf else float(v).hex()
    return str(int(v))


def literal(a: np.ndarray) -> str:
    return element(a[()]) if a.ndim == 0 else "[" + ", ".join(literal(b) for b in a) + "]"


def value(v: object) -> str:
    """A Python value as MIL writes a constant."""
    if isinstance(v, str):
        return f'string("{v}")'
    if isinstance(v, Name):
        return v.text
    if isinstance(v, tuple):
        return "(" + ", ".join(value(x) for x in v) + ")"
    if isinstance(v, bool):
        v = np.bool_(v)
    elif isinstance(v, int):
        v = np.int32(v)
    elif isinstance(v, float):
        v = np.float32(v)
    elif isinstance(v, list):
        v = np.array(v, bool if isinstance(v[0], bool) else np.int32 if isinstance(v[0], int) else np.float32)
    a = np.asarray(v)
    return f"{type_of(a)}({literal(a)})"


class Name:
    """A value of the program."""

    def __init__(self, text: str) -> None:
        self.text = text


def narrow(a: object) -> np.ndarray:
    a = np.asarray(a)
    return a.astype({"f": np.float32, "i": np.int32, "u": np.int32, "b": np.bool_}[a.dtype.kind])


def case(
    name: str,
    operation: str,
    inputs: dict[str, np.ndarray],
    outputs: object,
    opset: str = "ios17",
    **params: object,
) -> None:
    """One operation; `inputs` are given when it runs, `params` are constants."""
    results = outputs if isinstance(outputs, list) else [outputs]
    results = [narrow(r) for r in results]
    arguments: dict[str, str] = {}
    for key in inputs:
        arguments.setdefault(key.split("__")[0], "")
    for key in arguments:
        names = [k for k in inputs if k.split("__")[0] == key]
        arguments[key] = names[0] if names == [key] else "(" + ", ".join(names) + ")"
    for key, v in params.items():
        arguments[key.rstrip("_")] = value(v)
    text = ", ".join(f"{k} = {v}" for k, v in sorted(arguments.items()))
    made = ", ".join(f"{type_of(r)} y{i}" for i, r in enumerate(results))
    program(
        name,
        inputs,
        {f"y{i}": r for i, r in enumerate(results)},
        [f'{made} = {operation}({text})[name = string("{name}")];'],
        opset,
    )


def program(
    name: str,
    inputs: dict[str, np.ndarray],
    outputs: dict[str, np.ndarray],
    lines: list[str],
    opset: str = "ios17",
) -> None:
    given = ", ".join(f"{type_of(a)} {k}" for k, a in sorted(inputs.items()))
    body = "".join(f"            {line}\n" for line in lines)
    functions.append(f"    func {name}<{opset}>({given}) {{\n{body}        }} -> ({', '.join(outputs)});\n")
    for k, a in inputs.items():
        arrays[f"{name}/in/{k}"] = a
    for k, a in outputs.items():
        arrays[f"{name}/out/{k}"] = a


# Element by element.

x, y = noise(2, 3, 4), noise(3, 1)
p = noise(2, 3, 4, low=0.1, high=3.0)
i, j = ints(2, 3, 4), ints(4, low=1)
d = np.float64
for op, f in {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "real_div": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
}.items():
    case(f"{op}_broadcast", op, {"x": x, "y": y}, f(d(x), d(y)))
    if op != "real_div":
        case(f"{op}_int", op, {"x": i, "y": j}, f(i, j))
case("floor_div_float", "floor_div", {"x": x, "y": y}, np.floor(d(x) / d(y)))
case("floor_div_int", "floor_div", {"x": i, "y": -j}, i // -j)
case("mod_float", "mod", {"x": x, "y": y}, np.mod(d(x), d(y)))
case("mod_int", "mod", {"x": i, "y": -j}, i % -j)
case("pow_tensor", "pow", {"x": p, "y": y}, d(p) ** d(y))
for exponent in (1.0, 2.0, 0.5, -1.5):
    case(f"pow_{exponent}".replace(".", "_").replace("-", "m"), "pow", {"x": p}, d(p) ** exponent, y=exponent)
for op, f in {
    "equal": np.equal,
    "not_equal": np.not_equal,
    "less": np.less,
    "less_equal": np.less_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
}.items():
    case(f"{op}_float", op, {"x": x, "y": np.where(x > 0, x, -x)}, f(x, np.where(x > 0, x, -x)))
    case(f"{op}_int", op, {"x": i, "y": j}, f(i, j))
b, c = x > 0, x < 1
case("logical_and", "logical_and", {"x": b, "y": c}, b & c)
case("logical_or", "logical_or", {"x": b, "y": c}, b | c)
case("logical_xor", "logical_xor", {"x": b, "y": c}, b ^ c)
case("logical_not", "logical_not", {"x": b}, ~b)
case("select_broadcast", "select", {"cond": b, "a": x, "b": y}, np.where(b, x, y))
case("select_int", "select", {"cond": b, "a": i, "b": j}, np.where(b, i, j))
erf = np.vectorize(math.erf)
for op, f in {
    "abs": np.abs,
    "sign": np.sign,
    "floor": np.floor,
    "ceil": np.ceil,
    "round": np.round,
    "square": np.square,
    "exp": np.exp,
    "exp2": np.exp2,
    "erf": erf,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "atan": np.arctan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
}.items():
    case(f"{op}_unary", op, {"x": x}, f(d(x)))
half = x / 2.1
case("asin_unary", "asin", {"x": half}, np.arcsin(d(half)))
case("acos_unary", "acos", {"x": half}, np.arccos(d(half)))
case("atanh_unary", "atanh", {"x": half}, np.arctanh(d(half)))
case("sqrt_unary", "sqrt", {"x": p}, np.sqrt(d(p)))
case("abs_int", "abs", {"x": i}, np.abs(i))
case(
    "round_halves",
    "round",
    {"x": np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5], np.float32)},
    np.array([-2.0, -2.0, -0.0, 0.0, 2.0, 2.0]),
)
case("log_default", "log", {"x": p}, np.log(d(p)))
case("log_epsilon", "log", {"x": np.abs(x)}, np.log(np.abs(d(x)) + 0.5), epsilon=0.5)
case("rsqrt_epsilon", "rsqrt", {"x": p}, 1 / np.sqrt(d(p) + 0.25), epsilon=0.25)
case("rsqrt_default", "rsqrt", {"x": p}, 1 / np.sqrt(d(p) + 1e-12))
case("inverse_default", "inverse", {"x": p}, 1 / (d(p) + 1e-4))
case("inverse_epsilon", "inverse", {"x": p}, 1 / (d(p) + 0.5), epsilon=0.5)
case("clip_both", "clip", {"x": x}, np.clip(d(x), -0.5, 0.75), alpha=-0.5, beta=0.75)
case("clip_open", "clip", {"x": x}, np.maximum(d(x), -0.5), alpha=-0.5, beta=math.inf)
case("threshold_floor", "threshold", {"x": x}, np.maximum(d(x), 0.3), alpha=0.3)
case("cast_to_int", "cast", {"x": x * 3}, np.trunc(x * 3).astype(np.int32), dtype="int32")
case("cast_to_float", "cast", {"x": i}, i.astype(np.float32), dtype="fp32")
case("cast_to_bool", "cast", {"x": i}, i != 0, dtype="bool")
case("cast_from_bool", "cast", {"x": b}, b.astype(np.float32), dtype="fp32")

case("asinh_unary", "asinh", {"x": x}, np.arcsinh(d(x)))
case("acosh_unary", "acosh", {"x": np.abs(x) + 1.5}, np.arccosh(d(np.abs(x) + np.float32(1.5))))
# Activations.

sigmoid = lambda v: 1 / (1 + np.exp(-v))  # noqa: E731
case("relu_plain", "relu", {"x": x}, np.maximum(d(x), 0))
case("relu6_plain", "relu6", {"x": x * 5}, np.clip(d(x * 5), 0, 6))
case("leaky_relu_default", "leaky_relu", {"x": x}, np.where(x > 0, d(x), 0.01 * d(x)))
case("leaky_relu_alpha", "leaky_relu", {"x": x}, np.where(x > 0, d(x), 0.3 * d(x)), alpha=0.3)
case("elu_default", "elu", {"x": x}, np.where(x > 0, d(x), np.expm1(d(x))))
case("elu_alpha", "elu", {"x": x}, np.where(x > 0, d(x), 0.5 * np.expm1(d(x))), alpha=0.5)
case("gelu_exact", "gelu", {"x": x}, d(x) * 0.5 * (1 + erf(d(x) / math.sqrt(2))), mode="EXACT")
case(
    "gelu_tanh",
    "gelu",
    {"x": x},
    0.5 * d(x) * (1 + np.tanh(math.sqrt(2 / math.pi) * (d(x) + 0.044715 * d(x) ** 3))),
    mode="TANH_APPROXIMATION",
)
case("gelu_sigmoid", "gelu", {"x": x}, d(x) * sigmoid(1.702 * d(x)), mode="SIGMOID_APPROXIMATION")
case("sigmoid_plain", "sigmoid", {"x": x}, sigmoid(d(x)))
case("silu_plain", "silu", {"x": x}, d(x) * sigmoid(d(x)))
case("softplus_plain", "softplus", {"x": x * 5}, np.logaddexp(0, d(x * 5)))
case("softsign_plain", "softsign", {"x": x}, d(x) / (1 + np.abs(d(x))))
case("sigmoid_hard_default", "sigmoid_hard", {"x": x * 3}, np.clip(0.2 * d(x * 3) + 0.5, 0, 1))
case(
    "sigmoid_hard_alpha",
    "sigmoid_hard",
    {"x": x * 3},
    np.clip(0.4 * d(x * 3) + 0.1, 0, 1),
    alpha=0.4,
    beta=0.1,
)
case(
    "clamped_relu_bent",
    "clamped_relu",
    {"x": x},
    np.minimum(np.where(x >= 0, d(x), 0.2 * d(x)), 1.1),
    alpha=0.2,
    beta=1.1,
)
case("linear_activation_line", "linear_activation", {"x": x}, 1.5 * d(x) - 0.25, alpha=1.5, beta=-0.25)
case("scaled_tanh_both", "scaled_tanh", {"x": x}, 1.7 * np.tanh(0.6 * d(x)), alpha=1.7, beta=0.6)
case("thresholded_relu_default", "thresholded_relu", {"x": x}, np.where(x >= 1, d(x), 0))
slopes = np.array([0.1, 0.2, 0.3], np.float32)
case(
    "prelu_channels", "prelu", {"x": x}, np.where(x > 0, d(x), d(slopes)[None, :, None] * d(x)), alpha=slopes
)
case("prelu_one", "prelu", {"x": x}, np.where(x > 0, d(x), 0.2 * d(x)), alpha=np.float32([0.2, 0.2, 0.2]))
pa, pb = d(slopes)[None, :, None], (d(slopes) + 1)[None, :, None]
case(
    "softplus_parametric_channels",
    "softplus_parametric",
    {"x": x},
    pa * np.log1p(np.exp(pb * d(x))),
    alpha=slopes,
    beta=slopes + np.float32(1),
)


def softmax(v: np.ndarray, axis: int) -> np.ndarray:
    e = np.exp(d(v) - d(v).max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


case("softmax_default", "softmax", {"x": x}, softmax(x, -1))
case("softmax_axis", "softmax", {"x": x}, softmax(x, 1), axis=1)

# Moves.

case("transpose_three", "transpose", {"x": x}, x.transpose(2, 0, 1), perm=[2, 0, 1])
case("transpose_negative", "transpose", {"x": x}, x.transpose(0, 2, 1), perm=[0, -1, -2])
case("transpose_int", "transpose", {"x": i}, i.transpose(2, 0, 1), perm=[2, 0, 1])
case("reshape_open", "reshape", {"x": x}, x.reshape(4, 6), shape=[4, -1])
case("reshape_keep", "reshape", {"x": x}, x.reshape(2, 12), shape=[0, -1])
case(
    "reshape_like_two",
    "reshape_like",
    {"x": x, "ref_tensors__a": noise(6, 9), "ref_tensors__b": noise(5, 4)},
    x.reshape(6, 4),
    begins=(0, 1),
    ends=(1, 0),
    end_masks=(False, True),
)
case("expand_dims_two", "expand_dims", {"x": x}, x[:, None, :, :, None], axes=[1, -1])
case("squeeze_all", "squeeze", {"x": x[:, :1, :1]}, x[:, 0, 0])
case("squeeze_some", "squeeze", {"x": x[:, :1, :1]}, x[:, :1, 0], axes=[2])
case("flatten2d_default", "flatten2d", {"x": x}, x.reshape(2, 12))
case("flatten2d_axis", "flatten2d", {"x": x}, x.reshape(6, 4), axis=2)
case(
    "concat_axis", "concat", {"values__a": x, "values__b": x[:, :2]}, np.concatenate([x, x[:, :2]], 1), axis=1
)
case(
    "concat_interleave",
    "concat",
    {"values__a": x, "values__b": -x},
    np.stack([x, -x], 2).reshape(2, 6, 4),
    axis=1,
    interleave=True,
)
case(
    "concat_scalars",
    "concat",
    {"values__a": np.int32(3), "values__b": np.int32(4)},
    np.int32([3, 4]),
    axis=0,
)
case("stack_axis", "stack", {"values__a": x, "values__b": -x}, np.stack([x, -x], 1), axis=1)
case("stack_last", "stack", {"values__a": x, "values__b": -x}, np.stack([x, -x], -1), axis=-1)
case("split_even", "split", {"x": x}, np.split(x, 2, 2), axis=2, num_splits=2)
case("split_sizes", "split", {"x": x}, [x[:, :1], x[:, 1:]], axis=1, split_sizes=[1, 2])
case("tile_two", "tile", {"x": x}, np.tile(x, (1, 2, 3)), reps=[1, 2, 3])
case("reverse_all", "reverse", {"x": x}, x[::-1, ::-1, ::-1])
case("reverse_some", "reverse", {"x": x}, x[:, :, ::-1], axes=[2])
case("shape_of", "shape", {"x": x}, np.int32([2, 3, 4]))
case("identity_of", "identity", {"x": x}, x)
case(
    "pad_constant",
    "pad",
    {"x": x},
    np.pad(x, ((0, 0), (1, 0), (2, 3)), constant_values=0.5),
    pad=[1, 0, 2, 3],
    mode="constant",
    constant_val=0.5,
)
case(
    "pad_reflect",
    "pad",
    {"x": x},
    np.pad(x, ((0, 0), (0, 0), (2, 3)), "reflect"),
    pad=[0, 0, 2, 3],
    mode="reflect",
)
case(
    "pad_replicate",
    "pad",
    {"x": x},
    np.pad(x, ((0, 0), (0, 0), (2, 3)), "edge"),
    pad=[0, 0, 0, 0, 2, 3],
    mode="replicate",
)
case("fill_float", "fill", {}, np.full((2, 3), 1.5), shape=[2, 3], value=1.5)
case("fill_like_int", "fill_like", {"ref_tensor": x}, np.full((2, 3, 4), 7), value=7)
case("range_1d_float", "range_1d", {}, np.arange(1.0, 3.1, 0.5), start=1.0, end=3.1, step=0.5)
case("range_1d_int", "range_1d", {}, np.arange(9, -3, -4), start=9, end=-3, step=-4)
case(
    "band_part_band",
    "band_part",
    {"x": x},
    x * np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 1, 1]], np.float32),
    lower=1,
    upper=1,
)
case("band_part_upper", "band_part", {"x": x}, x * np.triu(np.ones((3, 4), np.float32)), lower=0, upper=-1)
long = noise(2, 9, 2)
case(
    "sliding_windows_step",
    "sliding_windows",
    {"x": long},
    np.stack([long[:, k : k + 4] for k in (0, 2, 4)], 1),
    axis=1,
    size=4,
    stride=2,
)
image = noise(2, 8, 3, 5)
depth = image.reshape(2, 2, 2, 2, 3, 5)
case(
    "depth_to_space_blocks",
    "depth_to_space",
    {"x": image},
    depth.transpose(0, 3, 4, 1, 5, 2).reshape(2, 2, 6, 10),
    block_size=2,
)
case(
    "pixel_shuffle_blocks",
    "pixel_shuffle",
    {"x": image},
    depth.transpose(0, 1, 4, 2, 5, 3).reshape(2, 2, 6, 10),
    upscale_factor=2,
)
plane = noise(2, 3, 4, 6)
space = plane.reshape(2, 3, 2, 2, 3, 2)
case(
    "space_to_depth_blocks",
    "space_to_depth",
    {"x": plane},
    space.transpose(0, 3, 5, 1, 2, 4).reshape(2, 12, 2, 3),
    block_size=2,
)
case(
    "pixel_unshuffle_blocks",
    "pixel_unshuffle",
    {"x": plane},
    space.transpose(0, 1, 3, 5, 2, 4).reshape(2, 12, 2, 3),
    downscale_factor=2,
)
case(
    "space_to_batch_blocks",
    "space_to_batch",
    {"x": plane},
    np.pad(plane, ((0, 0), (0, 0), (0, 0), (0, 2)))
    .reshape(2, 3, 2, 2, 4, 2)
    .transpose(3, 5, 0, 1, 2, 4)
    .reshape(8, 3, 2, 4),
    block_shape=[2, 2],
    paddings=np.int32([[0, 0], [0, 2]]),
)
batches = noise(4, 3, 2, 3)
case(
    "batch_to_space_blocks",
    "batch_to_space",
    {"x": batches},
    batches.reshape(2, 2, 1, 3, 2, 3).transpose(2, 3, 4, 0, 5, 1).reshape(1, 3, 4, 6)[:, :, 1:, :5],
    block_shape=[2, 2],
    crops=np.int32([[1, 0], [0, 1]]),
)

# Parts.

case("slice_by_index_plain", "slice_by_index", {"x": x}, x[0:2, 1:3, 1:4], begin=[0, 1, 1], end=[2, 3, 4])
case("slice_by_index_negative", "slice_by_index", {"x": x}, x[:, -2:3, :-1], begin=[0, -2, 0], end=[2, 3, -1])
case(
    "slice_by_index_strides",
    "slice_by_index",
    {"x": x},
    x[:, ::2, ::-1],
    begin=[0, 0, 3],
    end=[2, 3, 0],
    stride=[1, 2, -1],
    end_mask=[False, False, True],
)
case(
    "slice_by_index_masks",
    "slice_by_index",
    {"x": x},
    x[:, 1, :3],
    begin=[1, 1, 2],
    end=[1, 9, 3],
    begin_mask=[True, False, True],
    end_mask=[True, False, False],
    squeeze_mask=[False, True, False],
)
case(
    "slice_by_index_beyond", "slice_by_index", {"x": x}, x[:, :, 2:], begin=[0, 0, 2], end=[2, 3, 2147483647]
)
case(
    "slice_by_index_int",
    "slice_by_index",
    {"x": i},
    i[1:, 0, ::3],
    begin=[1, 0, 0],
    end=[2, 1, 4],
    stride=[1, 1, 3],
    squeeze_mask=[False, True, False],
)
case(
    "slice_by_index_moving",
    "slice_by_index",
    {"x": x, "begin": np.int32([0, 0, 1]), "end": np.int32([2, 3, 3])},
    x[:, :, 1:3],
)
case("slice_by_size_rest", "slice_by_size", {"x": x}, x[:, 1:, 1:3], begin=[0, 1, 1], size=[-1, -1, 2])
case(
    "slice_by_size_moving",
    "slice_by_size",
    {"x": x, "begin": np.int32([0, 1, 2])},
    x[:, 1:3, 2:4],
    size=[2, 2, 2],
)
updated = x.copy()
updated[:, 1:3, ::2] = 7
case(
    "slice_update_strides",
    "slice_update",
    {"x": x, "update": np.full((2, 2, 2), 7, np.float32)},
    updated,
    opset="ios18",
    begin=[0, 1, 0],
    end=[2, 3, 4],
    stride=[1, 1, 2],
)

tall = noise(1, 2, 5, 6)
case("crop_ends", "crop", {"x": tall}, tall[:, :, 1:3, 2:6], crop_height=[1, 2], crop_width=[2, 0])

# By number.

at = np.int32([2, 0, -1, 2])
case("gather_axis", "gather", {"x": x}, x[:, at], axis=1, indices=at)
case("gather_moving", "gather", {"x": x, "indices": at}, x[:, at], axis=1)
case(
    "gather_table",
    "gather",
    {"x": x, "indices": np.int32([[2, 0], [1, 1]])},
    x[:, np.int32([[2, 0], [1, 1]])],
    axis=1,
)
case("gather_scalar", "gather", {"x": x, "indices": np.int32(-2)}, x[:, :, -2], axis=2)
case("gather_int", "gather", {"x": i, "indices": np.int32([1, 0, 0])}, i[np.int32([1, 0, 0])])
case(
    "gather_batch",
    "gather",
    {"x": x, "indices": np.int32([[2, 0], [1, 1]])},
    np.stack([x[0][np.int32([2, 0])], x[1][np.int32([1, 1])]]),
    axis=1,
    batch_dims=1,
)
along = ints(2, 5, 4, low=0, high=2)
case(
    "gather_along_axis_one",
    "gather_along_axis",
    {"x": x, "indices": along},
    np.take_along_axis(x, along, 1),
    axis=1,
)
points = np.int32([[0, 1], [1, 2], [1, 0]])
case("gather_nd_points", "gather_nd", {"x": x, "indices": points}, x[points[:, 0], points[:, 1]])
data = noise(4, 3)
where = np.int32([2, 0, 2])
news = noise(3, 3, low=0.5, high=2)


def scattered(base: np.ndarray, mode: str) -> np.ndarray:
    result = d(base).copy()
    for n, k in enumerate(where):
        v = d(news[n])
        result[k] = {
            "update": v,
            "add": result[k] + v,
            "sub": result[k] - v,
            "mul": result[k] * v,
            "div": result[k] / v,
            "max": np.maximum(result[k], v),
            "min": np.minimum(result[k], v),
        }[mode]
    return result


case("scatter_default", "scatter", {"data": data, "indices": where, "updates": news}, scattered(data, "add"))
for mode in ("update", "add", "sub", "mul", "div", "max", "min"):
    case(
        f"scatter_{mode}",
        "scatter",
        {"data": data, "indices": where, "updates": news},
        scattered(data, mode),
        mode=mode,
        axis=0,
    )
side = data.copy()
side[:, [0, 2]] = news[:, :2][[0, 1, 2, 0]]
case(
    "scatter_axis",
    "scatter",
    {"data": data, "indices": np.int32([0, 2]), "updates": news[:, :2][[0, 1, 2, 0]]},
    side,
    mode="update",
    axis=1,
)
rows = np.int32([[0, 1, 3], [3, 0, 0]])
taken = data.copy()
np.put_along_axis(taken, rows, news[:2], 0)
case(
    "scatter_along_axis_update",
    "scatter_along_axis",
    {"data": data, "indices": rows, "updates": news[:2]},
    taken,
    mode="update",
    axis=0,
)
placed = data.copy()
placed[[3, 1], [0, 2]] = [5, 6]
case(
    "scatter_nd_update",
    "scatter_nd",
    {"data": data, "indices": np.int32([[3, 0], [1, 2]]), "updates": np.float32([5, 6])},
    placed,
    mode="update",
)
case(
    "one_hot_last",
    "one_hot",
    {"indices": np.int32([2, 0, 1])},
    np.where(np.eye(4)[[2, 0, 1]] > 0, 3.0, -1.0),
    one_hot_vector_size=4,
    on_value=3.0,
    off_value=-1.0,
)
case(
    "one_hot_front",
    "one_hot",
    {"indices": np.int32([2, 0, 1])},
    np.eye(4)[[2, 0, 1]].T,
    one_hot_vector_size=4,
    axis=0,
    on_value=1.0,
    off_value=0.0,
)
case("cumsum_default", "cumsum", {"x": x}, np.cumsum(d(x), 0))
case("cumsum_exclusive", "cumsum", {"x": x}, np.cumsum(d(x), 2) - d(x), axis=2, exclusive=True)
case("cumsum_reverse", "cumsum", {"x": x}, np.cumsum(d(x)[:, ::-1], 1)[:, ::-1], axis=1, reverse=True)
case("cumsum_int", "cumsum", {"x": i}, np.cumsum(i, 2, dtype=np.int32), axis=2)
case("argsort_descending", "argsort", {"x": x}, np.argsort(-x, -1))
case("argsort_ascending", "argsort", {"x": x}, np.argsort(x, 1), axis=1, ascending=True)
order = np.argsort(-x, -1)[..., :2]
case("topk_largest", "topk", {"x": x}, [np.take_along_axis(x, order, -1), order], k=2)
order = np.argsort(x, 1)[:, :2]
case("topk_smallest", "topk", {"x": x}, [np.take_along_axis(x, order, 1), order], k=2, axis=1, ascending=True)

# Reductions.

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
case("reduce_log_sum_axes", "reduce_log_sum", {"x": p}, np.log(np.sum(d(p), 1)), axes=[1])
case("reduce_sum_int", "reduce_sum", {"x": i}, np.sum(i, 1, dtype=np.int32), axes=[1])
case("reduce_max_int", "reduce_max", {"x": i}, np.max(i, 2), axes=[2])
case("reduce_argmax_default", "reduce_argmax", {"x": x}, np.argmax(x, -1))
case("reduce_argmax_keep", "reduce_argmax", {"x": x}, np.argmax(x, 1)[:, None], axis=1, keep_dims=True)
case("reduce_argmin_axis", "reduce_argmin", {"x": x}, np.argmin(x, 0), axis=0)

# Products.

w, bias = noise(5, 4), noise(5)
case("linear_bias", "linear", {"x": x}, d(x) @ d(w).T + d(bias), weight=w, bias=bias)
case("linear_plain", "linear", {"x": x}, d(x) @ d(w).T, weight=w)
case("matmul_constant", "matmul", {"x": x}, d(x) @ d(w).T, y=w, transpose_y=True)
u, v = noise(2, 3, 4), noise(2, 4, 5)
case("matmul_plain", "matmul", {"x": u, "y": v}, d(u) @ d(v))
case(
    "matmul_transposed",
    "matmul",
    {"x": u.transpose(0, 2, 1).copy(), "y": v.transpose(0, 2, 1).copy()},
    d(u) @ d(v),
    transpose_x=True,
    transpose_y=True,
)
case("matmul_broadcast", "matmul", {"x": u[:, None], "y": v[0]}, d(u[:, None]) @ d(v[0]))
case("matmul_vector", "matmul", {"x": u, "y": v[0, :, 0].copy()}, d(u) @ d(v[0, :, 0]))
case(
    "einsum_batch",
    "einsum",
    {"values__a": u, "values__b": v},
    np.einsum("abc,acd->abd", d(u), d(v)),
    equation="abc,acd->abd",
)
a4, b4 = noise(1, 3, 2, 4), noise(1, 5, 2, 4)
case(
    "einsum_heads",
    "einsum",
    {"values__a": a4, "values__b": b4},
    np.einsum("bihd,bjhd->bhij", d(a4), d(b4)),
    equation="bihd,bjhd->bhij",
)
q, k_, v_ = noise(1, 2, 3, 4), noise(1, 2, 5, 4), noise(1, 2, 5, 4)
scores = d(q) @ d(k_).transpose(0, 1, 3, 2) / 2
case(
    "attention_plain",
    "scaled_dot_product_attention",
    {"query": q, "key": k_, "value": v_},
    softmax(scores, -1) @ d(v_),
    opset="ios18",
)
added = noise(3, 5)
case(
    "attention_mask",
    "scaled_dot_product_attention",
    {"query": q, "key": k_, "value": v_, "attn_mask": added},
    softmax(scores + added, -1) @ d(v_),
    opset="ios18",
)
allowed = np.tril(np.ones((3, 5), bool))
case(
    "attention_causal",
    "scaled_dot_product_attention",
    {"query": q, "key": k_, "value": v_, "attn_mask": allowed},
    softmax(np.where(allowed, scores, -np.inf), -1) @ d(v_),
    opset="ios18",
)

# Convolutions and pooling, in one and two dimensions.


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

# Resizing.


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
    pixels[:, :, [0, 0, 1, 1, 2]][:, :, :, [0, 0, 1, 2, 2, 3]],
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

# Normalisations.

gamma, beta = noise(3, low=0.5), noise(3)
mean, variance = noise(3), noise(3, low=0.2, high=2)
across = lambda v: d(v)[None, :, None]  # noqa: E731
case(
    "batch_norm_affine",
    "batch_norm",
    {"x": x},
    (d(x) - across(mean)) / np.sqrt(across(variance) + 1e-3) * across(gamma) + across(beta),
    mean=mean,
    variance=variance,
    gamma=gamma,
    beta=beta,
    epsilon=1e-3,
)
case(
    "batch_norm_plain",
    "batch_norm",
    {"x": x},
    (d(x) - across(mean)) / np.sqrt(across(variance) + 1e-5),
    mean=mean,
    variance=variance,
)


def centred(v: np.ndarray, axes: tuple[int, ...], eps: float) -> np.ndarray:
    v = d(v)
    return (v - v.mean(axes, keepdims=True)) / np.sqrt(v.var(axes, keepdims=True) + eps)


case(
    "instance_norm_affine",
    "instance_norm",
    {"x": x},
    centred(x, (2,), 1e-3) * across(gamma) + across(beta),
    gamma=gamma,
    beta=beta,
    epsilon=1e-3,
)
case("instance_norm_2d", "instance_norm", {"x": flat}, centred(flat, (2, 3), 1e-5))
lg, lb = noise(4), noise(4)
case(
    "layer_norm_last",
    "layer_norm",
    {"x": x},
    centred(x, (2,), 1e-3) * lg + lb,
    axes=[-1],
    gamma=lg,
    beta=lb,
    epsilon=1e-3,
)
case("layer_norm_two", "layer_norm", {"x": x}, centred(x, (1, 2), 1e-5), axes=[1, 2])
case("layer_norm_gamma", "layer_norm", {"x": x}, centred(x, (2,), 1e-5) * lg, axes=[2], gamma=lg)
case("layer_norm_middle", "layer_norm", {"x": x}, centred(x, (1,), 1e-5), axes=[1])
case(
    "l2_norm_three",
    "l2_norm",
    {"x": flat},
    d(flat) / np.sqrt((d(flat) ** 2).sum((1, 2, 3), keepdims=True) + 1e-3),
    epsilon=1e-3,
)
summed = np.stack([(d(flat)[:, max(c_ - 1, 0) : c_ + 2] ** 2).sum(1) for c_ in range(4)], 1)
case(
    "local_response_norm_three",
    "local_response_norm",
    {"x": flat},
    d(flat) / (1.5 + 0.3 / 3 * summed) ** 0.6,
    size=3,
    alpha=0.3,
    beta=0.6,
    k=1.5,
)

# Quantisation while running.

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

# Recurrent layers: gates i, f, o, z of an LSTM; r, o, z of a GRU, the reset before the product.


def lstm(
    v: np.ndarray, h: np.ndarray, c_: np.ndarray, wi: np.ndarray, wh: np.ndarray, b_: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    hidden, outs = wh.shape[1], []
    h, c_ = d(h), d(c_)
    for step in d(v):
        z = step @ d(wi).T + h @ d(wh).T + d(b_)
        parts = [z[:, n * hidden : (n + 1) * hidden] for n in range(4)]
        c_ = sigmoid(parts[1]) * c_ + sigmoid(parts[0]) * np.tanh(parts[3])
        h = sigmoid(parts[2]) * np.tanh(c_)
        outs.append(h)
    return np.stack(outs), h, c_


T, B, I, H = 6, 2, 3, 4
for batch in (1, B):
    seq = noise(T, batch, I)
    h0, c0 = noise(batch, H), noise(batch, H)
    wi, wh, lbias = noise(4 * H, I), noise(4 * H, H), noise(4 * H)
    outs, hn, cn = lstm(seq, h0, c0, wi, wh, lbias)
    case(
        f"lstm_forward_{batch}",
        "lstm",
        {"x": seq, "initial_h": h0, "initial_c": c0},
        [outs, hn, cn],
        weight_ih=wi,
        weight_hh=wh,
        bias=lbias,
        output_sequence=True,
    )
    case(
        f"lstm_last_{batch}",
        "lstm",
        {"x": seq},
        [
            lstm(seq, 0 * h0, 0 * c0, wi, wh, 0 * lbias)[1][None],
            *lstm(seq, 0 * h0, 0 * c0, wi, wh, 0 * lbias)[1:],
        ],
        weight_ih=wi,
        weight_hh=wh,
        initial_h=0 * h0,
        initial_c=0 * c0,
    )
    outs, hn, cn = lstm(seq[::-1], h0, c0, wi, wh, lbias)
    case(
        f"lstm_reverse_{batch}",
        "lstm",
        {"x": seq, "initial_h": h0, "initial_c": c0},
        [outs, hn, cn],
        weight_ih=wi,
        weight_hh=wh,
        bias=lbias,
        direction="reverse",
        output_sequence=True,
    )
    wi2, wh2, lbias2 = noise(4 * H, I), noise(4 * H, H), noise(4 * H)
    h2, c2 = noise(batch, H), noise(batch, H)
    back = lstm(seq[::-1], h2, c2, wi2, wh2, lbias2)
    fore = lstm(seq, h0, c0, wi, wh, lbias)
    for all_steps in (True, False):
        both_h, both_c = np.concatenate([fore[1], back[1]], 1), np.concatenate([fore[2], back[2]], 1)
        both = np.concatenate([fore[0], back[0][::-1]], 2) if all_steps else both_h[None]
        case(
            f"lstm_bidirectional_{batch}_{'all' if all_steps else 'last'}",
            "lstm",
            {"x": seq, "initial_h": np.concatenate([h0, h2], 1), "initial_c": np.concatenate([c0, c2], 1)},
            [both, both_h, both_c],
            weight_ih=wi,
            weight_hh=wh,
            bias=lbias,
            weight_ih_back=wi2,
            weight_hh_back=wh2,
            bias_back=lbias2,
            direction="bidirectional",
            output_sequence=all_steps,
        )
    gi, gh, gb = noise(3 * H, I), noise(3 * H, H), noise(3 * H)
    for direction in ("forward", "reverse"):
        h, outs_ = d(h0), []
        for step in d(seq if direction == "forward" else seq[::-1]):
            z = step @ d(gi).T + d(gb)
            r = sigmoid(z[:, :H] + h @ d(gh)[:H].T)
            u_ = sigmoid(z[:, 2 * H :] + h @ d(gh)[2 * H :].T)
            o_ = np.tanh(z[:, H : 2 * H] + (r * h) @ d(gh)[H : 2 * H].T)
            h = (1 - u_) * o_ + u_ * h
            outs_.append(h)
        case(
            f"gru_{direction}_{batch}",
            "gru",
            {"x": seq, "initial_h": h0},
            [np.stack(outs_), h],
            weight_ih=gi,
            weight_hh=gh,
            bias=gb,
            direction=direction,
            output_sequence=True,
        )
    h, outs_ = d(h0), []
    for step in d(seq):
        h = np.maximum(step @ d(gi[:H]).T + h @ d(gh[:H] / 4).T + d(gb[:H]), 0)
        outs_.append(h)
    case(
        f"rnn_relu_{batch}",
        "rnn",
        {"x": seq, "initial_h": h0},
        [outs_[-1][None], h],
        weight_ih=gi[:H],
        weight_hh=gh[:H] / 4,
        bias=gb[:H],
        activation="relu",
    )

seq, h0 = noise(1, 2, I), noise(2, H)
case(
    "rnn_one_step",
    "rnn",
    {"x": seq, "initial_h": h0},
    [
        np.tanh(d(seq) @ d(gi[:H]).T + d(h0) @ d(gh[:H]).T),
        np.tanh(d(seq[0]) @ d(gi[:H]).T + d(h0) @ d(gh[:H]).T),
    ],
    weight_ih=gi[:H],
    weight_hh=gh[:H],
)
seq, c0 = noise(T, 2, I), noise(2, H)
h, c_, outs_ = d(h0), d(c0), []
for step in d(seq):
    z = step @ d(wi).T + h @ d(wh / 4).T + d(lbias)
    gates = [np.clip(0.2 * z[:, n * H : (n + 1) * H] + 0.5, 0, 1) for n in range(3)]
    c_ = gates[1] * c_ + gates[0] * np.maximum(z[:, 3 * H :], 0)
    h = gates[2] * np.tanh(c_)
    outs_.append(h)
case(
    "lstm_activations",
    "lstm",
    {"x": seq, "initial_h": h0, "initial_c": c0},
    [np.stack(outs_), h, c_],
    weight_ih=wi,
    weight_hh=wh / 4,
    bias=lbias,
    recurrent_activation="sigmoid_hard",
    cell_activation="relu",
    output_sequence=True,
)

# Lists and states.

items = noise(3, 2)
program(
    "lists_by_number",
    {"x": items, "n": np.int32(1)},
    {"taken": items[[2, 0]] * 1, "one": items[1] * 2, "count": np.int32(4)},
    [
        'list<tensor<fp32, [2]>, 4> a = make_list(dtype = string("fp32"), dynamic_length = bool(false), elem_shape = (int32(2)), init_length = int32(4))[name = string("a")];',
        'list<tensor<fp32, [2]>, 4> b = list_scatter(indices = tensor<int32, [3]>([0, 1, 3]), ls = a, value = x)[name = string("b")];',
        'tensor<fp32, [2]> r = list_read(index = n, ls = b)[name = string("r")];',
        'tensor<fp32, [2]> one = add(x = r, y = r)[name = string("one")];',
        'list<tensor<fp32, [2]>, 4> c = list_write(index = n, ls = b, value = one)[name = string("c")];',
        'tensor<fp32, [2, 2]> taken = list_gather(indices = tensor<int32, [2]>([3, 0]), ls = c)[name = string("taken")];',
        'int32 count = list_length(ls = c)[name = string("count")];',
    ],
)

with open(f"{sys.argv[1]}/operations.mil", "w") as file:
    file.write("program(1.3)\n{\n" + "".join(functions) + "}\n")
header: dict[str, object] = {}
blobs: list[bytes] = []
position = 0
for name, array in sorted(arrays.items()):
    data_ = np.ascontiguousarray(array).tobytes()
    label = {"f": "F32", "i": "I32", "b": "BOOL"}[array.dtype.kind]
    header[name] = {
        "dtype": label,
        "shape": list(array.shape),
        "data_offsets": [position, position + len(data_)],
    }
    blobs.append(data_)
    position += len(data_)
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
with open(f"{sys.argv[1]}/operations.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))
print(len(functions), "functions")
