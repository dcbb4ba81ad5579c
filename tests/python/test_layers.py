"""Constructors, weights and printed forms."""

from __future__ import annotations

import inspect
import warnings

import numpy as np
import ossicle
import pytest
from cases import case
from safetensors.numpy import save_file

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


@pytest.mark.parametrize(("mode", "expected"), [("linear", 2.5), ("nearest", 0.0)])
def test_upsample_recomputes_its_factor(mode: str, expected: float) -> None:
    """What PyTorch 2.13 gives: one sample of four, at the middle of all or the first of them."""
    squares = np.arange(4, dtype=np.float32)[None] ** 2
    given = ossicle.Upsample(scale_factor=0.3, mode=mode)(squares)
    again = ossicle.Upsample(scale_factor=0.3, mode=mode, recompute_scale_factor=True)(squares)
    assert again.shape == given.shape == (1, 1)
    assert again[0, 0] == expected
    if mode == "linear":
        assert given[0, 0] == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("make", "x"),
    [
        (lambda: ossicle.BatchNorm1D(3), np.arange(6).reshape(2, 3)),
        (lambda: ossicle.GroupNorm(1, 3), np.arange(6).reshape(2, 3)),
        (lambda: ossicle.LayerNorm(3), np.arange(6).reshape(2, 3)),
        (lambda: ossicle.RMSNorm((2, 3)), np.arange(6).reshape(2, 3)),
        (
            lambda: ossicle.InstanceNorm1D(2, affine=True, track_running_stats=True),
            np.arange(6).reshape(2, 3),
        ),
        (lambda: ossicle.PReLU(3, init=0.5), -np.arange(6).reshape(2, 3)),
    ],
)
def test_norms_have_pytorchs_weights_to_begin_with(make, x: np.ndarray) -> None:
    layer, x = make(), x.astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = layer(x)
    other = make().load_state_dict(layer.state_dict())
    np.testing.assert_array_equal(found, other(x))
    if isinstance(layer, ossicle.PReLU):
        np.testing.assert_array_equal(found, 0.5 * x)
    if isinstance(layer, ossicle.LayerNorm):
        np.testing.assert_allclose(found, np.tile([-1.2247, 0, 1.2247], (2, 1)), atol=1e-3)


def test_an_empty_batch() -> None:
    layer = ossicle.Linear(4, 3)
    layer.load_state_dict({"weight": np.eye(3, 4), "bias": np.zeros(3)})
    assert layer(np.zeros((0, 4), np.float32)).shape == (0, 3)
    assert ossicle.ReLU()(np.zeros(0, np.float32)).shape == (0,)
    out = np.zeros((0, 3), np.float32)
    assert layer(np.zeros((0, 4), np.float32), out=out) is out
    with pytest.raises(ossicle.ShapeError):
        layer(np.zeros((0, 5), np.float32))
    with pytest.raises(ossicle.ShapeError):
        layer(np.zeros((0, 4), np.float32), out=np.zeros((1, 3), np.float32))


def test_a_layer_without_weights_can_be_shown() -> None:
    for layer in (ossicle.Linear(4, 3), ossicle.Sequential(ossicle.Linear(4, 3))):
        assert "Linear(in_features=4, out_features=3)" in layer.describe()
        assert "not ready" in layer.describe()
        assert "not ready" in layer._repr_html_()


@pytest.mark.parametrize(
    "bad", [None, [1.0], {0: np.zeros((3, 4))}, {"weight": [[1.0], [1.0, 2.0]], "bias": [0.0]}]
)
def test_what_is_no_state_dict(bad) -> None:
    with pytest.raises(ossicle.OssicleError, match=r"state_dict|weight"):
        ossicle.Linear(4, 3).load_state_dict(bad)


def test_weights_from_a_file(tmp_path) -> None:
    weight, bias = np.random.default_rng(1).standard_normal((3, 4)).astype(np.float32), np.ones(3, np.float32)
    save_file({"weight": weight, "bias": bias}, tmp_path / "linear.safetensors")
    expected = ossicle.Linear(4, 3).load_state_dict({"weight": weight, "bias": bias})(np.eye(4))
    for source in (tmp_path / "linear.safetensors", (tmp_path / "linear.safetensors").read_bytes()):
        np.testing.assert_array_equal(ossicle.Linear(4, 3).load_weights(source)(np.eye(4)), expected)
    with pytest.raises(ossicle.WeightsError, match=r"linear\.safetensors.*weight"):
        ossicle.Linear(5, 3).load_weights(tmp_path / "linear.safetensors")
    with pytest.raises(ossicle.FormatError, match="bytes"):
        ossicle.Linear(4, 3).load_weights(b"nothing that anybody would call a safetensors file")


def test_half_width_weights_from_a_file() -> None:
    header = (
        b'{"bias":{"dtype":"F16","shape":[1],"data_offsets":[2,4]},"weight":{"dtype":"BF16","shape":[1,1],'
    )
    header += b'"data_offsets":[0,2]}}'
    header += b" " * (-len(header) % 8)
    data = len(header).to_bytes(8, "little") + header + b"\x20\x40" + np.float16(0.5).tobytes()
    layer = ossicle.Linear(1, 1).load_weights(data)
    assert layer(np.ones((1, 1), np.float32))[0, 0] == 3.0  # 0x4020 is 2.5


def test_infinite_bounds() -> None:
    x = np.array([-2, 0.5, 3e38], np.float32)
    np.testing.assert_array_equal(ossicle.Hardtanh(0, np.inf)(x), np.maximum(x, 0))
    np.testing.assert_array_equal(ossicle.Hardtanh(-np.inf, 1.0)(x), np.minimum(x, 1))
