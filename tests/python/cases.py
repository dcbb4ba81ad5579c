"""The stored PyTorch cases of tests/data/goldens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import ossicle
from safetensors.numpy import load_file

DATA = Path(__file__).resolve().parents[1] / "data"
_TENSORS = ("input", "output", "h0", "c0", "hn", "cn")


@dataclass(frozen=True)
class Case:
    name: str
    module: str
    arguments: dict[str, Any]
    atol: float
    rtol: float

    @cached_property
    def tensors(self) -> dict[str, np.ndarray]:
        return load_file(self.path)

    @property
    def path(self) -> Path:
        return DATA / "goldens" / "cases" / f"{self.name}.safetensors"

    @property
    def weights(self) -> dict[str, np.ndarray]:
        return {name: value for name, value in self.tensors.items() if name not in _TENSORS}

    @property
    def input(self) -> np.ndarray:
        return self.tensors["input"]

    @property
    def output(self) -> np.ndarray:
        return self.tensors["output"]

    @property
    def states(self) -> tuple[np.ndarray, ...]:
        return tuple(self.tensors[name] for name in ("h0", "c0") if name in self.tensors)

    @property
    def final_states(self) -> tuple[np.ndarray, ...]:
        return tuple(self.tensors[name] for name in ("hn", "cn") if name in self.tensors)

    @property
    def recurrent(self) -> bool:
        return self.module in ("LSTM", "GRU")

    def layer(self) -> ossicle.Module:
        """Our class with the case's weights."""
        layer = getattr(ossicle, self.module.replace("1d", "1D"))(**self.arguments)
        return layer.load_state_dict(self.weights) if self.weights else layer

    def check(self, output: np.ndarray) -> None:
        assert output.dtype == np.float32
        np.testing.assert_allclose(output, self.output, atol=self.atol, rtol=self.rtol)

    def __str__(self) -> str:
        return self.name


def _read() -> list[Case]:
    index = json.loads((DATA / "goldens" / "cases" / "index.json").read_text())
    return [Case(n, c["module"], c["args"], c["atol"], c["rtol"]) for n, c in index["cases"].items()]


CASES = _read()
assert len(CASES) == 82


def case(name: str) -> Case:
    return next(case for case in CASES if case.name == name)
