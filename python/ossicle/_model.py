"""Models loaded from files."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

from ._errors import FileError
from ._ffi import ffi, lib
from ._info import Described
from ._native import LoadOptions, Shape, create, text
from ._ports import Port, read_ports
from ._runnable import Built


def load(source: str | os.PathLike[str] | bytes | bytearray | memoryview) -> Model:
    """Loads a model; the format is told by the content.

    Args:
        source: path of a `.nam` or RTNeural, AIDA-X or GuitarML `.json` file, or the bytes of one.

    Raises:
        FileError: the file cannot be read.
        FormatError, WeightsError, UnsupportedError: naming the file and the tensor or byte.

    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return Model(bytes(source), None)
    path = Path(source)
    if path.is_dir():
        return Model(None, str(path))
    try:
        return Model(path.read_bytes(), str(path))
    except OSError as error:
        raise FileError(f"{path}: {error.strerror or error}") from error


class Model(Described):
    """A loaded model: call it with arrays, or open a stream on it. Made by `ossicle.load`.

    Calling: `model(x)` or `model(x, out=y)`; the input is shaped as `inputs[0].shape` says, with a leading
    batch axis where the model's layers take one. A one-channel signal may also come as a plain vector.
    """

    __slots__ = ("_bytes", "_handles", "_name")

    def __init__(self, data: bytes | None, name: str | None) -> None:
        super().__init__()
        self._bytes, self._name = data, name
        options = LoadOptions()
        if data is None:
            path = os.fsencode(name or "")
            handle = create("model", lib.ossicle_model_load, path, options.pointer)
        else:
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
        return Path(self._name).name if self._name else str(self.metadata.get("name") or "bytes")

    @property
    def inputs(self) -> tuple[Port, ...]:
        """Name, shape and type of each input."""
        return self._handles.inputs

    @property
    def outputs(self) -> tuple[Port, ...]:
        """Name, shape and type of each output."""
        return self._handles.outputs

    @property
    def metadata(self) -> dict[str, Any]:
        """What the file says about itself."""
        found = text(lib.ossicle_model_text, self._handles.handle, lib.OSSICLE_TEXT_METADATA)
        return dict(json.loads(found)) if found else {}

    def _title(self) -> str:
        return f"Model {self.name!r}"

    def _native_inputs(self, shapes: Sequence[Shape]) -> Sequence[Shape]:
        return [
            tuple(extent or shape[0] for extent in port.shape)
            if len(shape) == 1 and _is_mono(port)
            else shape
            for shape, port in zip(shapes, self._handles.inputs, strict=False)
        ]

    def _user_outputs(self, shapes: Sequence[Shape], native: Sequence[Shape]) -> Sequence[Shape]:
        if len(shapes[0]) != 1 or not _is_mono(self._handles.inputs[0]):
            return native
        return [
            (prod(shape),) if _is_mono(port) else shape
            for shape, port in zip(native, self._handles.outputs, strict=True)
        ]

    def __reduce__(self) -> tuple[Any, ...]:
        if self._bytes is None:
            raise TypeError(f"{self!r} was loaded from a folder and cannot be pickled; load it by its path")
        return Model, (self._bytes, self._name)


def _is_mono(port: Port) -> bool:
    """Whether the port is a one-channel signal with its channel axis, so that a vector can stand for it."""
    return len(port.shape) == 2 and sorted(extent or 0 for extent in port.shape) == [0, 1]
