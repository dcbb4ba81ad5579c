"""What can be asked of anything that runs: sizes, rates, plans, streams and their printed forms."""

from __future__ import annotations

from math import isnan
from typing import Any

from ._errors import check
from ._ffi import lib
from ._native import Shape, new_struct, text
from ._runnable import Runnable
from ._stream import Stream


class Described(Runnable):
    """Information about a runnable object, and the stream on it."""

    __slots__ = ()

    def stream(self, max_block: int = 4096, *, prewarm: bool = True) -> Stream:
        """Opens a stream for audio that arrives in blocks.

        Args:
            max_block: frames that one `process` call may bring at most.
            prewarm: start as the model's format defines it (.nam: after silence); False starts from zeros.

        Raises:
            UnsupportedError: naming the layer that cannot stream.

        """
        return Stream(self._built().handle, max_block, prewarm, self._title())

    @property
    def sample_rate(self) -> float | None:
        """The rate in Hz that the model was made for; None when it does not say."""
        return self._info().sample_rate or None

    @property
    def loudness(self) -> float | None:
        """Loudness in dB as the file states it."""
        loudness = self._info().loudness
        return None if isnan(loudness) else loudness

    @property
    def parameter_count(self) -> int:
        """The number of weights."""
        return int(self._info().parameter_count)

    @property
    def weight_bytes(self) -> int:
        """Bytes that the weights take."""
        return int(self._info().weight_bytes)

    @property
    def memory_bytes(self) -> int:
        """Bytes that weights and the sessions kept for past calls take together."""
        return self.weight_bytes + self._session_bytes()

    @property
    def receptive_field(self) -> int | None:
        """Past samples that one output sample depends on; None when unbounded (recurrent)."""
        field = int(self._info().receptive_field)
        return None if field < 0 else field

    @property
    def streamable(self) -> bool:
        """Whether `stream` will work."""
        return bool(self._info().streamable)

    @property
    def format(self) -> str:
        """What the model came from: "nam", "rtneural", "sequential", "hybrid" …"""
        return text(lib.ossicle_model_text, self._built().handle, lib.OSSICLE_TEXT_FORMAT)

    def layers(self) -> str:
        """The table of layers: one line each with shapes and parameters."""
        return text(lib.ossicle_model_text, self._built().handle, lib.OSSICLE_TEXT_LAYERS)

    def plan(self, *shapes: Shape) -> str:
        """What will run: passes, steps, kernels, buffers, bytes and FLOPs.

        Args:
            shapes: of the inputs of a call; without them, the plan is that of a stream, or of a whole run
                where the model cannot stream.

        Raises:
            ShapeError: with both shapes.

        """
        if not shapes:
            return text(lib.ossicle_model_text, self._built().handle, lib.OSSICLE_TEXT_PLAN)
        plan = self._plan(tuple(map(tuple, shapes)))
        session = plan.take()
        try:
            return text(lib.ossicle_session_plan, session)
        finally:
            plan.pool.append(session)

    def describe(self) -> str:
        """Everything worth knowing, for reading: sizes, rate, the table of layers and the plan."""
        from ._text import describe

        return describe(self)

    def _repr_html_(self) -> str:
        from ._text import html

        return html(self)

    def __repr__(self) -> str:
        from ._text import summary

        return summary(self)

    def _title(self) -> str:
        return type(self).__name__

    def _info(self) -> Any:
        return self._read_info(self._built().handle)

    @staticmethod
    def _read_info(handle: Any) -> Any:
        info = new_struct("ossicle_model_info")
        check(lib.ossicle_model_info_get(handle, info), handle)
        return info
