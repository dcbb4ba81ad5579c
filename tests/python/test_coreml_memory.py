"""Memory of Core ML models: workspaces that go and come back, and who is asked."""

from __future__ import annotations

import gc

import numpy as np
import ossicle
import pytest
from coreml_data import LINEAR, SILERO, compare, random


def test_workspace(rng: np.random.Generator) -> None:
    model = ossicle.BNNSInference(SILERO / "unified_int8.mlpackage")
    inputs = random(model, rng)
    expected = model.predict(inputs)
    model.release_workspace()
    assert not model.has_workspace
    with pytest.raises(ossicle.NotReadyError, match="prepare_workspace"):
        model.predict(inputs)
    model.prepare_workspace()
    assert model.has_workspace
    compare(model.predict(inputs), expected, 0)


def test_memory_pressure(rng: np.random.Generator) -> None:
    seen: list[ossicle.MemoryPressure] = []
    cared, other = (ossicle.BNNSInference(SILERO / "unified_int8.mlpackage") for _ in range(2))
    with ossicle.MemoryPressureObserver(seen.append) as observer:
        assert observer.level is ossicle.MemoryPressure.NORMAL
        observer.watch(cared)
        observer.set_level(ossicle.MemoryPressure.WARNING)
        assert cared.has_workspace
        observer.set_level(ossicle.MemoryPressure.CRITICAL)
        assert not cared.has_workspace
        assert other.has_workspace
        observer.set_level(0)
        assert not cared.has_workspace  # nobody rebuilds it unasked
        cared.prepare_workspace()
        observer.unwatch(cared)
        observer.set_level(2)
        assert cared.has_workspace
        with pytest.raises(ossicle.ArgumentError, match="level"):
            observer.set_level(7)
    assert [int(level) for level in seen] == [1, 2, 0, 2]
    with pytest.raises(ossicle.ClosedError):
        observer.set_level(0)
    cared.predict(random(cared, rng))


@pytest.mark.parametrize("allowed", [True, False])
def test_memory_pressure_asks(allowed: bool, rng: np.random.Generator) -> None:
    first, second = (ossicle.BNNSInference(SILERO / "unified_int8.mlpackage") for _ in range(2))
    asked: list[ossicle.BNNSInference] = []

    def may_release(model: ossicle.BNNSInference) -> bool:
        asked.append(model)
        return allowed and model is first

    with ossicle.MemoryPressureObserver(may_release=may_release) as observer:
        observer.watch(first)
        observer.watch(second)
        observer.set_level(ossicle.MemoryPressure.WARNING)
        assert not asked
        observer.set_level(ossicle.MemoryPressure.CRITICAL)
        assert asked == [first, second]
        assert (first.has_workspace, second.has_workspace) == (not allowed, True)
        observer.set_level(ossicle.MemoryPressure.NORMAL)
        observer.set_level(ossicle.MemoryPressure.CRITICAL)  # asked anew, but for what has been released
        assert asked[2:] == ([second] if allowed else [first, second])
    second.predict(random(second, rng))
    if allowed:
        first.prepare_workspace()
    first.predict(random(first, rng))


def test_memory_pressure_callbacks_that_raise(caplog: pytest.LogCaptureFixture) -> None:
    model = ossicle.BNNSInference(LINEAR)

    def on_change(level: ossicle.MemoryPressure) -> None:
        raise ValueError(f"level {level.name}")

    def may_release(model: ossicle.BNNSInference) -> bool:
        raise RuntimeError("not today")

    with ossicle.MemoryPressureObserver(on_change, may_release) as observer:
        observer.watch(model)
        observer.set_level(ossicle.MemoryPressure.CRITICAL)
        assert observer.level is ossicle.MemoryPressure.CRITICAL
    assert model.has_workspace
    errors = [str(record.exc_info[1]) for record in caplog.records if record.exc_info]
    assert errors == ["level CRITICAL", "not today"]
    assert "on_change raised" in caplog.text
    assert "may_release raised, so nothing is released" in caplog.text


def test_memory_pressure_keeps_no_model_alive() -> None:
    asked: list[ossicle.BNNSInference] = []
    with ossicle.MemoryPressureObserver(may_release=asked.append) as observer:
        observer.watch(ossicle.BNNSInference(LINEAR))
        closed = ossicle.BNNSInference(LINEAR)
        observer.watch(closed)
        closed.close()
        gc.collect()
        observer.set_level(ossicle.MemoryPressure.CRITICAL)
    assert not asked
