"""What all layer classes share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .._builder import Builder, as_state
from .._placed import Placed
from .._runnable import Built
from .._safetensors import Source, name_of, read_safetensors


class Module(Placed):
    """A layer with PyTorch's arguments, weight names and shapes.

    Give weights with `load_state_dict`, then call it. Layers with equal arguments share nothing.
    """

    __slots__ = ("_arguments", "_state")

    #: PyTorch's class name.
    torch_name: ClassVar[str]

    def __init__(
        self, required: Mapping[str, Any], optional: Mapping[str, tuple[Any, Any]] | None = None
    ) -> None:
        """`optional` maps a name to the given value and PyTorch's default; only what differs is passed on."""
        super().__init__()
        self._arguments: dict[str, Any] = {name: _plain(value) for name, value in required.items()}
        for name, (value, default) in (optional or {}).items():
            if (given := _plain(value)) != default:
                self._arguments[name] = given
        self._state: dict[str, NDArray[Any]] = {}
        Builder().add(self.torch_name, self._arguments)  # bad arguments are refused here

    @property
    def arguments(self) -> dict[str, Any]:
        """The constructor arguments that were given or differ from PyTorch's default."""
        return dict(self._arguments)

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Module:
        """Takes weights under PyTorch's names: NumPy arrays, torch tensors or nested lists of floats.

        The arrays are copied. On failure the former weights stay.

        Raises:
            WeightsError: a weight is missing, left over, wrongly shaped, NaN or infinite.

        """
        return self._take(as_state(state_dict))

    def load_weights(self, source: Source) -> Module:
        """Takes all weights from a safetensors file, by path or as bytes, with state_dict names.

        On failure the former weights stay.

        Raises:
            FileError, FormatError, WeightsError: naming the file and the tensor.

        """
        return self._take(as_state(read_safetensors(source)), name_of(source))

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Copies of the weights under PyTorch's names."""
        return {name: value.copy() for name, value in self._state.items()}

    def forward(self, x: Any, out: Any = None) -> Any:
        """The same as calling the layer."""
        return self(x, out=out)

    def _take(self, state: dict[str, NDArray[Any]], source: str | None = None) -> Module:
        """Takes weights that the engine accepts."""
        with self._lock:
            built = self._build(state, source)
            self._give(state)
            self._model = built
        return self

    def _give(self, state: dict[str, NDArray[Any]]) -> None:
        """Takes weights that were validated elsewhere; the model is built at the next call."""
        with self._lock:
            self._state, self._model = state, None
            self._forget_plans()

    def _build(self, state: Mapping[str, NDArray[Any]], source: str | None = None) -> Built:
        builder = Builder()
        if source:
            builder.set_source(source)
        builder.add(self.torch_name, self._arguments)
        for name, value in state.items():
            builder.set_weight(name, value)
        return builder.build(self._compute)

    def _built(self) -> Built:
        model = self._model
        if model is None:
            with self._lock:
                model = self._model = self._model or self._build(self._state)
        return model

    def _title(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._arguments.items())
        return f"{type(self).__name__}({shown})"

    def __repr__(self) -> str:
        return self._title()

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), self._arguments, self._compute, self._state)


def _restore(
    kind: type[Module], arguments: dict[str, Any], compute: str, state: dict[str, NDArray[Any]]
) -> Module:
    module = kind(**arguments)
    module.compute = compute
    module._give(state)  # built at the first call, which may want another `compute`
    return module


def _plain(value: Any) -> Any:
    """A JSON value: NumPy scalars become numbers, PyTorch's one-element tuples of the 1-D classes numbers."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and np.isinf(value):  # JSON has no such number; in float32 none is larger
        return float(np.copysign(np.finfo(np.float32).max, value))
    return value


def one(value: Any) -> Any:
    """PyTorch's 1-D classes take `3` or `(3,)`."""
    return value[0] if isinstance(value, (tuple, list)) and len(value) == 1 else value
