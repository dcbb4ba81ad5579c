"""Memory pressure."""

from __future__ import annotations

import enum
import weakref
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


class _Callbacks:
    """What the library reaches through the callbacks' context: no more than that, so that an observer without
    references goes.
    """

    def __init__(
        self,
        on_change: Callable[[MemoryPressure], object] | None,
        may_release: Callable[[BNNSInference], bool] | None,
    ) -> None:
        self.on_change = on_change
        self.may_release = may_release
        self.models: weakref.WeakValueDictionary[int, BNNSInference] = weakref.WeakValueDictionary()


class MemoryPressureObserver:
    """Watches the system's memory and, at critical, releases the workspaces of the models in its care.

    A released model raises NotReadyError until its `prepare_workspace` is called: nothing rebuilds it behind
    the caller's back. An exception in a callback goes to the logger "ossicle", for there may be no caller.

    Args:
        on_change: called with the new level, on the observer's own thread, or inside `set_level`. It must not
            close the observer.
        may_release: called at critical, after `on_change` and on the same thread, with each model that has a
            workspace: whether that may be released now. False, or an exception, keeps it until the level is
            critical again. Without it every model may be released.

    """

    __slots__ = ("_callbacks", "_handle")

    def __init__(
        self,
        on_change: Callable[[MemoryPressure], object] | None = None,
        may_release: Callable[[BNNSInference], bool] | None = None,
    ) -> None:
        self._callbacks = _Callbacks(on_change, may_release)
        context = ffi.new_handle(self._callbacks)
        callback = ffi.NULL if on_change is None else lib.ossicle_python_memory
        slot = ffi.new("ossicle_memory_observer **")
        check(lib.ossicle_memory_observer_create(callback, context, slot))
        # The observer's thread has ended before the callbacks' context goes.
        self._handle = ffi.gc(slot[0], partial(_destroy, context))
        if may_release is not None:
            check(lib.ossicle_memory_observer_ask(self._handle, lib.ossicle_python_may_release, context))

    @property
    def level(self) -> MemoryPressure:
        """The present level."""
        return MemoryPressure(lib.ossicle_memory_observer_level(self._open()))

    def set_level(self, level: MemoryPressure | int) -> None:
        """Sets the level by hand, with all that follows from it."""
        check(lib.ossicle_memory_observer_set_level(self._open(), int(level)), self._handle)

    def watch(self, inference: BNNSInference) -> None:
        """Puts a model under the observer's care; it is not kept alive."""
        handle = inference._open()
        self._callbacks.models[_number(handle)] = inference
        check(lib.ossicle_memory_observer_watch(self._open(), handle), self._handle)

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


def _number(handle: Any) -> int:
    return int(ffi.cast("uintptr_t", handle))


def _report(what: str, kind: Any, error: Any, traceback: Any) -> None:
    import logging  # seldom needed, and not light

    logging.getLogger("ossicle").error("MemoryPressureObserver: %s", what, exc_info=(kind, error, traceback))


@ffi.def_extern(onerror=partial(_report, "on_change raised"))  # type: ignore[untyped-decorator]
def ossicle_python_memory(context: Any, level: int) -> None:
    """Called by the library when the level has changed."""
    ffi.from_handle(context).on_change(MemoryPressure(level))


@ffi.def_extern(  # type: ignore[untyped-decorator]
    error=0, onerror=partial(_report, "may_release raised, so nothing is released")
)
def ossicle_python_may_release(context: Any, inference: Any) -> int:
    """Called by the library at critical, for each model with a workspace."""
    callbacks = ffi.from_handle(context)
    model = callbacks.models.get(_number(inference))
    return model is not None and bool(callbacks.may_release(model))
