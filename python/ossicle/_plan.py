"""What depends on the input shapes alone: the output shapes and the sessions made for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ._errors import check
from ._ffi import ffi, lib
from ._native import Shape, create, pack_shapes, unpack_shape


class Plan:
    """Sessions for one choice of input shapes.

    A session belongs to one thread at a time, so each call takes one out of the pool and puts it back; the
    pool grows to the number of calls that really run at once. `list.pop` and `list.append` are atomic, which
    makes the check-out safe without a lock.
    """

    __slots__ = ("_model", "_packed", "created", "native_outputs", "outputs", "pool", "session_bytes")

    def __init__(
        self,
        model: Any,
        native_inputs: Sequence[Shape],
        output_count: int,
        adapt: Callable[[Sequence[Shape]], Sequence[Shape]],
    ) -> None:
        """Makes the first session; `adapt` turns the engine's output shapes into those the caller sees."""
        self._model = model
        self._packed = pack_shapes(native_inputs)
        self.created = 0
        session = self.new_session()
        self.pool: list[Any] = [session]
        self.native_outputs = tuple(self._output(session, index) for index in range(output_count))
        self.outputs = tuple(adapt(self.native_outputs))
        self.session_bytes = int(lib.ossicle_session_memory(session))

    def new_session(self) -> Any:
        model, shapes = self._model, self._packed
        session = create("session", lib.ossicle_session_create, model, shapes, len(shapes), blame=model)
        self.created += 1
        return session

    def take(self) -> Any:
        try:
            return self.pool.pop()
        except IndexError:
            return self.new_session()

    def _output(self, session: Any, index: int) -> Shape:
        shape = ffi.new("ossicle_shape *")
        check(lib.ossicle_session_shape(session, lib.OSSICLE_OUTPUT, index, shape), session)
        return unpack_shape(shape)
