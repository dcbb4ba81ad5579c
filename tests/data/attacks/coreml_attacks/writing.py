"""Where the files go, and what several kinds of them share."""

import json
import pathlib
import struct

HERE = pathlib.Path(__file__).parents[1] / "coreml"
index: list[list[str]] = []


def write(path, data):
    path = HERE / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())


def attack(name, text, code="malformed", **files):
    """A bundle or package: files by their path, `__` for a slash and `_dot_` for a point."""
    for path, data in files.items():
        write(name + "/" + path.replace("__", "/").replace("_dot_", "."), data)
    index.append([name, code, text])


def string(data):
    return struct.pack("<Q", len(data)) + data


def coremldata(kind=502, family=b"generic", version=7, description=b""):
    return (
        struct.pack("<I3Q", kind, 5, 0, 0)
        + string(family)
        + struct.pack("<4Q", version, 0, 0, 0)
        + string(description)
        + struct.pack("<2Q", kind, 0)
    )


def save_index():
    """Says how a reader must refuse each file."""
    (HERE / "index.json").write_text("[\n" + ",\n".join(json.dumps(e) for e in index) + "\n]\n")
    print(len(index))
