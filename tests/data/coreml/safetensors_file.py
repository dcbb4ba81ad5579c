"""The one writer of safetensors files for what is generated here: keys in order, header padded to 8 bytes."""

import json
import struct

import numpy as np

KINDS = {"f": ("F32", np.float32), "i": ("I32", np.int32), "b": ("BOOL", np.bool_)}


def write(path: str, arrays: dict[str, np.ndarray]) -> None:
    """Every float is stored as float32, every integer as int32."""
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
