"""Writes small models to a folder, one for each way Core ML compresses weights, and one of enumerated shapes.

    python3 make_compressed_models.py generated

Random weights; coremltools 9.0 with scikit-learn. A new run gives other weights: the stored files are the reference.
"""

import logging
import sys

logging.disable(logging.CRITICAL)
import coremltools as ct
import coremltools.optimize.coreml as cto
import numpy as np
from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.mil import get_new_symbol


def base(target, dtype=np.float32):
    r = np.random.default_rng(7)
    w1 = (r.standard_normal((16, 8, 4)) * 0.2).astype(dtype)
    w2 = (r.standard_normal((24, 160)) * 0.1).astype(dtype)

    @mb.program(input_specs=[mb.TensorSpec(shape=(1, 8, 13))], opset_version=target)
    def prog(x):
        y = mb.conv(x=x, weight=w1, pad_type="valid", name="conv")
        y = mb.reshape(x=y, shape=(1, 160), name="flat")
        return mb.linear(x=y, weight=w2, name="out")

    return ct.convert(
        prog,
        minimum_deployment_target=target,
        compute_precision=ct.precision.FLOAT32 if dtype == np.float32 else ct.precision.FLOAT16,
    )


O = sys.argv[1]


def save(name, m):
    m.save(f"{O}/{name}.mlpackage")
    for f in m._mil_program.functions.values():
        print(name, sorted({o.op_type for o in f.operations if "constexpr" in o.op_type}))


def pal(m, **k):
    return cto.palettize_weights(
        m, cto.OptimizationConfig(global_config=cto.OpPalettizerConfig(weight_threshold=1, **k))
    )


def quant(m, **k):
    return cto.linear_quantize_weights(
        m, cto.OptimizationConfig(global_config=cto.OpLinearQuantizerConfig(weight_threshold=1, **k))
    )


def prune(m, **k):
    return cto.prune_weights(
        m, cto.OptimizationConfig(global_config=cto.OpMagnitudePrunerConfig(weight_threshold=1, **k))
    )


def attempt(name, f):
    try:
        save(name, f())
    except Exception as e:
        print("FAIL", name, repr(e)[:300])


i16, i18 = ct.target.iOS16, ct.target.iOS18
attempt("compress_lut1_ios16", lambda: pal(base(i16), mode="kmeans", nbits=1))
attempt("compress_lut8_ios16", lambda: pal(base(i16), mode="uniform", nbits=8))
attempt("compress_lut3_ios18", lambda: pal(base(i18), mode="kmeans", nbits=3))
attempt(
    "compress_lut2_grouped_ios18",
    lambda: pal(base(i18), mode="kmeans", nbits=2, granularity="per_grouped_channel", group_size=8),
)
attempt("compress_lut4_vector_ios18", lambda: pal(base(i18), mode="kmeans", nbits=4, cluster_dim=2))
attempt(
    "compress_lut6_scaled_ios18",
    lambda: pal(base(i18, np.float16), mode="kmeans", nbits=6, enable_per_channel_scale=True),
)
attempt(
    "compress_lut4_int8lut_ios18",
    lambda: cto.linear_quantize_weights(
        pal(base(i18), mode="kmeans", nbits=4),
        cto.OptimizationConfig(
            global_config=cto.OpLinearQuantizerConfig(weight_threshold=1, granularity="per_tensor")
        ),
        joint_compression=True,
    ),
)
attempt(
    "compress_int4_tensor_ios18",
    lambda: quant(base(i18, np.float16), mode="linear", dtype="int4", granularity="per_tensor"),
)
attempt(
    "compress_uint4_block_ios18",
    lambda: quant(base(i18), mode="linear", dtype="uint4", granularity="per_block", block_size=4),
)
attempt("compress_uint8_ios16", lambda: quant(base(i16), mode="linear", dtype="uint8"))
attempt("compress_sparse_ios18", lambda: prune(base(i18), target_sparsity=0.6))
attempt(
    "compress_sparse_lut4_ios18",
    lambda: cto.palettize_weights(
        prune(base(i18), target_sparsity=0.6),
        cto.OptimizationConfig(
            global_config=cto.OpPalettizerConfig(weight_threshold=1, mode="kmeans", nbits=4)
        ),
        joint_compression=True,
    ),
)
attempt(
    "compress_sparse_int8_ios18",
    lambda: cto.linear_quantize_weights(
        prune(base(i18, np.float16), target_sparsity=0.6),
        cto.OptimizationConfig(global_config=cto.OpLinearQuantizerConfig(weight_threshold=1)),
        joint_compression=True,
    ),
)


def cast():
    w = np.arange(48, dtype=np.float16).reshape(6, 8) / 7

    @mb.program(input_specs=[mb.TensorSpec(shape=(1, 8))], opset_version=i16)
    def prog(x):
        return mb.linear(
            x=x, weight=mb.constexpr_cast(source_val=w, output_dtype="fp32", name="cast_w"), name="out"
        )

    return ct.convert(prog, minimum_deployment_target=i16, compute_precision=ct.precision.FLOAT32)


attempt("compress_cast_ios16", cast)


def enumerated():
    n = ct.EnumeratedShapes(shapes=[(1, 4), (1, 8), (1, 16)], default=(1, 8))

    @mb.program(input_specs=[mb.TensorSpec(shape=(1, get_new_symbol()))], opset_version=i16)
    def prog(x):
        return mb.relu(x=x, name="y")

    return ct.convert(
        prog,
        inputs=[ct.TensorType(name="x", shape=n)],
        minimum_deployment_target=i16,
        compute_precision=ct.precision.FLOAT32,
    )


attempt("enumerated_shapes_fp32", enumerated)
