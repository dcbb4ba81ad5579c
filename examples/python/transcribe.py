#!/usr/bin/env python3
"""Turns a recording into notes with Spotify's basic-pitch, from its Core ML model.

    transcribe.py [IN.wav [OUT.png]] [--midi OUT.mid]

Prints the notes; draws them as a piano roll over the model's pitch probabilities when OUT.png is given.

basic-pitch (Bittner et al., "A Lightweight Instrument-Agnostic Model for Polyphonic Note Transcription and
Multipitch Estimation", ICASSP 2022) hears windows of 43 844 samples at 22 050 Hz and gives, every 256
samples, the probability of each of 88 notes sounding and beginning. Windows overlap by 30 frames, 15 of which
are cut off at each end. Notes are read off much as its authors do: from peaks of the beginnings, for as long
as the note goes on sounding.
"""

from __future__ import annotations

import argparse
import struct
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import ossicle
import soundfile
import soxr

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "tests/data/coreml/real/basic_pitch/nmp.mlpackage"
RATE, HOP, WINDOW = 22_050, 256, 43_844
CUT = 15  # frames at each end of a window
LOWEST = 21  # MIDI number of the first of 88 notes
BEGINS, SOUNDS, GAP, SHORTEST = 0.5, 0.3, 11, 11  # probabilities, and frames
#: The model's outputs: how strongly a note sounds, and whether it begins.
SOUNDING, BEGINNING = "Identity_1", "Identity_2"
NAMES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")


class Note(NamedTuple):
    """Times in seconds, a MIDI number, and how sure the model is, 0 … 1."""

    begin: float
    end: float
    pitch: int
    strength: float

    def __str__(self) -> str:
        name = f"{NAMES[self.pitch % 12]}{self.pitch // 12 - 1}"
        return f"{self.begin:5.2f} s  {self.end - self.begin:4.2f} s  {name:<3} {self.strength:4.0%}"


def listen(model: ossicle.BNNSInference, sound: np.ndarray) -> dict[str, np.ndarray]:
    """Probabilities `[frames, 88]` of notes sounding and beginning, over the whole sound."""
    step = WINDOW - 2 * CUT * HOP
    padded = np.concatenate([np.zeros(CUT * HOP, np.float32), sound])
    steps = max(0, -(-(padded.size - WINDOW) // step))
    padded = np.pad(padded, (0, WINDOW + steps * step - padded.size))
    found: dict[str, list[np.ndarray]] = {SOUNDING: [], BEGINNING: []}
    for start in range(0, padded.size - WINDOW + 1, step):
        outputs = model.predict(padded[None, start : start + WINDOW, None])
        for name, parts in found.items():
            parts.append(outputs[name][0, CUT:-CUT])
    frames = sound.size // HOP
    return {name: np.concatenate(parts)[:frames] for name, parts in found.items()}


def seconds(frame: int) -> float:
    """A window's 142 kept frames stand for 36 164 samples, which is a little less than 142 hops."""
    kept = -(-WINDOW // HOP) - 2 * CUT
    return frame * HOP / RATE - frame // kept * (kept * HOP - (WINDOW - 2 * CUT * HOP)) / RATE


def notes(sounding: np.ndarray, beginning: np.ndarray) -> list[Note]:
    """Reads notes off the probabilities, the latest first, so that a repeated note ends the one before."""
    left = sounding.copy()
    around = np.pad(beginning, ((1, 1), (0, 0)))
    peaks = (beginning >= BEGINS) & (beginning > around[:-2]) & (beginning >= around[2:])
    found = []
    for begin, key in np.argwhere(peaks)[::-1].tolist():
        silent = np.append(left[begin:, key] < SOUNDS, np.ones(GAP, bool))
        length = int(np.argmax(np.convolve(silent, np.ones(GAP), "valid") >= GAP))
        if length <= SHORTEST:
            continue
        end = begin + length
        strength = float(sounding[begin:end, key].mean())
        left[begin:end, max(key - 1, 0) : key + 2] = 0
        found.append(Note(seconds(begin), seconds(end), LOWEST + key, strength))
    return sorted(found)


def write_midi(path: Path, found: list[Note]) -> None:
    """A standard MIDI file of one track; 480 ticks are half a second."""

    def length(value: int) -> bytes:
        parts = [value & 0x7F]
        while value := value >> 7:
            parts.append(value & 0x7F | 0x80)
        return bytes(reversed(parts))

    events = [(note.begin, 0x90, note) for note in found] + [(note.end, 0x80, note) for note in found]
    track, last = b"", 0
    for at, kind, note in sorted(events, key=lambda event: (event[0], event[1])):
        tick = round(at * 960)
        track += length(tick - last) + bytes([kind, note.pitch, round(note.strength * 127)])
        last = tick
    track += b"\x00\xff\x2f\x00"
    head = b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480)
    path.write_bytes(head + b"MTrk" + struct.pack(">I", len(track)) + track)


def draw(path: Path, sounding: np.ndarray, found: list[Note]) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(12, 4.5), layout="constrained")
    length = seconds(len(sounding))
    low = min((note.pitch for note in found), default=48) - 5
    high = max((note.pitch for note in found), default=72) + 6
    axis.imshow(
        sounding.T, origin="lower", aspect="auto", cmap="Greys", vmax=1.5,
        extent=(0, length, LOWEST - 0.5, LOWEST + 87.5),
    )  # fmt: skip
    for note in found:
        look = {"color": "#0097e6", "edgecolor": "white", "alpha": 0.4 + 0.6 * note.strength}
        axis.barh(note.pitch, note.end - note.begin, left=note.begin, height=0.8, **look)
    ticks = range(low + -low % 12, high, 12)
    axis.set(xlim=(0, length), ylim=(low, high), xlabel="s", title="basic-pitch in Ossicle")
    axis.set_yticks(list(ticks), [f"C{tick // 12 - 1}" for tick in ticks])
    figure.savefig(path, dpi=110)


def main() -> None:
    """Reads, listens, reports."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recording", nargs="?", type=Path, default=ROOT / "examples/audio/phrase.wav")
    parser.add_argument("picture", nargs="?", type=Path)
    parser.add_argument("--midi", type=Path, metavar="OUT.mid")
    options = parser.parse_args()
    sound, rate = soundfile.read(options.recording, dtype="float32", always_2d=True)
    mono = soxr.resample(sound.mean(axis=1), rate, RATE).astype(np.float32)
    model = ossicle.BNNSInference(MODEL)
    start = time.perf_counter()
    heard = listen(model, mono)
    took = time.perf_counter() - start
    found = notes(heard[SOUNDING], heard[BEGINNING])
    print(f"{options.recording.name}: {mono.size / RATE:.2f} s heard in {took:.2f} s, engine {model.engine}")
    print("\n".join(f"  {note}" for note in found))
    if options.midi:
        write_midi(options.midi, found)
        print(f"  {options.midi}")
    if options.picture:
        draw(options.picture, heard[SOUNDING], found)
        print(f"  {options.picture}")


if __name__ == "__main__":
    main()
