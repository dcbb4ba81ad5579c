"""HybridPipeline: equality with PyTorch and with a float64 twin, weights, files, reports."""

from __future__ import annotations

import itertools
import pickle
import sys
from pathlib import Path
from typing import Any

import hybrid_twin
import numpy as np
import ossicle
import pytest
import reference
from safetensors.numpy import load_file, save_file

DATA = Path(__file__).resolve().parents[1] / "data" / "hybrid"
CORE_ML = DATA.parent / "coreml" / "generated"
CASES = sorted(path.name.removesuffix(".case.safetensors") for path in DATA.glob("*.case.safetensors"))
SMALL: dict[str, Any] = {
    "channels": (5, 6),
    "kernel_size": 6,
    "stride": 2,
    "hidden_size": 7,
    "activation": "Tanh",
    "input_length": 64,
}


def build(**arguments: Any) -> ossicle.HybridPipeline:
    pipeline = ossicle.HybridPipeline(**{**SMALL, **arguments})
    return pipeline.load_state_dict(hybrid_twin.random_state(pipeline.parameter_shapes))


@pytest.mark.parametrize("name", CASES)
def test_equals_pytorch(name: str) -> None:
    assert len(CASES) >= 6
    pipeline = ossicle.HybridPipeline.load(DATA / f"{name}.safetensors")
    case = load_file(DATA / f"{name}.case.safetensors")
    np.testing.assert_allclose(pipeline(case["input"]), case["output"], atol=1e-6)
    model = ossicle.load(DATA / f"{name}.safetensors", compute="automatic")
    assert model.format == "hybrid"
    np.testing.assert_array_equal(model(case["input"]), pipeline(case["input"]))


@pytest.mark.parametrize(
    ("stride", "layers", "skip", "projection", "frames"),
    [
        (*options, frames)
        for options in itertools.product((1, 2, 3, 4), (1, 2, 3), (False, True), (False, True))
        for frames in (1, 50, 97)
    ],
)
def test_equals_a_float64_twin(stride: int, layers: int, skip: bool, projection: bool, frames: int) -> None:
    hidden = 6 if skip and not projection else 7
    pipeline = build(
        stride=stride,
        kernel_size=(5, 4, 8, 7)[stride - 1],
        num_layers=layers,
        skip_connections=skip,
        projection=projection,
        hidden_size=hidden,
        in_channels=1 + stride % 2,
        activation="ELU",
    )
    rng = np.random.default_rng(frames)
    x = rng.uniform(-1, 1, (2, pipeline.config["in_channels"], frames)).astype(np.float32)
    wanted = hybrid_twin.run(pipeline.config, pipeline.state_dict(), x)
    assert wanted.shape == x.shape
    np.testing.assert_allclose(pipeline(x), wanted, atol=2e-6)
    np.testing.assert_allclose(pipeline(x[1]), wanted[1], atol=2e-6)


@pytest.mark.parametrize("activation", ["ReLU", "GELU", "SiLU", "LeakyReLU", "Identity"])
def test_activations_and_directions(activation: str) -> None:
    pipeline = build(activation=activation, bidirectional=True, out_channels=3)
    x = np.random.default_rng(1).uniform(-1, 1, (1, 1, 61)).astype(np.float32)
    wanted = hybrid_twin.run(pipeline.config, pipeline.state_dict(), x)
    np.testing.assert_allclose(pipeline(x), wanted, atol=2e-6)


def test_the_twin_notices_a_wrong_weight() -> None:
    pipeline = build(skip_connections=True)
    x = np.random.default_rng(1).uniform(-1, 1, (1, 1, 64)).astype(np.float32)
    state = pipeline.state_dict()
    right = hybrid_twin.run(pipeline.config, state, x)
    for name, value in state.items():
        changed = {**state, name: value + np.float32(0.1)}
        wrong = pipeline.load_state_dict(changed)(x)
        assert np.abs(wrong - right).max() > 1e-4, name
        np.testing.assert_allclose(
            wrong, hybrid_twin.run(pipeline.config, changed, x), atol=2e-6, err_msg=name
        )


def test_shapes() -> None:
    mono, stereo = build(), build(in_channels=2)
    x = np.random.default_rng(1).uniform(-1, 1, 77).astype(np.float32)
    y = mono(x)
    assert y.shape == (77,)
    np.testing.assert_array_equal(mono(x[None])[0], y)
    np.testing.assert_array_equal(mono.forward(x[None, None])[0, 0], y)
    out = np.empty(77, np.float32)
    assert mono(x, out=out) is out
    np.testing.assert_array_equal(out, y)
    for wrong in (x, np.zeros((1, 77), np.float32), np.zeros((2, 2, 2, 8), np.float32)):
        with pytest.raises(ossicle.ShapeError):
            stereo(wrong)
    assert build(out_channels=3)(x).shape == (3, 77)


def test_parameter_names() -> None:
    shapes = ossicle.HybridPipeline(channels=(8, 12), hidden_size=5, num_layers=2).parameter_shapes
    assert shapes["encoder.1.weight"] == (12, 8, 8)
    assert shapes["bottleneck.weight_ih_l0"] == (20, 12)
    assert shapes["bottleneck.bias_hh_l1"] == (20,)
    assert shapes["projection.weight"] == (12, 5)
    assert shapes["decoder.0.weight"] == (12, 8, 8)
    assert shapes["decoder.1.weight"] == (8, 1, 8)
    assert len(shapes) == 2 * 2 + 8 + 2 + 2 * 2


def test_bad_weights() -> None:
    pipeline = build()
    state, x = pipeline.state_dict(), np.ones(40, np.float32)
    before = pipeline(x)
    bad = state["projection.bias"].copy()
    bad[2] = np.nan
    for name, value in [
        ("encoder.0.weight", None),
        ("decoder.7.weight", np.zeros(3)),
        ("bottleneck.weight_hh_l0", np.zeros((7, 28))),
        ("projection.bias", bad),
        ("decoder.1.bias", np.array([np.inf])),
    ]:
        changed = {key: weight for key, weight in state.items() if key != name}
        if value is not None:
            changed[name] = value
        with pytest.raises(ossicle.WeightsError, match=name.replace(".", r"\.")):
            pipeline.load_state_dict(changed)
    np.testing.assert_array_equal(pipeline(x), before)  # failures changed nothing
    with pytest.raises(ossicle.DTypeError, match=r"projection\.bias"):
        pipeline.load_state_dict({**state, "projection.bias": np.zeros(6, np.int32)})
    with pytest.warns(ossicle.OssicleWarning, match=r"projection\.weight"):
        pipeline.load_state_dict({**state, "projection.weight": np.full((6, 7), 1e6)})


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"channels": ()}, "channels"),
        ({"channels": (4, 0)}, "channels"),
        ({"kernel_size": 2, "stride": 3}, "kernel_size"),
        ({"kernel_size": 4, "stride": 1}, "kernel_size"),
        ({"hidden_size": 0}, "hidden_size"),
        ({"activation": "Loud"}, "Loud"),
        ({"activation": "LSTM"}, "LSTM"),
        ({"input_length": 0}, "input_length"),
        ({"sample_rate": -1.0}, "sample_rate"),
        ({"projection": False, "skip_connections": True}, "7 features"),
        ({"bottleneck": 3}, "bottleneck"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], match: str) -> None:
    with pytest.raises(ossicle.OssicleError, match=match):
        ossicle.HybridPipeline(**{**SMALL, **arguments})


def test_without_weights() -> None:
    pipeline = ossicle.HybridPipeline(**SMALL)
    for use in (pipeline.summary, pipeline.stream, pipeline.state_dict, pipeline.timings, pipeline.plan):
        with pytest.raises(ossicle.NotReadyError, match="weights"):
            use()
    with pytest.raises(ossicle.NotReadyError, match="weights"):
        pipeline(np.zeros(64, np.float32))
    assert pipeline.total_stride == 4
    assert repr(pipeline) == (
        "HybridPipeline(channels=[5, 6], kernel_size=6, stride=2, hidden_size=7, activation='Tanh', "
        "input_length=64)"
    )


def test_files(tmp_path: Path) -> None:
    pipeline = build(sample_rate=44100, skip_connections=True)
    path = tmp_path / "hybrid.safetensors"
    pipeline.save(path)
    x = np.random.default_rng(1).uniform(-1, 1, 90).astype(np.float32)
    loaded = ossicle.HybridPipeline.load(path)
    np.testing.assert_array_equal(loaded(x), pipeline(x))
    assert loaded.config == pipeline.config
    assert loaded.sample_rate == 44100
    assert set(load_file(path)) == set(pipeline.parameter_shapes)
    with pytest.raises(ossicle.NotReadyError, match=r"hybrid\.safetensors"):
        loaded.state_dict()
    model = ossicle.load(path, compute="automatic")
    np.testing.assert_array_equal(model(x[None])[0], pipeline(x))
    assert model.metadata["skip_connections"] is True
    assert "ConvTranspose1d" in model.layers()

    weights = tmp_path / "weights.safetensors"  # as torch users save a state_dict
    save_file(pipeline.state_dict(), weights)
    np.testing.assert_array_equal(
        ossicle.HybridPipeline(**SMALL, skip_connections=True).load_weights(weights)(x), pipeline(x)
    )
    with pytest.raises(ossicle.UnsupportedError, match=r"weights\.safetensors.*configuration"):
        ossicle.HybridPipeline.load(weights)
    with pytest.raises(ossicle.UnsupportedError, match=r"weights\.safetensors"):
        ossicle.load(weights)
    with pytest.raises(ossicle.WeightsError, match=r"weights\.safetensors.*bottleneck"):
        ossicle.HybridPipeline(**{**SMALL, "hidden_size": 6}, projection=False).load_weights(weights)
    with pytest.raises(ossicle.FileError, match="missing"):
        ossicle.HybridPipeline.load(tmp_path / "missing.safetensors")
    with pytest.raises(ossicle.FileError, match="no folder"):
        pipeline.save(tmp_path / "no folder" / "x.safetensors")
    save_file(pipeline.state_dict(), path, {"format": "ossicle.hybrid", "config": '{"strides": 4}'})
    with pytest.raises(ossicle.FormatError, match=r"hybrid\.safetensors.*strides"):
        ossicle.load(path)


def test_half_width_weights() -> None:
    pipeline = build()
    half = {name: value.astype(np.float16) for name, value in pipeline.state_dict().items()}
    x = np.random.default_rng(1).uniform(-1, 1, (1, 1, 64)).astype(np.float32)
    wanted = hybrid_twin.run(pipeline.config, half, x)
    narrow = ossicle.HybridPipeline(**SMALL).load_state_dict(half)
    np.testing.assert_allclose(narrow(x), wanted, atol=2e-6)
    assert narrow.memory.weights == pipeline.memory.weights // 2


def test_another_bottleneck() -> None:
    plain = build()
    state = plain.state_dict()
    lstm = ossicle.LSTM(6, 7).load_state_dict(
        {name.removeprefix("bottleneck."): w for name, w in state.items() if name.startswith("bottleneck.")}
    )
    rest = {name: w for name, w in state.items() if not name.startswith("bottleneck.")}
    x = np.random.default_rng(1).uniform(-1, 1, 200).astype(np.float32)
    for inner in (lstm, ossicle.Sequential(lstm)):
        custom = ossicle.HybridPipeline(**SMALL, bottleneck=inner).load_state_dict(rest)
        np.testing.assert_array_equal(custom(x), plain(x))
        assert set(custom.parameter_shapes) == set(rest)
        assert "sequential model" in custom.summary()
        with pytest.raises(ossicle.UnsupportedError, match="bottleneck"):
            custom.save("x.safetensors")
    narrow = ossicle.Linear(5, 5).load_state_dict({"weight": np.eye(5), "bias": np.ones(5)})
    with pytest.raises(ossicle.ShapeError, match="bottleneck"):
        ossicle.HybridPipeline(**SMALL, bottleneck=narrow)


def test_a_core_ml_bottleneck() -> None:
    """[1, 20, 6] to [1, 20, 2], as a file, and as a `BNNSInference` of the same."""
    path = CORE_ML / "lstm_uni_1layer_fp32.mlmodelc"
    config = {**SMALL, "channels": (6,), "kernel_size": 4, "input_length": 40}
    inner = ossicle.BNNSInference(path, engine="ossicle")
    pipeline = ossicle.HybridPipeline(**config, bottleneck=inner)
    assert not any(name.startswith("bottleneck") for name in pipeline.parameter_shapes)
    assert pipeline.parameter_shapes["projection.weight"] == (6, 2)
    state = hybrid_twin.random_state(pipeline.parameter_shapes)
    x = np.random.default_rng(1).uniform(-1, 1, 40).astype(np.float32)
    y = pipeline.load_state_dict(state)(x)
    assert "coreml model" in pipeline.summary()
    assert not pipeline.uses_bnns

    # The same by hand: the model itself between encoder and decoder.
    sizes = {"kernel_size": 4, "stride": 2, "padding": 1}
    steps = np.tanh(
        reference.run(
            "Conv1d",
            {"in_channels": 1, "out_channels": 6, **sizes},
            {"weight": state["encoder.0.weight"], "bias": state["encoder.0.bias"]},
            x[None, None].astype(np.float64),
        )
    )
    features = inner.predict(steps.transpose(0, 2, 1).astype(np.float32)).astype(np.float64)
    frames = features @ state["projection.weight"].T + state["projection.bias"]
    wanted = reference.run(
        "ConvTranspose1d",
        {"in_channels": 6, "out_channels": 1, "output_padding": 0, **sizes},
        {"weight": state["decoder.0.weight"], "bias": state["decoder.0.bias"]},
        frames.transpose(0, 2, 1),
    )
    np.testing.assert_allclose(y, wanted[0, 0], atol=2e-6)
    integers = ossicle.BNNSInference(CORE_ML / "embedding_int32_fp32.mlmodelc")
    with pytest.raises(ossicle.UnsupportedError, match="int32"):
        ossicle.HybridPipeline(**config, bottleneck=integers)


def test_compute(tmp_path: Path) -> None:
    usual, x = build(), np.random.default_rng(1).uniform(-1, 1, 200).astype(np.float32)
    state, path = usual.state_dict(), tmp_path / "hybrid.safetensors"
    usual.save(path)
    assert usual.compute == "automatic"
    for pipeline in (
        ossicle.HybridPipeline(**SMALL, compute="cpu").load_state_dict(state),
        ossicle.HybridPipeline(**SMALL, compute="cpu").load_weights(path),
        ossicle.HybridPipeline.load(path, compute="cpu"),
    ):
        assert pipeline.compute == "cpu"
        assert "compute='cpu'" in repr(pipeline)
        np.testing.assert_allclose(pipeline(x), usual(x), atol=1e-6)
        with pipeline.stream(window="hann") as stream, usual.stream(window="hann") as plain:
            np.testing.assert_allclose(stream.process(x), plain.process(x), atol=1e-6)
    kept = ossicle.HybridPipeline(**SMALL, compute="cpu").load_state_dict(state)
    assert pickle.loads(pickle.dumps(kept)).compute == "cpu"
    for make in (ossicle.HybridPipeline, lambda **given: ossicle.HybridPipeline.load(path, **given)):
        with pytest.raises(ossicle.ArgumentError, match=r"compute.*'automatic'.*'tpu'"):
            make(compute="tpu")


@pytest.mark.skipif(sys.platform == "darwin", reason="there may be a GPU")
def test_a_gpu_that_is_not_there(tmp_path: Path) -> None:
    usual = build()
    path = tmp_path / "hybrid.safetensors"
    usual.save(path)
    pipeline = ossicle.HybridPipeline(**SMALL, compute="gpu")
    for ask in (
        lambda: pipeline.load_state_dict(usual.state_dict()),
        lambda: pipeline.load_weights(path),
        lambda: ossicle.HybridPipeline.load(path, compute="gpu"),
    ):
        with pytest.raises(ossicle.UnsupportedError, match="gpu was asked for"):
            ask()
    with pytest.raises(ossicle.NotReadyError):  # and nothing was taken
        pipeline.summary()


def test_reports() -> None:
    pipeline = build(compute="cpu")
    summary = pipeline.summary()
    for part in ("Conv1d(1, 5, 6, stride=2, padding=2)", "LSTM(6, 7)", "Linear(7, 6)", "runs on: cpu"):
        assert part in summary
    memory = pipeline.memory
    assert memory.weights == 4 * pipeline.parameter_count == pipeline.weight_bytes
    assert memory.total == sum(memory)
    assert memory.packed >= memory.weights
    assert memory.workspace > 0
    assert not pipeline.uses_gpu
    assert not pipeline.uses_bnns
    assert pipeline.device_failure is None
    assert "lstm 6→7" in pipeline.plan()
    assert "hybrid" in pipeline.describe()
    times = pipeline.timings()
    assert all(value > 0 for value in times)
    assert times.total == pytest.approx(sum(times))
    assert times.total < 1
    with pytest.raises(ossicle.ShapeError, match="64 frames"):
        pipeline.timings(np.zeros(63, np.float32))


def test_timings_follow_the_work() -> None:
    slow = build(hidden_size=128, input_length=4096).timings(runs=7)
    quick = build(hidden_size=8, input_length=4096).timings(runs=7)
    assert slow.bottleneck > 3 * quick.bottleneck


def test_pickle() -> None:
    pipeline = build()
    x = np.random.default_rng(1).uniform(-1, 1, 64).astype(np.float32)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(pipeline))(x), pipeline(x))
    empty = pickle.loads(pickle.dumps(ossicle.HybridPipeline(**SMALL)))
    assert empty.config == pipeline.config
    with pytest.raises(TypeError, match="plain"):
        pickle.dumps(ossicle.HybridPipeline.load(DATA / "plain.safetensors"))
