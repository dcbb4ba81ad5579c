"""The weights of a Core ML model."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .._arrays import Array
from .._errors import check
from .._ffi import ffi, lib
from .._native import LoadOptions, create, new_struct, pack_shapes, text
from .._safetensors import arrays_of


class CoreMLWeight(NamedTuple):
    """Where a weight lies and how it is stored."""

    #: Core ML's own: the constant's in a program, `layer.weight` … in an older network.
    name: str
    #: After decompression.
    shape: tuple[int, ...]
    #: Of the stored elements: "float16", "int8", "uint4", "bfloat16" …
    dtype: str
    #: What the elements take in the file, without scales and palettes.
    nbytes: int
    #: The file that holds them.
    file: str
    #: Where they begin in it; None when they are written inside the program.
    offset: int | None
    #: What expands the weight, such as "constexpr_lut_to_dense"; None for a plain one.
    compression: str | None


class CoreMLWeightLoader(Mapping[str, Array]):
    """A mapping of names to the weights of a `.mlpackage`, `.mlmodelc` (old or new) or `.mlmodel`.

    A weight is read when it is asked for, as a new float32 array; half-width, quantised, palettised and
    sparse ones come out expanded as Core ML defines it. Weights in a `.mlmodelc` of the older (Espresso) form
    have batch normalisation folded in by Apple's compiler. May be used from several threads at once.

    Args:
        path: the model; its files must not change while the loader lives.
        function: whose weights, in a program with several functions; the model's default one if None.

    Raises:
        FileError, FormatError, UnsupportedError: naming the file.
        ArgumentError: there is no such function; those there are are named.

    """

    __slots__ = ("_by_name", "_handle", "_path", "available_weights")

    #: Every weight, in program or layer order.
    available_weights: tuple[CoreMLWeight, ...]

    def __init__(self, path: str | os.PathLike[str], function: str | None = None) -> None:
        self._path = os.fspath(path)
        name = ffi.NULL if function is None else function.encode()
        self._handle = create("coreml", lib.ossicle_coreml_open, os.fsencode(path), name)
        count = lib.ossicle_coreml_weight_count(self._handle)
        self.available_weights = tuple(_record(self._handle, index) for index in range(count))
        self._by_name: dict[str, CoreMLWeight] = {}
        for weight in self.available_weights:
            self._by_name.setdefault(weight.name, weight)  # of layers with one name the first counts

    def load_weights(self, name: str, expected_shape: Sequence[int] | None = None) -> Array:
        """Reads a weight as a new float32 array.

        Args:
            name: as listed in `available_weights`, or the label that the program gives the constant, where
                that is one constant's alone ("op_2_weight" beside the name "var_2_weight").
            expected_shape: the shape it must have; any if None.

        Raises:
            WeightsError: there is none of that name, its shape is another one (the message has both), or it
                holds a NaN or an infinity.
            FormatError: its bytes do not hold together.

        """
        expected = ffi.NULL if expected_shape is None else pack_shapes([tuple(expected_shape)])
        (data,) = self._load(lib.ossicle_coreml_load_weight, name.encode(), expected).values()
        return data

    def load_linear_weights(self, name: str) -> dict[str, Array]:
        """Reads `weight` [out, in] and `bias` [out] (where there is one) of a linear layer.

        The result fits `ossicle.Linear.load_state_dict`.

        Args:
            name: the operation's label or output, the layer's name in an older network, or the path of the
                PyTorch module, such as "decoder.out".

        Raises:
            WeightsError: no layer or more than one fits, or its weights are not constants.

        """
        return self._load_layer(lib.OSSICLE_LAYER_LINEAR, name)

    def load_conv1d_weights(self, name: str) -> dict[str, Array]:
        """Reads `weight` [out, in / groups, kernel] and `bias` [out] of a one-dimensional convolution.

        Names and errors are those of `load_linear_weights`. An older network's convolutions have two axes;
        one of extent 1 is dropped.
        """
        return self._load_layer(lib.OSSICLE_LAYER_CONV1D, name)

    def load_lstm_weights(self, prefix: str = "", layer: int = 0, reverse: bool = False) -> dict[str, Array]:
        """Reads one direction of an LSTM layer under PyTorch's names, with gates in PyTorch's order.

        Core ML has one bias; it is `bias_ih_lN`, and `bias_hh_lN` is zero.

        Args:
            prefix: how the operation's label, output or weight begins; the empty one takes every LSTM.
                (Converters mostly keep no module name on recurrent weights.)
            layer: which of those, from 0, in order of execution; N in the names.
            reverse: the backward half of a bidirectional layer; its names end in "_reverse".

        Returns:
            `weight_ih_lN` [4 hidden, in], `weight_hh_lN` [4 hidden, hidden], `bias_ih_lN` and `bias_hh_lN`
            [4 hidden].

        Raises:
            WeightsError: there is no such layer, or for a parameter that PyTorch's has not: peepholes,
                a clip, coupled gates, other activations.

        """
        return self._load_layer(lib.OSSICLE_LAYER_LSTM, prefix, layer, reverse)

    def load_gru_weights(self, prefix: str = "", layer: int = 0, reverse: bool = False) -> dict[str, Array]:
        """Reads one direction of a `gru`, gates in PyTorch's order; otherwise as `load_lstm_weights`.

        The operation resets the hidden state before the recurrent product, PyTorch's GRU after it: only with
        iOS 18's `reset_after` do the weights make `ossicle.GRU` compute the same. A PyTorch GRU converts to a
        loop whose weights are plain constants.
        """
        return self._load_layer(lib.OSSICLE_LAYER_GRU, prefix, layer, reverse)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes every weight, expanded to float32, into a safetensors file; one that is there is replaced.

        Infinities in a constant that is no layer's weight, such as an attention mask, are kept, with a
        warning.

        Raises:
            FileError: it cannot be written.
            WeightsError, FormatError: a weight cannot be read.

        """
        tensors = self._tensors(lib.ossicle_coreml_load_all)
        check(lib.ossicle_tensors_save(tensors, os.fsencode(path)), tensors)

    @property
    def description(self) -> dict[str, Any]:
        """What the file says of itself: kind, functions with inputs, outputs and operations, metadata."""
        return dict(json.loads(text(lib.ossicle_coreml_description, self._handle)))

    def __getitem__(self, name: str) -> Array:
        if name not in self._by_name:
            raise KeyError(name)
        return self.load_weights(name)

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)

    def __repr__(self) -> str:
        return f"<CoreMLWeightLoader {os.path.basename(self._path)!r}: {len(self)} weights>"

    def _load_layer(self, kind: int, name: str, layer: int = 0, reverse: bool = False) -> dict[str, Array]:
        return self._load(lib.ossicle_coreml_load_layer, kind, name.encode(), layer, int(reverse))

    def _load(self, function: Callable[..., int], *arguments: Any) -> dict[str, Array]:
        return arrays_of(self._tensors(function, *arguments))

    def _tensors(self, function: Callable[..., int], *arguments: Any) -> Any:
        options = LoadOptions()
        tensors = create("tensors", function, self._handle, *arguments, options.pointer, blame=self._handle)
        options.issue()
        return tensors


def _record(handle: Any, index: int) -> CoreMLWeight:
    weight = new_struct("ossicle_coreml_weight")
    check(lib.ossicle_coreml_weight_info(handle, index, weight), handle)

    def said(kind: int) -> str:
        return text(lib.ossicle_coreml_weight_text, handle, index, kind)

    return CoreMLWeight(
        name=said(lib.OSSICLE_WEIGHT_NAME),
        shape=tuple(weight.shape[0 : weight.rank]),
        dtype=said(lib.OSSICLE_WEIGHT_DTYPE),
        nbytes=int(weight.byte_count),
        file=said(lib.OSSICLE_WEIGHT_FILE),
        offset=None if weight.offset < 0 else int(weight.offset),
        compression=said(lib.OSSICLE_WEIGHT_COMPRESSION) or None,
    )
