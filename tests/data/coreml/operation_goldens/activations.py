"""Activations."""

import math

import numpy as np

from .elementwise import erf, x
from .writing import case, d

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
