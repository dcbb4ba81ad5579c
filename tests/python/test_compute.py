"""What may run a call: the choice of layers, Sequentials and models. (HybridPipeline's: test_hybrid.py.)"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import ossicle
import pytest

DATA = Path(__file__).parents[1] / "data"
NAM = DATA / "models/nam/BossWN-nano.nam"


def linear() -> ossicle.Linear:
    layer = ossicle.Linear(5, 3)
    rng = np.random.default_rng(3)
    layer.load_state_dict({"weight": rng.standard_normal((3, 5)), "bias": rng.standard_normal(3)})
    return layer


MAKERS: list[Callable[[], ossicle.Linear | ossicle.Sequential]] = [
    linear,
    lambda: ossicle.Sequential(linear(), ossicle.Tanh()),
]


@pytest.mark.parametrize("make", MAKERS)
def test_layers_choose_by_themselves_until_told(
    make: Callable[[], ossicle.Linear | ossicle.Sequential],
) -> None:
    one, x = make(), np.random.default_rng(1).standard_normal((9, 5)).astype(np.float32)
    assert one.compute == "automatic"
    usual = one(x)
    one.compute = "cpu"
    assert one.compute == "cpu"
    np.testing.assert_allclose(one(x), usual, atol=1e-6)
    assert pickle.loads(pickle.dumps(one)).compute == "cpu"
    with pytest.raises(ossicle.ArgumentError, match=r"compute.*'automatic'.*'tpu'"):
        one.compute = "tpu"
    assert one.compute == "cpu"


def test_a_model_from_a_file() -> None:
    x = np.random.default_rng(1).uniform(-1, 1, 500).astype(np.float32)
    usual, other = ossicle.load(NAM), ossicle.load(NAM.read_bytes(), compute="automatic")
    assert (usual.compute, other.compute) == ("cpu", "automatic")
    np.testing.assert_allclose(other(x), usual(x), atol=1e-5)
    assert pickle.loads(pickle.dumps(other)).compute == "automatic"
    for source in (NAM, NAM.read_bytes()):
        with pytest.raises(ossicle.ArgumentError, match=r"compute.*'automatic'.*'tpu'"):
            ossicle.load(source, compute="tpu")


def test_a_core_ml_model_has_a_choice_of_its_own() -> None:
    path = next((DATA / "coreml/generated").rglob("*.mlpackage"))
    with pytest.raises(ossicle.ArgumentError, match="engine"):
        ossicle.load(path, compute="automatic")


@pytest.mark.skipif(sys.platform == "darwin", reason="there may be a GPU")
@pytest.mark.parametrize("make", MAKERS)
def test_a_gpu_that_is_not_there(make: Callable[[], ossicle.Linear | ossicle.Sequential]) -> None:
    one, x = make(), np.zeros((2, 5), np.float32)
    one(x)
    one.compute = "gpu"
    for _ in range(2):
        with pytest.raises(ossicle.UnsupportedError, match="gpu was asked for"):
            one(x)
    one.compute = "automatic"
    assert one(x).shape == (2, 3)
    with pytest.raises(ossicle.UnsupportedError, match="gpu was asked for"):
        ossicle.load(NAM, compute="gpu")


def test_the_plan_of_a_call() -> None:
    one = ossicle.Sequential(linear(), ossicle.Tanh())
    assert "whole tensors: input float32[7, 5]" in one.plan((7, 5))
    assert "gemm" in one.plan((7, 5))
    with pytest.raises(ossicle.ShapeError, match=r"7.*6"):
        one.plan((7, 6))
    model = ossicle.load(NAM)
    assert "T ≤ 100" in model.plan((100,))
