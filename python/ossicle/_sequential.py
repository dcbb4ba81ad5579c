"""Layers one after another."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from numpy.typing import NDArray

from ._builder import Builder, as_weight
from ._errors import ArgumentError, NotReadyError, UnsupportedError, check
from ._ffi import lib
from ._layers.module import TRAINING_ONLY, Module
from ._native import new_struct
from ._placed import Placed
from ._runnable import Built


class BufferStats(NamedTuple):
    """Memory of one run: what the planner allocates, and what one buffer for each layer would have taken."""

    buffer_count: int
    naive_count: int
    allocated_bytes: int
    naive_bytes: int


class Sequential(Placed):
    """Layers one after another, as one model: `Sequential(Conv1D(1, 8, 3), Tanh(), …)`.

    Weights are those of the layers, or come through `load_state_dict` or `load_weights` under PyTorch's
    names, such as `0.weight`. They are taken by `build()`, which the first call does by itself; after
    changing a layer's weights, build again. Recurrent layers hand on their output alone. Sequentials may be
    nested.
    """

    __slots__ = ("_builder", "_entries", "_file")

    def __init__(self, *layers: Module | Sequential) -> None:
        super().__init__()
        self._builder = Builder()
        self._entries: list[tuple[Module | Sequential, bool]] = []
        self._file: str | None = None
        for layer in layers:
            self.add(layer)

    def add(self, layer: Module | Sequential) -> Sequential:
        """Appends a layer.

        Raises:
            ShapeError: it does not fit the output of the layer before it; with both shapes.

        """
        return self._add(layer, unchecked=False)

    def add_unchecked(self, layer: Module | Sequential) -> Sequential:
        """Appends a layer without the check against the layer before it."""
        return self._add(layer, unchecked=True)

    def build(self) -> Sequential:
        """Validates the weights and makes the model. Calls and streams already running keep the former one.

        Raises:
            WeightsError: a weight is missing, left over, wrongly shaped, NaN or infinite.

        """
        with self._lock:
            self._adopt(self._builder if self._file else self._assemble(self._flat_state()))
        return self

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Sequential:
        """Takes all weights under PyTorch's names, hands them to the layers and builds.

        On failure nothing changes.
        """
        state = {
            name: as_weight(name, value)
            for name, value in state_dict.items()
            if name.rpartition(".")[2] != TRAINING_ONLY
        }
        flat_names = {nested: str(index) for index, (nested, _, _) in enumerate(self._leaves())}
        flat = {_renamed(name, flat_names): value for name, value in state.items()}
        with self._lock:
            self._adopt(self._assemble(flat))
            self._file = None
            for index, (_, layer, _) in enumerate(self._leaves()):
                prefix = f"{index}."
                layer._give({n[len(prefix) :]: value for n, value in flat.items() if n.startswith(prefix)})
        return self

    def load_weights(self, path: str | os.PathLike[str]) -> Sequential:
        """Takes all weights from a safetensors file with state_dict names and builds.

        On failure nothing changes.
        """
        if any(isinstance(layer, Sequential) for layer, _ in self._entries):
            raise UnsupportedError(
                "load_weights: nested Sequentials take their weights through load_state_dict"
            )
        with self._lock:
            builder = self._assemble({})
            builder.load_weights(path)
            self._adopt(builder)
            self._file = os.fspath(path)
        return self

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Copies of the weights under PyTorch's names.

        Raises:
            NotReadyError: the weights were read from a file straight into the engine.

        """
        if self._file:
            raise NotReadyError(
                f"the weights are in {self._file!r}; use load_state_dict to keep them in Python too"
            )
        return {
            f"{prefix}.{name}": value
            for prefix, layer, _ in self._leaves()
            for name, value in layer.state_dict().items()
        }

    def forward(self, x: Any, out: Any = None) -> Any:
        """The same as calling the object."""
        return self(x, out=out)

    def buffer_stats(self, length: int) -> BufferStats:
        """Memory of one run of `length`, the dynamic dimension."""
        self._built()
        stats = new_struct("ossicle_buffer_stats")
        with self._lock:
            check(
                lib.ossicle_sequential_buffer_stats(self._builder.handle, length, stats), self._builder.handle
            )
        return BufferStats(stats.buffer_count, stats.naive_count, stats.allocated_bytes, stats.naive_bytes)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> Module | Sequential:
        return self._entries[index][0]

    def __iter__(self) -> Iterator[Module | Sequential]:
        return (layer for layer, _ in self._entries)

    def __repr__(self) -> str:
        lines = [f"  ({index}): {layer!r}".replace("\n", "\n  ") for index, layer in enumerate(self)]
        return "Sequential(\n" + "\n".join(lines) + "\n)" if lines else "Sequential()"

    def __reduce__(self) -> tuple[Any, ...]:
        if self._file:
            raise TypeError(
                f"weights loaded from {self._file!r} are not pickled; use load_state_dict instead"
            )
        return _restore, (list(self._entries), self._compute)

    def _add(self, layer: Module | Sequential, unchecked: bool) -> Sequential:
        if not isinstance(layer, (Module, Sequential)):
            raise ArgumentError(f"layer: expected a layer object, got {type(layer).__name__}")
        with self._lock:
            for _, leaf, loose in _leaves("", layer, unchecked):
                self._builder.add(leaf.torch_name, leaf.arguments, loose)
            self._entries.append((layer, unchecked))
            self._model = None
            self._forget_plans()
        return self

    def _leaves(self) -> list[tuple[str, Module, bool]]:
        """Name prefix, layer and whether it is unchecked, nested Sequentials laid flat."""
        return [
            leaf
            for index, (layer, unchecked) in enumerate(self._entries)
            for leaf in _leaves(str(index), layer, unchecked)
        ]

    def _flat_state(self) -> dict[str, NDArray[Any]]:
        return {
            f"{index}.{name}": value
            for index, (_, layer, _) in enumerate(self._leaves())
            for name, value in layer._state.items()
        }

    def _assemble(self, state: Mapping[str, NDArray[Any]]) -> Builder:
        builder = Builder()
        for _, layer, unchecked in self._leaves():
            builder.add(layer.torch_name, layer.arguments, unchecked)
        for name, value in state.items():
            builder.set_weight(name, value)
        return builder

    def _adopt(self, builder: Builder) -> None:
        model = builder.build(self._compute)
        self._builder, self._model = builder, model._replace(outputs=model.outputs[:1])
        self._forget_plans()

    def _built(self) -> Built:
        with self._lock:
            if self._model is None:
                self.build()
            assert self._model is not None
            return self._model

    def _title(self) -> str:
        return f"Sequential of {len(self)} layers"


def _leaves(prefix: str, layer: Module | Sequential, unchecked: bool) -> list[tuple[str, Module, bool]]:
    if isinstance(layer, Module):
        return [(prefix, layer, unchecked)]
    inner = layer._leaves()
    return [
        (f"{prefix}.{name}", leaf, loose or (unchecked and position == 0))
        for position, (name, leaf, loose) in enumerate(inner)
    ]


def _renamed(name: str, flat: Mapping[str, str]) -> str:
    """`1.0.weight` of a nested layer as `INDEX.weight`; an unknown name stays, for the engine to refuse."""
    prefix, _, last = name.rpartition(".")
    if not prefix and len(flat) == 1:
        return f"0.{name}"
    return f"{flat[prefix]}.{last}" if prefix in flat else name


def _restore(entries: list[tuple[Module | Sequential, bool]], compute: str) -> Sequential:
    sequential = Sequential()
    sequential.compute = compute
    for layer, unchecked in entries:
        sequential._add(layer, unchecked)
    return sequential
