"""Streams: audio that arrives in blocks."""

from __future__ import annotations

import threading
from typing import Any, NoReturn, cast

import numpy as np
from numpy import empty

from ._arrays import FLOAT32, Array, as_input, check_output
from ._errors import (
    ArgumentError,
    BlockTooLongError,
    ClosedError,
    OssicleError,
    ShapeError,
    check,
    raise_status,
)
from ._ffi import ffi, lib
from ._native import Shape, create, new_struct, text
from ._runnable import KEPT_FLOATS, NOTHING

#: Block shapes whose frame count and output shape are remembered.
KEPT_SHAPES = 64

_FLOATS = ffi.typeof("float[]")
_from_buffer = ffi.from_buffer


class Stream:
    """A running stream. It owns its state: recurrent state, convolution history, position.

    Any split of a signal into blocks gives the same output. Calls from several threads are taken one after
    another; streams are independent of each other. Use it as a context manager, or `close()` it, to free its
    memory early.
    """

    __slots__ = ("__weakref__", "_blocks", "_handle", "_info", "_lock", "_title")

    # What the C interface calls them; built-in functions, so an instance finds them unbound.
    _process_native = lib.ossicle_stream_process
    _reset_native = lib.ossicle_stream_reset

    def __init__(self, model: Any, max_block: int, prewarm: bool, title: str) -> None:
        if not isinstance(max_block, (int, np.integer)) or not 1 <= max_block <= 2**20:
            raise ArgumentError(f"max_block: expected 1 … {2**20}, got {max_block!r}")
        options = new_struct("ossicle_stream_options")
        options.max_block, options.skip_prewarm = max_block, not prewarm
        info = new_struct("ossicle_stream_info")
        handle = create("stream", lib.ossicle_stream_create, model, options, blame=model)
        check(lib.ossicle_stream_info_get(handle, info), handle)
        self._open(handle, info, title)

    def _open(self, handle: Any, info: Any, title: str) -> None:
        self._handle, self._info = handle, info
        self._blocks: dict[Shape, list[Any]] = {}
        self._lock = threading.Lock()
        self._title = title

    def process(self, block: Any, out: Array | None = None) -> Array:
        """Processes the next block.

        Args:
            block: `[channels, frames]`, or `[frames, channels]` when `channels_last`; a plain vector for one
            channel.
            out: float32 array in C order for the output, which may be `block` itself when both have the same
                shape; a new one by default.

        Returns:
            The output, shaped like the block with the output's channels and frames.

        Raises:
            BlockTooLongError, ShapeError, DTypeError: nothing was processed.
            ClosedError: after `close()`.

        """
        # Whatever is unusual raises something here and is then judged by the general path.
        try:
            if block.dtype is FLOAT32:
                entry = self._blocks[block.shape]
                frames, shape, (last, source), (known, target) = entry
                if block is not last:
                    source = _from_buffer(_FLOATS, block)
                    if block.size <= KEPT_FLOATS:
                        entry[2] = block, source
                if out is None:
                    out = empty(shape, FLOAT32)
                    target = _from_buffer(_FLOATS, out)
                elif out is not known or not out.flags.writeable:
                    if out.dtype is not FLOAT32 or out.shape != shape:
                        return self._process(block, out)
                    target = _from_buffer(_FLOATS, out, True)
                    if out.size <= KEPT_FLOATS:
                        entry[3] = out, target
                with self._lock:
                    status = self._process_native(self._handle, source, target, frames)
                if not status:
                    return out
        except (KeyError, AttributeError, TypeError, ValueError, BufferError) as error:
            if isinstance(error, OssicleError):
                raise
        return self._process(block, out)

    def reset(self) -> None:
        """Back to the state right after opening, bit for bit."""
        with self._lock:
            status = self._reset_native(self._handle)
        if status:
            self._fail(status, ())

    def close(self) -> None:
        """Frees the stream; closing twice is fine."""
        with self._lock:
            self._handle = ffi.NULL  # the owning handle destroys the stream with its last reference

    @property
    def closed(self) -> bool:
        return bool(self._handle == ffi.NULL)

    @property
    def latency(self) -> int:
        """Output lags the whole-signal result by this many output frames, exactly."""
        return int(self._info.latency)

    @property
    def sample_rate(self) -> float | None:
        """The rate in Hz that the model was made for; None when it does not say."""
        return self._info.sample_rate or None

    @property
    def max_block(self) -> int:
        return int(self._info.max_block)

    @property
    def granularity(self) -> int:
        """The number of frames in a block must be a multiple of this."""
        return int(self._info.granularity)

    @property
    def rate(self) -> tuple[int, int]:
        """Output frames per input frame as a fraction; (1, 1) for all but strided models."""
        return int(self._info.rate_numerator), int(self._info.rate_denominator)

    @property
    def input_channels(self) -> int:
        return int(self._info.input_channels)

    @property
    def output_channels(self) -> int:
        return int(self._info.output_channels)

    @property
    def channels_last(self) -> bool:
        """False: blocks are `[channels, frames]`; True: `[frames, channels]`."""
        return bool(self._info.channels_last)

    @property
    def memory_bytes(self) -> int:
        """Bytes of state and workspace."""
        return int(self._info.state_bytes + self._info.workspace_bytes)

    def plan(self) -> str:
        """What each `process` runs: steps, kernels, buffers, bytes and FLOPs."""
        with self._lock:
            return text(lib.ossicle_stream_plan, self._handle)

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "closed" if self.closed else f"max_block {self.max_block}, latency {self.latency}"
        return f"<Stream of {self._title}: {self.input_channels} → {self.output_channels} channels, {state}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a Stream is live state and cannot be pickled; pickle its model and open a new stream"
        )

    def _process(self, block: Any, out: Any) -> Array:
        """The general path: conversion, new shapes, errors."""
        array = as_input(block, "block")
        frames, shape = (self._blocks.get(array.shape) or self._admit(array.shape))[:2]
        if out is None:
            out = empty(shape, FLOAT32)
        else:
            check_output(out, shape)
        if np.may_share_memory(array, out) and not (array is out or _same_memory(array, out)):
            array = array.copy()
        with self._lock:
            source, target = _from_buffer(_FLOATS, array), _from_buffer(_FLOATS, out, True)
            status = self._process_native(self._handle, source, target, frames)
        if status:
            self._fail(status, array.shape)
        return cast(Array, out)

    def _admit(self, shape: Shape) -> list[Any]:
        """Frames of a block of this shape, the shape of its output, and room for the last arrays."""
        channels, (numerator, denominator) = self.input_channels, self.rate
        vector = len(shape) == 1 and channels == 1
        frames = shape[0] if vector else shape[-2 if self.channels_last else -1] if len(shape) == 2 else -1
        if not vector and shape != self._block_shape(frames, channels):
            layout = "(frames, {})" if self.channels_last else "({}, frames)"
            raise ShapeError(f"block: expected shape {layout.format(channels)}, got {shape}")
        if frames > self.max_block:
            raise BlockTooLongError(f"block: expected at most {self.max_block} frames, got shape {shape}")
        if frames % self.granularity:
            wanted = f"a multiple of {self.granularity} frames"
            raise ShapeError(f"block: expected {wanted}, got shape {shape}")
        produced = frames * numerator // denominator
        outputs = self.output_channels
        result = (produced,) if vector and outputs == 1 else self._block_shape(produced, outputs)
        if len(self._blocks) >= KEPT_SHAPES:
            self._blocks.clear()
        entry = self._blocks[shape] = [frames, result, NOTHING, NOTHING]
        return entry

    def _block_shape(self, frames: int, channels: int) -> Shape:
        return (frames, channels) if self.channels_last else (channels, frames)

    def _fail(self, status: int, shape: Shape) -> NoReturn:
        if self.closed:
            raise ClosedError("the stream is closed")
        meaning = ffi.string(lib.ossicle_status_text(status)).decode()
        raise_status(status, f"{meaning}: block of shape {shape}" if shape else meaning)


def _same_memory(a: Array, b: Array) -> bool:
    """Whether two dense arrays of one size lie in exactly the same place: processing in place is allowed."""
    return a.nbytes == b.nbytes and a.__array_interface__["data"][0] == b.__array_interface__["data"][0]
