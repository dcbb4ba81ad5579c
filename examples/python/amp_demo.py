#!/usr/bin/env python3
"""Plays a guitar through amp models block by block, as a plug-in would, and reports speed, latency and sound.

    amp_demo.py IN.wav OUT_FOLDER MODEL.nam...

Writes OUT_FOLDER/MODEL.wav for each model, and OUT_FOLDER/amps.png with waveforms and spectrograms before and
after.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import matplotlib as mpl
import numpy as np
import ossicle
import soundfile
import soxr

mpl.use("Agg")
import matplotlib.pyplot as plt

BLOCK = 64


def read(path: Path, rate: float) -> np.ndarray:
    """A WAV file as mono float32 at the model's rate."""
    sound, found = soundfile.read(path, dtype="float32", always_2d=True)
    mono = sound.mean(axis=1, dtype=np.float32)
    return mono if found == rate else soxr.resample(mono, found, rate).astype(np.float32)


def play(model: ossicle.Model, sound: np.ndarray, rate: float) -> np.ndarray:
    """The whole sound in blocks of BLOCK frames; prints what it took."""
    processed = np.empty_like(sound)
    times = []
    with model.stream(max_block=BLOCK) as stream:
        for start in range(0, sound.size, BLOCK):
            block = slice(start, start + BLOCK)
            before = time.perf_counter_ns()
            stream.process(sound[block], out=processed[block])
            times.append(time.perf_counter_ns() - before)
        latency = stream.latency
    half, most = np.percentile(times, [50, 99]) / 1000
    budget = BLOCK / rate * 1e6
    print(
        f"  real-time factor {sum(times) / 1e9 / (sound.size / rate):.4f} (share of one core)\n"
        f"  per block of {BLOCK}: p50 {half:.1f} us, p99 {most:.1f} us, of {budget:.0f} us there are\n"
        f"  latency {latency} samples"
    )
    return processed


def draw(path: Path, sounds: dict[str, np.ndarray], rate: float) -> None:
    """Waveform and spectrogram of every sound, one row each."""
    figure, axes = plt.subplots(
        len(sounds), 2, figsize=(13, 2.8 * len(sounds)), layout="constrained", squeeze=False
    )
    for (name, sound), (wave, spectrum) in zip(sounds.items(), axes, strict=True):
        seconds = np.arange(sound.size) / rate
        wave.plot(seconds, sound, linewidth=0.4, color="#1f4e79")
        wave.set(title=name, xlim=(0, seconds[-1]), ylabel="amplitude", xlabel="s")
        wave.grid(alpha=0.3)
        _, _, _, image = spectrum.specgram(
            sound + 1e-9, NFFT=1024, noverlap=768, Fs=rate, vmin=-140, vmax=-30
        )
        spectrum.set(title=f"{name}: spectrogram", ylim=(0, 12_000), ylabel="Hz", xlabel="s")
        figure.colorbar(image, ax=spectrum, label="dB")
    figure.savefig(path, dpi=110)


def main() -> None:
    """Runs every model over the same phrase."""
    source, folder = Path(sys.argv[1]), Path(sys.argv[2])
    rate = 0.0
    sounds: dict[str, np.ndarray] = {}
    print(f"ossicle {ossicle.__version__}, {ossicle.isa()}")
    for path in map(Path, sys.argv[3:]):
        model = ossicle.load(path)
        wanted = model.sample_rate or 48_000.0
        if wanted != rate:
            rate = wanted
            sound = read(source, rate)
            sounds = {source.name: sound, **sounds}
        print(f"\n{path.name}: {sound.size / rate:.1f} s at {rate:.0f} Hz")
        processed = play(model, sound, rate)
        target = folder / f"{path.stem}.wav"
        soundfile.write(target, processed, round(rate), subtype="FLOAT")
        sounds[path.name] = processed
        peak, rms = np.abs(processed).max(), np.sqrt(np.mean(processed**2))
        print(f"  peak {peak:.3f}, rms {rms:.3f} -> {target.resolve()}")
    picture = folder / "amps.png"
    draw(picture, sounds, rate)
    print(f"\n{picture.resolve()}")


if __name__ == "__main__":
    main()
