"""Lists of tensors that the library hands over, as arrays; those of safetensors files first of all."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._errors import DTypeError, check
from ._ffi import ffi, lib
from ._native import create, new_struct, text

Source = str | os.PathLike[str] | bytes | bytearray | memoryview

_DTYPES: dict[int, np.dtype[Any]] = {
    lib.OSSICLE_FLOAT32: np.dtype("<f4"),
    lib.OSSICLE_FLOAT16: np.dtype("<f2"),
    lib.OSSICLE_BFLOAT16: np.dtype("<u2"),  # widened below: NumPy has no such type
    lib.OSSICLE_FLOAT64: np.dtype("<f8"),
    lib.OSSICLE_INT64: np.dtype("<i8"),
}


def read_safetensors(source: Source) -> dict[str, NDArray[Any]]:
    """Copies of all tensors by name; bfloat16 becomes float32.

    Raises:
        FileError, FormatError: naming the file and the tensor.
        DTypeError: a tensor of another type than floats (and the 64-bit counters that PyTorch keeps).

    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        data = bytes(source)
        tensors = create("tensors", lib.ossicle_safetensors_load_bytes, data, len(data), ffi.NULL)
    else:
        tensors = create("tensors", lib.ossicle_safetensors_load, os.fsencode(source))
    return arrays_of(tensors)


def arrays_of(tensors: Any) -> dict[str, NDArray[Any]]:
    """Copies of a list's tensors by name."""
    return dict(_array(tensors, index) for index in range(lib.ossicle_tensors_count(tensors)))


def name_of(source: Source) -> str:
    """How errors call it."""
    return "bytes" if isinstance(source, (bytes, bytearray, memoryview)) else os.fspath(source)


def _array(tensors: Any, index: int) -> tuple[str, NDArray[Any]]:
    tensor = new_struct("ossicle_tensor")
    check(lib.ossicle_tensors_get(tensors, index, tensor), tensors)
    name = text(lib.ossicle_tensors_name, tensors, index)
    dtype = _DTYPES.get(tensor.dtype)
    if dtype is None:
        raise DTypeError(f"tensor {name!r}: expected floating-point weights")
    array = np.empty(tuple(tensor.shape[0 : tensor.rank]), dtype)
    if array.size:
        ffi.memmove(ffi.from_buffer(array.reshape(-1)), tensor.data, tensor.byte_count)
    if tensor.dtype == lib.OSSICLE_BFLOAT16:
        array = (array.astype(np.uint32) << 16).view(np.float32)
    return name, array
