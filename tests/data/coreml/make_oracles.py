"""Turns the `.npz` outputs of other programs into the `.oracle.safetensors` beside each model.

    python3 make_oracles.py SOURCE TARGET

SOURCE and TARGET have the folders `generated` and `real`. Keys stay: `in/NAME` and `out/NAME`, behind `stepN/`
(in order, states go on), `caseN/` (apart) or `FUNCTION/`. Every float is stored as float32.
"""

import glob
import json
import os
import struct
import sys

import numpy as np

KINDS = {"f": ("F32", np.float32), "i": ("I32", np.int32), "b": ("BOOL", np.bool_)}


def write(path: str, arrays: dict[str, np.ndarray]) -> None:
    header: dict[str, object] = {}
    blobs: list[bytes] = []
    position = 0
    for name, array in sorted(arrays.items()):
        kind, dtype = KINDS[array.dtype.kind]
        data = np.ascontiguousarray(array, dtype).tobytes()
        header[name] = {
            "dtype": kind,
            "shape": list(array.shape),
            "data_offsets": [position, position + len(data)],
        }
        blobs.append(data)
        position += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blobs))


source, target = sys.argv[1:]
for path in sorted(glob.glob(f"{source}/generated/*.npz") + glob.glob(f"{source}/real/*/*.npz")):
    if "weights" in path:
        continue
    name = os.path.relpath(path, source)
    for ending in (".npz", ".onnx_oracle", ".ref_oracle"):
        name = name.removesuffix(ending)
    with np.load(path) as arrays:
        write(f"{target}/{name}.oracle.safetensors", dict(arrays))
