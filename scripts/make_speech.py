#!/usr/bin/env python3
"""Writes the recording in which the example finds speech: two sentences of espeak-ng between noisy pauses.

16 kHz, 16-bit, mono; noise of -50 dB lies under everything and a door knocks in the second pause. Another
release of espeak-ng speaks a little differently, so the file is kept; it was made with espeak-ng 1.51.

    scripts/make_speech.py [examples/audio/speech.wav]
"""

from __future__ import annotations

import io
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import soxr

RATE = 16_000
SENTENCES = ("The quick brown fox jumps over the lazy dog.", "Nothing runs on this machine but NumPy.")
#: Seconds of quiet before, between and after the sentences.
PAUSES = (0.8, 1.2, 0.8)


def say(sentence: str) -> np.ndarray:
    """One sentence as float64 at RATE."""
    command = ["espeak-ng", "-v", "en-gb", "-s", "155", "-p", "40", "--stdout", sentence]
    spoken = subprocess.run(command, check=True, capture_output=True).stdout
    with wave.open(io.BytesIO(spoken)) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(2**30), np.int16) / 32768
    return np.asarray(soxr.resample(samples, rate, RATE, quality="VHQ"))


def knock(generator: np.random.Generator) -> np.ndarray:
    """A thump that is no speech: 120 ms of decaying low noise."""
    time = np.arange(round(0.12 * RATE)) / RATE
    return np.convolve(generator.standard_normal(time.size), np.ones(24) / 24, "same") * np.exp(-time / 0.02)


def recording() -> np.ndarray:
    """The whole recording as float64 in -1 … 1."""
    generator = np.random.Generator(np.random.PCG64(16))
    parts = [np.zeros(round(PAUSES[0] * RATE))]
    for sentence, pause in zip(SENTENCES, PAUSES[1:], strict=True):
        spoken = say(sentence)
        parts += [0.5 * spoken / np.abs(spoken).max(), np.zeros(round(pause * RATE))]
    thump = knock(generator)
    middle = parts[2]
    middle[middle.size // 2 : middle.size // 2 + thump.size] += thump
    sound = np.concatenate(parts)
    return np.asarray(np.clip(sound + generator.standard_normal(sound.size) * 10 ** (-50 / 20), -1, 1))


def main() -> None:
    """Writes 16-bit mono PCM."""
    default = Path(__file__).resolve().parents[1] / "examples" / "audio" / "speech.wav"
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    samples = np.round(recording() * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    print(f"{path}: {samples.size / RATE:.2f} s")


if __name__ == "__main__":
    main()
