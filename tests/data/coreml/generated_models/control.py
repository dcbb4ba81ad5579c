"""State, control flow, flexible shapes."""

import coremltools as ct
import numpy as np
import torch
import torch.nn as nn

from .writing import R, T, emit, f16


class StreamConv(nn.Module):
    def __init__(s):
        super().__init__()
        s.c = nn.Conv1d(2, 4, 5)
        s.o = nn.Conv1d(4, 1, 1)
        s.register_buffer("hist", torch.zeros(1, 2, 4))

    def forward(s, x):
        z = torch.cat([s.hist, x], 2)
        s.hist[:] = z[:, :, -4:]
        return s.o(torch.tanh(s.c(z)))


def st(n, shape):
    return [ct.StateType(wrapped_type=ct.TensorType(shape=shape), name=n)]


emit(
    "stateful_stream_conv_fp16",
    StreamConv(),
    {"x": R(1, 2, 16)},
    prec=f16,
    target=T.iOS18,
    states=st("hist", (1, 2, 4)),
    out_names=["y"],
    steps=5,
    note="Core ML state; run the steps in order from zero state",
)


# ---- control flow, flexible shapes
class Ctl(nn.Module):
    def forward(s, x, n):
        y = x
        i = torch.zeros(1, dtype=torch.int32)
        while bool(i < n):
            y = torch.tanh(y + 0.5 * x)
            i = i + 1
        z = y * 2.0 if bool(y.sum() > 0) else y - 1.0
        return z


emit(
    "control_flow_fp32",
    Ctl(),
    {"x": R(1, 8), "n": np.array([3], np.int32)},
    script=True,
    out_names=["y"],
    note="while_loop + cond blocks",
)
emit(
    "flexible_range_fp32",
    nn.Sequential(nn.Conv1d(1, 4, 9, padding=4), nn.Tanh(), nn.Conv1d(4, 1, 1)),
    {"x": R(1, 1, 96)},
    ct_inputs=[ct.TensorType(name="x", shape=(1, 1, ct.RangeDim(16, 4096, default=96)))],
    out_names=["y"],
)
