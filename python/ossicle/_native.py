"""Small steps between Python and the C interface: texts, shapes, owned handles, warnings."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ._errors import ArgumentError, OssicleWarning, ShapeError, check
from ._ffi import ffi, lib

Shape = tuple[int, ...]


def text(function: Callable[..., int], *arguments: Any) -> str:
    """Calls a text function of the C interface: once for the length, once for the bytes."""
    size = function(*arguments, ffi.NULL, 0) + 1
    buffer = ffi.new("char[]", size)
    function(*arguments, buffer, size)
    return bytes(ffi.string(buffer)).decode(errors="replace")


def new_struct(kind: str) -> Any:
    """A zeroed struct with its `struct_size` filled in."""
    struct = ffi.new(kind + " *")
    struct.struct_size = ffi.sizeof(kind)
    return struct


def create(kind: str, function: Callable[..., int], *arguments: Any, blame: Any = ffi.NULL) -> Any:
    """Calls a C function whose last argument receives a new handle; the result destroys itself.

    `blame` is the handle on which the function leaves its message.
    """
    slot = ffi.new(f"ossicle_{kind} **")
    check(function(*arguments, slot), blame)
    return ffi.gc(slot[0], getattr(lib, f"ossicle_{kind}_destroy"))


def pack_shapes(shapes: Sequence[Shape]) -> Any:
    packed = ffi.new("ossicle_shape[]", len(shapes))
    for target, shape in zip(packed, shapes, strict=True):
        if len(shape) > lib.OSSICLE_MAX_RANK:
            raise ShapeError(f"expected at most {lib.OSSICLE_MAX_RANK} dimensions, got shape {shape}")
        target.rank = len(shape)
        target.extent[0 : len(shape)] = shape
    return packed


def unpack_shape(shape: Any) -> Shape:
    return tuple(shape.extent[0 : shape.rank])


def choice(name: str, value: str, numbers: Mapping[str, str]) -> int:
    """The number of a C enum for a name that a caller gives.

    Raises:
        ArgumentError: with the names there are.

    """
    if value not in numbers:
        raise ArgumentError(f"{name}: expected one of {list(numbers)}, got {value!r}")
    return int(getattr(lib, numbers[value]))


COMPUTE = {
    "cpu": "OSSICLE_COMPUTE_CPU",
    "automatic": "OSSICLE_COMPUTE_AUTOMATIC",
    "gpu": "OSSICLE_COMPUTE_GPU",
}


ENGINES = {
    "automatic": "OSSICLE_ENGINE_AUTOMATIC",
    "ossicle": "OSSICLE_ENGINE_OSSICLE",
    "bnns": "OSSICLE_ENGINE_BNNS",
}


def compute_number(compute: str) -> int:
    return choice("compute", compute, COMPUTE)


class LoadOptions:
    """Load options whose warnings are collected while the call runs and issued after it.

    Issuing later keeps `warnings.simplefilter("error")` from raising inside a C callback.
    """

    def __init__(self, compute: str = "cpu") -> None:
        self._messages: list[str] = []
        self._handle = ffi.new_handle(self._messages)
        self.pointer = new_struct("ossicle_load_options")
        self.pointer.compute = compute_number(compute)
        self.pointer.on_warning = lib.ossicle_python_warning
        self.pointer.warning_context = self._handle

    def issue(self) -> None:
        """Issues what was collected, attributed to the caller outside this package."""
        import sys

        level, frame = 1, sys._getframe(0)
        while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("ossicle."):
            level, frame = level + 1, frame.f_back
        for message in self._messages:
            warnings.warn(message, OssicleWarning, stacklevel=level)


@ffi.def_extern()  # type: ignore[untyped-decorator]
def ossicle_python_warning(context: Any, message: Any) -> None:
    """Called by the library during a load or build."""
    ffi.from_handle(context).append(ffi.string(message).decode(errors="replace"))
