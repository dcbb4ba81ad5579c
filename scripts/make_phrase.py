#!/usr/bin/env python3
"""Writes the guitar phrase that the examples and the demo play: plucked strings after Karplus and Strong.

A burst of noise runs round a delay line as long as one period; each round it is averaged with its neighbour,
so the high partials die first, as on a string. Source: K. Karplus, A. Strong, "Digital Synthesis of
Plucked-String and Drum Timbres", Computer Music Journal 7(2), 1983. The result is the same on every machine.

    scripts/make_phrase.py [examples/audio/phrase.wav]
"""

from __future__ import annotations

import sys
import wave
from pathlib import Path

import numpy as np

RATE = 48_000
SECONDS = 4.0
#: Start in seconds, MIDI notes, seconds until the string is damped: a riff in E minor and a last chord.
PHRASE = [
    (0.00, [40], 0.45), (0.25, [40], 0.25), (0.50, [43], 0.45), (0.75, [45], 0.45), (1.00, [40, 47], 0.50),
    (1.50, [46], 0.25), (1.75, [45], 0.25), (2.00, [43], 0.45), (2.25, [40], 0.35),
    (2.50, [40, 47, 52, 55], 1.45),
]  # fmt: skip


def pluck(note: int, seconds: float, generator: np.random.Generator) -> np.ndarray:
    """One string: `note` in MIDI numbers, damped after `seconds`."""
    period = RATE / (440.0 * 2.0 ** ((note - 69) / 12))
    length = round(period - 0.5)  # the average itself delays by half a sample
    line = generator.uniform(-1.0, 1.0, length)
    line = np.convolve(np.concatenate([line[-3:], line]), np.full(4, 0.25), "valid")  # a soft pick
    line -= line.mean()
    count = round(RATE * seconds)
    rounds = np.empty((count // length + 2, length))
    for row in rounds:
        row[:] = line
        line = 0.996 * 0.5 * (line + np.roll(line, 1))
    sound = rounds.reshape(-1)[:count]
    fade = min(count, round(0.02 * RATE))
    sound[-fade:] *= np.linspace(1.0, 0.0, fade)
    return sound


def phrase() -> np.ndarray:
    """The whole phrase as float64 in -1 … 1."""
    generator = np.random.Generator(np.random.PCG64(1983))
    sound = np.zeros(round(RATE * SECONDS))
    for start, notes, seconds in PHRASE:
        for strum, note in enumerate(notes):
            begin = round((start + 0.012 * strum) * RATE)
            string = pluck(note, seconds, generator)[: sound.size - begin]
            sound[begin : begin + string.size] += string
    return np.asarray(0.7 * sound / np.abs(sound).max())


def main() -> None:
    """Writes 16-bit mono PCM."""
    default = Path(__file__).resolve().parent.parent / "examples" / "audio" / "phrase.wav"
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.round(phrase() * 32767).astype("<i2").tobytes())
    print(path)


if __name__ == "__main__":
    main()
