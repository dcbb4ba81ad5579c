"""What a call from Python costs, by pytest-benchmark: `pytest benchmarks`."""

from __future__ import annotations

from typing import Any

import numpy as np
import ossicle
import pytest


@pytest.fixture(scope="module")
def linear() -> ossicle.Linear:
    layer = ossicle.Linear(4, 4)
    layer.load_state_dict({"weight": np.eye(4, dtype=np.float32), "bias": np.zeros(4, np.float32)})
    return layer


@pytest.fixture(scope="module")
def lstm() -> ossicle.Sequential:
    rng = np.random.default_rng(0)
    shapes: dict[str, tuple[int, ...]] = {
        "0.weight_ih_l0": (80, 1),
        "0.weight_hh_l0": (80, 20),
        "0.bias_ih_l0": (80,),
        "0.bias_hh_l0": (80,),
        "1.weight": (1, 20),
        "1.bias": (1,),
    }
    model = ossicle.Sequential(ossicle.LSTM(1, 20), ossicle.Linear(20, 1))
    return model.load_state_dict({name: rng.uniform(-0.2, 0.2, shape) for name, shape in shapes.items()})


def test_smallest_call_into_out(benchmark: Any, linear: ossicle.Linear) -> None:
    x, out = np.ones((1, 4), np.float32), np.empty((1, 4), np.float32)
    benchmark(linear, x, out=out)
    np.testing.assert_array_equal(out, x)


def test_smallest_call(benchmark: Any, linear: ossicle.Linear) -> None:
    x = np.ones((1, 4), np.float32)
    np.testing.assert_array_equal(benchmark(linear, x), x)


def test_converted_call(benchmark: Any, linear: ossicle.Linear) -> None:
    x = np.ones((1, 4))
    np.testing.assert_array_equal(benchmark(linear, x), x)


def test_numpy_for_comparison(benchmark: Any) -> None:
    x, weight, bias = np.ones((1, 4), np.float32), np.eye(4, dtype=np.float32), np.zeros(4, np.float32)
    benchmark(lambda: x @ weight + bias)


@pytest.mark.parametrize("block", [1, 64, 512])
def test_stream(benchmark: Any, lstm: ossicle.Sequential, block: int) -> None:
    x, out = np.ones(block, np.float32), np.empty(block, np.float32)
    with lstm.stream(block) as stream:
        benchmark(stream.process, x, out)
    assert np.isfinite(out).all()


def test_load(benchmark: Any) -> None:
    weights = {"weight": np.ones((64, 64), np.float32), "bias": np.zeros(64, np.float32)}
    benchmark(lambda: ossicle.Linear(64, 64).load_state_dict(weights))
