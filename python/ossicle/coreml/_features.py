"""The inputs, outputs and states of a Core ML model, and arrays for them."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._arrays import FLOAT32, as_input
from .._errors import ArgumentError, DTypeError, ShapeError, check
from .._ffi import ffi, lib
from .._native import Shape, new_struct, text
from .._ports import DTYPES

Values = NDArray[Any]

#: How many sets of arrays are kept with their pointers until other ones come, and of how many bytes at most.
KEPT_SETS, KEPT_BYTES = 4, 1 << 20


class Feature(NamedTuple):
    """An input, output or state: its name, the shape it has here and the type of its arrays."""

    name: str
    shape: Shape
    dtype: np.dtype[Any]
    #: An input that may be left out, and has the model's default value then.
    optional: bool = False

    def __str__(self) -> str:
        return f"{self.name} {list(self.shape)}"


#: One array, for models with one input; or arrays by name.
Inputs = ArrayLike | Mapping[str, ArrayLike]


class Bound:
    """Arrays with the C structs that point at them. NumPy does not resize an array while it is pointed at."""

    __slots__ = ("_keep", "_outputs", "arguments", "nbytes")

    def __init__(self, inputs: Sequence[Values | None], outputs: Sequence[Values | None]) -> None:
        self._keep: list[Any] = [inputs]
        self._outputs = [array for array in outputs if array is not None]
        sources, targets = self._point(inputs, False), self._point(outputs, True)
        #: Of `ossicle_inference_predict`.
        self.arguments = (sources, len(inputs), targets, len(outputs))
        self.nbytes = sum(array.nbytes for array in (*inputs, *self._outputs) if array is not None)

    def is_writable(self) -> bool:
        """Whether nobody has locked an output since."""
        return all(array.flags.writeable for array in self._outputs)

    def _point(self, arrays: Sequence[Values | None], writable: bool) -> Any:
        buffers = ffi.new("ossicle_buffer[]", max(len(arrays), 1))
        for buffer, array in zip(buffers, arrays, strict=False):
            if array is not None:
                view = ffi.from_buffer("char[]", array, writable)
                self._keep.append(view)
                buffer.data, buffer.byte_count = ffi.cast("void *", view), array.nbytes
        return buffers


def key_of(x: object, out: object) -> tuple[object, ...]:
    """Tells calls apart by the arrays themselves and what they are for."""
    inputs = (*x, *map(id, x.values())) if isinstance(x, dict) else id(x)
    outputs = (*out, *map(id, out.values())) if isinstance(out, dict) else id(out)
    return (inputs, outputs)


def convert(value: ArrayLike, feature: Feature) -> Values:
    """The value as the feature's type, where it lies if that is possible.

    Raises:
        ShapeError, DTypeError: naming the feature.
        ArgumentError: a number is too large for the feature's type.

    """
    if feature.dtype == FLOAT32:
        array: Values = as_input(value, feature.name)
    else:
        array = np.asarray(value)
        if not np.can_cast(array.dtype, feature.dtype, "same_kind"):
            raise DTypeError(
                f"{feature.name}: expected {feature.dtype}, got {array.dtype} of shape {array.shape}"
            )
        if not np.can_cast(array.dtype, feature.dtype):
            _check_range(array, feature)
        array = np.asarray(array, feature.dtype, order="C")
    if array.shape != feature.shape:
        raise ShapeError(f"{feature.name}: expected shape {feature.shape}, got {array.shape}")
    return array


def extents(name: str, shape: Sequence[int]) -> Shape:
    """A shape that was asked for.

    Raises:
        ArgumentError: it is no sequence of integers, or has one that no array could have.

    """
    try:
        found = tuple(map(operator.index, shape))
    except TypeError:
        raise ArgumentError(f"shapes[{name!r}]: expected a sequence of integers, got {shape!r}") from None
    if not all(-(1 << 63) <= extent < 1 << 63 for extent in found):
        raise ArgumentError(f"shapes[{name!r}]: an extent is beyond any array, got {shape!r}")
    return found


def _check_range(array: Values, feature: Feature) -> None:
    """Wider integers are welcome as long as they fit: none is wrapped around."""
    bounds = np.iinfo(feature.dtype)
    for value in (int(array.min(initial=0)), int(array.max(initial=0))):
        if not bounds.min <= value <= bounds.max:
            raise ArgumentError(f"{feature.name}: {value} does not fit into {feature.dtype}")


def read_features(handle: Any, kind: int, count: int) -> tuple[Feature, ...]:
    """The features of one kind, from the library."""
    features = []
    for index in range(count):
        port = new_struct("ossicle_port")
        check(lib.ossicle_inference_port(handle, kind, index, port), handle)
        name = text(lib.ossicle_inference_port_name, handle, kind, index)
        shape = tuple(port.shape[0 : port.rank])
        features.append(Feature(name, shape, np.dtype(DTYPES[port.dtype]), bool(port.optional)))
    return tuple(features)


def few(features: Sequence[Feature]) -> str:
    """The first of them, for a line of text."""
    shown = [str(feature) for feature in features[:3]]
    return ", ".join([*shown, f"{len(features) - 3} more"] if len(features) > 3 else shown)


def operations() -> tuple[str, ...]:
    """The operations of ML Programs that the engine "ossicle" runs, by their MIL names, sorted."""
    return tuple(text(lib.ossicle_inference_operations).split("\n"))
