"""Convolutions in one and two dimensions."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from .writing import R, T, emit


class ConvZoo(nn.Module):
    def __init__(s):
        super().__init__()
        s.valid = nn.Conv1d(4, 8, 5)
        s.same = nn.Conv1d(4, 8, 4, padding="same")
        s.pad = nn.Conv1d(4, 6, 5, padding=3, stride=2)
        s.dil = nn.Conv1d(4, 6, 3, dilation=4, padding=4)
        s.grp = nn.Conv1d(4, 8, 3, groups=2, padding=1, bias=False)
        s.dw = nn.Conv1d(4, 12, 7, groups=4, padding=3)
        s.refl = nn.Conv1d(4, 4, 5, padding=2, padding_mode="reflect")
        s.rep = nn.Conv1d(4, 4, 5, padding=2, padding_mode="replicate")
        s.k1 = nn.Conv1d(4, 3, 1)

    def forward(s, x):
        return (
            s.valid(x),
            s.same(x),
            s.pad(x),
            s.dil(x),
            s.grp(x),
            s.dw(x),
            s.refl(x),
            s.rep(x),
            s.k1(x),
            s.dil(F.pad(x, (8, 0))),
        )


emit(
    "conv1d_zoo_fp32",
    ConvZoo(),
    {"x": R(2, 4, 37)},
    target=T.macOS12,
    out_names=[
        "valid",
        "same",
        "pad3_stride2",
        "dil4",
        "groups2_nobias",
        "depthwise",
        "reflect",
        "replicate",
        "k1",
        "causal_pad",
    ],
    note="each padding/stride/dilation/groups case",
)


class TCN(nn.Module):
    def __init__(s, ch=8):
        super().__init__()
        s.inp = nn.Conv1d(1, ch, 1)
        s.d = [1, 2, 4, 8]
        s.c = nn.ModuleList(nn.Conv1d(ch, 2 * ch, 3, dilation=d) for d in s.d)
        s.m = nn.ModuleList(nn.Conv1d(ch, ch, 1) for _ in s.d)
        s.out = nn.Conv1d(ch, 1, 1)

    def forward(s, x):
        x = s.inp(x)
        sk = 0.0
        for d, c, m in zip(s.d, s.c, s.m, strict=False):
            z = c(F.pad(x, (2 * d, 0)))
            a, b = z.chunk(2, 1)
            z = torch.tanh(a) * torch.sigmoid(b)
            sk = sk + z
            x = x + m(z)
        return s.out(sk)


emit("wavenet_amp_fp32", TCN(6), {"x": R(1, 1, 128, seed=3)}, out_names=["y"])


class ConvT(nn.Module):
    def __init__(s):
        super().__init__()
        s.a = nn.ConvTranspose1d(4, 3, 4, stride=2, padding=1)
        s.b = nn.ConvTranspose1d(4, 6, 5, stride=3, padding=2, output_padding=2)
        s.c = nn.ConvTranspose1d(4, 8, 3, groups=2, bias=False)
        s.e = nn.ConvTranspose1d(4, 2, 3, dilation=2, padding=1)

    def forward(s, x):
        return s.a(x), s.b(x), s.c(x), s.e(x)


emit("conv_transpose1d_fp32", ConvT(), {"x": R(2, 4, 11)}, out_names=["s2p1", "s3p2op2", "groups2", "dil2p1"])


class Spec2d(nn.Module):
    def __init__(s):
        super().__init__()
        s.bn0 = nn.BatchNorm2d(2)
        s.c1 = nn.Conv2d(2, 8, (3, 5), padding=(1, 2), stride=(2, 1))
        s.bn = nn.BatchNorm2d(8)
        s.c2 = nn.Conv2d(8, 4, 3, padding=1)
        s.t = nn.ConvTranspose2d(4, 1, (4, 3), stride=(2, 1), padding=(1, 1))
        for b in (s.bn0, s.bn):
            b.running_mean.uniform_(-0.5, 0.5)
            b.running_var.uniform_(0.5, 2)
            b.weight.data.uniform_(0.5, 1.5)
            b.bias.data.uniform_(-0.3, 0.3)

    def forward(s, x):
        x = F.relu(s.bn0(x))
        x = F.leaky_relu(s.bn(s.c1(x)), 0.2)
        return torch.sigmoid(s.t(F.elu(s.c2(x))))


emit("conv2d_spectro_unet_fp32", Spec2d(), {"spec": R(1, 2, 16, 24)}, out_names=["mask"])


class Hyper(nn.Module):
    """Kernels that another input decides, and the frames at a place that a third one does."""

    def __init__(s):
        super().__init__()
        s.kernels = nn.Linear(6, 4 * 4 * 5)

    def forward(s, x, control, place):
        kernels = torch.tanh(s.kernels(control)).reshape(4, 4, 5)
        filtered = F.conv1d(x, kernels, padding=2)
        up = F.conv_transpose1d(x, kernels, stride=2, padding=1)
        return filtered, up, filtered[:, :, place * 8 : (place + 1) * 8]


emit(
    "conv_computed_fp32",
    Hyper(),
    {"x": R(1, 4, 32), "control": R(1, 6, seed=1), "place": np.array([2], np.int32)},
    target=T.iOS17,
    out_names=["filtered", "up", "frames"],
)
