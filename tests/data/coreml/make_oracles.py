"""Turns the `.npz` outputs of other programs into the `.oracle.safetensors` beside each model.

    python3 make_oracles.py SOURCE TARGET

SOURCE and TARGET have the folders `generated` and `real`. Keys stay: `in/NAME` and `out/NAME`, behind `stepN/`
(in order, states go on), `caseN/` (apart) or `FUNCTION/`. Every float is stored as float32.
"""

import glob
import os
import sys

import numpy as np
from safetensors_file import write

source, target = sys.argv[1:]
for path in sorted(glob.glob(f"{source}/generated/*.npz") + glob.glob(f"{source}/real/*/*.npz")):
    if "weights" in path:
        continue
    name = os.path.relpath(path, source)
    for ending in (".npz", ".onnx_oracle", ".ref_oracle"):
        name = name.removesuffix(ending)
    with np.load(path) as arrays:
        write(f"{target}/{name}.oracle.safetensors", dict(arrays))
