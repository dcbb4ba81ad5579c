"""Compressed weights. Only NAME.inputs.npz is written here: the stored oracle of these is the output with the
decompressed weights.
"""

import coremltools.optimize.coreml as cto
import torch
import torch.nn as nn

from .writing import R, T, emit, f16, f32


def big():
    torch.manual_seed(5)
    return nn.Sequential(
        nn.Conv1d(16, 64, 3, padding=1),
        nn.ReLU(),
        nn.Conv1d(64, 64, 3, padding=1),
        nn.Tanh(),
        nn.Flatten(),
        nn.Linear(64 * 20, 32),
    )


X = {"x": R(1, 16, 20)}


def cf(c):
    return cto.OptimizationConfig(global_config=c)


emit(
    "quant_int8_perchannel_ios16",
    big(),
    X,
    prec=f16,
    out_names=["y"],
    post=lambda m: cto.linear_quantize_weights(
        m, cf(cto.OpLinearQuantizerConfig(mode="linear_symmetric", weight_threshold=512))
    ),
)
emit(
    "quant_int8_block32_ios18",
    big(),
    X,
    prec=f16,
    target=T.iOS18,
    out_names=["y"],
    post=lambda m: cto.linear_quantize_weights(
        m,
        cf(
            cto.OpLinearQuantizerConfig(
                mode="linear_symmetric",
                dtype="int8",
                granularity="per_block",
                block_size=16,
                weight_threshold=512,
            )
        ),
    ),
)
emit(
    "quant_int4_block_ios18",
    big(),
    X,
    prec=f16,
    target=T.iOS18,
    out_names=["y"],
    post=lambda m: cto.linear_quantize_weights(
        m,
        cf(
            cto.OpLinearQuantizerConfig(
                mode="linear", dtype="int4", granularity="per_block", block_size=16, weight_threshold=512
            )
        ),
    ),
)
emit(
    "palettize_4bit_ios16",
    big(),
    X,
    prec=f16,
    out_names=["y"],
    post=lambda m: cto.palettize_weights(
        m, cf(cto.OpPalettizerConfig(mode="kmeans", nbits=4, weight_threshold=512))
    ),
)
emit(
    "palettize_6bit_ios16",
    big(),
    X,
    prec=f16,
    out_names=["y"],
    post=lambda m: cto.palettize_weights(
        m, cf(cto.OpPalettizerConfig(mode="uniform", nbits=6, weight_threshold=512))
    ),
)
emit(
    "palettize_4bit_ios18",
    big(),
    X,
    prec=f32,
    target=T.iOS18,
    out_names=["y"],
    post=lambda m: cto.palettize_weights(
        m, cf(cto.OpPalettizerConfig(mode="uniform", nbits=4, weight_threshold=512))
    ),
)
emit(
    "sparse_50_ios16",
    big(),
    X,
    prec=f16,
    out_names=["y"],
    post=lambda m: cto.prune_weights(
        m, cf(cto.OpMagnitudePrunerConfig(target_sparsity=0.5, weight_threshold=512))
    ),
)
