"""Memory pressure."""

from __future__ import annotations

import enum
from collections.abc import Callable
from functools import partial
from typing import Any

from .._errors import ClosedError, check
from .._ffi import ffi, lib
from ._inference import BNNSInference


class MemoryPressure(enum.IntEnum):
    """How short the machine is of memory."""

    NORMAL = 0
    WARNING = 1
    CRITICAL = 2


class MemoryPressureObserver:
    """Watches the system's memory and, at critical, releases the workspaces of the models in its care.

    A released model raises NotReadyError until its `prepare_workspace` is called: nothing rebuilds it behind
    the caller's back.

    Args:
        on_change: called with the new level, on the observer's own thread, or inside `set_level`. It must not
            close the observer.

    """

    __slots__ = ("_handle",)

    def __init__(self, on_change: Callable[[MemoryPressure], object] | None = None) -> None:
        context = ffi.new_handle(on_change)
        callback = ffi.NULL if on_change is None else lib.ossicle_python_memory
        slot = ffi.new("ossicle_memory_observer **")
        check(lib.ossicle_memory_observer_create(callback, context, slot))
        # The observer's thread has ended before the callback's context goes.
        self._handle = ffi.gc(slot[0], partial(_destroy, context))

    @property
    def level(self) -> MemoryPressure:
        """The present level."""
        return MemoryPressure(lib.ossicle_memory_observer_level(self._open()))

    def set_level(self, level: MemoryPressure | int) -> None:
        """Sets the level by hand, with all that follows from it."""
        check(lib.ossicle_memory_observer_set_level(self._open(), int(level)), self._handle)

    def watch(self, inference: BNNSInference) -> None:
        """Puts a model under the observer's care; it is not kept alive."""
        check(lib.ossicle_memory_observer_watch(self._open(), inference._open()), self._handle)

    def unwatch(self, inference: BNNSInference) -> None:
        """Takes it out again."""
        check(lib.ossicle_memory_observer_unwatch(self._open(), inference._open()), self._handle)

    def start(self) -> None:
        """Begins to follow the system: pressure stall information or the control group's events on Linux.

        Raises:
            UnsupportedError: the system offers nothing that this process may read.

        """
        check(lib.ossicle_memory_observer_start(self._open()), self._handle)

    def stop(self) -> None:
        """Stops following the system."""
        check(lib.ossicle_memory_observer_stop(self._open()), self._handle)

    def close(self) -> None:
        """Stops, and frees everything."""
        if self._handle is not None:
            ffi.release(self._handle)
            self._handle = None

    def __enter__(self) -> MemoryPressureObserver:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _open(self) -> Any:
        if self._handle is None:
            raise ClosedError("the observer is closed")
        return self._handle


def _destroy(context: Any, handle: Any) -> None:
    lib.ossicle_memory_observer_destroy(handle)


@ffi.def_extern()  # type: ignore[untyped-decorator]
def ossicle_python_memory(context: Any, level: int) -> None:
    """Called by the library when the level has changed."""
    ffi.from_handle(context)(MemoryPressure(level))
