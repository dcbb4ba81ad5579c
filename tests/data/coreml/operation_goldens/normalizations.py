"""Normalizations."""

import numpy as np

from .convolutions import flat
from .elementwise import x
from .writing import case, d, noise

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
    "layer_norm_apart",
    "layer_norm",
    {"x": x},
    centred(x, (0, 2), 1e-5) * d(x[:, :1]) + d(x[:, 1:2]),
    axes=[2, 0],
    gamma=x[:, 0],
    beta=x[:, 1],
)
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
