"""Every stored PyTorch case, called in every way a NumPy user may call a layer."""

from __future__ import annotations

import numpy as np
import ossicle
import pytest
from cases import CASES, Case

FEEDFORWARD = [case for case in CASES if not case.recurrent]
RECURRENT = [case for case in CASES if case.recurrent]

#: Modules whose meaning of axes needs the batch axis.
NEEDS_BATCH = ("BatchNorm1d", "GroupNorm", "Softmax", "LogSoftmax", "GLU", "PReLU")


@pytest.mark.parametrize("case", FEEDFORWARD, ids=str)
def test_output(case: Case) -> None:
    case.check(case.layer()(case.input))


@pytest.mark.parametrize("case", FEEDFORWARD, ids=str)
def test_out_is_filled_and_returned(case: Case) -> None:
    layer = case.layer()
    out = np.full_like(case.output, np.nan)
    assert layer(case.input, out=out) is out
    case.check(out)
    out[:] = np.nan
    assert layer(case.input, out=out) is out  # the short path of a second call
    case.check(out)


@pytest.mark.parametrize("case", FEEDFORWARD, ids=str)
def test_out_may_be_a_view(case: Case) -> None:
    frame = np.full((3, *case.output.shape), np.nan, np.float32)
    case.layer()(case.input, out=frame[1])
    case.check(frame[1])
    assert np.isnan(frame[0]).all()
    assert np.isnan(frame[2]).all()


@pytest.mark.parametrize("case", FEEDFORWARD, ids=str)
def test_float64_and_strided_input_is_converted(case: Case) -> None:
    layer = case.layer()
    expected = layer(case.input)
    strided = np.repeat(case.input, 2, axis=-1)[..., ::2]
    for same in (case.input.astype(np.float64), strided, np.asfortranarray(case.input), case.input.tolist()):
        np.testing.assert_array_equal(layer(same), expected)


@pytest.mark.parametrize("case", [c for c in FEEDFORWARD if c.module not in NEEDS_BATCH], ids=str)
def test_without_batch_axis(case: Case) -> None:
    layer = case.layer()
    for item, expected in zip(case.input, case.output, strict=True):
        found = layer(item)
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, atol=case.atol, rtol=case.rtol)


@pytest.mark.parametrize("case", [c for c in CASES if c.module == "Linear"], ids=str)
def test_linear_takes_any_leading_axes(case: Case) -> None:
    x = np.stack([case.input, -case.input])[:, None]
    found = case.layer()(x)
    assert found.shape == (2, 1, *case.output.shape)
    np.testing.assert_allclose(found[0, 0], case.output, atol=case.atol, rtol=case.rtol)


@pytest.mark.parametrize("case", RECURRENT, ids=str)
def test_recurrent_output_and_states(case: Case) -> None:
    layer = case.layer()
    states = case.states if case.module == "LSTM" else case.states[0]
    output, final = layer(case.input, states)
    case.check(output)
    for found, expected in zip(final if case.module == "LSTM" else (final,), case.final_states, strict=True):
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, atol=case.atol, rtol=case.rtol)


@pytest.mark.parametrize("case", [c for c in RECURRENT if c.input.shape[0] == 1], ids=str)
def test_recurrent_without_batch_axis(case: Case) -> None:
    states = tuple(state[:, 0] for state in case.states)
    out = np.empty(case.output.shape[1:], np.float32)
    output, final = case.layer()(case.input[0], states if case.module == "LSTM" else states[0], out=out)
    assert output is out
    np.testing.assert_allclose(out, case.output[0], atol=case.atol, rtol=case.rtol)
    for found, expected in zip(final if case.module == "LSTM" else (final,), case.final_states, strict=True):
        np.testing.assert_allclose(found, expected[:, 0], atol=case.atol, rtol=case.rtol)


@pytest.mark.parametrize("case", [c for c in CASES if c.weights], ids=str)
def test_weights_from_a_safetensors_file(case: Case, tmp_path) -> None:
    from safetensors.numpy import save_file

    path = tmp_path / "weights.safetensors"
    save_file({f"0.{name}": value for name, value in case.weights.items()}, path)
    layer = getattr(ossicle, case.module.replace("1d", "1D"))(**case.arguments)
    model = ossicle.Sequential(layer).load_weights(path)
    if not case.recurrent:  # in a Sequential these start at zero; test_sequential has them
        case.check(model(case.input))
    assert model.parameter_count == sum(value.size for value in case.weights.values())


@pytest.mark.parametrize("case", FEEDFORWARD, ids=str)
def test_no_nan_comes_out(case: Case) -> None:
    assert np.isfinite(case.layer()(case.input)).all()
