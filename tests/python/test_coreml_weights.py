"""Weights of Core ML models, against what coremltools and PyTorch say of the same files."""

from __future__ import annotations

import threading
import warnings
from pathlib import Path

import numpy as np
import ossicle
import pytest
import safetensors.numpy

COREML = Path(__file__).parents[1] / "data" / "coreml"
SILERO = COREML / "real" / "silero_vad_v6"
GENERATED = COREML / "generated"


def loader(name: str) -> ossicle.CoreMLWeightLoader:
    return ossicle.CoreMLWeightLoader(GENERATED / name)


def test_every_listed_weight_is_what_coremltools_expands() -> None:
    """Against coremltools 9.0; large ones are sampled (tests/data/coreml/README.md)."""
    oracle = safetensors.numpy.load_file(COREML / "weights_oracle.safetensors")
    with safetensors.safe_open(COREML / "weights_oracle.safetensors", "np") as file:
        shapes = {key: tuple(map(int, shape.split(","))) for key, shape in file.metadata().items()}
    loaders: dict[tuple[str, str], ossicle.CoreMLWeightLoader] = {}
    compared = 0
    for key, expected in oracle.items():
        package, _, rest = key.partition(".mlpackage/")
        function, _, name = rest.partition("/")
        if (package, function) not in loaders:
            path = COREML / f"{package}.mlpackage"
            loaders[package, function] = ossicle.CoreMLWeightLoader(path, function=function)
        weights = loaders[package, function]
        if name not in weights:  # a parameter that is no weight, such as the axes of a transpose
            continue
        with warnings.catch_warnings():  # matrices of zeros, such as initial states, bring one
            warnings.simplefilter("ignore", ossicle.OssicleWarning)
            found = weights[name]
        assert found.dtype == np.float32
        assert found.shape == shapes[key], key
        flat = found.ravel()
        np.testing.assert_array_equal(flat if flat.size <= 1024 else flat[::61], expected, key)
        compared += 1
    assert compared > 200


def _record(weights: ossicle.CoreMLWeightLoader, name: str) -> ossicle.CoreMLWeight:
    return next(weight for weight in weights.available_weights if weight.name == name)


def test_mapping() -> None:
    weights = loader("mlp_relu_gelu_fp16.mlpackage")
    assert len(weights) == len(list(weights)) == len(weights.available_weights) > 0
    name = next(iter(weights))
    assert name in weights
    assert "nothing" not in weights
    assert 3 not in weights
    with pytest.raises(KeyError, match="nothing"):
        weights["nothing"]
    assert weights.get("nothing") is None
    first, second = weights[name], weights[name]
    first += 1  # arrays are the caller's own
    assert not np.array_equal(first, second)
    assert "mlp_relu_gelu_fp16.mlpackage" in repr(weights)


def test_records() -> None:
    path = SILERO / "unified_palette_4bit.mlmodelc"
    weight = _record(ossicle.CoreMLWeightLoader(path), "concat_1_palettized")
    assert weight == ossicle.CoreMLWeight(
        name="concat_1_palettized",
        shape=(512, 128),
        dtype="uint8",
        nbytes=32768,
        file=str(path / "weights" / "weight.bin"),
        offset=92672 + 64,
        compression="constexpr_lut_to_dense",
    )
    inline = _record(loader("flexible_range_fp32.mlmodelc"), "var_0_bias")
    assert inline.offset is None
    assert inline.dtype == "float32"
    assert inline.compression is None


@pytest.mark.parametrize("name", ["silero-vad-unified-v6.0.0", "unified_int8", "unified_pruned_int8"])
def test_package_and_bundle_agree(name: str) -> None:
    package = ossicle.CoreMLWeightLoader(SILERO / f"{name}.mlpackage")
    bundle = ossicle.CoreMLWeightLoader(SILERO / f"{name}.mlmodelc")
    assert list(package) == list(bundle)
    for key in package:
        np.testing.assert_array_equal(package[key], bundle[key], key)


def test_odd_magnitudes_warn() -> None:
    weights = loader("gru_uni_1layer_fp32.mlpackage")
    with pytest.warns(ossicle.OssicleWarning, match=r'concat_1": vanishing') as caught:
        weights["concat_1"]
    assert caught[0].filename == __file__


def test_expected_shape() -> None:
    weights = loader("linear_fp32.mlmodelc")
    name, shape = weights.available_weights[0].name, weights.available_weights[0].shape
    assert weights.load_weights(name, shape).shape == shape
    assert weights.load_weights(name, list(shape)).shape == shape
    with pytest.raises(ossicle.WeightsError, match=r"expected shape \[3, 1\], found"):
        weights.load_weights(name, (3, 1))
    with pytest.raises(ossicle.WeightsError, match="nothing"):
        weights.load_weights("nothing")
    with pytest.raises(ossicle.ShapeError):
        weights.load_weights(name, [1] * 9)


def test_labels_name_weights_too() -> None:
    for ending in (".mlpackage", ".mlmodelc"):
        weights = loader("quant_int8_perchannel_ios16" + ending)
        bias = weights.load_weights("op_0_bias_to_fp16")
        np.testing.assert_array_equal(bias, weights["var_0_bias_to_fp16"])
        assert weights.load_weights("op_0_bias_to_fp16", bias.shape).shape == bias.shape
        with pytest.raises(ossicle.WeightsError, match=r"op_0_bias_to_fp16.*expected shape"):
            weights.load_weights("op_0_bias_to_fp16", (1, 2, 3))
    # The mapping is of names.
    assert "op_0_bias_to_fp16" not in weights
    with pytest.raises(KeyError):
        weights["op_0_bias_to_fp16"]


def test_unknown_layers_are_told_which_there_are() -> None:
    with pytest.raises(ossicle.WeightsError, match='called "nothing"; of 1 there are "linear_0"'):
        loader("linear_fp32.mlpackage").load_linear_weights("nothing")
    with pytest.raises(ossicle.WeightsError, match="of 0 there are none"):
        loader("linear_fp32.mlpackage").load_conv1d_weights("nothing")


def test_lstm_weights_fit_our_layer() -> None:
    """The output of PyTorch 2.13, through our layers with the weights of the file."""
    weights = loader("lstm_uni_1layer_fp32.mlpackage")
    oracle = safetensors.numpy.load_file(GENERATED / "lstm_uni_1layer_fp32.oracle.safetensors")
    found = weights.load_lstm_weights()
    hidden, features = found["weight_hh_l0"].shape[1], found["weight_ih_l0"].shape[1]
    lstm = ossicle.LSTM(features, hidden, batch_first=True)
    lstm.load_state_dict(found)
    out = weights.load_linear_weights("o")
    linear = ossicle.Linear(hidden, out["weight"].shape[0])
    linear.load_state_dict(out)
    y = linear(lstm(oracle["in/x"])[0])
    np.testing.assert_allclose(y, oracle["out/y"], atol=1e-5)


def test_bidirectional_stack_fits_our_layer() -> None:
    weights = loader("lstm_bi_2layer_fp32.mlmodelc")
    state: dict[str, np.ndarray] = {}
    for layer in range(2):
        for reverse in (False, True):
            state |= weights.load_lstm_weights(layer=layer, reverse=reverse)
    features, hidden = state["weight_ih_l0"].shape[1], state["weight_hh_l0"].shape[1]
    lstm = ossicle.LSTM(features, hidden, num_layers=2, bidirectional=True)
    lstm.load_state_dict(state)
    assert set(lstm.state_dict()) == set(state)
    raw = weights["concat_4"]  # Core ML's rows are i, f, o, g
    i, f, o, g = np.split(raw, 4)
    np.testing.assert_array_equal(state["weight_ih_l0"], np.concatenate([i, f, g, o]))
    with pytest.raises(ossicle.WeightsError, match="found 2"):
        weights.load_lstm_weights(layer=2)
    with pytest.raises(ossicle.WeightsError, match="found 0"):
        weights.load_lstm_weights("nothing")


def test_gru_rows_are_reordered() -> None:
    weights = loader("gru_op_fp32.mlpackage")
    found = weights.load_gru_weights()
    assert set(found) == {"weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"}
    hidden = found["weight_hh_l0"].shape[1]
    raw = next(weights[name] for name in weights if weights[name].shape == (3 * hidden, hidden))
    r, n, z = np.split(raw, 3)  # Core ML's order
    np.testing.assert_array_equal(found["weight_hh_l0"], np.concatenate([r, z, n]))
    assert not found["bias_hh_l0"].any()


def test_conv1d_by_module_path() -> None:
    weights = ossicle.CoreMLWeightLoader(SILERO / "unified_int8.mlmodelc")
    found = weights.load_conv1d_weights("encoder.layers.0")
    assert {name: array.shape for name, array in found.items()} == {"weight": (128, 129, 3), "bias": (128,)}
    layer = ossicle.Conv1D(129, 128, 3)
    layer.load_state_dict(found)
    with pytest.raises(ossicle.WeightsError, match=r"encoder\.nothing"):
        weights.load_conv1d_weights("encoder.nothing")
    with pytest.raises(ossicle.WeightsError, match="linear"):
        weights.load_linear_weights("encoder.layers.0")


def test_older_networks() -> None:
    folder = COREML / "real" / "espresso_cardscan"
    compiled = ossicle.CoreMLWeightLoader(folder / "FourRecognize.mlmodelc")
    source = ossicle.CoreMLWeightLoader(folder / "FourRecognize.mlmodel")
    assert compiled.description["kind"] == "espresso"
    assert source.description["kind"] == "network"
    oracle = safetensors.numpy.load_file(folder / "FourRecognize.weights_oracle.safetensors")
    shared = set(oracle) & set(compiled)
    assert len(shared) > 20
    for name in shared:
        flat = compiled[name].ravel()
        sampled = flat if flat.size <= 1024 else flat[::61]
        np.testing.assert_allclose(sampled, oracle[name].ravel(), rtol=2e-3, atol=1e-4, err_msg=name)


def test_functions_have_their_own_weights() -> None:
    path = GENERATED / "multifunction_ios18.mlpackage"
    default = ossicle.CoreMLWeightLoader(path)
    assert default.description["default_function"] == "tanh_fn"
    for function in ("relu_fn", "tanh_fn"):
        assert len(ossicle.CoreMLWeightLoader(path, function=function)) == 2
    with pytest.raises(ossicle.ArgumentError, match="relu_fn, tanh_fn"):
        ossicle.CoreMLWeightLoader(path, function="none")


def test_description() -> None:
    found = loader("flexible_range_fp32.mlpackage").description
    (function,) = found["functions"]
    (x,) = function["inputs"]
    assert x == {
        "name": "x",
        "optional": False,
        "type": "array",
        "dtype": "float32",
        "shape": [1, 1, 96],
        "ranges": [[1, 1], [1, 1], [16, 4096]],
    }
    assert function["operations"] == {"conv": 2, "tanh": 1}
    assert function["opset"] == "ios16"
    assert found["specification_version"] == 7


def test_save(tmp_path: Path) -> None:
    weights = ossicle.CoreMLWeightLoader(SILERO / "unified_int8.mlpackage")
    weights.save(tmp_path / "w.safetensors")
    found = safetensors.numpy.load_file(tmp_path / "w.safetensors")
    assert set(found) == set(weights)
    for name, array in found.items():
        np.testing.assert_array_equal(array, weights[name], name)
    with pytest.raises(ossicle.FileError, match=r"no/w\.safetensors"):
        weights.save(tmp_path / "no" / "w.safetensors")


def test_wrong_files(tmp_path: Path) -> None:
    with pytest.raises(ossicle.FileError, match="nothing"):
        ossicle.CoreMLWeightLoader(tmp_path / "nothing.mlpackage")
    with pytest.raises(ossicle.FormatError, match=r"Manifest\.json"):
        ossicle.CoreMLWeightLoader(tmp_path)
    (tmp_path / "text.mlmodel").write_text("no model")
    with pytest.raises(ossicle.FormatError, match=r"text\.mlmodel"):
        ossicle.CoreMLWeightLoader(tmp_path / "text.mlmodel")


def test_threads_share_a_loader() -> None:
    weights = ossicle.CoreMLWeightLoader(SILERO / "unified_int8.mlpackage")
    expected = {name: weights[name] for name in weights}
    wrong: list[str] = []

    def read() -> None:
        for _ in range(5):
            wrong.extend(name for name in weights if not np.array_equal(weights[name], expected[name]))

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
