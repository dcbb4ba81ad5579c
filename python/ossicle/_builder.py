"""The C side of layers: an `ossicle_sequential` that layers and weights are added to."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from ._errors import ArgumentError, DTypeError, check
from ._ffi import ffi, lib
from ._native import LoadOptions, create
from ._ports import read_ports
from ._runnable import Built

WEIGHT_DTYPES = {
    "float32": lib.OSSICLE_FLOAT32,
    "float16": lib.OSSICLE_FLOAT16,
    "bfloat16": lib.OSSICLE_BFLOAT16,  # of the ml_dtypes package
}


#: Buffers that PyTorch keeps in a state_dict and inference does not need.
TRAINING_ONLY = "num_batches_tracked"


class Builder:
    """Owns one `ossicle_sequential`. Not safe for several threads at once."""

    __slots__ = ("handle",)

    def __init__(self) -> None:
        self.handle = create("sequential", lib.ossicle_sequential_create)

    def add(self, module: str, arguments: Mapping[str, Any], unchecked: bool = False) -> None:
        text = json.dumps(arguments).encode()
        check(lib.ossicle_sequential_add(self.handle, module.encode(), text, unchecked), self.handle)

    def set_weight(self, name: str, value: np.ndarray[Any, Any]) -> None:
        dtype = WEIGHT_DTYPES[value.dtype.name]
        data = ffi.from_buffer(
            "char[]", value.view(np.uint8) if value.ndim else value.reshape(1).view(np.uint8)
        )
        status = lib.ossicle_sequential_set_weight(
            self.handle, name.encode(), dtype, value.shape, value.ndim, data
        )
        check(status, self.handle)

    def set_source(self, name: str) -> None:
        """How errors call what the weights come from."""
        check(lib.ossicle_sequential_set_source(self.handle, os.fsencode(name)), self.handle)

    def build(self, compute: str) -> Built:
        options = LoadOptions(compute)
        model = create("model", lib.ossicle_sequential_build, self.handle, options.pointer, blame=self.handle)
        options.issue()
        info = ffi.new("ossicle_model_info *")
        info.struct_size = ffi.sizeof("ossicle_model_info")
        check(lib.ossicle_model_info_get(model, info), model)
        inputs = read_ports(model, lib.OSSICLE_INPUT, info.input_count)
        return Built(model, inputs, read_ports(model, lib.OSSICLE_OUTPUT, info.output_count))


def as_state(state_dict: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """Private copies of weights by name, without what PyTorch keeps for training alone.

    Raises:
        ArgumentError: not a mapping of names.
        DTypeError: not floating-point numbers.

    """
    if not isinstance(state_dict, Mapping):
        raise ArgumentError(
            f"state_dict: expected a mapping of names to arrays, got {type(state_dict).__name__}"
        )
    for name in state_dict:
        if not isinstance(name, str):
            raise ArgumentError(f"state_dict: expected names, got {name!r}")
    return {
        name: as_weight(name, value)
        for name, value in state_dict.items()
        if name.rpartition(".")[2] != TRAINING_ONLY
    }


def as_weight(name: str, value: Any) -> np.ndarray[Any, Any]:
    """A private dense copy of one weight: a NumPy array, a torch tensor or anything array-like of floats.

    Raises:
        DTypeError: not floating-point numbers.

    """
    if hasattr(value, "detach"):  # torch tensors that require gradients refuse to become arrays
        value = value.detach().cpu()
    try:
        array = np.array(value, order="C")
    except (TypeError, ValueError, RuntimeError) as error:  # ragged lists, torch's bfloat16
        raise DTypeError(f"{name}: expected an array of floating-point weights: {error}") from None
    if array.dtype.kind != "f" and array.dtype.name != "bfloat16":
        raise DTypeError(f"{name}: expected floating-point weights, got {array.dtype} of shape {array.shape}")
    # The engine computes in float32; half-width weights are passed on as they are.
    return (
        array.astype(np.float32) if array.dtype.itemsize > 2 else array.astype(array.dtype.newbyteorder("="))
    )
