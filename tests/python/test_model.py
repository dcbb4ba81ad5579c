"""Model files: real ones with the outputs of other implementations, and what goes wrong."""

from __future__ import annotations

import json
from pathlib import Path

import guitarml
import numpy as np
import ossicle
import pytest
from cases import DATA

NAM = DATA / "models" / "nam"
RTNEURAL = DATA / "models" / "rtneural"
NAM_MODELS = sorted(path.stem for path in NAM.glob("*.nam"))


def test_the_files_are_here() -> None:
    assert len(NAM_MODELS) >= 5


@pytest.mark.parametrize("name", NAM_MODELS)
@pytest.mark.parametrize("block", [64, 2048])
def test_nam(name: str, block: int) -> None:
    """Upstream's own output, which it gives after 48 000 samples of silence."""
    expected = np.fromfile(NAM / f"{name}.expected.f32", np.float32)
    signal = np.fromfile(NAM / "input.f32", np.float32)[: len(expected)]
    model = ossicle.load(NAM / f"{name}.nam")
    with model.stream(block, prewarm=False) as stream:
        for _ in range(48000 // block + 1):
            stream.process(np.zeros(block, np.float32))
        found = np.concatenate(
            [stream.process(part) for part in np.split(signal, range(block, len(signal), block))]
        )
    np.testing.assert_allclose(found, expected, atol=2e-5, rtol=0)
    # A whole signal is a fresh stream, in every call and in each row of a batch.
    with model.stream(block) as stream:
        streamed = np.concatenate(
            [stream.process(part) for part in np.split(signal, range(block, len(signal), block))]
        )
    np.testing.assert_allclose(model(signal), expected, atol=2e-5, rtol=0)
    for whole in (model(signal), model(np.stack([signal, signal]))[1]):
        np.testing.assert_allclose(whole, streamed, atol=1e-6, rtol=0)


@pytest.mark.parametrize("name", ["dense", "conv", "gru_1d", "lstm_1d"])
def test_rtneural(name: str) -> None:
    x = np.loadtxt(RTNEURAL / f"{name}_x.csv", np.float32, ndmin=2)
    expected = np.loadtxt(RTNEURAL / f"{name}_y.csv", np.float32, ndmin=2)
    model = ossicle.load(RTNEURAL / f"{name}.json")
    with model.stream(len(x)) as stream:
        found = stream.process(x if stream.channels_last else x.T)
        np.testing.assert_allclose(found if stream.channels_last else found.T, expected, atol=1e-6)


def test_a_file_that_contradicts_itself() -> None:
    with pytest.raises(ossicle.OssicleError, match=r"bad_lstm\.json"):
        ossicle.load(RTNEURAL / "bad_lstm.json")


@pytest.mark.parametrize("unit", ["LSTM", "GRU"])
@pytest.mark.parametrize("hidden", [1, 8, 20, 33])
@pytest.mark.parametrize("skip", [0, 1])
def test_guitarml(unit: str, hidden: int, skip: int, rng: np.random.Generator) -> None:
    data = guitarml.make(unit, hidden, seed=hidden, skip=skip)
    model = ossicle.load(json.dumps(data).encode())
    signal = rng.uniform(-1, 1, 2000).astype(np.float32)
    expected = guitarml.run(data, signal)
    np.testing.assert_allclose(model(signal), expected, atol=1e-5)
    with model.stream(2000) as stream:
        np.testing.assert_allclose(stream.process(signal), expected, atol=1e-5)
    assert model.parameter_count == sum(np.size(value) for value in data["state_dict"].values())


def test_leading_axes(amp: ossicle.Model, rng: np.random.Generator) -> None:
    signals = rng.standard_normal((2, 3, 100)).astype(np.float32)
    expected = np.array([[amp(signal) for signal in group] for group in signals])
    np.testing.assert_array_equal(amp(signals), expected)
    np.testing.assert_array_equal(amp(signals[0, :1].astype(np.float64)), expected[0, :1])
    out = np.empty((2, 3, 100), np.float32)
    assert amp(signals, out=out) is out
    np.testing.assert_array_equal(out, expected)
    memory = np.concatenate([signals[0].ravel(), np.zeros(50, np.float32)])
    amp(memory[:300].reshape(3, 100), out=memory[50:].reshape(3, 100))
    np.testing.assert_array_equal(memory[50:].reshape(3, 100), expected[0])
    with pytest.raises(ossicle.ShapeError, match=r"out.*\(2, 3, 100\).*\(3, 100\)"):
        amp(signals, out=out[0])
    with pytest.raises(ossicle.ShapeError, match=r"frames.*\(100, 1\)"):
        amp(signals[0, 0][:, None])


def test_paths_and_bytes(amp_path: Path, amp: ossicle.Model) -> None:
    signal = np.ones(10, np.float32)
    data = amp_path.read_bytes()
    for source in (str(amp_path), amp_path, data, bytearray(data), memoryview(data)):
        np.testing.assert_array_equal(ossicle.load(source)(signal), amp(signal))


def test_facts(amp: ossicle.Model, amp_path: Path) -> None:
    assert amp.format in ("guitarml", "rtneural")
    assert amp.sample_rate is None
    assert amp.receptive_field is None
    assert amp.loudness is None
    assert amp.streamable
    assert amp.weight_bytes == 4 * amp.parameter_count
    assert amp.name == amp_path.name
    assert len(amp.inputs) == 1
    assert None in amp.inputs[0].shape
    assert isinstance(amp.metadata, dict)
    assert amp.format in repr(amp)
    assert "LSTM" in amp.describe()
    assert amp._repr_html_().startswith("<b>Model")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", ossicle.FormatError),
        (b"not json", ossicle.FormatError),
        (b"{}", ossicle.OssicleError),
        (b'{"model_data": {', ossicle.FormatError),
        (b"[" * 100_000, ossicle.FormatError),
    ],
)
def test_bad_content_names_the_file(tmp_path: Path, content: bytes, error: type[Exception]) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(error, match=r"broken\.json"):
        ossicle.load(path)
    with pytest.raises(error):
        ossicle.load(content)


def test_bad_weight_names_file_and_tensor(tmp_path: Path) -> None:
    data = guitarml.make("LSTM", 4, seed=0)
    data["state_dict"]["rec.bias_ih_l0"].pop()
    path = tmp_path / "short.json"
    path.write_text(json.dumps(data))
    with pytest.raises(ossicle.OssicleError, match=r"short\.json(.|\n)*bias_ih_l0"):
        ossicle.load(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ossicle.FileError, match=r"nowhere\.nam"):
        ossicle.load(tmp_path / "nowhere.nam")
    with pytest.raises(OSError, match=r"nowhere\.nam"):
        ossicle.load(str(tmp_path / "nowhere.nam"))


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ossicle.OssicleError):
        ossicle.load(tmp_path)
