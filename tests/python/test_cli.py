"""The command line, as a separate process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import guitarml
import numpy as np
import ossicle
import pytest
import rtneural
import soundfile
from commands import ossicle_command

FRAMES = 4800


@pytest.fixture
def sound(rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(-0.5, 0.5, FRAMES).astype(np.float32)


@pytest.fixture(scope="session")
def amp48(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An amplifier model that states its rate."""
    path = tmp_path_factory.mktemp("models") / "amp48.json"
    path.write_text(json.dumps(rtneural.from_guitarml(guitarml.make("LSTM", hidden=12, seed=1), 48000)))
    assert ossicle.load(path).sample_rate == 48000
    return path


def write(path: Path, sound: np.ndarray, rate: int = 48000, subtype: str = "FLOAT") -> Path:
    soundfile.write(path, sound, rate, subtype)
    return path


def parts_left(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.endswith(".part")]


# --- info


def test_info(amp48: Path) -> None:
    done = ossicle_command("info", amp48)
    assert done.returncode == 0, done.stderr
    for part in (
        "rtneural",
        "48000 Hz",
        "parameters",
        "latency",
        "0 samples",
        "memory",
        "real time",
    ):
        assert part in done.stdout
    assert "plan" not in done.stdout
    assert "plan" in ossicle_command("info", "--plan", amp48).stdout


def test_info_json(amp48: Path) -> None:
    found = json.loads(ossicle_command("info", "--json", amp48).stdout)
    model = ossicle.load(amp48)
    assert found["parameters"] == model.parameter_count
    assert found["sample_rate"] == 48000
    assert found["streaming"]["latency"] == 0
    assert 0 < found["streaming"]["real_time_factor"] < 10
    assert None in found["inputs"][0]["shape"]


def test_info_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "x.nam").write_text("nothing")
    done = ossicle_command("info", tmp_path / "x.nam")
    assert done.returncode == 1
    assert "x.nam" in done.stderr
    assert "Traceback" not in done.stderr


# --- process


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "PCM_U8"])
def test_process_keeps_the_sample_format(
    tmp_path: Path, amp48: Path, sound: np.ndarray, subtype: str
) -> None:
    source = write(tmp_path / "in.wav", sound, subtype=subtype)
    done = ossicle_command("process", amp48, source, tmp_path / "out.wav")
    assert done.returncode == 0, done.stderr
    expected = ossicle.load(amp48)(soundfile.read(source, dtype="float32")[0])
    found, rate = soundfile.read(tmp_path / "out.wav", dtype="float32")
    info = soundfile.info(tmp_path / "out.wav")
    assert (rate, info.subtype, info.format, len(found)) == (48000, subtype, "WAV", FRAMES)
    steps = {"PCM_16": 2**-15, "PCM_U8": 2**-6}.get(subtype, 1e-5)
    np.testing.assert_allclose(found, np.clip(expected, -1, 1), atol=steps)


@pytest.mark.parametrize("block", [1, 100, 4800, 100_000])
def test_block_size_does_not_matter(tmp_path: Path, amp48: Path, sound: np.ndarray, block: int) -> None:
    source = write(tmp_path / "in.wav", sound)
    assert ossicle_command("process", "--block", block, amp48, source, tmp_path / "a.wav").returncode == 0
    assert ossicle_command("process", amp48, source, tmp_path / "b.wav").returncode == 0
    found, expected = (soundfile.read(tmp_path / name, dtype="float32")[0] for name in ("a.wav", "b.wav"))
    np.testing.assert_array_equal(found, expected)


def test_stereo(tmp_path: Path, amp48: Path, sound: np.ndarray) -> None:
    both = np.stack([sound, sound[::-1]], axis=1)
    source = write(tmp_path / "in.wav", both)
    assert ossicle_command("process", amp48, source, tmp_path / "out.wav").returncode == 0
    found, _ = soundfile.read(tmp_path / "out.wav", dtype="float32")
    model = ossicle.load(amp48)
    np.testing.assert_allclose(found, np.stack([model(sound), model(both[:, 1])], axis=1), atol=1e-6)


def test_many_files(tmp_path: Path, amp48: Path, sound: np.ndarray) -> None:
    sources = [write(tmp_path / f"{name}.wav", sound * gain) for name, gain in (("a", 1), ("b", 0.5))]
    done = ossicle_command("process", amp48, *sources, f"{tmp_path}/results/")
    assert done.returncode == 0, done.stderr
    model = ossicle.load(amp48)
    for source, gain in zip(sources, (1, 0.5), strict=True):
        found, _ = soundfile.read(tmp_path / "results" / source.name, dtype="float32")
        np.testing.assert_allclose(found, model(sound * np.float32(gain)), atol=1e-6)


def test_many_files_need_a_folder(tmp_path: Path, amp48: Path, sound: np.ndarray) -> None:
    source = write(tmp_path / "in.wav", sound)
    done = ossicle_command("process", amp48, source, source, tmp_path / "out.wav")
    assert done.returncode == 1
    assert "folder" in done.stderr
    (tmp_path / "other").mkdir()
    same = write(tmp_path / "other" / "in.wav", sound)
    done = ossicle_command("process", amp48, source, same, tmp_path / "other")
    assert done.returncode == 1
    assert "same file name" in done.stderr


def test_in_place(tmp_path: Path, amp48: Path, sound: np.ndarray) -> None:
    source = write(tmp_path / "in.wav", sound)
    assert ossicle_command("process", amp48, source, source).returncode == 0
    np.testing.assert_allclose(
        soundfile.read(source, dtype="float32")[0], ossicle.load(amp48)(sound), atol=1e-6
    )


def test_other_rate_is_an_error(tmp_path: Path, amp48: Path, sound: np.ndarray) -> None:
    source = write(tmp_path / "in.wav", sound, rate=44100)
    done = ossicle_command("process", amp48, source, tmp_path / "out.wav")
    assert done.returncode == 1
    for part in ("44100", "48000", "--resample"):
        assert part in done.stderr
    assert not (tmp_path / "out.wav").exists()


@pytest.mark.parametrize("rate", [44100, 96000, 8000])
def test_resample(tmp_path: Path, rate: int) -> None:
    """Through a model that changes nothing, a tone must come back as it was."""
    (tmp_path / "through.json").write_text(json.dumps(rtneural.through(48000)))
    frames = rate // 2 + 7
    tone = 0.5 * np.sin(2 * np.pi * 500 * np.arange(frames) / rate) * np.hanning(frames)
    source = write(tmp_path / "in.wav", tone, rate)
    done = ossicle_command("process", "--resample", tmp_path / "through.json", source, tmp_path / "out.wav")
    assert done.returncode == 0, done.stderr
    found, found_rate = soundfile.read(tmp_path / "out.wav")
    assert (found_rate, len(found)) == (rate, frames)
    np.testing.assert_allclose(found, tone, atol=1e-4)


def test_clipping_is_reported(tmp_path: Path) -> None:
    (tmp_path / "hot.json").write_text(json.dumps(rtneural.through(48000, offset=5.0)))
    source = write(tmp_path / "in.wav", np.zeros(1000), subtype="PCM_16")
    done = ossicle_command("process", tmp_path / "hot.json", source, tmp_path / "out.wav")
    assert done.returncode == 0
    assert "1000 samples" in done.stderr
    assert "clipped" in done.stderr
    done = ossicle_command("process", "--float", tmp_path / "hot.json", source, tmp_path / "out.wav")
    assert "clipped" not in done.stderr
    assert soundfile.read(tmp_path / "out.wav")[0].min() > 3


def test_empty_file(tmp_path: Path, amp48: Path) -> None:
    source = write(tmp_path / "in.wav", np.zeros(0))
    done = ossicle_command("process", amp48, source, tmp_path / "out.wav")
    assert done.returncode == 0, done.stderr
    assert soundfile.info(tmp_path / "out.wav").frames == 0


def test_bad_files(tmp_path: Path, amp48: Path, sound: np.ndarray) -> None:
    (tmp_path / "text.wav").write_text("not audio")
    source = write(tmp_path / "in.wav", sound)
    for arguments, words in (
        ((amp48, tmp_path / "none.wav", tmp_path / "out.wav"), "none.wav"),
        ((amp48, tmp_path / "text.wav", tmp_path / "out.wav"), "text.wav"),
        ((tmp_path / "none.nam", source, tmp_path / "out.wav"), "none.nam"),
        ((amp48, source, tmp_path / "no" / "folder" / "out.wav"), "out.wav"),
    ):
        done = ossicle_command("process", *arguments)
        assert done.returncode == 1
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.wav").exists()
    assert not parts_left(tmp_path)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupting_leaves_nothing_half_written(
    tmp_path: Path, amp48: Path, number: signal.Signals, code: int
) -> None:
    source = write(tmp_path / "in.wav", np.zeros(48000 * 600, np.float32))
    (tmp_path / "out.wav").write_text("what was here before")
    command = [
        sys.executable,
        "-m",
        "ossicle",
        "process",
        "--block",
        "16",
        amp48,
        source,
        tmp_path / "out.wav",
    ]
    # A shell may have told background jobs, and so this one, to ignore Ctrl-C.
    listening = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.default_int_handler)}
    with subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True, **listening) as running:
        end = time.monotonic() + 60
        while not parts_left(tmp_path) and time.monotonic() < end and running.poll() is None:
            time.sleep(0.01)
        assert parts_left(tmp_path), "it never began to write"  # else the test would prove nothing
        os.kill(running.pid, number)
        _, errors = running.communicate(timeout=60)
    assert running.returncode == code
    assert "Traceback" not in errors
    assert (tmp_path / "out.wav").read_text() == "what was here before"
    assert not parts_left(tmp_path)


def test_progress_on_a_terminal(tmp_path: Path, amp48: Path) -> None:
    pty = pytest.importorskip("pty")
    source = write(tmp_path / "in.wav", np.zeros(48000 * 90, np.float32))
    ours, theirs = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "ossicle",
        "process",
        "--block",
        "32",
        amp48,
        source,
        tmp_path / "out.wav",
    ]
    with subprocess.Popen(list(map(str, command)), stderr=theirs) as running:
        os.close(theirs)
        shown = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            shown += part
        assert running.wait(60) == 0
    os.close(ours)
    text = shown.decode()
    assert "in.wav" in text
    assert "%" in text
    assert "s left" in text


# --- bench


def test_bench(amp48: Path, tmp_path: Path) -> None:
    plot = tmp_path / "latency.png"
    done = ossicle_command("bench", amp48, "--blocks", "16,128", "--seconds", "0.2", "--plot", plot)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    heads = lines[1].split()
    assert heads == ["block", "deadline", "p50", "p99", "p99.9", "max", "misses", "load"]
    for line, block in zip(lines[2:4], (16, 128), strict=True):
        row = dict(zip(heads, line.split(), strict=True))
        assert int(row["block"]) == block
        assert float(row["deadline"]) == pytest.approx(block / 48000 * 1e6, abs=0.1)
        assert 0 < float(row["p50"]) <= float(row["p99"]) <= float(row["p99.9"]) <= float(row["max"])
        missed, total = map(int, row["misses"].split("/"))
        assert 0 <= missed <= total
        assert total > 100
    assert plot.read_bytes().startswith(b"\x89PNG")


def test_bench_counts_misses(amp48: Path) -> None:
    """At an impossible rate every block misses its deadline."""
    done = ossicle_command("bench", amp48, "--blocks", "64", "--seconds", "0.1", "--rate", "1e12")
    missed, total = done.stdout.splitlines()[2].split()[6].split("/")
    assert missed == total


# --- usage


@pytest.mark.parametrize("command", [[], ["info"], ["process"], ["bench"]])
def test_help_has_examples(command: list[str]) -> None:
    done = ossicle_command(*command, "--help")
    assert done.returncode == 0
    assert "examples:" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["dance"],
        ["info"],
        ["process", "x.nam"],
        ["process", "--block", "0", "m", "a", "b"],
        ["bench", "m", "--blocks", "x"],
    ],
)
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    done = ossicle_command(*arguments)
    assert done.returncode == 2
    assert "usage:" in done.stderr


def test_version() -> None:
    assert ossicle.__version__ in ossicle_command("--version").stdout


def test_links_are_followed_and_devices_refused(tmp_path: Path, amp48: Path, sound: np.ndarray) -> None:
    source = write(tmp_path / "in.wav", sound)
    target, link, pipe = tmp_path / "target.wav", tmp_path / "link.wav", tmp_path / "pipe.wav"
    target.write_bytes(b"old")
    link.symlink_to(target)
    assert ossicle_command("process", amp48, source, link).returncode == 0
    assert link.is_symlink()
    assert soundfile.info(target).frames == FRAMES
    os.mkfifo(pipe)
    done = ossicle_command("process", amp48, source, pipe)
    assert done.returncode == 1
    assert "not a regular file" in done.stderr
    assert pipe.is_fifo()


def test_resampling_for_a_model_without_a_rate(tmp_path: Path, amp_path: Path, sound: np.ndarray) -> None:
    source = write(tmp_path / "in.wav", sound, rate=44100)
    done = ossicle_command("process", "--resample", amp_path, source, tmp_path / "out.wav")
    assert done.returncode == 0
    assert "states no rate" in done.stderr
    assert "44100" in done.stderr


@pytest.mark.parametrize("arguments", [("--seconds", "nan"), ("--seconds", "-1"), ("--rate", "0")])
def test_bench_wants_positive_numbers(amp48: Path, arguments: tuple[str, str]) -> None:
    done = ossicle_command("bench", amp48, *arguments)
    assert done.returncode == 2
    assert "positive number" in done.stderr


def test_a_name_with_a_nul() -> None:
    with pytest.raises(ossicle.FileError):
        ossicle.load("no\0name.nam")
