"""Writes the PyTorch reference cases in a form that golden_test.c reads: tests/kernels/goldens.py CASES OUT.

What Python does here is layer bookkeeping: names to numbers, absent biases to zeros, a transposed convolution
to its convolution with one row for each phase of the output, a batch norm to scale and shift.
"""

from __future__ import annotations

import array
import json
import math
import struct
import sys
from pathlib import Path
from typing import Any

Tensor = tuple[list[int], "array.array[float]"]

# The numbers of golden_test.c's `module` and of ok_unary_kind.
MODULES = [
    "linear",
    "recurrent",
    "conv",
    "unary",
    "prelu",
    "affine",
    "normalize",
    "softmax",
    "pool",
    "reduce",
    "take",
    "lerp",
    "glu",
]
UNARY = {
    "ReLU": 1,
    "LeakyReLU": 2,
    "ELU": 3,
    "SELU": 4,
    "GELU": 5,
    "Sigmoid": 7,
    "Tanh": 8,
    "SiLU": 9,
    "Softplus": 10,
    "Softsign": 11,
    "Mish": 12,
    "Hardtanh": 13,
    "Hardsigmoid": 14,
    "Hardswish": 15,
    "ReLU6": 13,
}
PADDING = ["zeros", "reflect", "replicate", "circular"]


def load(path: Path) -> dict[str, Tensor]:
    data = path.read_bytes()
    (size,) = struct.unpack_from("<Q", data)
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + size]).items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        first, last = entry["data_offsets"]
        tensors[name] = (entry["shape"], array.array("f", data[8 + size + first : 8 + size + last]))
    return tensors


def zeros(count: int) -> Tensor:
    return [count], array.array("f", bytes(4 * count))


def recurrent(a: dict[str, Any], t: dict[str, Tensor]) -> tuple[list[int], list[Tensor]]:
    lstm, gates = "c0" in t, 4 if "c0" in t else 3
    tensors = [t["input"], t["output"], t["h0"], t["hn"]] + [t[n] if lstm else zeros(0) for n in ("c0", "cn")]
    for layer in range(a["num_layers"]):
        for end in ["", "_reverse"] if a["bidirectional"] else [""]:
            tensors += [t[f"weight_{kind}_l{layer}{end}"] for kind in ("ih", "hh")]
            tensors += [
                t.get(f"bias_{kind}_l{layer}{end}", zeros(gates * a["hidden_size"])) for kind in ("ih", "hh")
            ]
    return [0 if lstm else 1, a["num_layers"], 2 if a["bidirectional"] else 1, a["hidden_size"]], tensors


def transposed(a: dict[str, Any], t: dict[str, Tensor]) -> tuple[list[int], list[Tensor]]:
    (channels, outputs, kernel), weight = t["weight"]  # outputs of one group
    groups, stride, crop = a["groups"], a["stride"], a["padding"]
    reach = (kernel - 1) * a["dilation"] // stride
    depth, taps = channels // groups, reach + 1
    packed = array.array("f", bytes(4 * outputs * groups * stride * depth * taps))
    for channel in range(channels):
        for o in range(outputs):
            for k in range(kernel):
                row = (channel // depth * outputs + o) * stride + k * a["dilation"] % stride
                at = (row * depth + channel % depth) * taps + reach - k * a["dilation"] // stride
                packed[at] = weight[(channel * outputs + o) * kernel + k]
    bias = t.get("bias", zeros(outputs * groups))[1]
    spread = array.array("f", [b for b in bias for _ in range(stride)])
    tensors = [t["input"], t["output"], ([len(spread), depth, taps], packed), ([len(spread)], spread)]
    return [1, reach - crop // stride, 1, groups, 0, stride, crop], tensors


def case(c: dict[str, Any], t: dict[str, Tensor]) -> tuple[str, list[int], list[float], list[Tensor]]:
    """Module, its integers, its two numbers, its tensors: input and output first."""
    a, module = c["args"], c["module"]
    x, y = t["input"], t["output"]
    shape = x[0]
    rows = math.prod(shape[:-1])
    if module == "Linear":
        return "linear", [], [], [x, y, t["weight"], t.get("bias", zeros(a["out_features"]))]
    if module in ("LSTM", "GRU"):
        return "recurrent", *with_numbers(recurrent(a, t))
    if module == "Conv1d":
        numbers = [
            a["stride"],
            a["padding"],
            a["dilation"],
            a["groups"],
            PADDING.index(a["padding_mode"]),
            1,
            0,
        ]
        return "conv", numbers, [], [x, y, t["weight"], t.get("bias", zeros(a["out_channels"]))]
    if module == "ConvTranspose1d":
        return "conv", *with_numbers(transposed(a, t))
    if module in UNARY:
        alpha, beta = {"Softplus": (1.0, 20.0), "Hardtanh": (-1.0, 1.0), "ReLU6": (0.0, 6.0)}.get(
            module, (0.0, 0.0)
        )
        kind = UNARY[module] + (a.get("approximate") == "tanh")
        return "unary", [kind], [a.get("alpha", a.get("negative_slope", alpha)), beta], [x, y]
    if module == "PReLU":
        return "prelu", [], [], [x, y, t["weight"]]
    if module == "GLU":
        return "glu", [math.prod(shape[: a["dim"]])], [], [x, y]
    if module == "BatchNorm1d":
        scale = [w / math.sqrt(v + 1e-5) for w, v in zip(t["weight"][1], t["running_var"][1], strict=True)]
        shift = [b - m * s for b, m, s in zip(t["bias"][1], t["running_mean"][1], scale, strict=True)]
        vectors = [([len(v)], array.array("f", v)) for v in (scale, shift)]
        return "affine", [shape[0], shape[1], shape[2]], [], [x, y, *vectors]
    if module in ("LayerNorm", "RMSNorm"):
        inner = math.prod(a["normalized_shape"])
        centred, epsilon = module == "LayerNorm", 1e-5 if module == "LayerNorm" else 2.0**-23
        numbers = [math.prod(shape) // inner, 1, inner, 1, 1, int(centred)]
        return "normalize", numbers, [epsilon], [x, y, t["weight"], t.get("bias", zeros(inner))]
    if module in ("GroupNorm", "InstanceNorm1d"):
        groups = a.get("num_groups", shape[1])
        numbers = [shape[0] * groups, shape[1] // groups, shape[2], groups, 0, 1]
        return "normalize", numbers, [1e-5], [x, y, t["weight"], t["bias"]]
    if module in ("Softmax", "LogSoftmax"):
        dim = a["dim"]
        view = [math.prod(shape[:dim]), shape[dim], math.prod(shape[dim + 1 :])]
        return "softmax", [*view, int(module == "LogSoftmax")], [], [x, y]
    if module in ("MaxPool1d", "AvgPool1d"):
        pad = a.get("padding", 0)
        return (
            "pool",
            [rows, shape[2], int(module == "AvgPool1d"), a["kernel_size"], a["stride"], pad],
            [],
            [x, y],
        )
    if module == "AdaptiveAvgPool1d":
        return "reduce", [rows, shape[2], 1], [], [x, y]
    if module == "Upsample":
        return "take" if a["mode"] == "nearest" else "lerp", [rows, shape[2], a["scale_factor"]], [], [x, y]
    raise ValueError(f"no kernel for {module}")


def with_numbers(case: tuple[list[int], list[Tensor]]) -> tuple[list[int], list[float], list[Tensor]]:
    return case[0], [], case[1]


def main(folder: Path, out: Path) -> None:
    written = []
    for name, c in json.loads((folder / "index.json").read_text())["cases"].items():
        module, integers, numbers, tensors = case(c, load(folder / f"{name}.safetensors"))
        head = struct.pack("<40si12i", name.encode(), MODULES.index(module), *(integers + [0] * 12)[:12])
        head += struct.pack("<4fi", c["atol"], c["rtol"], *[*numbers, 0.0, 0.0][:2], len(tensors))
        body = b"".join(
            struct.pack("<4i", *(shape + [1] * 4)[:4]) + data.tobytes() for shape, data in tensors
        )
        written.append(head + body)
    out.write_bytes(struct.pack("<i", len(written)) + b"".join(written))
    print(f"{len(written)} reference cases")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
