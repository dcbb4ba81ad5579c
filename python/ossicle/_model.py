"""Models loaded from files."""

from __future__ import annotations

import json
import os
from typing import Any, cast, overload

import numpy as np

from ._arrays import FLOAT32, Array, as_input, check_output
from ._errors import ArgumentError, FileError, ShapeError
from ._ffi import ffi, lib
from ._info import Described
from ._native import LoadOptions, create, text
from ._ports import Port, read_ports
from ._runnable import Built
from .coreml import BNNSInference
from .coreml._files import is_coreml


@overload
def load(source: bytes | bytearray | memoryview, *, compute: str = "cpu") -> Model: ...
@overload
def load(source: str | os.PathLike[str], *, compute: str = "cpu") -> Model | Any: ...


def load(
    source: str | os.PathLike[str] | bytes | bytearray | memoryview, *, compute: str = "cpu"
) -> Model | Any:
    """Loads a model; the format is told by the content.

    Args:
        source: path of a `.nam`, a RTNeural, AIDA-X or GuitarML `.json` or a hybrid `.safetensors` file, or
            the bytes of one; or path of a Core ML `.mlpackage`, `.mlmodelc` or `.mlmodel`.
        compute: what may run whole signals; streams are always the engine's own kernels. "cpu": these, too.
            "automatic": on Apple's systems also a GPU where that should be faster, and the system's
            libraries; the same as "cpu" elsewhere. "gpu": every layer that has GPU kernels runs there. A
            Core ML model has a choice of its own: `BNNSInference(path, engine=…)`.

    Returns:
        A `Model`; of a Core ML path an `ossicle.BNNSInference` with its default function and shapes.

    Raises:
        FileError: the file cannot be read.
        FormatError, WeightsError, UnsupportedError: naming the file and the tensor or byte.
        UnsupportedError: compute is "gpu", and there is none.
        ArgumentError: another value of compute, or one but "cpu" for a Core ML model.

    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return Model(bytes(source), None, compute)
    path = os.fspath(source)
    if is_coreml(path):
        if compute != "cpu":
            raise ArgumentError(
                f"compute: {path} is a Core ML model, for which BNNSInference(path, engine=…) chooses"
            )
        return BNNSInference(path)
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise FileError(f"{path}: {error.strerror or error}") from error
    except ValueError as error:  # a name with a NUL in it
        raise FileError(f"{path!r}: {error}") from error
    return Model(data, path, compute)


class Model(Described):
    """A loaded model: call it with arrays, or open a stream on it. Made by `ossicle.load`.

    Calling: `model(x)` or `model(x, out=y)`; the input is shaped as `inputs[0].shape` says, which is a vector
    for a model of one channel. Leading axes are run one item after the other.
    """

    __slots__ = ("_bytes", "_compute", "_handles", "_name")

    def __init__(self, data: bytes, name: str | None, compute: str) -> None:
        super().__init__()
        self._bytes, self._name, self._compute = data, name, compute
        options = LoadOptions(compute)
        label = ffi.NULL if name is None else os.fsencode(name)
        handle = create("model", lib.ossicle_model_load_bytes, data, len(data), label, options.pointer)
        options.issue()
        info = self._read_info(handle)
        inputs = read_ports(handle, lib.OSSICLE_INPUT, info.input_count)
        self._handles = Built(handle, inputs, read_ports(handle, lib.OSSICLE_OUTPUT, info.output_count))

    def _built(self) -> Built:
        return self._handles

    @property
    def name(self) -> str:
        """The file's name, or what its metadata call the model."""
        return os.path.basename(self._name) if self._name else str(self.metadata.get("name") or "bytes")

    @property
    def inputs(self) -> tuple[Port, ...]:
        """Name, shape and type of each input."""
        return self._handles.inputs

    @property
    def outputs(self) -> tuple[Port, ...]:
        """Name, shape and type of each output."""
        return self._handles.outputs

    @property
    def compute(self) -> str:
        """What may run whole signals, as it was asked for."""
        return self._compute

    @property
    def metadata(self) -> dict[str, Any]:
        """What the file says about itself."""
        found = text(lib.ossicle_model_text, self._handles.handle, lib.OSSICLE_TEXT_METADATA)
        return dict(json.loads(found)) if found else {}

    def _title(self) -> str:
        return f"Model {self.name!r}"

    def _call(self, x: Any, out: Any) -> Any:
        inputs, outputs = self._handles.inputs, self._handles.outputs
        if len(inputs) == len(outputs) == 1 and inputs[0].dtype == outputs[0].dtype == FLOAT32:
            array, rank = as_input(x), len(inputs[0].shape)
            if array.ndim > rank:
                return self._rows(array, rank, out)
        return super()._call(x, out)

    def _rows(self, array: Array, rank: int, out: Any) -> Array:
        """Runs along leading axes that the model itself does not have, one item after the other."""
        shape = array.shape
        if rank == 1 and shape[-1] == 1 < array.size:
            raise ShapeError(
                f"input: expected a vector or shape (…, frames), got {shape}; give one channel a call"
            )
        plan = self._plan((shape[-rank:],))
        result = shape[:-rank] + plan.outputs[0]
        if out is None:
            out = np.empty(result, FLOAT32)
        else:
            check_output(out, result)
            array = array.copy() if np.may_share_memory(array, out) else array
        rows, targets = array.reshape(-1, *shape[-rank:]), out.reshape(-1, *plan.outputs[0])
        for row, target in zip(rows, targets, strict=True):
            self._run(plan, [row], [target], 1)
        return cast(Array, out)

    def __reduce__(self) -> tuple[Any, ...]:
        return Model, (self._bytes, self._name, self._compute)
