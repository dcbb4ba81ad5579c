"""Streams of hybrid pipelines: blocks of any size, worked on in chunks."""

from __future__ import annotations

import sys
from typing import Any

from ._errors import ArgumentError, check
from ._ffi import lib
from ._native import create, new_struct
from ._stream import Stream

WINDOWS = {None: lib.OSSICLE_WINDOW_NONE, "hann": lib.OSSICLE_WINDOW_HANN}


class HybridStream(Stream):
    """A `HybridPipeline` over audio in blocks of any size. Made by `HybridPipeline.stream`.

    Without a window the network runs on: convolution history and recurrent state are carried from chunk to
    chunk, and the output is that of the whole buffer, `latency` frames later. Only the last frames of a
    finite signal differ, where the buffer has its padding and a stream goes on.

    With the window "hann" every chunk is a buffer of its own, from zero state, as in training on buffers of
    that length: the recurrent state does not reach beyond a chunk. Neighbours overlap and are cross-faded by
    sin², whose halves sum to one, so a network without memory comes out as in one buffer. Otherwise
    the difference from that is at most the larger of the two chunks' own differences at that frame;
    `HybridPipeline.reconstruction_error` measures it.

    A whole chunk is computed in the call that completes it, so a deadline must allow for that.
    """

    __slots__ = ()
    _process_native = lib.ossicle_hybrid_stream_process
    _reset_native = lib.ossicle_hybrid_stream_reset

    def __init__(
        self, pipeline: Any, chunk: int | None, window: str | None, overlap: int | None, title: str
    ) -> None:
        if window not in WINDOWS:
            raise ArgumentError(f'window: expected None or "hann", got {window!r}')
        for name, value in (("chunk", chunk), ("overlap", overlap)):
            if value is not None and not 1 <= value < 2**63:
                raise ArgumentError(f"{name}: expected a positive number of frames, got {value}")
        options = new_struct("ossicle_hybrid_stream_options")
        options.window, options.chunk, options.overlap = WINDOWS[window], chunk or 0, overlap or 0
        info = new_struct("ossicle_hybrid_stream_info")
        handle = create("hybrid_stream", lib.ossicle_hybrid_stream_create, pipeline, options, blame=pipeline)
        check(lib.ossicle_hybrid_stream_info_get(handle, info), handle)
        self._open(handle, info, title)

    @property
    def window(self) -> str | None:
        """None or "hann"."""
        return next(name for name, number in WINDOWS.items() if number == self._info.window)

    @property
    def chunk(self) -> int:
        """Frames of one run of the network."""
        return int(self._info.chunk)

    @property
    def overlap(self) -> int:
        """Frames that neighbouring chunks share."""
        return int(self._info.overlap)

    @property
    def latency(self) -> int:
        """Output frame t + latency belongs to input frame t, exactly."""
        return int(self._info.latency)

    @property
    def max_block(self) -> int:
        """Any size of block will do."""
        return sys.maxsize

    @property
    def granularity(self) -> int:
        """Any number of frames will do."""
        return 1

    @property
    def rate(self) -> tuple[int, int]:
        """Output is as long as input."""
        return 1, 1

    @property
    def channels_last(self) -> bool:
        """Blocks are `[channels, frames]`."""
        return False

    @property
    def memory_bytes(self) -> int:
        """Bytes of state and workspace."""
        return int(self._info.memory_bytes)

    def plan(self) -> str:
        """What comes when: `HybridPipeline.plan` shows the steps of a run."""
        fade = f", cross-faded over {self.overlap}" if self.overlap else ""
        return f"chunks of {self.chunk} frames{fade}, one every {self.chunk - self.overlap}"

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"{self.plan()}, latency {self.latency}"
        channels = f"{self.input_channels} → {self.output_channels} channels"
        return f"<HybridStream of {self._title}: {channels}, {state}>"
