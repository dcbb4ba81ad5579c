"""Element by element."""

import math

import numpy as np

from .writing import case, d, ints, noise

x, y = noise(2, 3, 4), noise(3, 1)
p = noise(2, 3, 4, low=0.1, high=3.0)
i, j = ints(2, 3, 4), ints(4, low=1)
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
large = np.int32([16_777_217, -16_777_219, -46_339, 0])  # beyond what a float holds exactly, or squared
case("abs_int_large", "abs", {"x": large}, np.abs(large))
case("square_int", "square", {"x": large[2:]}, large[2:] ** 2)
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
case("threshold_int", "threshold", {"x": large}, np.maximum(large, -46_340), alpha=-46_340)
case("cast_to_int", "cast", {"x": x * 3}, np.trunc(x * 3).astype(np.int32), dtype="int32")
case("cast_to_float", "cast", {"x": i}, i.astype(np.float32), dtype="fp32")
case("cast_to_bool", "cast", {"x": i}, i != 0, dtype="bool")
case("cast_from_bool", "cast", {"x": b}, b.astype(np.float32), dtype="fp32")

case("asinh_unary", "asinh", {"x": x}, np.arcsinh(d(x)))
case("acosh_unary", "acosh", {"x": np.abs(x) + 1.5}, np.arccosh(d(np.abs(x) + np.float32(1.5))))
