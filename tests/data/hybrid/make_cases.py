"""Writes the cases beside this file: pipelines as `HybridTwin` exports them, and PyTorch's float64 results.

    python tests/data/hybrid/make_cases.py        needs torch and safetensors

NAME.safetensors is a pipeline in one file; NAME.case.safetensors has `input` and `output`,
`[batch, channels, frames]`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "examples" / "python"))
from hybrid_pytorch_twin import HybridTwin

#: Arguments, and frames of the input. Odd lengths, strides from 1 to 4, one to three layers.
CASES: dict[str, tuple[dict[str, Any], int]] = {
    "plain": ({"channels": (8, 12, 16), "hidden_size": 20}, 256),
    "stride1": (
        {
            "channels": (4, 6), "kernel_size": 5, "stride": 1, "hidden_size": 7, "num_layers": 2,
            "activation": "Tanh", "skip_connections": True,
        },
        37,
    ),
    "stride2_skip": (
        {
            "channels": (6, 8, 10), "kernel_size": 5, "stride": 2, "hidden_size": 10, "num_layers": 3,
            "activation": "GELU", "skip_connections": True, "projection": False,
        },
        101,
    ),
    "stride3_stereo": (
        {
            "in_channels": 2, "channels": (5, 9), "kernel_size": 7, "stride": 3, "hidden_size": 6,
            "bidirectional": True, "activation": "ELU",
        },
        130,
    ),
    "stride4_stems": (
        {
            "out_channels": 3, "channels": (7, 11), "kernel_size": 4, "stride": 4, "hidden_size": 9,
            "activation": "SiLU", "projection": False,
        },
        63,
    ),
    "linear": (
        {"channels": (16, 24), "hidden_size": 24, "num_layers": 2, "activation": "Identity"},
        333,
    ),
}  # fmt: skip


def main() -> None:
    """Overwrites every case."""
    for number, (name, (arguments, frames)) in enumerate(CASES.items()):
        torch.manual_seed(number)
        twin = HybridTwin(**arguments).eval()
        twin.export(str(HERE / f"{name}.safetensors"), input_length=frames)
        x = 2 * torch.rand(2, twin.config["in_channels"], frames) - 1
        with torch.no_grad():
            y = twin.double()(x.double()).float()
        save_file({"input": x, "output": y.contiguous()}, str(HERE / f"{name}.case.safetensors"))


if __name__ == "__main__":
    main()
