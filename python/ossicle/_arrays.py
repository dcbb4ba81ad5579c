"""What is taken as an array, and how it is converted.

Input: anything NumPy understands with a floating-point type. float32 in C order is used where it lies; every
other floating type or layout is copied once into such an array. Integers are refused, because PCM samples
need scaling and a silent cast would be wrong by a factor of 32768.

Output (`out=`): a writable float32 array in C order of exactly the right shape, written where it lies.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._errors import ArgumentError, DTypeError, ShapeError
from ._native import Shape

Array = NDArray[np.float32]
FLOAT32 = np.dtype(np.float32)


def as_input(value: ArrayLike, what: str = "input") -> Array:
    """float32 and C order, converted once if need be.

    Raises:
        DTypeError: the values are not floating-point numbers.

    """
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:  # ragged lists, tensors of another library
        raise DTypeError(f"{what}: not an array: {error}") from None
    if array.dtype.kind != "f":
        hint = ""
        if array.dtype.kind in "iu":
            hint = "; convert with .astype(numpy.float32), and scale PCM samples to -1…1"
        raise DTypeError(
            f"{what}: expected floating-point numbers, got {array.dtype} of shape {array.shape}{hint}"
        )
    return np.asarray(array, dtype=FLOAT32, order="C")


def check_output(out: Any, shape: Shape, what: str = "out", dtype: np.dtype[Any] = FLOAT32) -> None:
    """Raises DTypeError, ShapeError or ArgumentError unless `out` can be written in place."""
    if not isinstance(out, np.ndarray):
        raise DTypeError(f"{what}: expected a NumPy array, got {type(out).__name__}")
    if out.dtype != dtype:
        raise DTypeError(f"{what}: expected {dtype}, got {out.dtype}")
    if out.shape != shape:
        raise ShapeError(f"{what}: expected shape {shape}, got {out.shape}")
    if not out.flags.c_contiguous:
        raise ArgumentError(
            f"{what}: expected a C-contiguous array, got strides {out.strides} for shape {shape}"
        )
    if not out.flags.writeable:
        raise ArgumentError(f"{what}: the array of shape {shape} is read-only")
