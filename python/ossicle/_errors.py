"""The one exception tree, and the way from a status number of the C interface into it.

Every class also derives from the built-in exception that a Python programmer would expect, so both
`except ossicle.ShapeError` and `except ValueError` work.
"""

from __future__ import annotations

from typing import Any, NoReturn

from ._ffi import ffi, lib


class OssicleError(Exception):
    """Anything that goes wrong in Ossicle; `status` is the number of the C interface."""

    status: int = lib.OSSICLE_INTERNAL


class ArgumentError(OssicleError, ValueError):
    """An argument is out of its stated range."""

    status = lib.OSSICLE_INVALID_ARGUMENT


class ShapeError(OssicleError, ValueError):
    """Two shapes do not fit; the message has both."""

    status = lib.OSSICLE_SHAPE_MISMATCH


class DTypeError(OssicleError, TypeError):
    """An array is not of a type that can be used without guessing."""

    status = lib.OSSICLE_INVALID_ARGUMENT


class ClosedError(OssicleError, ValueError):
    """The stream was closed."""

    status = lib.OSSICLE_INVALID_HANDLE


class FileError(OssicleError, OSError):
    """A file cannot be opened, read or written."""

    status = lib.OSSICLE_IO


class FormatError(OssicleError, ValueError):
    """A file is not what its format says."""

    status = lib.OSSICLE_MALFORMED


class UnsupportedError(OssicleError, NotImplementedError):
    """A valid request that this engine does not support."""

    status = lib.OSSICLE_UNSUPPORTED


class WeightsError(OssicleError, ValueError):
    """A weight is missing, left over, wrongly shaped, NaN or infinite."""

    status = lib.OSSICLE_WEIGHTS


class OutOfMemoryError(OssicleError, MemoryError):
    """Memory ran out."""

    status = lib.OSSICLE_OUT_OF_MEMORY


class NotReadyError(OssicleError, RuntimeError):
    """The object is not prepared for this call."""

    status = lib.OSSICLE_NOT_READY


class BlockTooLongError(ShapeError):
    """More frames than the stream was created for."""

    status = lib.OSSICLE_BLOCK_TOO_LONG


class InternalError(OssicleError, RuntimeError):
    """A defect of the engine itself: please report it."""


class OssicleWarning(UserWarning):
    """Suspicious but usable input, such as weights of unusual magnitude."""


_CLASSES: dict[int, type[OssicleError]] = {
    kind.status: kind
    for kind in (
        ShapeError,
        ClosedError,
        FileError,
        FormatError,
        UnsupportedError,
        WeightsError,
        OutOfMemoryError,
        NotReadyError,
        BlockTooLongError,
        InternalError,
        ArgumentError,
    )
}


def raise_status(status: int, message: str = "") -> NoReturn:
    """Raises the exception of a status with a message, or with what the status means in general."""
    kind = _CLASSES.get(status, InternalError)
    if not message:
        message = ffi.string(lib.ossicle_status_text(status)).decode()
    raise kind(message)


def check(status: int, handle: Any = ffi.NULL) -> None:
    """Raises when `status` is not OK, with the message that the library left on `handle`."""
    if status != lib.OSSICLE_OK:
        raise_status(status, last_error(handle))


def last_error(handle: Any = ffi.NULL) -> str:
    from ._native import text

    return text(lib.ossicle_last_error, handle)
