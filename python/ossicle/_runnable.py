"""Calling: what models and layers share, from `y = model(x)` down to the session that does the work.

The path of a call with a float32 array whose shape was seen before is kept short, because for small models it
is most of the cost: one dictionary look-up, a session out of the pool, two buffers, one C call with the GIL
released.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy import empty
from numpy.typing import ArrayLike

from ._arrays import FLOAT32, as_input, check_output
from ._errors import ArgumentError, DTypeError, ShapeError, raise_status
from ._ffi import ffi, lib
from ._native import Shape
from ._plan import Plan
from ._ports import Port

#: How many input shapes keep their sessions. The oldest goes first.
KEPT_SHAPES = 16

#: Arrays of up to this many elements are kept with their pointers until another one comes: callers mostly use
#: the same buffers again. Their memory cannot move meanwhile, as NumPy refuses to resize a kept array.
KEPT_FLOATS = 16384
NOTHING = (object(), None)

_FLOATS = ffi.typeof("float[]")
_from_buffer = ffi.from_buffer
_run_f32 = lib.ossicle_session_run_f32


class Built(NamedTuple):
    """A model handle with its ports."""

    handle: Any
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


class Runnable:
    """An object that can be called with arrays. Safe to call from several threads at once."""

    __slots__ = ("__weakref__", "_fast", "_lock", "_plans")

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._forget_plans()

    def __call__(self, x: Any, out: Any = None) -> Any:
        """Runs on whole arrays, starting from zero state.

        Args:
            x: floating-point array; float32 in C order is used where it lies, anything else is copied once.
                A tuple of arrays for models with several inputs.
            out: float32 array in C order that receives the output; a new one by default.

        Returns:
            The output, which is `out` when that was given; a tuple for models with several outputs.

        Raises:
            ShapeError, DTypeError: with what was expected and what was found.

        """
        # Whatever is unusual raises something here and is then judged by the general path.
        try:
            if x.dtype is FLOAT32:
                entry = self._fast[x.shape]
                pool, count, shape, output_count, (last, source), (known, target) = entry
                if x is not last:
                    source = _from_buffer(_FLOATS, x)
                    if count <= KEPT_FLOATS:
                        entry[4] = x, source
                if out is None:
                    out = empty(shape, FLOAT32)
                    target = _from_buffer(_FLOATS, out)
                elif out is not known or not out.flags.writeable:
                    if out.dtype is not FLOAT32 or out.shape != shape:
                        return self._call(x, out)
                    target = _from_buffer(_FLOATS, out, True)
                    if output_count <= KEPT_FLOATS:
                        entry[5] = out, target
                session = pool.pop()
                status = _run_f32(session, source, count, target, output_count)
                pool.append(session)
                if not status:
                    return out
        except (KeyError, AttributeError, TypeError, ValueError, BufferError, IndexError):
            pass
        return self._call(x, out)

    # What a subclass provides.

    def _built(self) -> Built:
        """The model to run, built if it is not yet."""
        raise NotImplementedError

    def _native_inputs(self, shapes: Sequence[Shape]) -> Sequence[Shape]:
        """The shapes that the engine is to see for the caller's; they must have as many elements."""
        return shapes

    def _user_outputs(self, shapes: Sequence[Shape], native: Sequence[Shape]) -> Sequence[Shape]:
        """The shapes that the caller is to see for the engine's output shapes `native`."""
        return native

    # The general path: conversion, several inputs and outputs, first calls, errors.

    def _call(self, x: Any, out: Any) -> Any:
        built = self._built()
        values = x if isinstance(x, tuple) and len(built.inputs) > 1 else (x,)
        if len(values) > len(built.inputs):
            raise ArgumentError(f"expected at most {len(built.inputs)} inputs, got {len(values)}")
        inputs = [_convert(value, port) for value, port in zip(values, built.inputs, strict=False)]
        if len(inputs) == 1 and inputs[0].shape[:1] == (0,):
            return self._call_on_nothing(inputs[0], built, out)
        plan = self._plan(tuple(array.shape for array in inputs))
        outputs = self._outputs(plan.outputs, built, out)
        for index, array in enumerate(inputs):
            if any(np.may_share_memory(array, output) for output in outputs):
                inputs[index] = array.copy()
        self._run(plan, inputs, outputs, len(built.inputs))
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    def _call_on_nothing(self, array: Any, built: Built, out: Any) -> Any:
        """An empty first axis: the shapes of one item, without the item. There is nothing to run."""
        plan = self._plan(((1, *array.shape[1:]),))
        shapes = [(0, *shape[1:]) for shape in plan.outputs if shape[:1] == (1,)]
        if len(shapes) < len(plan.outputs):
            raise ShapeError(f"input: expected at least one element, got shape {array.shape}")
        outputs = self._outputs(shapes, built, out)
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    def _outputs(self, shapes: Sequence[Shape], built: Built, out: Any) -> list[Any]:
        if out is None:
            return [empty(shape, port.dtype) for shape, port in zip(shapes, built.outputs, strict=True)]
        given = [out] if len(shapes) == 1 else list(out)
        if len(given) != len(shapes):
            raise ArgumentError(f"out: expected {len(shapes)} arrays, got {len(given)}")
        for array, shape, port in zip(given, shapes, built.outputs, strict=True):
            check_output(array, shape, "out" if len(given) == 1 else f"out[{port.name}]", port.dtype)
        return given

    def _run(self, plan: Plan, inputs: Sequence[Any], outputs: Sequence[Any], input_count: int) -> None:
        """Runs dense arrays of the right sizes; inputs that are None or left out start at zero."""
        if len(inputs) == len(outputs) == 1 and inputs[0].dtype == outputs[0].dtype == FLOAT32:
            source, target = _from_buffer(_FLOATS, inputs[0]), _from_buffer(_FLOATS, outputs[0], True)
            session = plan.take()
            status = _run_f32(session, source, inputs[0].size, target, outputs[0].size)
            plan.pool.append(session)
        else:
            status = self._run_many(plan, inputs, outputs, input_count)
        if status:
            shapes = [None if array is None else array.shape for array in inputs]
            meaning = ffi.string(lib.ossicle_status_text(status)).decode()
            raise_status(status, f"{meaning}: inputs {shapes}, outputs {[array.shape for array in outputs]}")

    def _run_many(self, plan: Plan, inputs: Sequence[Any], outputs: Sequence[Any], input_count: int) -> int:
        keep: list[Any] = []
        buffers = ffi.new("ossicle_buffer[]", input_count + len(outputs))
        for index, array in enumerate(inputs):
            if array is not None:
                _point(buffers[index], array, keep, False)
        for index, array in enumerate(outputs):
            _point(buffers[input_count + index], array, keep, True)
        session = plan.take()
        status = lib.ossicle_session_run(session, buffers, input_count, buffers + input_count, len(outputs))
        plan.pool.append(session)
        return int(status)

    def _plan(self, shapes: tuple[Shape, ...]) -> Plan:
        """The plan for these shapes of the required inputs; the engine derives those of optional ones."""
        plan = self._plans.get(shapes)
        if plan is not None:
            return plan
        with self._lock:
            if shapes in self._plans:  # another thread was quicker
                return self._plans[shapes]
            built = self._built()
            native = self._native_inputs(shapes)
            plan = Plan(
                built.handle, native, len(built.outputs), lambda outputs: self._user_outputs(shapes, outputs)
            )
            if len(self._plans) >= KEPT_SHAPES:
                oldest = next(iter(self._plans))
                del self._plans[oldest]
                self._fast.pop(oldest[0], None)
            self._plans[shapes] = plan
            if (
                len(shapes) == 1
                and len(plan.outputs) == 1
                and built.inputs[0].dtype == built.outputs[0].dtype == FLOAT32
            ):
                shape = plan.outputs[0]
                self._fast[shapes[0]] = [plan.pool, prod(shapes[0]), shape, prod(shape), NOTHING, NOTHING]
            return plan

    def _forget_plans(self) -> None:
        self._plans: dict[tuple[Shape, ...], Plan] = {}
        self._fast: dict[Shape, list[Any]] = {}

    def _session_bytes(self) -> int:
        return sum(plan.created * plan.session_bytes for plan in list(self._plans.values()))


def _convert(value: ArrayLike, port: Port) -> Any:
    if port.dtype == FLOAT32:
        return as_input(value, port.name or "input")
    array = np.asarray(value)
    if not np.can_cast(array.dtype, port.dtype, "same_kind"):
        raise DTypeError(f"{port.name}: expected {port.dtype}, got {array.dtype} of shape {array.shape}")
    return np.asarray(array, dtype=port.dtype, order="C")


def _point(buffer: Any, array: Any, keep: list[Any], writable: bool) -> None:
    view = ffi.from_buffer("char[]", array, writable)
    keep.append(view)
    buffer.data, buffer.byte_count = ffi.cast("void *", view), array.nbytes
