"""Products of matrices."""

import numpy as np

from .activations import softmax
from .elementwise import x
from .writing import case, d, noise

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
case(
    "einsum_spread",
    "einsum",
    {"values__a": a4, "values__b": v[:, :, None]},
    np.einsum("chw,nwu->nchu", d(a4[0]), d(v)),
    equation="nchw,nwhu->nchu",
)
