"""Streams: any split, reset, latency, errors."""

from __future__ import annotations

import numpy as np
import ossicle
import pytest

FRAMES = 1000


def conv_stack(rng: np.random.Generator) -> ossicle.Sequential:
    layers = [
        ossicle.Conv1D(2, 5, 3, padding="causal", dilation=4),
        ossicle.Tanh(),
        ossicle.Conv1D(5, 3, 7, padding="causal"),
    ]
    model = ossicle.Sequential(*layers)
    return model.load_state_dict(
        {
            "0.weight": rng.standard_normal((5, 2, 3)),
            "0.bias": rng.standard_normal(5),
            "2.weight": rng.standard_normal((3, 5, 7)),
            "2.bias": rng.standard_normal(3),
        }
    )


@pytest.fixture(params=["convolution", "recurrent"])
def model(request: pytest.FixtureRequest, rng: np.random.Generator, amp: ossicle.Model):
    return conv_stack(rng) if request.param == "convolution" else amp


def signal_for(stream: ossicle.Stream, rng: np.random.Generator) -> np.ndarray:
    shape = (FRAMES, stream.input_channels) if stream.channels_last else (stream.input_channels, FRAMES)
    return (rng.standard_normal(shape) * 0.3).astype(np.float32)


def run(stream: ossicle.Stream, signal: np.ndarray, cuts: list[int]) -> np.ndarray:
    axis = 0 if stream.channels_last else 1
    return np.concatenate([stream.process(part) for part in np.split(signal, cuts, axis)], axis)


SPLITS = {
    "one by one": list(range(1, FRAMES)),
    "64": list(range(64, FRAMES, 64)),
    "odd": [1, 2, 9, 40, 41, 300, 555, 999],
    "with empty blocks": [0, 0, 500, 500, 500, FRAMES],
}


@pytest.mark.parametrize("split", SPLITS)
def test_any_split_gives_the_same_bits(model, rng: np.random.Generator, split: str) -> None:
    with model.stream(FRAMES) as whole, model.stream(FRAMES) as parts:
        signal = signal_for(whole, rng)
        np.testing.assert_array_equal(run(parts, signal, SPLITS[split]), whole.process(signal))


def test_max_block_does_not_matter(model, rng: np.random.Generator) -> None:
    with model.stream(64) as small, model.stream(FRAMES) as large:
        signal = signal_for(large, rng)
        np.testing.assert_array_equal(run(small, signal, SPLITS["64"]), large.process(signal))


def test_stream_is_the_whole_signal_later(model, rng: np.random.Generator) -> None:
    """With its latency taken out a stream gives what a call on the whole signal gives."""
    with model.stream(128) as stream:
        signal = signal_for(stream, rng)
        axis = 0 if stream.channels_last else 1
        found = run(stream, signal, list(range(128, FRAMES, 128)))
        expected = model(signal if isinstance(model, ossicle.Sequential) else signal.ravel())
        found = found if isinstance(model, ossicle.Sequential) else found.ravel()
        axis = 0 if found.ndim == 1 else axis
        lag = stream.latency
        np.testing.assert_allclose(
            np.take(found, range(lag, FRAMES), axis), np.take(expected, range(FRAMES - lag), axis), atol=1e-5
        )


def test_reset_is_a_fresh_stream(model, rng: np.random.Generator) -> None:
    with model.stream(FRAMES) as stream:
        signal = signal_for(stream, rng)
        first = stream.process(signal)
        assert not np.array_equal(stream.process(signal), first)
        stream.reset()
        np.testing.assert_array_equal(stream.process(signal), first)


@pytest.mark.parametrize("delay", [0, 3, 17])
def test_latency_by_an_impulse(delay: int) -> None:
    """A kernel that is a pure delay: the impulse must come out exactly `delay + latency` later."""
    layer = ossicle.Conv1D(1, 1, 18, padding="causal")
    kernel = np.zeros((1, 1, 18))
    kernel[0, 0, 17 - delay] = 1
    layer.load_state_dict({"weight": kernel, "bias": np.zeros(1)})
    impulse = np.zeros(100, np.float32)
    impulse[10] = 1
    with layer.stream(16) as stream:
        found = np.concatenate([stream.process(part) for part in np.split(impulse, range(16, 100, 16))])
        assert list(np.flatnonzero(found)) == [10 + delay + stream.latency]


def test_latency_of_a_centred_convolution() -> None:
    """Symmetric padding looks ahead: a stream can only give that later, or refuse."""
    layer = ossicle.Conv1D(1, 1, 9, padding=4)
    kernel = np.zeros((1, 1, 9))
    kernel[0, 0, 4] = 1
    layer.load_state_dict({"weight": kernel, "bias": np.zeros(1)})
    if not layer.streamable:
        with pytest.raises(ossicle.UnsupportedError):
            layer.stream(64)
        return
    impulse = np.zeros(64, np.float32)
    impulse[10] = 1
    with layer.stream(64) as stream:
        assert stream.latency == 4
        assert list(np.flatnonzero(stream.process(impulse))) == [14]


def test_out(model, rng: np.random.Generator) -> None:
    with model.stream(FRAMES) as stream, model.stream(FRAMES) as other:
        signal = signal_for(stream, rng)
        out = np.empty_like(stream.process(signal))
        for _ in range(3):
            stream.reset()
            other.reset()
            assert stream.process(signal, out=out) is out
            np.testing.assert_array_equal(out, other.process(signal))


def test_in_place(amp: ossicle.Model, rng: np.random.Generator) -> None:
    signal = rng.standard_normal(FRAMES).astype(np.float32)
    with amp.stream(FRAMES) as stream:
        expected = stream.process(signal)
        for same in (signal, signal.copy()):
            stream.reset()
            stream.process(same, out=same)
            np.testing.assert_array_equal(same, expected)


def test_overlapping_buffers(amp: ossicle.Model, rng: np.random.Generator) -> None:
    memory = rng.standard_normal(FRAMES + 3).astype(np.float32)
    with amp.stream(FRAMES) as stream:
        expected = stream.process(memory[:FRAMES])
        stream.reset()
        np.testing.assert_array_equal(stream.process(memory[:FRAMES], out=memory[3:]), expected)


@pytest.mark.parametrize(
    "make",
    [
        ossicle.Tanh,
        lambda: ossicle.Linear(3, 3),
        lambda: ossicle.LSTM(3, 3),
        lambda: ossicle.Conv1D(3, 3, 5, padding="causal"),
        lambda: ossicle.Sequential(ossicle.Conv1D(3, 3, 3, padding="causal"), ossicle.ReLU()),
    ],
)
@pytest.mark.parametrize("offset", [0, 1, 7, 31, -5])
def test_overlap_after_the_first_call(make, offset: int, rng: np.random.Generator) -> None:
    """In place, or shifted: the short way of later calls, too."""
    model = make()
    if not isinstance(model, ossicle.Tanh):
        builder = ossicle.Sequential(model) if not isinstance(model, ossicle.Sequential) else model
        shapes = {
            "Linear": {"0.weight": (3, 3), "0.bias": 3},
            "LSTM": {
                "0.weight_ih_l0": (12, 3),
                "0.weight_hh_l0": (12, 3),
                "0.bias_ih_l0": 12,
                "0.bias_hh_l0": 12,
            },
            "Conv1D": {"0.weight": (3, 3, 5), "0.bias": 3},
            "Sequential": {"0.weight": (3, 3, 3), "0.bias": 3},
        }[type(model).__name__]
        model = builder.load_state_dict({n: rng.standard_normal(s) * 0.5 for n, s in shapes.items()})
    with model.stream(32) as stream:
        channels = stream.input_channels
        shape = (32, channels) if stream.channels_last else (channels, 32)
        count = 32 * channels
        first = rng.standard_normal(shape).astype(np.float32)
        memory = rng.standard_normal(3 * count).astype(np.float32)
        block = memory[count : 2 * count].reshape(shape)
        stream.process(first)
        expected = stream.process(block.copy())
        stream.reset()
        stream.process(first)
        at = count + offset
        found = stream.process(block, out=memory[at : at + count].reshape(shape))
        np.testing.assert_array_equal(found, expected)


def test_mono_takes_vectors(amp: ossicle.Model, rng: np.random.Generator) -> None:
    signal = rng.standard_normal(FRAMES)
    with amp.stream(FRAMES) as stream:
        vector = stream.process(signal)
        stream.reset()
        shaped = stream.process(signal[:, None] if stream.channels_last else signal[None])
        assert vector.shape == (FRAMES,)
        np.testing.assert_array_equal(shaped.ravel(), vector)


def test_wrong_blocks_name_both_shapes(rng: np.random.Generator) -> None:
    with conv_stack(rng).stream(64) as stream:
        with pytest.raises(ossicle.ShapeError, match=r"\(2, frames\).*\(3, 10\)"):
            stream.process(np.zeros((3, 10), np.float32))
        with pytest.raises(ossicle.ShapeError, match=r"\(2, frames\).*\(10,\)"):
            stream.process(np.zeros(10, np.float32))
        with pytest.raises(ossicle.BlockTooLongError, match=r"64.*\(2, 65\)"):
            stream.process(np.zeros((2, 65), np.float32))
        with pytest.raises(ossicle.ShapeError, match=r"out.*\(3, 10\).*\(2, 10\)"):
            stream.process(np.zeros((2, 10), np.float32), out=np.zeros((2, 10), np.float32))
        with pytest.raises(TypeError, match="int16"):
            stream.process(np.zeros((2, 10), np.int16))


def test_a_refused_block_changes_nothing(amp: ossicle.Model, rng: np.random.Generator) -> None:
    signal = rng.standard_normal(64).astype(np.float32)
    with amp.stream(64) as stream, amp.stream(64) as other:
        stream.process(signal)
        other.process(signal)
        with pytest.raises(ossicle.BlockTooLongError):
            stream.process(np.ones(65, np.float32))
        np.testing.assert_array_equal(stream.process(signal), other.process(signal))


def test_closed(amp: ossicle.Model) -> None:
    with amp.stream(64) as stream:
        stream.process(np.zeros(8, np.float32))
    assert stream.closed
    for use in (lambda: stream.process(np.zeros(8, np.float32)), stream.reset):
        with pytest.raises(ossicle.ClosedError, match="closed"):
            use()
    stream.close()
    assert "closed" in repr(stream)


def test_facts(amp: ossicle.Model) -> None:
    with amp.stream(100) as stream:
        assert stream.max_block == 100
        assert stream.latency == 0
        assert stream.rate == (1, 1)
        assert stream.granularity == 1
        assert (stream.input_channels, stream.output_channels) == (1, 1)
        assert stream.memory_bytes > 0
        assert stream.sample_rate == amp.sample_rate
        assert stream.plan()
        assert "max_block 100" in repr(stream)


@pytest.mark.parametrize("max_block", [0, -1, 2**20 + 1])
def test_bad_max_block(amp: ossicle.Model, max_block: int) -> None:
    with pytest.raises(ossicle.ArgumentError, match=str(max_block)):
        amp.stream(max_block)


def test_stream_outlives_its_model(rng: np.random.Generator) -> None:
    model = conv_stack(rng)
    stream = model.stream(16)
    del model
    assert np.isfinite(stream.process(np.ones((2, 16), np.float32))).all()
