"""Norms, attention, pooling, embeddings and a gated block."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from .writing import R, emit, f16


class Norms(nn.Module):
    def __init__(s):
        super().__init__()
        s.bn = nn.BatchNorm1d(6)
        s.ln = nn.LayerNorm(10)
        s.ln2 = nn.LayerNorm([6, 10], elementwise_affine=False)
        s.inn = nn.InstanceNorm1d(6, affine=True)
        s.gn = nn.GroupNorm(3, 6)
        s.bn.running_mean.uniform_(-1, 1)
        s.bn.running_var.uniform_(0.3, 2)
        for p in s.parameters():
            p.data += torch.rand_like(p) * 0.3

    def forward(s, x):
        return (
            s.bn(x),
            s.ln(x),
            s.ln2(x),
            s.inn(x),
            s.gn(x),
            F.normalize(x, dim=1),
            torch.softmax(x, 1),
            torch.log_softmax(x, -1),
        )


emit(
    "norms_softmax_fp32",
    Norms(),
    {"x": R(2, 6, 10, scale=1)},
    out_names=["bn", "ln", "ln_noaffine", "instnorm", "groupnorm", "l2norm", "softmax_c", "logsoftmax"],
)


class Attn(nn.Module):
    def __init__(s, d=16, h=4, sdpa=False):
        super().__init__()
        s.h = h
        s.q = nn.Linear(d, 3 * d)
        s.o = nn.Linear(d, d)
        s.n1 = nn.LayerNorm(d)
        s.n2 = nn.LayerNorm(d)
        s.f = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))
        s.sdpa = sdpa

    def forward(s, x):
        _B, _N, _D = 1, x.shape[1], x.shape[2]
        q, k, v = s.q(s.n1(x)).reshape(1, 12, 3, 4, 4).permute(2, 0, 3, 1, 4).unbind(0)
        if s.sdpa:
            a = F.scaled_dot_product_attention(q, k, v)
        else:
            a = torch.softmax(q @ k.transpose(-1, -2) * 0.5, -1) @ v
        x = x + s.o(a.transpose(1, 2).reshape(1, 12, 16))
        return x + s.f(s.n2(x))


emit("transformer_block_fp16", Attn(), {"x": R(1, 12, 16)}, prec=f16, out_names=["y"])


class Glu(nn.Module):
    def __init__(s):
        super().__init__()
        s.a = nn.Conv1d(2, 16, 8, stride=4)
        s.b = nn.Conv1d(16, 32, 1)
        s.t = nn.ConvTranspose1d(16, 2, 8, stride=4)

    def forward(s, x):
        return s.t(F.glu(s.b(F.relu(s.a(x))), 1))


emit("glu_demucs_block_fp32", Glu(), {"mix": R(1, 2, 64)}, out_names=["sep"])


class PoolUp(nn.Module):
    def forward(s, x):
        return (
            F.max_pool1d(x, 4, 2, 1),
            F.avg_pool1d(x, 3, 2, 1),
            F.avg_pool1d(x, 3, 2, 1, count_include_pad=False),
            F.adaptive_avg_pool1d(x, 1),
            F.interpolate(x, scale_factor=2.0, mode="nearest"),
            F.interpolate(x[:, :, None], size=(1, 40), mode="bilinear", align_corners=False),
            F.pixel_shuffle(x.reshape(1, 8, 4, 4)[:, :8], 2),
        )


emit(
    "pool_upsample_fp32",
    PoolUp(),
    {"x": R(1, 8, 16)},
    out_names=["max", "avg", "avg_nopad", "gap", "nearest2", "linear40", "shuffle"],
)


class Emb(nn.Module):
    def __init__(s):
        super().__init__()
        s.e = nn.Embedding(32, 8)
        s.l = nn.Linear(8, 3)

    def forward(s, i, x):
        return s.l(s.e(i) + x)


emit(
    "embedding_int32_fp32",
    Emb(),
    {"codes": np.arange(12, dtype=np.int32).reshape(1, 12) * 2 % 32, "x": R(1, 12, 8)},
    out_names=["y"],
)
