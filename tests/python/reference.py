"""PyTorch's layers in float64 NumPy, written from the formulas in PyTorch's documentation.

An independent second opinion beside the stored cases: it serves shapes and numbers that those do not have.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]


def run(module: str, arguments: dict[str, Any], weights: Arrays, x: np.ndarray, *states: np.ndarray) -> Any:
    """The output of a PyTorch module in evaluation mode; `(output, *final states)` for recurrent ones."""
    w = {name: np.asarray(value, np.float64) for name, value in weights.items()}
    x = np.asarray(x, np.float64)
    if module in ("LSTM", "GRU"):
        return recurrent(module, arguments, w, x, *(np.asarray(state, np.float64) for state in states))
    if module in ACTIVATIONS:
        return ACTIVATIONS[module](x, w, **{k: v for k, v in arguments.items() if k != "num_parameters"})
    return LAYERS[module](x, w, **arguments)


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def softplus(x):
    return np.logaddexp(0, x)


def erf(x):
    """By `math.erf`, one number at a time."""
    from math import erf as scalar

    return np.vectorize(scalar, otypes=[np.float64])(x)


def linear(x, w, in_features, out_features, bias=True):
    y = x @ w["weight"].T
    return y + w["bias"] if bias else y


# --- recurrent ---


def recurrent(module, arguments, w, x, *states):
    if x.ndim == 2:
        y, *final = recurrent(module, arguments, w, x[None], *(state[:, None] for state in states))
        return (y[0], *(state[:, 0] for state in final))
    hidden, layers = arguments["hidden_size"], arguments.get("num_layers", 1)
    directions = 2 if arguments.get("bidirectional") else 1
    states = states or (np.zeros((layers * directions, x.shape[0], hidden)),) * (2 if module == "LSTM" else 1)
    step, final = (lstm_step if module == "LSTM" else gru_step), []
    for layer in range(layers):
        outputs = []
        for direction in range(directions):
            suffix = f"_l{layer}" + ("_reverse" if direction else "")
            sequence = x[:, ::-1] if direction else x
            state = tuple(s[layer * directions + direction] for s in states)
            steps = []
            for t in range(x.shape[1]):
                state = step(sequence[:, t], state, w, suffix)
                steps.append(state[0])
            outputs.append(np.stack(steps[::-1] if direction else steps, axis=1))
            final.append(state)
        x = np.concatenate(outputs, axis=2)
    return (x, *(np.stack(parts) for parts in zip(*final, strict=True)))


def _projections(x, h, w, suffix):
    zero = np.zeros(())
    ih = x @ w["weight_ih" + suffix].T + w.get("bias_ih" + suffix, zero)
    return ih, h @ w["weight_hh" + suffix].T + w.get("bias_hh" + suffix, zero)


def lstm_step(x, state, w, suffix):
    h, c = state
    i, f, g, o = np.split(sum(_projections(x, h, w, suffix)), 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru_step(x, state, w, suffix):
    (h,) = state
    (ri, zi, ni), (rh, zh, nh) = (np.split(part, 3, axis=1) for part in _projections(x, h, w, suffix))
    z = sigmoid(zi + zh)
    return ((1 - z) * np.tanh(ni + sigmoid(ri + rh) * nh) + z * h,)


# --- convolution ---


def batched(function):
    """Lets `function` take `[channels, length]` as well as `[batch, channels, length]`."""

    def either(x, *args, **kwargs):
        return function(x[None], *args, **kwargs)[0] if x.ndim == 2 else function(x, *args, **kwargs)

    return either


@batched
def conv1d(
    x,
    w,
    in_channels,
    out_channels,
    kernel_size,
    stride=1,
    padding=0,
    dilation=1,
    groups=1,
    bias=True,
    padding_mode="zeros",
):
    reach = dilation * (kernel_size - 1)
    left, right = {"valid": (0, 0), "causal": (reach, 0), "same": (reach // 2, reach - reach // 2)}.get(
        padding, (padding, padding)
    )
    mode = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}[padding_mode]
    x = np.pad(x, ((0, 0), (0, 0), (left, right)), mode=mode)
    frames = (x.shape[2] - reach - 1) // stride + 1
    taps = np.arange(frames)[:, None] * stride + np.arange(kernel_size) * dilation
    windows = x[:, :, taps]  # batch, channel, frame, tap
    per_in, per_out = in_channels // groups, out_channels // groups
    parts = [
        np.einsum(
            "bcft,oct->bof",
            windows[:, g * per_in : (g + 1) * per_in],
            w["weight"][g * per_out : (g + 1) * per_out],
            optimize=True,
        )
        for g in range(groups)
    ]
    y = np.concatenate(parts, axis=1)
    return y + w["bias"][:, None] if bias else y


@batched
def conv_transpose1d(
    x,
    w,
    in_channels,
    out_channels,
    kernel_size,
    stride=1,
    padding=0,
    output_padding=0,
    groups=1,
    bias=True,
    dilation=1,
    padding_mode="zeros",
):
    length = (x.shape[2] - 1) * stride + dilation * (kernel_size - 1) + 1 + output_padding
    y = np.zeros((x.shape[0], out_channels, length))
    per_in, per_out = in_channels // groups, out_channels // groups
    for g in range(groups):
        part = np.einsum(
            "bcf,cot->boft",
            x[:, g * per_in : (g + 1) * per_in],
            w["weight"][g * per_in : (g + 1) * per_in],
            optimize=True,
        )
        for tap in range(kernel_size):
            at = tap * dilation
            y[:, g * per_out : (g + 1) * per_out, at : at + x.shape[2] * stride : stride] += part[..., tap]
    y = y[:, :, padding : length - padding]
    return y + w["bias"][:, None] if bias else y


# --- norms, pooling, resampling ---


def _normalised(x, axes, eps):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def _per_channel(x, w, axis=1):
    shape = [-1 if at == axis else 1 for at in range(x.ndim)]
    return x * w["weight"].reshape(shape) + w["bias"].reshape(shape) if "weight" in w else x


def batch_norm(x, w, num_features, eps=1e-5, affine=True):
    shape = (-1, 1) if x.ndim == 3 else (-1,)
    y = (x - w["running_mean"].reshape(shape)) / np.sqrt(w["running_var"].reshape(shape) + eps)
    return _per_channel(y, w)


@batched
def instance_norm(x, w, num_features, eps=1e-5, affine=False):
    return _per_channel(_normalised(x, 2, eps), w)


def group_norm(x, w, num_groups, num_channels, eps=1e-5, affine=True):
    grouped = x.reshape(x.shape[0], num_groups, -1)
    return _per_channel(_normalised(grouped, 2, eps).reshape(x.shape), w)


def layer_norm(x, w, normalized_shape, eps=1e-5, elementwise_affine=True, bias=True):
    axes = tuple(range(-len(np.atleast_1d(normalized_shape)), 0))
    return _normalised(x, axes, eps) * w.get("weight", 1.0) + w.get("bias", 0.0)


def rms_norm(x, w, normalized_shape, eps=None, elementwise_affine=True):
    axes = tuple(range(-len(np.atleast_1d(normalized_shape)), 0))
    eps = np.finfo(np.float32).eps if eps is None else eps
    return x / np.sqrt((x * x).mean(axes, keepdims=True) + eps) * w.get("weight", 1.0)


def max_pool(x, w, kernel_size, stride=None, padding=0, dilation=1):
    x = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(padding, padding)], constant_values=-np.inf)
    return _windows(x, kernel_size, stride or kernel_size, dilation).max(-1)


def avg_pool(x, w, kernel_size, stride=None, padding=0):
    x = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(padding, padding)])
    return _windows(x, kernel_size, stride or kernel_size, 1).mean(-1)


def _windows(x, kernel_size, stride, dilation):
    frames = (x.shape[-1] - dilation * (kernel_size - 1) - 1) // stride + 1
    return x[..., np.arange(frames)[:, None] * stride + np.arange(kernel_size) * dilation]


def adaptive_avg_pool(x, w, output_size):
    n = x.shape[-1]
    bounds = [(i * n // output_size, -(-(i + 1) * n // output_size)) for i in range(output_size)]
    return np.stack([x[..., a:b].mean(-1) for a, b in bounds], axis=-1)


def upsample(x, w, scale_factor, mode="nearest", align_corners=False):
    n, m = x.shape[-1], int(x.shape[-1] * scale_factor)
    if mode == "nearest":
        return x[..., (np.arange(m) / scale_factor).astype(int)]
    at = (
        np.linspace(0, n - 1, m)
        if align_corners
        else np.clip((np.arange(m) + 0.5) / scale_factor - 0.5, 0, None)
    )
    low = np.minimum(at.astype(int), n - 1)
    return x[..., low] + (at - low) * (x[..., np.minimum(low + 1, n - 1)] - x[..., low])


def softmax(x, w, dim):
    e = np.exp(x - x.max(dim, keepdims=True))
    return e / e.sum(dim, keepdims=True)


def glu(x, w, dim=-1):
    a, b = np.split(x, 2, axis=dim)
    return a * sigmoid(b)


LAYERS = {
    "Linear": linear,
    "Conv1d": conv1d,
    "ConvTranspose1d": conv_transpose1d,
    "BatchNorm1d": batch_norm,
    "InstanceNorm1d": instance_norm,
    "GroupNorm": group_norm,
    "LayerNorm": layer_norm,
    "RMSNorm": rms_norm,
    "MaxPool1d": max_pool,
    "AvgPool1d": avg_pool,
    "AdaptiveAvgPool1d": adaptive_avg_pool,
    "Upsample": upsample,
    "Softmax": softmax,
    "LogSoftmax": lambda x, w, dim: np.log(softmax(x, w, dim)),
    "GLU": glu,
}

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def _elu(x, alpha):
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _gelu(x, w, approximate="none"):
    if approximate == "tanh":
        return 0.5 * x * (1 + np.tanh(sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + erf(x / sqrt(2)))


def _prelu(x, w):
    slope = w["weight"].reshape([-1 if at == 1 else 1 for at in range(x.ndim)])
    return np.where(x > 0, x, slope * x)


ACTIVATIONS = {
    "ReLU": lambda x, w: np.maximum(x, 0),
    "ReLU6": lambda x, w: np.clip(x, 0, 6),
    "LeakyReLU": lambda x, w, negative_slope=0.01: np.where(x > 0, x, negative_slope * x),
    "ELU": lambda x, w, alpha=1.0: _elu(x, alpha),
    "SELU": lambda x, w: _SELU_SCALE * _elu(x, _SELU_ALPHA),
    "GELU": _gelu,
    "Sigmoid": lambda x, w: sigmoid(x),
    "Tanh": lambda x, w: np.tanh(x),
    "SiLU": lambda x, w: x * sigmoid(x),
    "Softplus": lambda x, w, beta=1.0, threshold=20.0: np.where(
        beta * x > threshold, x, softplus(beta * x) / beta
    ),
    "Softsign": lambda x, w: x / (1 + np.abs(x)),
    "Mish": lambda x, w: x * np.tanh(softplus(x)),
    "Hardtanh": lambda x, w, min_val=-1.0, max_val=1.0: np.clip(x, min_val, max_val),
    "Hardsigmoid": lambda x, w: np.clip(x + 3, 0, 6) / 6,
    "Hardswish": lambda x, w: x * np.clip(x + 3, 0, 6) / 6,
    "PReLU": _prelu,
}
