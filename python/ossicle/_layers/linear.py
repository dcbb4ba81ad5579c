"""The fully connected layer."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from .._errors import ShapeError, check
from .._ffi import ffi, lib
from .._native import Shape
from .module import Module


class _LinearType(type):
    """Gives `Linear.mps_batch_threshold` its getter and setter: it is one value for the whole process."""

    @property
    def mps_batch_threshold(cls) -> int:
        """From which batch size a Linear layer goes to the GPU where there is one; 4 by default.

        Read when a layer is prepared for a batch size. Safe from any thread.
        """
        return int(lib.ossicle_linear_gpu_batch_threshold())

    @mps_batch_threshold.setter
    def mps_batch_threshold(cls, batch: int) -> None:
        check(lib.ossicle_linear_set_gpu_batch_threshold(batch))


class Linear(Module, metaclass=_LinearType):
    """`y = x @ weight.T + bias` over the last axis; any leading axes.

    Weights: `weight` [out_features, in_features], `bias` [out_features].
    """

    __slots__ = ()
    torch_name = "Linear"

    def __init__(self, in_features: int, out_features: int, bias: bool = True) -> None:
        super().__init__({"in_features": in_features, "out_features": out_features}, {"bias": (bias, True)})

    @staticmethod
    def strategy(batch: int) -> str:
        """How a batch of this size would run on this machine: "gemv", "gemm" or "gpu".

        That is with `compute` at "automatic"; `plan(shape)` says what a call really does.
        """
        return bytes(ffi.string(lib.ossicle_linear_strategy(batch))).decode()

    def _native_inputs(self, shapes: Sequence[Shape]) -> Sequence[Shape]:
        (shape,), features = shapes, self._arguments["in_features"]
        if shape[-1:] != (features,):
            raise ShapeError(f"input: expected shape (…, {features}), got {shape}")
        return [(prod(shape[:-1]), features)]

    def _user_outputs(self, shapes: Sequence[Shape], native: Sequence[Shape]) -> Sequence[Shape]:
        return [shapes[0][:-1] + native[0][-1:]]
