"""Writes `weights_oracle.safetensors`: what coremltools 9.0 says each constant of each package here is.

    python3 make_weights_oracle.py . weights_oracle.safetensors

Names are PACKAGE/FUNCTION/CONSTANT; compressed constants (`constexpr_*`) are expanded by coremltools' own reference.
Tensors of more than 1024 elements are sampled, every 61st element; full shapes are in the metadata.
"""

import inspect
import json
import logging
import os
import struct
import sys

logging.disable(logging.CRITICAL)
import numpy as np
from coremltools.converters.mil.frontend.milproto import load as milload
from coremltools.proto import Model_pb2


def sample(a):
    f = np.asarray(a).astype(np.float32).reshape(-1)
    return f if f.size <= 1024 else f[::61]


def resolve(var):
    """A variable's value, expanding the constexpr operation that defines it if need be."""
    if var.op is not None and var.op.op_type.startswith("constexpr_"):
        return expand(var.op)[list(var.op.outputs).index(var)]
    return var.val


def expand(op):
    names = list(inspect.signature(type(op).decompress).parameters) if hasattr(type(op), "decompress") else []
    if not names:
        outs = op.materialized_val_inference()
    else:
        outs = type(op).decompress(
            *[resolve(op.inputs[n]) if op.inputs.get(n) is not None else None for n in names]
        )
    return list(outs) if isinstance(outs, tuple) else [outs]


def visit(block, out):
    for op in block.operations:
        for b in op.blocks:
            visit(b, out)
        v = None
        if op.op_type == "const":
            v = op.outputs[0].val
            outs = [v]
        elif op.op_type.startswith("constexpr_"):
            outs = expand(op)
        else:
            continue
        for o, v in zip(op.outputs, outs, strict=False):
            if v is None or isinstance(v, (str, bytes)):
                continue
            v = np.asarray(v)
            if v.dtype.kind not in "fiub":
                continue
            if v.ndim == 0:
                continue
            out[o.name] = v


def outputs(block):
    for op in block.operations:
        yield from op.outputs
        for b in op.blocks:
            yield from outputs(b)


tensors = {}
root = sys.argv[1]
for dirpath, dirs, _files in sorted(os.walk(root)):
    for d in sorted(dirs):
        if not d.endswith(".mlpackage"):
            continue
        p = os.path.join(dirpath, d)
        spec = Model_pb2.Model()
        spec.ParseFromString(open(p + "/Data/com.apple.CoreML/model.mlmodel", "rb").read())
        wd = p + "/Data/com.apple.CoreML/weights"
        prog = milload.load(spec, spec.specificationVersion, wd)
        names = {
            o.name
            for f in spec.mlProgram.functions.values()
            for b in f.block_specializations.values()
            for o in outputs(b)
        }
        n = 0
        for fname, f in prog.functions.items():
            found = {}
            visit(f, found)
            for k, v in found.items():
                key = f"{os.path.relpath(p, root)}/{fname}/{k}"
                if k not in names:
                    continue  # made up by the reader for an inline parameter
                if v.size > 9 or v.dtype.kind == "f":
                    tensors[key] = (list(v.shape), sample(v))
                    n += 1
        print(d, n)
header, off = {}, 0
for k, (_shape, v) in tensors.items():
    header[k] = {"dtype": "F32", "shape": [int(v.size)], "data_offsets": [off, off + v.nbytes]}
    off += v.nbytes
header["__metadata__"] = {k: ",".join(map(str, s)) for k, (s, v) in tensors.items()}
h = json.dumps(header, separators=(",", ":")).encode()
h += b" " * (-len(h) % 8)
with open(sys.argv[2], "wb") as f:
    f.write(struct.pack("<Q", len(h)))
    f.write(h)
    for _s, v in tensors.values():
        f.write(v.astype("<f4").tobytes())
print(len(tensors), os.path.getsize(sys.argv[2]))
