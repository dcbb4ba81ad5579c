"""Core ML models that run here."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

from .._arrays import FLOAT32, as_input, check_output
from .._errors import ArgumentError, ClosedError, ShapeError, check, raise_status
from .._ffi import ffi, lib
from .._native import ENGINES, choice, create, new_struct, pack_shapes, text
from ._features import (
    KEPT_BYTES,
    KEPT_SETS,
    Bound,
    Feature,
    Inputs,
    Values,
    convert,
    extents,
    few,
    key_of,
    read_features,
)

_predict = lib.ossicle_inference_predict


class BNNSInference:
    """A Core ML ML Program, ready to run on any machine.

    Loading does everything dear: weights are expanded, shapes fixed, memory planned and allocated. Floats of
    every width are float32 outside and inside, integers int32. States are zero after loading and go on from
    prediction to prediction. Calls from several threads wait for each other.

    Args:
        path: a `.mlmodelc`, `.mlpackage` or `.mlmodel` that holds an ML Program.
        single_threaded: keep predictions on the calling thread. The engine "ossicle" always does.
        function: which one, in a program of several; the model's default if None.
        shapes: of flexible inputs, by name; others get the model's default.
        engine: "automatic": Apple's BNNS Graph where the system has it and takes the model, else Ossicle's
            own; "ossicle"; or "bnns": that or an error. The property `engine` tells which it is.

    Raises:
        FileError, FormatError: naming the file.
        UnsupportedError: naming every operation in the model that cannot be run, or for an engine that is not
            there or refuses the model.
        ShapeError: with the range of an input that is given a shape outside it.
        ArgumentError: with the functions, inputs or engines there are.

    """

    __slots__ = (
        "__weakref__",
        "_bound",
        "_handle",
        "_input_names",
        "_lock",
        "_path",
        "_required",
        "inputs",
        "outputs",
        "states",
    )

    #: Name, shape and type of each, in the model's order.
    inputs: tuple[Feature, ...]
    outputs: tuple[Feature, ...]
    states: tuple[Feature, ...]

    def __init__(
        self,
        path: str | os.PathLike[str],
        single_threaded: bool = True,
        function: str | None = None,
        shapes: Mapping[str, Sequence[int]] | None = None,
        engine: str = "automatic",
    ) -> None:
        self._path = os.fspath(path)
        self._lock = threading.Lock()
        self._bound: dict[tuple[object, ...], Bound] = {}
        chosen = {name: extents(name, shape) for name, shape in (shapes or {}).items()}
        names = [ffi.new("char[]", name.encode()) for name in chosen]
        options = new_struct("ossicle_inference_options")
        options.allow_threads = int(not single_threaded)
        options.engine = choice("engine", engine, ENGINES)
        keep = [ffi.new("char *[]", names), pack_shapes(list(chosen.values()))]
        options.shape_names, options.shapes, options.shape_count = *keep, len(chosen)
        if function is not None:
            keep.append(ffi.new("char[]", function.encode()))
            options.function = keep[-1]
        self._handle = create("inference", lib.ossicle_inference_create, os.fsencode(path), options)
        info = self._info()
        self.inputs = read_features(self._handle, lib.OSSICLE_PORT_INPUT, info.input_count)
        self._input_names = {port.name for port in self.inputs}
        self._required = {port.name for port in self.inputs if not port.optional}
        self.outputs = read_features(self._handle, lib.OSSICLE_PORT_OUTPUT, info.output_count)
        self.states = read_features(self._handle, lib.OSSICLE_PORT_STATE, info.state_count)

    # Predicting

    @overload
    def predict(self, x: Mapping[str, ArrayLike], out: None = None) -> dict[str, Values]: ...
    @overload
    def predict(self, x: Inputs, out: Mapping[str, Values]) -> dict[str, Values]: ...
    @overload
    def predict(self, x: Inputs, out: Values) -> Values: ...
    @overload
    def predict(self, x: ArrayLike, out: None = None) -> Any: ...

    def predict(self, x: Inputs, out: Values | Mapping[str, Values] | None = None) -> Any:
        """Runs the model once.

        Arrays that are used where they lie (C order and the port's type) make the quickest calls, above all
        when the same ones come again.

        Args:
            x: an array, for a model of one input; or a mapping of names to arrays, from which optional inputs
                may be left out. Floating types and layouts are converted where need be; shapes must be those
                of `inputs`.
            out: where the results go: the array of the only output, or a mapping of names to arrays for some
                or all outputs. New arrays by default.

        Returns:
            `out`, when that was given. Else the array of the only output when `x` is an array and the model
            has one output, and a dict by name otherwise.

        Raises:
            ShapeError, DTypeError: naming the input, with what was expected and what was found.
            ArgumentError: a name is missing or unknown, or an integer is too large for the input's type.
            NotReadyError: the workspace is released.

        """
        if out is not None:
            bound = self._bound.get(key_of(x, out))
            if bound is None or not bound.is_writable():
                inputs = self._input_arrays(x)
                bound = self._bind(x, out, inputs, self._output_arrays(out, inputs))
            self._run(bound)
            return out
        outputs: list[Values] = [np.empty(port.shape, port.dtype) for port in self.outputs]
        self._run(Bound(self._input_arrays(x), outputs))
        if len(outputs) == 1 and not isinstance(x, Mapping):
            return outputs[0]
        return {port.name: array for port, array in zip(self.outputs, outputs, strict=True)}

    __call__ = predict

    def predict_batch(self, x: ArrayLike | Sequence[Mapping[str, ArrayLike]]) -> Any:
        """Runs the model once for each item, in order; states go on from one to the next.

        Args:
            x: an array of shape (items, *input shape), for a model of one float input; or a sequence of
                mappings.

        Returns:
            An array of shape (items, *output shape), where the model has one output; else a list of dicts.

        Raises:
            As `predict`.

        """
        items: Any = x
        if isinstance(x, Sequence) and x and isinstance(x[0], Mapping):
            return [self.predict(item) for item in x]
        if len(self.inputs) != 1:
            raise ArgumentError(f"{self!r} has {len(self.inputs)} inputs: give a sequence of mappings")
        if len(self.outputs) != 1 or self.inputs[0].dtype != FLOAT32 or self.outputs[0].dtype != FLOAT32:
            return [self.predict({self.inputs[0].name: item}) for item in items]
        (source,), (target,) = self.inputs, self.outputs
        array = as_input(items, source.name)
        if array.shape[1:] != source.shape:
            raise ShapeError(f"{source.name}: expected shape (items, *{source.shape}), got {array.shape}")
        result = np.empty((len(array), *target.shape), FLOAT32)
        with self._lock:
            status = lib.ossicle_inference_predict_batch_f32(
                self._open(),
                len(array),
                ffi.from_buffer("float[]", array),
                array.size,
                ffi.from_buffer("float[]", result, True),
                result.size,
            )
        if status:
            raise_status(status, self._reason(status))
        return result

    # States

    def reset_state(self) -> None:
        """Sets all states back to zero."""
        with self._lock:
            check(lib.ossicle_inference_reset_state(self._open()))

    def read_state(self, name: str) -> Values:
        """Copies a state out.

        Raises:
            ArgumentError: there is no state of that name.

        """
        index, port = self._state(name)
        array = np.empty(port.shape, port.dtype)
        with self._lock:
            handle = self._open()
            view = ffi.from_buffer("char[]", array, True)
            check(lib.ossicle_inference_read_state(handle, index, view, array.nbytes), handle)
        return array

    def write_state(self, name: str, value: ArrayLike) -> None:
        """Copies a state in; its shape is that in `states`.

        Raises:
            ArgumentError: there is no state of that name.
            ShapeError, DTypeError: with what was expected and what was found.

        """
        index, port = self._state(name)
        array = convert(value, port)
        with self._lock:
            handle = self._open()
            check(
                lib.ossicle_inference_write_state(handle, index, ffi.from_buffer(array), array.nbytes), handle
            )

    # Facts

    @property
    def engine(self) -> str:
        """What runs the model: "ossicle", or "bnns" for Apple's BNNS Graph."""
        return text(lib.ossicle_inference_text, self._open(), lib.OSSICLE_INFERENCE_ENGINE)

    @property
    def function(self) -> str:
        """The function that runs."""
        return text(lib.ossicle_inference_text, self._open(), lib.OSSICLE_INFERENCE_FUNCTION)

    @property
    def functions(self) -> tuple[str, ...]:
        """Every function of the model."""
        handle, count = self._open(), self._info().function_count
        return tuple(text(lib.ossicle_inference_function_name, handle, index) for index in range(count))

    @property
    def single_threaded(self) -> bool:
        """Whether predictions stay on the calling thread."""
        return bool(self._info().single_threaded)

    def plan(self) -> str:
        """What runs: steps, kernels, buffers, bytes and FLOPs."""
        return text(lib.ossicle_inference_text, self._open(), lib.OSSICLE_INFERENCE_PLAN)

    # Memory

    @property
    def workspace_bytes(self) -> int:
        """Memory of intermediate values."""
        return int(self._info().workspace_bytes)

    @property
    def has_workspace(self) -> bool:
        """False after `release_workspace`."""
        return bool(self._info().has_workspace)

    def release_workspace(self) -> None:
        """Gives the memory of intermediate values back; predictions then raise NotReadyError."""
        with self._lock:
            self._bound.clear()
            check(lib.ossicle_inference_release_workspace(self._open()), self._handle)

    def prepare_workspace(self) -> None:
        """Allocates it again; no prediction ever does."""
        with self._lock:
            check(lib.ossicle_inference_prepare_workspace(self._open()), self._handle)

    def close(self) -> None:
        """Frees everything now; later calls raise ClosedError."""
        with self._lock:
            self._bound.clear()
            if self._handle is not None:
                ffi.release(self._handle)
                self._handle = None

    def __enter__(self) -> BNNSInference:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        name = os.path.basename(self._path.rstrip("/"))
        if self._handle is None:
            return f"<BNNSInference {name!r}, closed>"
        return f"<BNNSInference {name!r}: {few(self.inputs)} → {few(self.outputs)}; engine {self.engine}>"

    # Below

    def _open(self) -> Any:
        if self._handle is None:
            raise ClosedError(f"{self!r}")
        return self._handle

    def _model(self) -> Any:
        """A model handle: the function that runs, at its shapes."""
        handle = self._open()
        return create("model", lib.ossicle_inference_model, handle, blame=handle)

    def _info(self) -> Any:
        info = new_struct("ossicle_inference_info")
        check(lib.ossicle_inference_info_get(self._open(), info))
        return info

    def _state(self, name: str) -> tuple[int, Feature]:
        for index, port in enumerate(self.states):
            if port.name == name:
                return index, port
        raise ArgumentError(f"there is no state {name!r}; there are {[port.name for port in self.states]}")

    def _run(self, bound: Bound) -> None:
        with self._lock:
            status = _predict(self._open(), *bound.arguments)
        if status:
            raise_status(status, self._reason(status))

    def _input_arrays(self, x: Inputs) -> list[Values | None]:
        if not isinstance(x, Mapping):
            if len(self.inputs) != 1:
                names = [port.name for port in self.inputs]
                raise ArgumentError(f"the model has the inputs {names}: give a mapping of names")
            return [convert(x, self.inputs[0])]
        if not self._required <= x.keys() <= self._input_names:
            raise ArgumentError(
                f"expected the inputs {[port.name for port in self.inputs]}, got {list(x.keys())}"
            )
        return [convert(x[port.name], port) if port.name in x else None for port in self.inputs]

    def _output_arrays(
        self, out: Values | Mapping[str, Values], inputs: list[Values | None]
    ) -> list[Values | None]:
        if not isinstance(out, Mapping):
            if len(self.outputs) != 1:
                names = [port.name for port in self.outputs]
                raise ArgumentError(f"the model has the outputs {names}: give a mapping of names")
            out = {self.outputs[0].name: out}
        if unknown := out.keys() - {port.name for port in self.outputs}:
            raise ArgumentError(
                f"there is no output {sorted(unknown)}; there are {[port.name for port in self.outputs]}"
            )
        found: list[Values | None] = []
        for port in self.outputs:
            array = out.get(port.name)
            if array is not None:
                check_output(array, port.shape, f"out {port.name}", port.dtype)
            found.append(array)
        for index, array in enumerate(inputs):
            if array is None:
                continue
            if any(each is not None and np.may_share_memory(array, each) for each in found):
                inputs[index] = array.copy()
        return found

    def _bind(
        self,
        x: Inputs,
        out: Values | Mapping[str, Values],
        inputs: list[Values | None],
        outputs: list[Values | None],
    ) -> Bound:
        """Callers mostly use the same few sets of arrays in turn: those are kept with their pointers."""
        bound = Bound(inputs, outputs)
        given = x.values() if isinstance(x, dict) else [x]
        # Whatever the key tells apart by its address must live as long as the key.
        used = {id(array) for array in inputs if array is not None}
        kept = used == set(map(id, given)) and isinstance(out, (dict, np.ndarray))
        if kept and bound.nbytes <= KEPT_BYTES:
            with self._lock:
                if len(self._bound) >= KEPT_SETS:
                    del self._bound[next(iter(self._bound))]
                self._bound[key_of(x, out)] = bound
        return bound

    def _reason(self, status: int) -> str:
        if status == lib.OSSICLE_NOT_READY:
            return f"{self!r}: the workspace is released; call prepare_workspace first"
        return ""
