"""The inputs and outputs of a model."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ._errors import check
from ._ffi import lib
from ._native import new_struct, text

DTYPES = {
    lib.OSSICLE_FLOAT32: np.float32,
    lib.OSSICLE_FLOAT16: np.float16,
    lib.OSSICLE_FLOAT64: np.float64,
    lib.OSSICLE_INT8: np.int8,
    lib.OSSICLE_INT16: np.int16,
    lib.OSSICLE_INT32: np.int32,
    lib.OSSICLE_INT64: np.int64,
    lib.OSSICLE_UINT8: np.uint8,
    lib.OSSICLE_UINT16: np.uint16,
    lib.OSSICLE_UINT32: np.uint32,
    lib.OSSICLE_UINT64: np.uint64,
    lib.OSSICLE_BOOL: np.bool_,
}


class Port(NamedTuple):
    """One input or output of a model; `None` in the shape is the dynamic dimension."""

    name: str
    shape: tuple[int | None, ...]
    dtype: np.dtype[Any]


def read_ports(model: Any, direction: int, count: int) -> tuple[Port, ...]:
    ports = []
    for index in range(count):
        port = new_struct("ossicle_port")
        check(lib.ossicle_model_port(model, direction, index, port), model)
        name = text(lib.ossicle_model_port_name, model, direction, index)
        shape = tuple(extent or None for extent in port.shape[0 : port.rank])
        ports.append(Port(name, shape, np.dtype(DTYPES.get(port.dtype, np.float32))))
    return tuple(ports)
