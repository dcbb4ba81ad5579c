"""Layers one after another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, overload

from numpy.typing import NDArray

from ._builder import Builder, as_state
from ._errors import ArgumentError, check
from ._ffi import lib
from ._layers.module import Module
from ._native import new_struct
from ._placed import Placed
from ._runnable import Built
from ._safetensors import Source, name_of, read_safetensors


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

    __slots__ = ("_builder", "_entries")

    def __init__(self, *layers: Module | Sequential) -> None:
        super().__init__()
        self._builder = Builder()
        self._entries: list[tuple[Module | Sequential, bool]] = []
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
            self._adopt(self._assemble(self._flat_state()))
        return self

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> Sequential:
        """Takes all weights under PyTorch's names, hands them to the layers and builds.

        On failure nothing changes.

        Raises:
            WeightsError: a weight is missing, left over, wrongly shaped, NaN or infinite.

        """
        return self._take(as_state(state_dict))

    def load_weights(self, source: Source) -> Sequential:
        """Takes all weights from a safetensors file, by path or as bytes, with state_dict names, and builds.

        On failure nothing changes.

        Raises:
            FileError, FormatError, WeightsError: naming the file and the tensor.

        """
        return self._take(as_state(read_safetensors(source)), name_of(source))

    def _take(self, state: Mapping[str, NDArray[Any]], source: str | None = None) -> Sequential:
        """Takes weights that the engine accepts."""
        flat_names = {nested: str(index) for index, (nested, _, _) in enumerate(self._leaves())}
        flat = {_renamed(name, flat_names): value for name, value in state.items()}
        with self._lock:
            self._adopt(self._assemble(flat, source))
            for index, (_, layer, _) in enumerate(self._leaves()):
                prefix = f"{index}."
                layer._give({n[len(prefix) :]: value for n, value in flat.items() if n.startswith(prefix)})
        return self

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Copies of the weights under PyTorch's names."""
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

    @overload
    def __getitem__(self, index: int) -> Module | Sequential: ...
    @overload
    def __getitem__(self, index: slice) -> Sequential: ...

    def __getitem__(self, index: int | slice) -> Module | Sequential:
        """A layer, or a Sequential of some of them, which shares the layers but not what was built."""
        if isinstance(index, slice):
            return _restore(self._entries[index], self._compute)
        return self._entries[index][0]

    def __iter__(self) -> Iterator[Module | Sequential]:
        return (layer for layer, _ in self._entries)

    def __repr__(self) -> str:
        lines = [f"  ({index}): {layer!r}".replace("\n", "\n  ") for index, layer in enumerate(self)]
        return "Sequential(\n" + "\n".join(lines) + "\n)" if lines else "Sequential()"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (list(self._entries), self._compute)

    def _add(self, layer: Module | Sequential, unchecked: bool) -> Sequential:
        if not isinstance(layer, (Module, Sequential)):
            raise ArgumentError(f"layer: expected a layer object, got {type(layer).__name__}")
        if isinstance(layer, Sequential) and layer._holds(self):
            raise ArgumentError("layer: a Sequential cannot hold itself")
        with self._lock:
            for _, leaf, loose in _leaves("", layer, unchecked):
                self._builder.add(leaf.torch_name, leaf.arguments, loose)
            self._entries.append((layer, unchecked))
            self._model = None
            self._forget_plans()
        return self

    def _holds(self, other: Sequential) -> bool:
        return self is other or any(
            isinstance(layer, Sequential) and layer._holds(other) for layer, _ in self._entries
        )

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

    def _assemble(self, state: Mapping[str, NDArray[Any]], source: str | None = None) -> Builder:
        builder = Builder()
        if source:
            builder.set_source(source)
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
