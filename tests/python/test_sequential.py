"""Sequential: building, weights, shapes, memory."""

from __future__ import annotations

import pickle

import numpy as np
import ossicle
import pytest
import reference
from safetensors.numpy import save_file


def random_state(rng: np.random.Generator) -> dict[str, np.ndarray]:
    return {
        "0.weight": rng.standard_normal((6, 2, 3)).astype(np.float32),
        "0.bias": rng.standard_normal(6).astype(np.float32),
        "2.weight": rng.standard_normal((3, 6, 1)).astype(np.float32),
        "2.bias": rng.standard_normal(3).astype(np.float32),
    }


def network() -> ossicle.Sequential:
    return ossicle.Sequential(ossicle.Conv1D(2, 6, 3), ossicle.Tanh(), ossicle.Conv1D(6, 3, 1))


def expected(state: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    inner = {"weight": state["0.weight"], "bias": state["0.bias"]}
    outer = {"weight": state["2.weight"], "bias": state["2.bias"]}
    first = {"in_channels": 2, "out_channels": 6, "kernel_size": 3}
    last = {"in_channels": 6, "out_channels": 3, "kernel_size": 1}
    return reference.run("Conv1d", last, outer, np.tanh(reference.run("Conv1d", first, inner, x)))


@pytest.fixture
def x(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((2, 2, 50)).astype(np.float32)


def test_weights_from_a_dict(rng: np.random.Generator, x: np.ndarray) -> None:
    state = random_state(rng)
    model = network().load_state_dict(state)
    np.testing.assert_allclose(model(x), expected(state, x), atol=1e-5)
    np.testing.assert_allclose(model.forward(x[0]), expected(state, x[0]), atol=1e-5)
    assert set(model.state_dict()) == set(state)
    np.testing.assert_array_equal(model[0].state_dict()["weight"], state["0.weight"])


def test_weights_from_a_file(rng: np.random.Generator, x: np.ndarray, tmp_path) -> None:
    state = random_state(rng)
    save_file(state, tmp_path / "net.safetensors")
    model = network().load_weights(tmp_path / "net.safetensors")
    np.testing.assert_array_equal(model(x), network().load_state_dict(state)(x))
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, state[name])
    for other in (
        network().load_weights((tmp_path / "net.safetensors").read_bytes()),
        pickle.loads(pickle.dumps(model)),
        ossicle.Sequential(model),
    ):
        np.testing.assert_array_equal(other(x), model(x))
    # The layers own the weights: new ones take effect with the next build.
    model[0].load_state_dict({"weight": 2 * state["0.weight"], "bias": 2 * state["0.bias"]})
    changed = state | {"0.weight": 2 * state["0.weight"], "0.bias": 2 * state["0.bias"]}
    np.testing.assert_array_equal(model.build()(x), network().load_state_dict(changed)(x))


def test_weights_of_nested_sequentials_from_a_file(tmp_path) -> None:
    def nested() -> ossicle.Sequential:
        return ossicle.Sequential(ossicle.Tanh(), ossicle.Sequential(ossicle.Linear(3, 2)))

    weight, bias = np.eye(2, 3, dtype=np.float32), np.ones(2, np.float32)
    save_file({"1.0.weight": weight, "1.0.bias": bias}, tmp_path / "nested.safetensors")
    x = np.linspace(-1, 1, 6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_allclose(
        nested().load_weights(tmp_path / "nested.safetensors")(x), np.tanh(x) @ weight.T + bias, atol=1e-6
    )
    with pytest.raises(ossicle.WeightsError, match=r"nested\.safetensors"):
        network().load_weights(tmp_path / "nested.safetensors")


def test_slices_share_the_layers(rng: np.random.Generator, x: np.ndarray) -> None:
    model = network().load_state_dict(random_state(rng))
    head, tail = model[:1], model[1:]
    assert isinstance(head, ossicle.Sequential)
    assert len(head) + len(tail) == len(model)
    assert head[0] is model[0]
    np.testing.assert_allclose(tail(head(x)), model(x), atol=1e-6)
    with pytest.raises(ossicle.ArgumentError, match="itself"):
        model.add(ossicle.Sequential(model))
    with pytest.raises(ossicle.ArgumentError, match="itself"):
        model.add(model)


@pytest.mark.parametrize("norm", ["BatchNorm1D", "GroupNorm", "PReLU"])
def test_channels_are_those_of_the_convolution_for_every_length(norm: str, rng: np.random.Generator) -> None:
    """A signal as long as it has channels is no batch."""
    last = {
        "BatchNorm1D": lambda: ossicle.BatchNorm1D(8),
        "GroupNorm": lambda: ossicle.GroupNorm(2, 8),
        "PReLU": lambda: ossicle.PReLU(8),
    }[norm]()
    last.load_state_dict({name: rng.uniform(0.5, 1.5, v.shape) for name, v in last.state_dict().items()})
    conv = ossicle.Conv1D(1, 8, 3, padding="causal")
    conv.load_state_dict({"weight": rng.standard_normal((8, 1, 3)), "bias": rng.standard_normal(8)})
    model = ossicle.Sequential(conv, ossicle.Tanh(), last)
    for length in (7, 8, 9):
        x = rng.standard_normal((1, length)).astype(np.float32)
        np.testing.assert_allclose(model(x), model(x[None])[0], atol=1e-6)


def test_a_batch_of_features_stays_one(rng: np.random.Generator) -> None:
    """As in PyTorch, where two axes are [N, C]."""
    norm = ossicle.BatchNorm1D(4)
    norm.load_state_dict({n: rng.uniform(0.5, 1.5, 4) for n in norm.state_dict()})
    x = rng.standard_normal((4, 4)).astype(np.float32)
    state = norm.state_dict()
    expected = (x - state["running_mean"]) / np.sqrt(state["running_var"] + 1e-5) * state["weight"]
    np.testing.assert_allclose(norm(x), expected + state["bias"], atol=1e-5)
    tracked = ossicle.InstanceNorm1D(4, track_running_stats=True)
    tracked.load_state_dict({n: rng.uniform(0.5, 1.5, 4) for n in tracked.state_dict()})
    mean, var = tracked.state_dict()["running_mean"], tracked.state_dict()["running_var"]
    np.testing.assert_allclose(tracked(x), (x - mean[:, None]) / np.sqrt(var + 1e-5)[:, None], atol=1e-5)


def test_bad_files(rng: np.random.Generator, tmp_path) -> None:
    with pytest.raises(ossicle.FileError, match=r"missing\.safetensors"):
        network().load_weights(tmp_path / "missing.safetensors")
    state = random_state(rng)
    del state["2.bias"]
    save_file(state, tmp_path / "short.safetensors")
    with pytest.raises(ossicle.WeightsError, match=r"2\.bias"):
        network().load_weights(tmp_path / "short.safetensors")
    (tmp_path / "text.safetensors").write_text("not a tensor in sight, but long enough")
    with pytest.raises(ossicle.FormatError, match=r"text\.safetensors"):
        network().load_weights(tmp_path / "text.safetensors")


def test_weights_of_the_layers(rng: np.random.Generator, x: np.ndarray) -> None:
    state = random_state(rng)
    model = network()
    model[0].load_state_dict({"weight": state["0.weight"], "bias": state["0.bias"]})
    with pytest.raises(ossicle.WeightsError, match=r"2\.(weight|bias)"):
        model(x)
    model[2].load_state_dict({"weight": state["2.weight"], "bias": state["2.bias"]})
    np.testing.assert_allclose(model(x), expected(state, x), atol=1e-5)


def test_failure_changes_nothing(rng: np.random.Generator, x: np.ndarray) -> None:
    state = random_state(rng)
    model = network().load_state_dict(state)
    before = model(x)
    with pytest.raises(ossicle.WeightsError):
        model.load_state_dict({**state, "2.bias": np.zeros(4)})
    np.testing.assert_array_equal(model(x), before)


def test_nested(rng: np.random.Generator, x: np.ndarray) -> None:
    state = random_state(rng)
    inner = ossicle.Sequential(ossicle.Tanh(), ossicle.Conv1D(6, 3, 1))
    model = ossicle.Sequential(ossicle.Conv1D(2, 6, 3), inner)
    names = {name.replace("2.", "1.1."): value for name, value in state.items()}
    model.load_state_dict(names)
    np.testing.assert_allclose(model(x), expected(state, x), atol=1e-5)
    assert set(model.state_dict()) == set(names)
    with pytest.raises(ossicle.WeightsError):
        model.load_state_dict({**names, "7.weight": np.zeros(1)})


def test_mismatch_names_both_shapes() -> None:
    with pytest.raises(ossicle.ShapeError, match=r"(?s)(6.*5|5.*6)"):
        ossicle.Sequential(ossicle.Conv1D(2, 6, 3), ossicle.Conv1D(5, 3, 1))
    loose = ossicle.Sequential(ossicle.Conv1D(2, 6, 3)).add_unchecked(ossicle.Conv1D(5, 3, 1))
    assert len(loose) == 2
    with pytest.raises(ossicle.OssicleError):
        loose.load_state_dict(
            {
                "0.weight": np.ones((6, 2, 3)),
                "0.bias": np.ones(6),
                "1.weight": np.ones((3, 5, 1)),
                "1.bias": np.ones(3),
            }
        )(np.ones((2, 9), np.float32))


def test_add_and_build_again(rng: np.random.Generator, x: np.ndarray) -> None:
    state = random_state(rng)
    model = network().load_state_dict(state)
    before = model(x)
    model.add(ossicle.ReLU())
    np.testing.assert_array_equal(model.build()(x), np.maximum(before, 0))
    assert len(model) == 4
    assert [type(layer).__name__ for layer in model] == ["Conv1D", "Tanh", "Conv1D", "ReLU"]


def parameters(layer: ossicle.Module) -> dict[str, tuple[int, ...]]:
    a = layer.arguments
    match layer.torch_name:
        case "Conv1d":
            shape = (a["out_channels"], a["in_channels"], a["kernel_size"])
            return {"weight": shape, "bias": shape[:1]}
        case "Linear":
            return {"weight": (a["out_features"], a["in_features"]), "bias": (a["out_features"],)}
        case "BatchNorm1d":
            return dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (a["num_features"],))
    return {}


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        ((ossicle.ReLU(), ossicle.Conv1D(4, 8, 3)), (2, 4, 30)),
        ((ossicle.Tanh(), ossicle.Linear(5, 8)), (3, 5)),
        ((ossicle.MaxPool1D(2), ossicle.Conv1D(6, 8, 3)), (2, 6, 30)),
        ((ossicle.GLU(1), ossicle.Conv1D(6, 8, 3)), (2, 12, 30)),
        ((ossicle.GLU(), ossicle.Linear(1, 3)), (4, 5, 2)),
        ((ossicle.Flatten(), ossicle.Linear(60, 8)), (2, 12, 5)),
        ((ossicle.Conv1D(1, 4, 3), ossicle.Flatten(), ossicle.Linear(112, 8)), (2, 1, 30)),
        ((ossicle.Linear(7, 3), ossicle.BatchNorm1D(3)), (5, 7)),
        ((ossicle.Linear(7, 3), ossicle.Softmax(2)), (2, 4, 7)),
        ((ossicle.Identity(), ossicle.InstanceNorm1D(3)), (2, 3, 7)),
        ((ossicle.Upsample(scale_factor=2.7), ossicle.Conv1D(3, 2, 3)), (2, 3, 7)),
    ],
    ids=str,
)
def test_layers_of_any_rank(
    layers: tuple[ossicle.Module, ...], shape: tuple[int, ...], rng: np.random.Generator
) -> None:
    """The first layers leave open what a later one tells; together they do what each does alone."""
    for layer in layers:
        state = {}
        for name, like in parameters(layer).items():
            noise = rng.standard_normal(like).astype(np.float32)
            state[name] = np.abs(noise) + 0.5 if name == "running_var" else noise
        layer.load_state_dict(state)
    x = rng.standard_normal(shape).astype(np.float32)
    expected = x
    for layer in layers:
        expected = layer(expected)
    np.testing.assert_allclose(ossicle.Sequential(*layers)(x), expected, rtol=1e-5, atol=1e-6)


def test_lengths_beyond_all_bounds_are_refused() -> None:
    with pytest.raises(ossicle.ShapeError, match=r"more than \d+ elements"):
        ossicle.Sequential(*(ossicle.Upsample(scale_factor=65536) for _ in range(5)))


def test_only_layers_are_added() -> None:
    with pytest.raises(ossicle.ArgumentError, match="int"):
        ossicle.Sequential(3)


def test_empty() -> None:
    with pytest.raises(ossicle.NotReadyError):
        ossicle.Sequential().build()


def test_recurrent_layer_hands_on_its_output(rng: np.random.Generator) -> None:
    lstm, head = ossicle.LSTM(1, 6), ossicle.Linear(6, 1)
    weights = {
        name: rng.standard_normal(shape) * 0.3
        for name, shape in {
            "weight_ih_l0": (24, 1),
            "weight_hh_l0": (24, 6),
            "bias_ih_l0": 24,
            "bias_hh_l0": 24,
        }.items()
    }
    lstm.load_state_dict(weights)
    head.load_state_dict({"weight": rng.standard_normal((1, 6)), "bias": np.zeros(1)})
    x = rng.standard_normal((40, 1)).astype(np.float32)
    np.testing.assert_allclose(ossicle.Sequential(lstm, head)(x), head(lstm(x)[0]), atol=1e-6)
    np.testing.assert_allclose(ossicle.Sequential(lstm)(x), lstm(x)[0], atol=1e-6)


def test_buffer_stats() -> None:
    layers = [layer for _ in range(8) for layer in (ossicle.Conv1D(4, 4, 1), ossicle.Tanh())]
    model = ossicle.Sequential(*layers)
    model.load_state_dict(
        {
            f"{i}.{name}": np.ones(shape)
            for i in range(0, 16, 2)
            for name, shape in (("weight", (4, 4, 1)), ("bias", 4))
        }
    )
    stats = model.buffer_stats(1000)
    assert 0 < stats.buffer_count < stats.naive_count
    assert 0 < stats.allocated_bytes < stats.naive_bytes
    longer = model.buffer_stats(2000)
    assert longer.naive_bytes == pytest.approx(2 * stats.naive_bytes, rel=0.01)


def test_repr() -> None:
    assert repr(ossicle.Sequential(ossicle.Tanh(), ossicle.Sequential(ossicle.ReLU()))) == (
        "Sequential(\n  (0): Tanh()\n  (1): Sequential(\n    (0): ReLU()\n  )\n)"
    )
    assert repr(ossicle.Sequential()) == "Sequential()"
