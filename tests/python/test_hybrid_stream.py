"""HybridStream: equality with the whole buffer, block splits, latency, windows; the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import ossicle
import pytest
import soundfile
from test_hybrid import DATA, build

WINDOWS: list[dict[str, Any]] = [
    {},
    {"chunk": 32},
    {"window": "hann"},
    {"window": "hann", "chunk": 32},
    {"window": "hann", "chunk": 40, "overlap": 8},
]


def signal(frames: int, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(3).uniform(-1, 1, (channels, frames)).astype(np.float32)


def in_blocks(stream: ossicle.Stream, x: np.ndarray, sizes: list[int]) -> np.ndarray:
    parts, at, turn = [], 0, 0
    while at < x.shape[1]:
        size = sizes[turn % len(sizes)]
        parts.append(stream.process(x[:, at : at + size]))
        at, turn = at + size, turn + 1
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize("arguments", WINDOWS)
def test_any_split_gives_the_same_bits(arguments: dict[str, Any]) -> None:
    pipeline = build(in_channels=2, out_channels=3, skip_connections=True)
    x = signal(500, 2)
    with pipeline.stream(**arguments) as stream:
        whole = stream.process(x)
        assert whole.shape == (3, 500)
        for sizes in ([1], [7], [64], [31, 1, 100], [500]):
            stream.reset()
            np.testing.assert_array_equal(in_blocks(stream, x, sizes), whole)


@pytest.mark.parametrize("chunk", [None, 4, 32, 60])
@pytest.mark.parametrize("skip", [False, True])
def test_carried_state_equals_the_whole_buffer(chunk: int | None, skip: bool) -> None:
    pipeline = build(skip_connections=skip, num_layers=2)
    x = signal(600)
    stream = pipeline.stream(chunk)
    late = stream.process(x)
    inside = 600 - stream.latency - 40
    wanted = pipeline(x)[:, :inside]
    np.testing.assert_allclose(late[:, stream.latency : stream.latency + inside], wanted, atol=1e-6)
    # One frame earlier or later does not fit: the latency is exact.
    for wrong in (-1, 1):
        start = stream.latency + wrong
        assert np.abs(late[:, start : start + inside] - wanted).max() > 1e-2
    inner = ossicle.HybridPipeline.stream(pipeline, chunk).chunk
    assert stream.latency - (inner - 1) == build(skip_connections=skip).stream(4).latency - 3


@pytest.mark.parametrize(("chunk", "overlap"), [(8, 4), (32, 16), (32, 4), (60, 28)])
def test_a_window_leaves_what_has_no_memory(chunk: int, overlap: int) -> None:
    rng = np.random.default_rng(1)
    inner = ossicle.Linear(6, 7).load_state_dict(
        {"weight": rng.standard_normal((7, 6)), "bias": rng.standard_normal(7)}
    )
    pipeline = build(kernel_size=2, bottleneck=inner)
    x = signal(300)
    stream = pipeline.stream(chunk, "hann", overlap)
    assert (stream.chunk, stream.overlap, stream.latency, stream.window) == (
        chunk,
        overlap,
        chunk - 1,
        "hann",
    )
    late = stream.process(x)[:, chunk - 1 :]
    # Up to rounding: a short buffer may take another kernel than a long one.
    np.testing.assert_allclose(late, pipeline(x)[:, : late.shape[1]], atol=1e-6)
    assert pipeline.reconstruction_error(x, chunk, "hann", overlap).peak < 1e-6


def test_the_error_of_a_window_is_bounded_by_its_chunks() -> None:
    pipeline = build()
    chunk, overlap = 64, 16
    hop = chunk - overlap
    x = signal(960)
    stream = pipeline.stream(chunk, "hann", overlap)
    late = stream.process(np.pad(x, ((0, 0), (0, chunk))))[:, stream.latency :]
    padded = np.pad(x, ((0, 0), (hop, 2 * chunk)))
    whole = pipeline(padded)
    bound = np.zeros(padded.shape[1])
    for start in range(0, padded.shape[1] - chunk + 1, hop):
        part = slice(start, start + chunk)
        bound[part] = np.maximum(bound[part], np.abs(pipeline(padded[:, part]) - whole[:, part])[0])
    found = np.abs(late[:, :960] - whole[:, hop : hop + 960])[0]
    assert np.all(found <= bound[hop : hop + 960] + 1e-6)
    assert found.max() > 1e-4  # chunks do matter to a network with memory
    assert np.any(found < 0.5 * bound[hop : hop + 960])


def test_reconstruction_error() -> None:
    pipeline = build()
    x = signal(4000)
    carried = pipeline.reconstruction_error(x)
    short, long = (pipeline.reconstruction_error(x, chunk, "hann") for chunk in (16, 512))
    assert carried.rms < long.rms < short.rms
    assert carried.decibels < long.decibels < -20
    assert long.peak >= long.rms > 0


@pytest.mark.parametrize("arguments", WINDOWS)
def test_an_impulse_is_late_by_latency(arguments: dict[str, Any]) -> None:
    """A network that hands its input on: stride 1, kernel 1, and a bottleneck that does nothing."""
    inner = ossicle.Linear(1, 1).load_state_dict({"weight": [[1.0]], "bias": [0.0]})
    pipeline = ossicle.HybridPipeline(
        channels=(1,), kernel_size=1, stride=1, activation="Identity", projection=False, bottleneck=inner,
        input_length=64,
    )  # fmt: skip
    unit = {"weight": np.ones((1, 1, 1)), "bias": np.zeros(1)}
    pipeline.load_state_dict(
        {f"{side}.0.{name}": value for side in ("encoder", "decoder") for name, value in unit.items()}
    )
    x = np.zeros(400, np.float32)
    x[100] = 1
    stream = pipeline.stream(**arguments)
    y = stream.process(x)
    assert np.flatnonzero(y).tolist() == [100 + stream.latency]
    assert y.max() == 1


def test_arguments() -> None:
    pipeline = build()
    for arguments, match in [
        ({"chunk": 6}, "chunk"),
        ({"chunk": 0}, "chunk"),
        ({"chunk": 32, "overlap": 4}, "overlap"),
        ({"window": "hann", "chunk": 4}, "chunk"),
        ({"window": "hann", "chunk": 32, "overlap": 6}, "overlap"),
        ({"window": "hann", "chunk": 32, "overlap": 20}, "overlap"),
        ({"window": "hamming"}, "hamming"),
    ]:
        with pytest.raises(ossicle.ArgumentError, match=match):
            pipeline.stream(**arguments)
    with pytest.raises(ossicle.UnsupportedError, match="lstm"):
        build(bidirectional=True).stream()
    assert build(bidirectional=True).stream(window="hann").chunk == 64


def test_as_an_object() -> None:
    pipeline = build(sample_rate=16000)
    with pipeline.stream(32, "hann") as stream:
        assert isinstance(stream, ossicle.HybridStream)
        assert stream.rate == (1, 1)
        assert stream.granularity == 1
        assert stream.sample_rate == 16000
        assert not stream.channels_last
        assert stream.memory_bytes > 0
        assert "32" in stream.plan()
        assert repr(stream).startswith("<HybridStream of HybridPipeline: 1 → 1 channels, chunks of 32 frames")
        block = signal(10)[0]
        wanted = stream.process(block.astype(np.float64))
        assert wanted.shape == (10,)
        stream.reset()
        assert stream.process(block, out=block) is block
        np.testing.assert_array_equal(block, wanted)
        with pytest.raises(ossicle.ShapeError):
            stream.process(np.zeros((2, 5), np.float32))
        with pytest.raises(ossicle.DTypeError):
            stream.process(np.zeros(5, np.int16))
        with pytest.raises(TypeError, match="live state"):
            __import__("pickle").dumps(stream)
    with pytest.raises(ossicle.ClosedError):
        stream.process(signal(10))
    with pytest.raises(ossicle.ClosedError):
        stream.reset()
    assert "closed" in repr(stream)


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ossicle", *map(str, arguments)], capture_output=True, text=True, check=False
    )


def test_files_on_the_command_line(tmp_path: Path) -> None:
    model, wav = DATA / "plain.safetensors", tmp_path / "in.wav"
    pipeline = ossicle.HybridPipeline.load(model)
    x = 0.4 * signal(5001)
    soundfile.write(wav, x[0], 16000, "FLOAT")
    assert command("info", model).stdout.count("ConvTranspose1d") == 3
    done = command("process", "--block", 300, model, wav, tmp_path / "out.wav")
    assert done.returncode == 0, done.stderr
    found, rate = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert rate == 16000
    wanted = pipeline(x)[0]
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found[:4800], wanted[:4800], atol=1e-6)

    done = command(
        "process", "--window", "hann", "--chunk", 1024, "--overlap", 256, model, wav, tmp_path / "w.wav"
    )
    assert done.returncode == 0, done.stderr
    found, _ = soundfile.read(tmp_path / "w.wav", dtype="float32")
    stream = pipeline.stream(1024, "hann", 256)
    late = stream.process(np.pad(x, ((0, 0), (0, stream.latency))))
    np.testing.assert_array_equal(found, late[0, stream.latency :])


def test_wrong_use_on_the_command_line(tmp_path: Path) -> None:
    wav = tmp_path / "in.wav"
    soundfile.write(wav, signal(100, 2).T, 16000)
    out = tmp_path / "out.wav"
    for arguments, message in [
        ((DATA / "stride3_stereo.safetensors",), "--window hann"),
        (("--chunk", 64, DATA / "plain.safetensors"), "go with --window"),
        (("--window", "hann", "--chunk", 65, DATA / "plain.safetensors"), "multiple of 64"),
        (("--window", "hann", DATA.parent / "models" / "nam" / "lstm.nam"), "no hybrid pipeline"),
    ]:
        done = command("process", *arguments, wav, out)
        assert done.returncode == 1
        assert message in done.stderr
        assert not out.exists()
    done = command("process", "--window", "hann", DATA / "stride3_stereo.safetensors", wav, out)
    assert done.returncode == 0, done.stderr
    assert soundfile.info(out).channels == 2
