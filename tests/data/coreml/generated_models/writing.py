"""Converts a module, saves the package and, beside it, what PyTorch computes."""

import copy
import json
import os
import sys

import coremltools as ct
import numpy as np
import torch

OUT = sys.argv[1]
ONLY = set(sys.argv[2:])
T = ct.target
f32 = ct.precision.FLOAT32
f16 = ct.precision.FLOAT16
index = []


def R(*s, seed=0, scale=0.5):
    return (np.random.default_rng(seed).standard_normal(s) * scale).astype(np.float32)


def emit(name, module, inputs, prec=f32, post=None, steps=None, note="", **options):
    """One package; `options` are those of `convert`."""
    if ONLY and name not in ONLY:
        return
    try:
        torch.manual_seed(7)
        module.eval()
        mm = convert(module, inputs, prec, **options)
        if post:
            mm = post(mm)
        mm.save(os.path.join(OUT, name + ".mlpackage"))
        spec = mm.get_spec()
        outputs = [o.name for o in spec.description.output]
        d = oracle(module, inputs, outputs, prec, steps)
        if not post:
            np.savez_compressed(os.path.join(OUT, name + ".npz"), **d)
        else:
            np.savez_compressed(
                os.path.join(OUT, name + ".inputs.npz"),
                **{k: v for k, v in d.items() if "/out/" not in k and not k.startswith("out/")},
                **{"uncompressed_" + k: v for k, v in d.items() if k.startswith("out/")},
            )
        record(name, spec.specificationVersion, outputs, note, "fp16" if prec == f16 else "fp32", steps or 1)
        print("OK  ", name, "spec", spec.specificationVersion, outputs)
    except Exception as e:
        print("FAIL", name, type(e).__name__, str(e)[:300])


def convert(
    module, inputs, prec, target=T.macOS13, ct_inputs=None, out_names=None, states=None, script=False
):
    example = tuple(torch.from_numpy(v) for v in inputs.values())
    with torch.no_grad():
        traced = torch.jit.script(module) if script else torch.jit.trace(module, example, check_trace=False)
    types = ct_inputs or [
        ct.TensorType(name=k, shape=v.shape, dtype=(np.int32 if v.dtype.kind == "i" else np.float32))
        for k, v in inputs.items()
    ]
    return ct.convert(
        traced,
        inputs=types,
        outputs=[ct.TensorType(name=n) for n in out_names] if out_names else None,
        convert_to="mlprogram",
        minimum_deployment_target=target,
        compute_precision=prec,
        **({"states": states} if states else {}),
    )


def oracle(module, inputs, outputs, prec, steps):
    """In float32, with weights rounded to what the file stores; the steps of a model with state in their order."""
    if prec == f16:
        module = copy.deepcopy(module)
        for q in module.parameters():
            q.data = q.data.half().float()
    d = {}

    def run(prefix, xs):
        found = module(*[torch.from_numpy(v) for v in xs.values()])
        for k, v in xs.items():
            d[f"{prefix}in/{k}"] = v
        for k, v in zip(outputs, found if isinstance(found, (tuple, list)) else (found,), strict=False):
            d[f"{prefix}out/{k}"] = v.numpy()

    with torch.no_grad():
        if not steps:
            run("", inputs)
            return d
        for b in module.buffers():
            b.zero_()  # tracing has already advanced the buffers; Core ML state starts at zero
        for i in range(steps):
            g = np.random.default_rng(100 + i)
            run(
                f"step{i}/",
                {k: g.standard_normal(v.shape).astype(np.float32) * 0.5 for k, v in inputs.items()},
            )
    return d


def record(name, spec, outputs, note, precision="fp32", steps=1):
    index.append(
        {
            "name": name,
            "spec": spec,
            "precision": precision,
            "steps": steps,
            "note": note,
            "outputs": outputs,
        }
    )


def save_index():
    if not ONLY:
        with open(OUT + "/index.json", "w") as file:
            json.dump(index, file, indent=1)
