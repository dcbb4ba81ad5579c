"""Core ML models run here, against what other programs computed (tests/data/coreml/README.md)."""

from __future__ import annotations

import gc
import re
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import ossicle
import pytest
import safetensors.numpy
from coreml_data import COREML, GENERATED, LINEAR, SILERO, compare, random, with_default

STATEFUL = GENERATED / "stateful_stream_conv_fp16.mlpackage"

#: Largest errors allowed: float32 arithmetic of others, unless the stored numbers are coarser than that.
TOLERANCE = 1e-5
COARSER = {
    "quant_int8_perchannel_ios16": 2e-4,
    "quant_int8_block32_ios18": 2e-4,
    "quant_int4_block_ios18": 2e-4,
    "add_model": 2e-3,  # computed in float16
    "silero-vad-unified-v6.0.0": 5e-3,  # ONNX Runtime with float32 weights; ours are float16
    "unified_int8": 2e-3,
    "unified_pruned_int8": 2e-3,
    "stateful_stream_conv_fp16": 2e-3,
    "transformer_block_fp16": 2e-3,
    "conv2d_spectro_unet_fp32": 1e-4,
    "nmp": 1e-3,
}

ORACLES = sorted(COREML.glob("*/**/*.oracle.safetensors"))
MODELS = [
    path
    for oracle in ORACLES
    for kind in (".mlpackage", ".mlmodelc")
    if (path := oracle.with_name(oracle.name.replace(".oracle.safetensors", kind))).exists()
    and oracle.parent.name != "espresso_cardscan"
]


class Oracle:
    """Inputs and outputs by step, case or function."""

    def __init__(self, model: Path) -> None:
        arrays = safetensors.numpy.load_file(model.with_name(f"{model.stem}.oracle.safetensors"))
        self.parts: dict[str, tuple[dict[str, np.ndarray], dict[str, np.ndarray]]] = {}
        for key, array in arrays.items():
            head, _, rest = f"/{key}".rpartition("/in/") if "in/" in key else f"/{key}".rpartition("/out/")
            inputs, outputs = self.parts.setdefault(head.strip("/"), ({}, {}))
            (inputs if "in/" in key else outputs)[rest] = array


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.name)
def test_outputs_are_those_of_other_programs(path: Path) -> None:
    tolerance = COARSER.get(path.stem, TOLERANCE)
    model: ossicle.BNNSInference | None = None
    for part, (inputs, outputs) in sorted(Oracle(path).parts.items()):
        function = part if part and not part.startswith(("step", "case")) else None
        if model is None or function:
            shapes = {name: array.shape for name, array in inputs.items()}
            model = ossicle.BNNSInference(path, function=function, shapes=shapes)
        if part.startswith("case"):
            model.reset_state()
        compare(model.predict(inputs), outputs, tolerance)
    assert model is not None


def test_there_are_models_to_compare() -> None:
    names = {path.stem for path in MODELS}
    assert {"silero-vad-unified-v6.0.0", "nmp", "add_model", "linear_fp32"} <= names
    assert len(MODELS) > 50


# --- the ways to call


def test_facts() -> None:
    model = ossicle.BNNSInference(SILERO / "unified_int8.mlmodelc")
    assert [(port.name, port.shape) for port in model.inputs] == [
        ("audio_input", (1, 576)),
        ("hidden_state", (1, 128)),
        ("cell_state", (1, 128)),
    ]
    assert {port.dtype for port in model.outputs} == {np.dtype(np.float32)}
    assert model.engine == "ossicle"
    assert model.single_threaded
    assert model.function == "main"
    assert model.functions == ("main",)
    assert model.states == ()
    assert model.workspace_bytes > 0
    assert "conv" in model.plan()
    assert "unified_int8.mlmodelc" in repr(model)
    assert "engine ossicle" in repr(model)


@pytest.mark.skipif(sys.platform == "darwin", reason="there is a BNNS Graph")
def test_engines() -> None:
    for engine in ("automatic", "ossicle"):
        assert ossicle.BNNSInference(LINEAR, engine=engine).engine == "ossicle"
    with pytest.raises(ossicle.UnsupportedError, match=r"linear_fp32\.mlpackage.*no BNNS Graph"):
        ossicle.BNNSInference(LINEAR, engine="bnns")
    with pytest.raises(ossicle.ArgumentError, match=r"engine.*'bnns'.*'onnx'"):
        ossicle.BNNSInference(LINEAR, engine="onnx")


def test_array_in_array_out(rng: np.random.Generator) -> None:
    model = ossicle.BNNSInference(LINEAR)
    x = rng.standard_normal(model.inputs[0].shape).astype(np.float32)
    y = model.predict(x)
    assert isinstance(y, np.ndarray)
    by_name = model.predict({"x": x})
    assert list(by_name) == ["y"]
    np.testing.assert_array_equal(by_name["y"], y)
    np.testing.assert_array_equal(model(x), y)
    weights = ossicle.CoreMLWeightLoader(LINEAR)
    layer = weights.load_linear_weights("y")
    expected = x.astype(np.float64) @ layer["weight"].T + layer["bias"]
    np.testing.assert_allclose(y, expected, atol=1e-6)
    # Other types and layouts are converted.
    np.testing.assert_allclose(model.predict(x.astype(np.float64)), y, atol=0)
    np.testing.assert_array_equal(model.predict(np.asfortranarray(x)), y)
    np.testing.assert_array_equal(model.predict(x.tolist()), y)


def test_several_outputs_come_by_name(rng: np.random.Generator) -> None:
    model = ossicle.BNNSInference(GENERATED / "gru_op_fp32.mlpackage")
    found = model.predict(rng.standard_normal(model.inputs[0].shape).astype(np.float32))
    assert list(found) == [port.name for port in model.outputs] == ["y", "h"]


def test_out(rng: np.random.Generator) -> None:
    model = ossicle.BNNSInference(LINEAR)
    x = rng.standard_normal(model.inputs[0].shape).astype(np.float32)
    y = np.empty(model.outputs[0].shape, np.float32)
    for scale in (1, 2, 3):  # the same arrays again, with other numbers in them
        x *= scale
        assert model.predict(x, out=y) is y
        np.testing.assert_array_equal(y, model.predict(x.copy()))
    found = model.predict({"x": x}, out={"y": y})
    assert found["y"] is y

    several = ossicle.BNNSInference(GENERATED / "gru_op_fp32.mlpackage")
    inputs = random(several, rng)
    expected = several.predict(inputs)
    h = np.empty(several.outputs[1].shape, np.float32)
    found = several.predict(inputs, out={"h": h})
    assert list(found) == ["h"]
    np.testing.assert_array_equal(h, expected["h"])


def test_out_that_is_an_input(rng: np.random.Generator) -> None:
    model = ossicle.BNNSInference(GENERATED / "wavenet_amp_fp32.mlmodelc")
    x = rng.standard_normal(model.inputs[0].shape).astype(np.float32)
    expected = model.predict(x)
    assert model.predict(x, out=x) is x
    np.testing.assert_array_equal(x, expected)


def test_a_freed_array_is_not_written(rng: np.random.Generator) -> None:
    """What the object keeps from the last call must not outlive the arrays in a harmful way."""
    model = ossicle.BNNSInference(LINEAR)
    for _ in range(20):
        x = rng.standard_normal(model.inputs[0].shape).astype(np.float32)
        y = np.empty(model.outputs[0].shape, np.float32)
        model.predict(x, out=y)
        np.testing.assert_array_equal(y, model.predict({"x": x})["y"])
        del x, y
        gc.collect()


def test_kept_arrays_are_told_apart(rng: np.random.Generator) -> None:
    """Sets of arrays are kept with their pointers: by names and order, and unless they became read-only."""
    model = ossicle.BNNSInference(SILERO / "unified_int8.mlpackage")
    audio, a, b = (rng.standard_normal(shape).astype(np.float32) for shape in ((1, 576), (1, 128), (1, 128)))
    one = {"audio_input": audio, "hidden_state": a, "cell_state": b}
    other = {"audio_input": audio, "hidden_state": b, "cell_state": a}
    outputs = {port.name: np.zeros(port.shape, np.float32) for port in model.outputs}
    expected = [model.predict(x) for x in (one, other)]
    for _ in range(3):
        for x, wanted in zip((one, other), expected, strict=True):
            assert model.predict(x, out=outputs) is outputs
            compare(outputs, wanted, 0)
    for _ in range(10):  # more sets than are kept
        more = {port.name: np.zeros(port.shape, np.float32) for port in model.outputs}
        compare(model.predict(one, out=more), expected[0], 0)
    outputs["vad_output"].flags.writeable = False
    with pytest.raises(ossicle.ArgumentError, match="read-only"):
        model.predict(one, out=outputs)


def test_wrong_calls(rng: np.random.Generator) -> None:
    model = ossicle.BNNSInference(LINEAR)
    shape = model.inputs[0].shape
    x = np.zeros(shape, np.float32)
    with pytest.raises(ossicle.ShapeError, match=r"x: expected shape \(3, 24\), got \(3, 25\)"):
        model.predict(np.zeros((3, 25), np.float32))
    with pytest.raises(ossicle.DTypeError, match="int"):
        model.predict(np.zeros(shape, np.int16))
    with pytest.raises(ossicle.ArgumentError, match="'z'"):
        model.predict({"z": x})
    with pytest.raises(ossicle.ArgumentError, match="'x'"):
        model.predict({})
    with pytest.raises(ossicle.ArgumentError, match="'z'"):
        model.predict(x, out={"z": np.zeros((3, 7), np.float32)})
    with pytest.raises(ossicle.ShapeError, match=r"out y: expected shape \(3, 7\)"):
        model.predict(x, out=np.zeros((3, 8), np.float32))
    with pytest.raises(ossicle.DTypeError, match="float64"):
        model.predict(x, out=np.zeros((3, 7)))
    several = ossicle.BNNSInference(SILERO / "unified_int8.mlpackage")
    with pytest.raises(ossicle.ArgumentError, match="mapping"):
        several.predict(x)
    with pytest.raises(ossicle.ArgumentError, match="mapping"):
        several.predict(random(several, rng), out=x)


def test_integers_are_not_wrapped() -> None:
    model = ossicle.BNNSInference(GENERATED / "embedding_int32_fp32.mlpackage")
    x = np.ones((1, 12, 8), np.float32)
    codes = np.arange(12, dtype=np.int32)[None]
    expected = model.predict({"codes": codes, "x": x})
    for kind in (np.int64, np.uint8, np.uint32, np.uint64):
        compare(model.predict({"codes": codes.astype(kind), "x": x}), expected, 0)
    for value, kind in ((2**31, np.int64), (-(2**40), np.int64), (2**32 - 1, np.uint32), (2**63, np.uint64)):
        wrong = codes.astype(kind)
        wrong[0, 5] = value
        with pytest.raises(ossicle.ArgumentError, match=f"codes: {value} does not fit into int32"):
            model.predict({"codes": wrong, "x": x})
    with pytest.raises(ossicle.DTypeError, match="codes: expected int32, got float64"):
        model.predict({"codes": codes.astype(float), "x": x})


def test_batch(rng: np.random.Generator) -> None:
    model = ossicle.BNNSInference(LINEAR)
    x = rng.standard_normal((5, *model.inputs[0].shape)).astype(np.float32)
    y = model.predict_batch(x)
    assert y.shape == (5, *model.outputs[0].shape)
    np.testing.assert_array_equal(y, np.stack([model.predict(item) for item in x]))
    assert model.predict_batch(x[:0]).shape == (0, *model.outputs[0].shape)
    with pytest.raises(ossicle.ShapeError, match="items"):
        model.predict_batch(x[0])
    several = ossicle.BNNSInference(SILERO / "unified_int8.mlpackage")
    items = [random(several, rng) for _ in range(3)]
    for found, item in zip(several.predict_batch(items), items, strict=True):
        compare(found, several.predict(item), 0)


# --- loading


def test_functions() -> None:
    path = GENERATED / "multifunction_ios18.mlmodelc"
    model = ossicle.BNNSInference(path)
    assert model.functions == ("relu_fn", "tanh_fn")
    assert model.function == "tanh_fn"
    x = np.linspace(-1, 1, 32, dtype=np.float32).reshape(2, 16)
    assert (ossicle.BNNSInference(path, function="relu_fn").predict(x) >= 0).all()
    assert (model.predict(x) < 0).any()
    with pytest.raises(ossicle.ArgumentError, match="relu_fn"):
        ossicle.BNNSInference(path, function="none")


def test_flexible_shapes(rng: np.random.Generator) -> None:
    path = GENERATED / "flexible_range_fp32.mlpackage"
    assert ossicle.BNNSInference(path).inputs[0].shape == (1, 1, 96)
    model = ossicle.BNNSInference(path, shapes={"x": (1, 1, 1000)})
    assert model.outputs[0].shape == (1, 1, 1000)
    x = rng.standard_normal((1, 1, 1000)).astype(np.float32)
    assert np.isfinite(model.predict(x)).all()
    with pytest.raises(ossicle.ShapeError, match="16…4096"):
        ossicle.BNNSInference(path, shapes={"x": (1, 1, 5000)})
    with pytest.raises(ossicle.ArgumentError, match="nothing"):
        ossicle.BNNSInference(path, shapes={"nothing": (1,)})
    wrong: Any
    for wrong in (1000, (1, 1, 96.5), None):
        with pytest.raises(ossicle.ArgumentError, match=r"shapes\['x'\]: expected a sequence of integers"):
            ossicle.BNNSInference(path, shapes={"x": wrong})


def test_unsupported_models_say_why() -> None:
    folder = COREML / "real" / "espresso_cardscan"
    with pytest.raises(ossicle.UnsupportedError, match=r"FourRecognize\.mlmodelc.*only ML Programs"):
        ossicle.BNNSInference(folder / "FourRecognize.mlmodelc")
    with pytest.raises(ossicle.FileError, match="nothing"):
        ossicle.BNNSInference(COREML / "nothing.mlpackage")


def test_load() -> None:
    model = ossicle.load(LINEAR)
    assert isinstance(model, ossicle.BNNSInference)
    assert isinstance(ossicle.load(f"{LINEAR}/"), ossicle.BNNSInference)


# --- states, threads


def test_states_go_on_and_can_be_read_and_written() -> None:
    model = ossicle.BNNSInference(STATEFUL)
    (state,) = model.states
    steps = [inputs for _, (inputs, _) in sorted(Oracle(STATEFUL).parts.items())]
    assert not model.read_state(state.name).any()
    first = model.predict(steps[0])
    kept = model.read_state(state.name)
    assert kept.shape == state.shape
    assert kept.any()
    second = model.predict(steps[1])
    model.write_state(state.name, kept)
    compare(model.predict(steps[1]), second, 0)
    model.reset_state()
    assert not model.read_state(state.name).any()
    compare(model.predict(steps[0]), first, 0)
    with pytest.raises(ossicle.ArgumentError, match="nothing"):
        model.read_state("nothing")
    with pytest.raises(ossicle.ShapeError, match="expected shape"):
        model.write_state(state.name, np.zeros(3, np.float32))


def test_threads_wait_for_each_other(rng: np.random.Generator) -> None:
    model = ossicle.BNNSInference(GENERATED / "wavenet_amp_fp32.mlmodelc")
    inputs = [rng.standard_normal(model.inputs[0].shape).astype(np.float32) for _ in range(4)]
    expected = [model.predict(x) for x in inputs]
    wrong: list[int] = []

    def work(index: int) -> None:
        for _ in range(200):
            if not np.array_equal(model.predict(inputs[index]), expected[index]):
                wrong.append(index)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_close() -> None:
    with ossicle.BNNSInference(LINEAR) as model:
        x = np.zeros(model.inputs[0].shape, np.float32)
        model.predict(x)
    assert "closed" in repr(model)
    with pytest.raises(ossicle.ClosedError):
        model.predict(x)
    model.close()


# --- operations


def test_the_page_lists_the_operations() -> None:
    page = (COREML.parents[2] / "docs" / "coreml.md").read_text()
    table = page.partition("### Operations")[2].partition("Not run")[0]
    listed = re.findall(r"`(\w+)`", table)
    assert len(listed) == len(set(listed))
    assert sorted(listed) == sorted(ossicle.coreml.operations())


# --- inputs with a default value


def test_an_input_with_a_default_value_may_be_left_out(tmp_path: Path) -> None:
    model = ossicle.BNNSInference(with_default(tmp_path))
    assert [port.optional for port in model.inputs] == [False, True]
    a = np.array([1, 2], np.float32)
    np.testing.assert_array_equal(model.predict({"a": a})["y"], [8.5, 9.5])
    np.testing.assert_array_equal(model.predict({"a": a, "b": [10.0, 20.0]})["y"], [11, 22])
    y = np.empty(2, np.float32)
    for _ in range(2):  # the second time with the pointers of the first
        model.predict({"a": a}, out={"y": y})
        np.testing.assert_array_equal(y, [8.5, 9.5])
        y[:] = 0
    with pytest.raises(ossicle.ArgumentError, match="expected the inputs"):
        model.predict({"b": a})
    with pytest.raises(ossicle.ArgumentError, match="expected the inputs"):
        model.predict({"a": a, "z": a})


def test_extents_beyond_any_array_are_refused() -> None:
    with pytest.raises(ossicle.ArgumentError, match=r"shapes\['x'\]: an extent is beyond any array"):
        ossicle.BNNSInference(LINEAR, shapes={"x": (1, 4, 2**70)})
