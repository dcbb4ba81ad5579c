#!/usr/bin/env python3
"""Finds speech in a recording with Silero VAD's own Core ML model, frame by frame as a live microphone would.

    find_speech.py [IN.wav [OUT.png]] [--model MODEL]

Prints the spans of speech and what a frame took; draws the probability over the waveform when OUT.png is
given.

The model looks at 512 new samples (32 ms at 16 kHz) behind the last 64 of the frame before, and carries the
hidden and cell state of its LSTM. The rule from probabilities to spans is Silero's own: speech begins at 0.5,
ends when the probability stays below 0.35 for 100 ms, and shorter spans than 250 ms are dropped.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import ossicle
import soundfile
import soxr

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "tests/data/coreml/real/silero_vad_v6/silero-vad-unified-v6.0.0.mlmodelc"
RATE, FRAME, CONTEXT = 16_000, 512, 64
BEGIN, END, QUIET, SHORTEST = 0.5, 0.35, 0.1, 0.25  # probabilities, and seconds


class SpeechDetector:
    """Frames of 512 samples in, the probability of speech out. No call allocates in the engine."""

    def __init__(self, path: Path) -> None:
        self.model = ossicle.BNNSInference(path)
        self.window = np.zeros((1, CONTEXT + FRAME), np.float32)
        # State is read from one set of buffers and written to the other, which then change places.
        state = [{name: np.zeros((1, 128), np.float32) for name in ("hidden", "cell")} for _ in range(2)]
        self.probability = np.zeros((1, 1, 1), np.float32)
        self.calls = [self._call(state[turn], state[1 - turn]) for turn in range(2)]
        self.turn = 0

    def _call(self, before: dict[str, np.ndarray], after: dict[str, np.ndarray]) -> tuple[dict, dict]:
        inputs = {
            "audio_input": self.window,
            "hidden_state": before["hidden"],
            "cell_state": before["cell"],
        }
        outputs = {
            "vad_output": self.probability,
            "new_hidden_state": after["hidden"],
            "new_cell_state": after["cell"],
        }
        return inputs, outputs

    def push(self, frame: np.ndarray) -> float:
        """The probability that this frame is speech."""
        self.window[0, :CONTEXT] = self.window[0, -CONTEXT:]
        self.window[0, CONTEXT:] = frame
        inputs, outputs = self.calls[self.turn]
        self.model.predict(inputs, out=outputs)
        self.turn ^= 1
        return float(self.probability[0, 0, 0])


def read(path: Path) -> np.ndarray:
    """A recording as mono float32 at 16 kHz, filled up to whole frames."""
    sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = sound.mean(axis=1)
    if rate != RATE:
        mono = soxr.resample(mono, rate, RATE)
    return np.pad(mono, (0, -len(mono) % FRAME)).astype(np.float32)


def spans(probabilities: np.ndarray) -> list[tuple[float, float]]:
    """Begin and end of each span of speech in seconds."""
    found: list[tuple[float, float]] = []
    step = FRAME / RATE
    begin: float | None = None
    quiet_since: float | None = None
    for index, probability in enumerate(probabilities):
        now = index * step
        if probability >= BEGIN:
            begin = now if begin is None else begin
            quiet_since = None
        elif begin is not None and probability < END:
            quiet_since = now if quiet_since is None else quiet_since
            if now - quiet_since >= QUIET:
                found.append((begin, quiet_since))
                begin = quiet_since = None
    if begin is not None:
        found.append((begin, len(probabilities) * step))
    return [(begin, end) for begin, end in found if end - begin >= SHORTEST]


def draw(path: Path, sound: np.ndarray, probabilities: np.ndarray, found: list[tuple[float, float]]) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(12, 3.2), layout="constrained")
    axis.plot(np.arange(sound.size) / RATE, sound, linewidth=0.4, color="#7f8fa6")
    middles = (np.arange(probabilities.size) + 0.5) * FRAME / RATE
    axis.plot(middles, probabilities, color="#c23616", label="speech")
    for begin, end in found:
        axis.axvspan(begin, end, color="#44bd32", alpha=0.15)
    axis.set(xlim=(0, sound.size / RATE), ylim=(-1, 1.05), xlabel="s", title="Silero VAD in Ossicle")
    axis.legend(loc="lower right")
    figure.savefig(path, dpi=110)


def main() -> None:
    """Reads, listens, reports."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recording", nargs="?", type=Path, default=ROOT / "examples/audio/speech.wav")
    parser.add_argument("picture", nargs="?", type=Path)
    parser.add_argument("--model", type=Path, default=MODEL)
    options = parser.parse_args()
    sound = read(options.recording)
    if not sound.size:
        parser.error(f"{options.recording} holds no sound")
    detector = SpeechDetector(options.model)
    times, probabilities = [], []
    for frame in sound.reshape(-1, FRAME):
        start = time.perf_counter_ns()
        probabilities.append(detector.push(frame))
        times.append((time.perf_counter_ns() - start) / 1e3)
    found = spans(np.array(probabilities))
    print(f"{options.recording.name}: {sound.size / RATE:.2f} s, engine {detector.model.engine}")
    for begin, end in found:
        print(f"  speech from {begin:5.2f} s to {end:5.2f} s")
    median, most = np.percentile(times, [50, 99])
    print(f"  a frame of {1000 * FRAME / RATE:.0f} ms takes {median:.0f} µs, 99 % at most {most:.0f} µs")
    if options.picture:
        draw(options.picture, sound, np.array(probabilities), found)
        print(f"  {options.picture}")


if __name__ == "__main__":
    main()
