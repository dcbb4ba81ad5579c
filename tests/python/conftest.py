"""Fixtures shared by the tests of the Python package."""

from __future__ import annotations

import json
from pathlib import Path

import guitarml
import numpy as np
import ossicle
import pytest


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture(scope="session")
def amp_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small amplifier model in GuitarML's format."""
    path = tmp_path_factory.mktemp("models") / "amp.json"
    path.write_text(json.dumps(guitarml.make("LSTM", hidden=12, seed=1)))
    return path


@pytest.fixture(scope="session")
def amp(amp_path: Path) -> ossicle.Model:
    return ossicle.load(amp_path)


@pytest.fixture
def linear(rng: np.random.Generator) -> ossicle.Linear:
    """Linear 4 → 3 with random weights."""
    layer = ossicle.Linear(4, 3)
    layer.load_state_dict({"weight": rng.standard_normal((3, 4)), "bias": rng.standard_normal(3)})
    return layer
