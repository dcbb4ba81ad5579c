"""Core ML models for the tests, and what is done with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import ossicle

COREML = Path(__file__).parents[1] / "data" / "coreml"
GENERATED = COREML / "generated"
SILERO = COREML / "real" / "silero_vad_v6"
LINEAR = GENERATED / "linear_fp32.mlpackage"


def compare(found: dict[str, np.ndarray], expected: dict[str, np.ndarray], tolerance: float) -> None:
    assert set(expected) <= set(found)
    for name, array in expected.items():
        np.testing.assert_allclose(found[name].reshape(array.shape), array, atol=tolerance, err_msg=name)


def random(model: ossicle.BNNSInference, rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {port.name: rng.standard_normal(port.shape).astype(np.float32) for port in model.inputs}
