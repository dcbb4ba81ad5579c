"""Linear layers and activations."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from .writing import R, T, emit, f16

emit(
    "linear_fp32",
    nn.Linear(24, 7),
    {"x": R(3, 24)},
    target=T.macOS12,
    out_names=["y"],
    note="one linear, ios15 opset",
)
emit(
    "mlp_relu_gelu_fp16",
    nn.Sequential(nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 8)),
    {"x": R(4, 32)},
    prec=f16,
    out_names=["y"],
)


class Act(nn.Module):
    def __init__(s):
        super().__init__()
        s.pr = nn.PReLU(1)

    def forward(s, x):
        return (
            F.relu(x),
            F.relu6(x * 4),
            F.leaky_relu(x, 0.1),
            F.elu(x, 0.7),
            s.pr(x),
            F.silu(x),
            F.softplus(x),
            F.hardsigmoid(x * 3),
            torch.tanh(x),
            torch.sigmoid(x),
            F.gelu(x),
            F.gelu(x, approximate="tanh"),
            F.hardswish(x * 3),
            F.mish(x),
            F.softsign(x),
            F.selu(x),
            torch.clamp(x, -0.3, 0.4),
        )


emit(
    "activations_fp32",
    Act(),
    {"x": R(1, 6, 20, scale=1.5)},
    out_names=[
        "relu",
        "relu6",
        "leaky",
        "elu",
        "prelu",
        "silu",
        "softplus",
        "hardsigmoid",
        "tanh_",
        "sigmoid_",
        "gelu_exact",
        "gelu_tanh",
        "hardswish",
        "mish",
        "softsign_",
        "selu",
        "clamp",
    ],
    note="one output for each activation",
)
