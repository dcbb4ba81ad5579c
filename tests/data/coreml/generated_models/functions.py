"""Several functions in one package, which share weights."""

import coremltools as ct
import numpy as np
import torch
import torch.nn as nn

from .writing import ONLY, OUT, R, T, f32, record

if not ONLY or "multifunction_ios18" in ONLY:
    try:
        torch.manual_seed(11)
        l = nn.Linear(16, 16).eval()

        class G(nn.Module):
            def __init__(s, act):
                super().__init__()
                s.l = l
                s.act = act

            def forward(s, x):
                return s.act(s.l(x))

        x = R(2, 16)
        d = {}
        for n, a in (("tanh_fn", torch.tanh), ("relu_fn", torch.relu)):
            m = G(a).eval()
            ct.convert(
                torch.jit.trace(m, torch.from_numpy(x)),
                inputs=[ct.TensorType(name="x", shape=x.shape)],
                outputs=[ct.TensorType(name="y")],
                minimum_deployment_target=T.iOS18,
                compute_precision=f32,
            ).save(OUT + f"/_mf_{n}.mlpackage")
            d[n + "/in/x"] = x
            d[n + "/out/y"] = m(torch.from_numpy(x)).detach().numpy()
        desc = ct.utils.MultiFunctionDescriptor()
        desc.add_function(OUT + "/_mf_tanh_fn.mlpackage", "main", "tanh_fn")
        desc.add_function(OUT + "/_mf_relu_fn.mlpackage", "main", "relu_fn")
        desc.default_function_name = "tanh_fn"
        ct.utils.save_multifunction(desc, OUT + "/multifunction_ios18.mlpackage")
        np.savez_compressed(OUT + "/multifunction_ios18.npz", **d)
        record("multifunction_ios18", 9, ["y"], "two functions sharing weights")
        print("OK   multifunction")
    except Exception as e:
        print("FAIL multifunction", type(e).__name__, str(e)[:300])
