"""Between `HybridPipeline` and the C interface: its configuration, weights and handles."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._arrays import Array
from ._builder import WEIGHT_DTYPES
from ._errors import ArgumentError, check
from ._ffi import ffi, lib
from ._info import Described
from ._native import LoadOptions, Shape, create
from .coreml import BNNSInference

#: The arguments that a printed form leaves out.
USUAL: dict[str, Any] = {
    "in_channels": 1,
    "channels": [32, 64, 128],
    "kernel_size": 8,
    "stride": 4,
    "hidden_size": 128,
    "num_layers": 1,
    "bidirectional": False,
    "activation": "ReLU",
    "skip_connections": False,
    "projection": True,
    "input_length": 4096,
}

#: What can take the place of the LSTM.
Bottleneck = Described | BNNSInference


def floats(array: Array, writable: bool) -> Any:
    return ffi.from_buffer("float[]", array, writable)


def handle_of(bottleneck: Bottleneck | None) -> Any:
    if isinstance(bottleneck, BNNSInference):
        return bottleneck._model()
    return ffi.NULL if bottleneck is None else bottleneck._built().handle


def parameters(config: bytes, bottleneck: Any) -> dict[str, Shape]:
    length = ffi.new("size_t *")
    check(lib.ossicle_hybrid_parameters(config, bottleneck, ffi.NULL, 0, length))
    buffer = ffi.new("char[]", length[0] + 1)
    check(lib.ossicle_hybrid_parameters(config, bottleneck, buffer, length[0] + 1, length))
    return {row["name"]: tuple(row["shape"]) for row in json.loads(ffi.string(buffer))}


def create_hybrid(config: bytes, state: Mapping[str, NDArray[Any]], bottleneck: Any, compute: str) -> Any:
    weights = ffi.new("ossicle_hybrid_weight[]", len(state))
    keep: list[Any] = []
    for weight, (name, value) in zip(weights, state.items(), strict=True):
        if value.ndim > lib.OSSICLE_MAX_RANK:
            raise ArgumentError(
                f"{name}: expected at most {lib.OSSICLE_MAX_RANK} dimensions, got {value.ndim}"
            )
        view = value.view(np.uint8) if value.ndim else value.reshape(1).view(np.uint8)
        keep += [ffi.new("char[]", name.encode()), ffi.from_buffer("char[]", view)]
        weight.name, weight.data = keep[-2:]
        weight.dtype, weight.rank = WEIGHT_DTYPES[value.dtype.name], value.ndim
        weight.shape[0 : value.ndim] = value.shape
    options = LoadOptions(compute)
    arguments = config, weights, len(state), bottleneck, options.pointer
    handle = create("hybrid", lib.ossicle_hybrid_create, *arguments)
    options.issue()
    return handle


def read_hybrid(path: str | os.PathLike[str], config: Any, bottleneck: Any, compute: str) -> Any:
    options = LoadOptions(compute)
    arguments = os.fsencode(path), config, bottleneck, options.pointer
    handle = create("hybrid", lib.ossicle_hybrid_load, *arguments)
    options.issue()
    return handle
