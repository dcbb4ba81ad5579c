"""LSTM and GRU, called as PyTorch's with `batch_first=True`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .._arrays import FLOAT32, Array, as_input, check_output
from .._errors import ArgumentError, ShapeError, UnsupportedError
from .._native import Shape
from .module import Module


class _Recurrent(Module):
    """What LSTM and GRU share.

    Input `[steps, input_size]` or `[batch, steps, input_size]`; output the same with `hidden_size` features,
    twice as many when bidirectional. States are `[layers · directions, hidden_size]`, with the batch in the
    middle as in PyTorch. They start at zero unless given, or unless `stateful` is set: then each call goes on
    where the last one ended, until `reset_state()`.
    """

    __slots__ = ("_kept", "hidden_size", "input_size", "state_rows", "stateful")

    #: How many state tensors there are.
    state_count: int

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
    ) -> None:
        if not batch_first:
            raise UnsupportedError("batch_first: expected True, got False; transpose the input instead")
        if proj_size:
            raise UnsupportedError(f"proj_size: expected 0, got {proj_size}; projections are not supported")
        if not 0 <= dropout <= 1:  # checked as PyTorch does; inference has no dropout
            raise ArgumentError(f"dropout: expected a number from 0 to 1, got {dropout}")
        super().__init__(
            {"input_size": input_size, "hidden_size": hidden_size},
            {"num_layers": (num_layers, 1), "bias": (bias, True), "bidirectional": (bidirectional, False)},
        )
        self.input_size, self.hidden_size = int(input_size), int(hidden_size)
        self.state_rows = int(num_layers) * (2 if bidirectional else 1)
        #: Whether a call without states goes on from the end of the last one.
        self.stateful = False
        self._kept: tuple[Array, ...] = ()

    def prewarm(self, sequence_length: int, batch_size: int | None = None) -> None:
        """Prepares calls of this length, so that the first one is as quick as the others.

        Args:
            sequence_length: steps.
            batch_size: sequences in a call; None for one.

        """
        steps = (sequence_length, self.input_size)
        self._plan((steps if batch_size is None else (batch_size, *steps),))

    def reset_state(self) -> None:
        """Forgets the state that `stateful` calls carry on."""
        self._kept = ()

    def __reduce__(self) -> tuple[Any, ...]:
        return (*super().__reduce__(), (None, {"stateful": self.stateful}))

    def _apply(
        self, x: ArrayLike, states: Sequence[ArrayLike] | None, out: Any
    ) -> tuple[Array, tuple[Array, ...]]:
        """Output and final states."""
        array = as_input(x)
        state_shape = self._state_shape(array.shape)
        plan = self._plan((array.shape,))
        if states is None:
            states = self._kept if self.stateful else ()
        given = [as_input(state, name) for state, name in zip(states, ("h0", "c0"), strict=False)]
        for state, name in zip(given, ("h0", "c0"), strict=False):
            if state.shape != state_shape:
                raise ShapeError(
                    f"{name}: expected shape {state_shape} for input {array.shape}, got {state.shape}"
                )
        if out is None:
            out = np.empty(plan.outputs[0], FLOAT32)
        else:
            check_output(out, plan.outputs[0])
            if np.may_share_memory(array, out):
                array = array.copy()
            given = [state.copy() if np.may_share_memory(state, out) else state for state in given]
        finals = tuple(np.empty(shape, FLOAT32) for shape in plan.outputs[1:])
        self._run(plan, [array, *given], [out, *finals], 1 + self.state_count)
        if self.stateful:
            self._kept = tuple(state.copy() for state in finals)  # the caller may write to its own
        return out, finals

    def _state_shape(self, shape: Shape) -> Shape:
        """The shape of h and c for an input shape, which is checked."""
        if len(shape) not in (2, 3) or shape[-1] != self.input_size:
            wanted = f"(steps, {self.input_size}) or (batch, steps, {self.input_size})"
            raise ShapeError(f"input: expected shape {wanted}, got {shape}")
        return (self.state_rows, *(shape[:1] if len(shape) == 3 else ()), self.hidden_size)

    def _native_inputs(self, shapes: Sequence[Shape]) -> Sequence[Shape]:
        """A batch of one is the engine's unbatched form, so both share the quickest path."""
        return [shape[1:] if len(shape) == 3 and shape[0] == 1 else shape for shape in shapes]

    def _user_outputs(self, shapes: Sequence[Shape], native: Sequence[Shape]) -> Sequence[Shape]:
        return [shapes[0][:-1] + native[0][-1:], *[self._state_shape(shapes[0])] * self.state_count]


class LSTM(_Recurrent):
    """Long short-term memory: `output, (h, c) = lstm(x, (h0, c0))`.

    Weights: `weight_ih_l0` [4·hidden, input], `weight_hh_l0` [4·hidden, hidden], `bias_ih_l0`, `bias_hh_l0`
    [4·hidden], gates in the order i f g o; `_l1` … for further layers, `_reverse` for the backward direction.
    """

    __slots__ = ()
    torch_name = "LSTM"
    state_count = 2

    def __call__(  # type: ignore[override]
        self, x: ArrayLike, state: tuple[ArrayLike, ArrayLike] | None = None, *, out: Array | None = None
    ) -> tuple[Array, tuple[Array, Array]]:
        """Runs a sequence.

        Args:
            x: `[steps, input_size]` or `[batch, steps, input_size]`.
            state: `(h0, c0)`; zeros by default.
            out: float32 array in C order that receives the output.

        """
        if state is not None and (not isinstance(state, (tuple, list)) or len(state) != 2):
            raise ArgumentError(f"state: expected a pair (h0, c0), got {type(state).__name__}")
        output, (hidden, cell) = self._apply(x, state, out)
        return output, (hidden, cell)

    def forward(  # type: ignore[override]
        self, x: ArrayLike, state: tuple[ArrayLike, ArrayLike] | None = None, *, out: Array | None = None
    ) -> tuple[Array, tuple[Array, Array]]:
        """The same as calling the layer."""
        return self(x, state, out=out)


class GRU(_Recurrent):
    """Gated recurrent unit: `output, h = gru(x, h0)`.

    Weights: `weight_ih_l0` [3·hidden, input], `weight_hh_l0` [3·hidden, hidden], `bias_ih_l0`, `bias_hh_l0`
    [3·hidden], gates in the order r z n; `_l1` … for further layers, `_reverse` for the backward direction.
    """

    __slots__ = ()
    torch_name = "GRU"
    state_count = 1

    def __call__(  # type: ignore[override]
        self, x: ArrayLike, state: ArrayLike | None = None, *, out: Array | None = None
    ) -> tuple[Array, Array]:
        """Runs a sequence.

        Args:
            x: `[steps, input_size]` or `[batch, steps, input_size]`.
            state: `h0`; zeros by default.
            out: float32 array in C order that receives the output.

        """
        output, (hidden,) = self._apply(x, None if state is None else (state,), out)
        return output, hidden

    def forward(  # type: ignore[override]
        self, x: ArrayLike, state: ArrayLike | None = None, *, out: Array | None = None
    ) -> tuple[Array, Array]:
        """The same as calling the layer."""
        return self(x, state, out=out)
