"""Constructors, weights and printed forms."""

from __future__ import annotations

import inspect

import numpy as np
import ossicle
import pytest
from cases import case

#: PyTorch 2's signatures without device and dtype.
TORCH = {
    "Linear": "in_features out_features bias",
    "LSTM": "input_size hidden_size num_layers bias batch_first dropout bidirectional proj_size",
    "GRU": "input_size hidden_size num_layers bias batch_first dropout bidirectional proj_size",
    "Conv1D": "in_channels out_channels kernel_size stride padding dilation groups bias padding_mode",
    "ConvTranspose1D": "in_channels out_channels kernel_size stride padding output_padding groups bias "
    "dilation padding_mode",
    "BatchNorm1D": "num_features eps momentum affine track_running_stats",
    "InstanceNorm1D": "num_features eps momentum affine track_running_stats",
    "GroupNorm": "num_groups num_channels eps affine",
    "LayerNorm": "normalized_shape eps elementwise_affine bias",
    "RMSNorm": "normalized_shape eps elementwise_affine",
    "MaxPool1D": "kernel_size stride padding dilation return_indices ceil_mode",
    "AvgPool1D": "kernel_size stride padding ceil_mode count_include_pad",
    "AdaptiveAvgPool1D": "output_size",
    "Upsample": "size scale_factor mode align_corners recompute_scale_factor",
    "ReLU": "inplace",
    "ReLU6": "inplace",
    "SELU": "inplace",
    "SiLU": "inplace",
    "Mish": "inplace",
    "Hardsigmoid": "inplace",
    "Hardswish": "inplace",
    "LeakyReLU": "negative_slope inplace",
    "ELU": "alpha inplace",
    "GELU": "approximate",
    "Softplus": "beta threshold",
    "Hardtanh": "min_val max_val inplace",
    "PReLU": "num_parameters init",
    "Softmax": "dim",
    "LogSoftmax": "dim",
    "GLU": "dim",
    "Sigmoid": "",
    "Tanh": "",
    "Softsign": "",
    "Identity": "",
    "Dropout": "p inplace",
    "Flatten": "start_dim end_dim",
}


@pytest.mark.parametrize("name", TORCH)
def test_arguments_are_pytorchs(name: str) -> None:
    assert list(inspect.signature(getattr(ossicle, name)).parameters) == TORCH[name].split()


def test_all_layers_are_covered() -> None:
    from ossicle import _layers

    assert set(_layers.__all__) - {"Module", "Permute"} == set(TORCH)


def test_repr_shows_what_was_given() -> None:
    assert repr(ossicle.Linear(4, 3)) == "Linear(in_features=4, out_features=3)"
    assert repr(ossicle.Conv1D(1, 2, (3,), dilation=2)) == (
        "Conv1D(in_channels=1, out_channels=2, kernel_size=3, dilation=2)"
    )
    assert repr(ossicle.ReLU()) == "ReLU()"


def test_numpy_numbers_as_arguments() -> None:
    assert ossicle.Linear(np.int64(4), np.int32(3)).arguments == {"in_features": 4, "out_features": 3}


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda: ossicle.Linear(-4, 3), "in_features"),
        (lambda: ossicle.Conv1D(3, 4, 3, groups=2), "groups"),
        (lambda: ossicle.Conv1D(3, 4, 3, padding="some"), "padding"),
        (lambda: ossicle.Conv1D(4, 4, 3, padding_mode="mirror"), "padding_mode"),
        (lambda: ossicle.GELU("fast"), "approximate"),
        (lambda: ossicle.GRU(1, 0), "hidden_size"),
    ],
)
def test_bad_arguments_are_refused_at_once(make, names: str) -> None:
    with pytest.raises(ossicle.OssicleError, match=names):
        make()


def test_unsupported_arguments() -> None:
    for make in (
        lambda: ossicle.LSTM(1, 2, batch_first=False),
        lambda: ossicle.LSTM(1, 2, proj_size=1),
        lambda: ossicle.MaxPool1D(2, return_indices=True),
        lambda: ossicle.BatchNorm1D(2, track_running_stats=False),
    ):
        with pytest.raises(ossicle.UnsupportedError, match="expected"):
            make()


def test_call_without_weights() -> None:
    with pytest.raises(ossicle.WeightsError, match="weight"):
        ossicle.Linear(4, 3)(np.zeros((1, 4), np.float32))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda w: w.pop("bias"), "bias"),
        (lambda w: w.update(extra=np.zeros(1)), "extra"),
        (lambda w: w.update(weight=np.zeros((4, 3))), r"weight(.|\n)*3(.|\n)*4"),
        (lambda w: w["weight"].__setitem__((0, 0), np.nan), "weight"),
        (lambda w: w["bias"].__setitem__(0, np.inf), "bias"),
    ],
    ids=["missing", "left over", "shape", "nan", "inf"],
)
def test_bad_weights_leave_the_layer_as_it_was(linear: ossicle.Linear, change, message: str) -> None:
    x = np.ones((1, 4), np.float32)
    before = linear(x)
    weights = linear.state_dict()
    change(weights)
    with pytest.raises(ossicle.WeightsError, match=message):
        linear.load_state_dict(weights)
    np.testing.assert_array_equal(linear(x), before)


def test_weights_of_other_types(linear: ossicle.Linear) -> None:
    with pytest.raises(ossicle.DTypeError, match="int64"):
        linear.load_state_dict({"weight": np.ones((3, 4), np.int64), "bias": np.ones(3)})
    x = np.ones((1, 4), np.float32)
    for dtype in (np.float16, np.float32, np.float64, ">f4"):
        linear.load_state_dict({"weight": np.ones((3, 4), dtype), "bias": np.zeros(3, dtype)})
        np.testing.assert_array_equal(linear(x), [[4, 4, 4]])
    linear.load_state_dict({"weight": [[1.0] * 4] * 3, "bias": [0.0] * 3})
    np.testing.assert_array_equal(linear(x), [[4, 4, 4]])
    strided = np.arange(24.0).reshape(4, 6)[:, ::2].T
    linear.load_state_dict({"weight": strided, "bias": np.zeros(3)})
    np.testing.assert_allclose(linear(x), [strided.sum(1)], rtol=1e-6)


def test_weights_are_copied(linear: ossicle.Linear) -> None:
    weight = np.ones((3, 4), np.float32)
    linear.load_state_dict({"weight": weight, "bias": np.zeros(3)})
    weight[:] = 9
    np.testing.assert_array_equal(linear(np.ones((1, 4), np.float32)), [[4, 4, 4]])
    linear.state_dict()["weight"][:] = 9
    np.testing.assert_array_equal(linear.state_dict()["weight"], np.ones((3, 4)))


def test_new_weights_take_effect(linear: ossicle.Linear) -> None:
    x, out = np.ones((1, 4), np.float32), np.zeros((1, 3), np.float32)
    linear(x, out=out)
    linear.load_state_dict({"weight": np.ones((3, 4)), "bias": np.full(3, 0.5)})
    np.testing.assert_array_equal(linear(x, out=out), [[4.5, 4.5, 4.5]])


def test_training_counters_are_ignored() -> None:
    one = case("batchnorm1d_12")
    layer = ossicle.BatchNorm1D(12)
    layer.load_state_dict({**one.weights, "num_batches_tracked": np.array(7)})
    one.check(layer(one.input))


def test_unusual_magnitudes_warn() -> None:
    layer = ossicle.Linear(4, 3)
    with pytest.warns(ossicle.OssicleWarning, match="weight") as caught:
        layer.load_state_dict({"weight": np.full((3, 4), 1e30), "bias": np.ones(3)})
    assert caught[0].filename == __file__


def test_linear_strategy() -> None:
    before = ossicle.Linear.mps_batch_threshold
    assert before == 4
    assert ossicle.Linear.strategy(1) == "gemv"
    assert ossicle.Linear(4, 3).strategy(3) == "gemm"
    assert ossicle.Linear.strategy(4) in ("gemm", "gpu")
    try:
        ossicle.Linear.mps_batch_threshold = 8
        assert ossicle.Linear.mps_batch_threshold == 8
        with pytest.raises(ossicle.ArgumentError):
            ossicle.Linear.mps_batch_threshold = 0
    finally:
        ossicle.Linear.mps_batch_threshold = before


def test_describe(linear: ossicle.Linear) -> None:
    page = linear.describe()
    for part in ("Linear(in_features=4, out_features=3)", "parameters", "15", "60 B", "Layers", "Plan"):
        assert part in page
    html = linear._repr_html_()
    assert "<table>" in html
    assert "Linear(in_features=4" in html
