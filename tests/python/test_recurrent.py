"""States of LSTM and GRU."""

from __future__ import annotations

import numpy as np
import ossicle
import pytest
import reference

STEPS, INPUTS, HIDDEN = 9, 3, 5


def make(kind: str, rng: np.random.Generator, **more):
    gates = {"LSTM": 4, "GRU": 3}[kind]
    weights = {
        "weight_ih_l0": rng.standard_normal((gates * HIDDEN, INPUTS)),
        "weight_hh_l0": rng.standard_normal((gates * HIDDEN, HIDDEN)) * 0.3,
        "bias_ih_l0": rng.standard_normal(gates * HIDDEN),
        "bias_hh_l0": rng.standard_normal(gates * HIDDEN),
    }
    layer = getattr(ossicle, kind)(INPUTS, HIDDEN, **more).load_state_dict(weights)
    return layer, weights


@pytest.fixture(params=["LSTM", "GRU"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def test_zero_state_is_the_default(kind: str, rng: np.random.Generator) -> None:
    layer, weights = make(kind, rng)
    x = rng.standard_normal((STEPS, INPUTS)).astype(np.float32)
    expected = reference.run(kind, {"hidden_size": HIDDEN}, weights, x)[0]
    for _ in range(2):  # nothing is carried from call to call
        np.testing.assert_allclose(layer(x)[0], expected, atol=1e-5)


def test_batch(kind: str, rng: np.random.Generator) -> None:
    layer, weights = make(kind, rng)
    x = rng.standard_normal((4, STEPS, INPUTS)).astype(np.float32)
    states = rng.standard_normal((1, 4, HIDDEN)).astype(np.float32)
    given = (states, states) if kind == "LSTM" else states
    output, final = layer(x, given)
    expected, *ends = reference.run(
        kind, {"hidden_size": HIDDEN}, weights, x, *(given if kind == "LSTM" else (given,))
    )
    np.testing.assert_allclose(output, expected, atol=1e-5)
    for found, end in zip(final if kind == "LSTM" else (final,), ends, strict=True):
        assert found.shape == (1, 4, HIDDEN)
        np.testing.assert_allclose(found, end, atol=1e-5)


def test_states_continue_a_sequence(kind: str, rng: np.random.Generator) -> None:
    layer, _ = make(kind, rng)
    x = rng.standard_normal((1, 2 * STEPS, INPUTS)).astype(np.float32)
    whole, _ = layer(x)
    first, state = layer(x[:, :STEPS])
    second, _ = layer(x[:, STEPS:], state)
    np.testing.assert_array_equal(np.concatenate([first, second], axis=1), whole)


def test_stateful_calls_and_reset(kind: str, rng: np.random.Generator) -> None:
    layer, _ = make(kind, rng)
    x = rng.standard_normal((2 * STEPS, INPUTS)).astype(np.float32)
    whole, _ = layer(x)
    layer.stateful = True
    first, second = layer(x[:STEPS])[0], layer(x[STEPS:])[0]
    np.testing.assert_array_equal(np.concatenate([first, second]), whole)
    layer.reset_state()
    np.testing.assert_array_equal(layer(x[:STEPS])[0], first)
    with pytest.raises(ossicle.ShapeError, match="h0"):
        layer(x[None])  # the kept state has no batch axis
    layer.reset_state()
    layer.stateful = False
    np.testing.assert_array_equal(layer(x)[0], whole)


def test_kept_states_are_not_the_callers(kind: str, rng: np.random.Generator) -> None:
    layer, _ = make(kind, rng)
    x = rng.standard_normal((STEPS, INPUTS)).astype(np.float32)
    expected = layer(x)[0][4:]
    layer.stateful = True
    _, final = layer(x[:4])
    for state in final if kind == "LSTM" else (final,):
        state[:] = 0
    np.testing.assert_array_equal(layer(x[4:])[0], expected)


def test_forward_takes_states(kind: str, rng: np.random.Generator) -> None:
    layer, _ = make(kind, rng)
    x = rng.standard_normal((STEPS, INPUTS)).astype(np.float32)
    _, state = layer(x)
    np.testing.assert_array_equal(layer.forward(x, state)[0], layer(x, state)[0])
    assert not np.array_equal(layer.forward(x, state)[0], layer.forward(x)[0])


def test_given_states_are_not_changed(kind: str, rng: np.random.Generator) -> None:
    layer, _ = make(kind, rng)
    state = rng.standard_normal((1, HIDDEN)).astype(np.float32)
    before = state.copy()
    layer(np.ones((STEPS, INPUTS), np.float32), (state, state) if kind == "LSTM" else state)
    np.testing.assert_array_equal(state, before)


def test_wrong_shapes_name_both(kind: str, rng: np.random.Generator) -> None:
    layer, _ = make(kind, rng)
    x = np.zeros((2, STEPS, INPUTS), np.float32)
    wrong = np.zeros((1, 3, HIDDEN), np.float32)
    with pytest.raises(ossicle.ShapeError, match=r"h0.*\(1, 2, 5\).*\(1, 3, 5\)"):
        layer(x, (wrong, wrong) if kind == "LSTM" else wrong)
    with pytest.raises(ossicle.ShapeError, match=r"3.*\(9, 4\)"):
        layer(np.zeros((STEPS, 4), np.float32))
    with pytest.raises(ossicle.ShapeError, match=r"out.*\(2, 9, 5\).*\(9, 5\)"):
        layer(x, out=np.zeros((STEPS, HIDDEN), np.float32))
    with pytest.raises(ossicle.ShapeError, match=r"\(3,\)"):
        layer(np.zeros(INPUTS, np.float32))


def test_lstm_wants_a_pair(rng: np.random.Generator) -> None:
    layer, _ = make("LSTM", rng)
    with pytest.raises(ossicle.ArgumentError, match="pair"):
        layer(np.zeros((STEPS, INPUTS), np.float32), np.zeros((1, HIDDEN), np.float32))


def test_prewarm_prepares_calls(kind: str, rng: np.random.Generator) -> None:
    layer, _ = make(kind, rng)
    before = layer.memory_bytes
    layer.prewarm(STEPS)
    prepared = layer.memory_bytes
    assert prepared > before
    layer(np.zeros((STEPS, INPUTS), np.float32))
    assert layer.memory_bytes == prepared
    layer.prewarm(STEPS, batch_size=2)
    assert layer.memory_bytes > prepared
    with pytest.raises(ossicle.OssicleError):
        layer.prewarm(0)


def test_out_may_overlap_the_input(kind: str, rng: np.random.Generator) -> None:
    layer, _ = make(kind, rng)
    memory = rng.standard_normal(STEPS * (INPUTS + HIDDEN)).astype(np.float32)
    x, out = (
        memory[: STEPS * INPUTS].reshape(STEPS, INPUTS),
        memory[2 : 2 + STEPS * HIDDEN].reshape(STEPS, HIDDEN),
    )
    expected = layer(x.copy())[0]
    np.testing.assert_array_equal(layer(x, out=out)[0], expected)


def test_bidirectional_layers_do_not_stream(rng: np.random.Generator) -> None:
    layer, weights = make("GRU", rng)
    both = ossicle.GRU(INPUTS, HIDDEN, bidirectional=True)
    both.load_state_dict({**weights, **{f"{name}_reverse": value for name, value in weights.items()}})
    assert layer.streamable
    assert not both.streamable
    with pytest.raises(ossicle.UnsupportedError):
        both.stream(64)
