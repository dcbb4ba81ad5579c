"""A whole file through a stream, block by block: latency taken out, rates converted, channels spread."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from .._arrays import Array
from .._stream import Stream
from . import Failure
from .audio import Resampler, Source
from .progress import Progress


def render(
    open_stream: Callable[[int], Stream], audio: Source, block: int, progress: Progress
) -> Iterator[Array]:
    """Yields `[frames, channels]` blocks, exactly `audio.frames` in all."""
    voices = Voices(open_stream, audio.channels, block)
    rate = voices.streams[0].sample_rate or audio.rate
    if rate == audio.rate:
        produced = voices.run(_reblock(_read(audio, block, progress), voices.step))
        yield from _exactly(produced, audio.frames)
        return
    there, back = Resampler(audio.rate, rate, audio.channels), Resampler(rate, audio.rate, voices.channels)
    converted = there.run(_read(audio, block, progress))
    yield from _exactly(back.run(voices.run(_reblock(converted, voices.step))), audio.frames)


class Voices:
    """The streams for one file: one where the model has as many channels, else one for each channel."""

    def __init__(self, open_stream: Callable[[int], Stream], channels: int, block: int) -> None:
        first = open_stream(block)
        grain = first.granularity
        #: Frames of every step.
        self.step = max(block // grain, 1) * grain
        if self.step > block:
            first = open_stream(self.step)
        if first.rate != (1, 1):
            raise Failure(
                f"the model makes {first.rate[0]} frames of {first.rate[1]}; only equal rates are supported"
            )
        self.joint = first.input_channels == channels
        if not self.joint and not first.input_channels == first.output_channels == 1:
            raise Failure(f"the model takes {first.input_channels} channels, the file has {channels}")
        self.streams = [first]
        while not self.joint and len(self.streams) < channels:
            self.streams.append(open_stream(self.step))
        self.channels = first.output_channels if self.joint else channels
        self.latency = first.latency

    def run(self, blocks: Iterator[Array]) -> Iterator[Array]:
        """Processes blocks, then `latency` frames of silence; the first `latency` frames are dropped."""
        skip = self.latency
        for block in _then_silence(blocks, skip, self.step):
            result = self._process(block)
            yield result[skip:]
            skip = max(skip - len(result), 0)

    def _process(self, block: Array) -> Array:
        frames = len(block)
        grain = self.streams[0].granularity
        if frames % grain:  # only the last block: whatever follows it is cut off
            block = np.pad(block, ((0, grain - frames % grain), (0, 0)))
        if self.joint:
            return _joint(self.streams[0], block)[:frames]
        columns = [_joint(stream, block[:, at : at + 1]) for at, stream in enumerate(self.streams)]
        return np.concatenate(columns, axis=1)[:frames]


def _joint(stream: Stream, block: Array) -> Array:
    """One stream over a `[frames, channels]` block."""
    return stream.process(block) if stream.channels_last else stream.process(block.T).T


def _read(audio: Source, block: int, progress: Progress) -> Iterator[Array]:
    for samples in audio.blocks(block):
        yield samples
        progress.advance(len(samples))


def _then_silence(blocks: Iterator[Array], frames: int, step: int) -> Iterator[Array]:
    channels = 1
    for block in blocks:
        channels = block.shape[1]
        yield block
    for at in range(0, frames, step):
        yield np.zeros((min(step, frames - at), channels), np.float32)


def _reblock(blocks: Iterator[Array], step: int) -> Iterator[Array]:
    """The same signal in blocks of `step`; the last one may be shorter."""
    kept: list[Array] = []
    have = 0
    for block in blocks:
        kept.append(block)
        have += len(block)
        if have >= step:
            whole = np.concatenate(kept)
            cut = have - have % step
            for at in range(0, cut, step):
                yield whole[at : at + step]
            kept, have = [whole[cut:]], have - cut
    if have:
        yield np.concatenate(kept)


def _exactly(blocks: Iterator[Array], frames: int) -> Iterator[Array]:
    """Cuts, or fills with silence, to exactly `frames`; a rate converter may be off by one at the end."""
    channels = 1
    for block in blocks:
        channels = block.shape[1]
        part = block[:frames]
        frames -= len(part)
        if len(part):
            yield part
    if frames:
        yield np.zeros((frames, channels), np.float32)
