"""Audio files and rate conversion, through the packages of the [audio] extra."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .._arrays import Array
from .._model import Model, load
from ..coreml._files import is_coreml
from . import Failure

#: Sample formats of WAV files that are kept; others become 24-bit.
_SUBTYPES = ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")


def _extra(module: str) -> Any:
    try:
        return __import__(module)
    except (ImportError, OSError) as error:
        raise Failure(f"{module} is needed for audio files ({error}): pip install 'ossicle[audio]'") from None


def load_audio_model(path: str) -> Model:
    """A model that takes audio. Core ML models take arrays."""
    if is_coreml(path):
        raise Failure(f"{path}: a Core ML model takes arrays, not audio; see ossicle run")
    return load(path)


class Source:
    """An open audio file; blocks are `[frames, channels]`."""

    def __init__(self, path: Path, file: Any) -> None:
        self.path, self._file = path, file
        self.rate, self.channels, self.frames = int(file.samplerate), int(file.channels), int(file.frames)
        self.subtype = file.subtype if file.subtype in _SUBTYPES else "PCM_24"

    def blocks(self, frames: int) -> Iterator[Array]:
        while len(block := self._file.read(frames, dtype="float32", always_2d=True)):
            yield block

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()


def open_source(path: Path) -> Source:
    soundfile = _extra("soundfile")
    if not path.is_file():
        raise Failure(f"{path}: no such file")
    try:
        return Source(path, soundfile.SoundFile(path))
    except (soundfile.SoundFileError, OSError) as error:
        raise Failure(f"{path}: not an audio file that can be read: {error}") from None


class Resampler:
    """Streaming conversion of one signal by soxr at its very high quality."""

    def __init__(self, source_rate: float, target_rate: float, channels: int) -> None:
        soxr = _extra("soxr")
        self._stream = soxr.ResampleStream(source_rate, target_rate, channels, dtype="float32", quality="VHQ")
        self._channels = channels

    def run(self, blocks: Iterator[Array]) -> Iterator[Array]:
        for block in blocks:
            yield self._convert(block, last=False)
        yield self._convert(np.empty((0, self._channels), np.float32), last=True)

    def _convert(self, block: Array, last: bool) -> Array:
        converted = self._stream.resample_chunk(np.ascontiguousarray(block), last=last)
        return np.asarray(converted, np.float32).reshape(-1, self._channels)


def write_whole(target: Path, blocks: Iterator[Array], like: Source, *, float_samples: bool) -> int:
    """Writes a WAV file that appears under its name only when complete. A link is followed.

    Returns:
        How many samples were clipped.

    """
    soundfile = _extra("soundfile")
    target = target.resolve()
    if target.exists() and not target.is_file():
        raise Failure(f"{target}: not a regular file; the result is a WAV file that must be written whole")
    subtype = "FLOAT" if float_samples else like.subtype
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    clipped = 0
    try:
        first = next(blocks, np.zeros((0, like.channels), np.float32))
        with soundfile.SoundFile(part, "w", like.rate, first.shape[1], subtype, format="WAV") as file:
            for block in _chain(first, blocks):
                if subtype.startswith("PCM"):
                    clipped += int(np.count_nonzero(np.abs(block) > 1))
                file.write(block)
        os.replace(part, target)
    except (soundfile.SoundFileError, OSError) as error:
        raise Failure(f"{target}: cannot be written: {error}") from None
    finally:
        with contextlib.suppress(OSError):  # gone already when all went well
            part.unlink()
    return clipped


def _chain(first: Array, rest: Iterator[Array]) -> Iterator[Array]:
    yield first
    yield from rest
