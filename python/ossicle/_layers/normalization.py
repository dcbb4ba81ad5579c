"""Normalisations, as in PyTorch's evaluation mode.

`momentum` concerns training only and is taken where PyTorch takes it. Unless weights are given they are
PyTorch's initial ones: scales and variances of one, offsets and means of zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .._errors import UnsupportedError
from .module import Module, one


class BatchNorm1D(Module):
    """Normalises each channel with the statistics from training.

    Input `[batch, features]`, `[batch, features, length]`, or `[features, length]`. Weights: `weight`,
    `bias`, `running_mean`, `running_var`, each [num_features].
    """

    __slots__ = ()
    torch_name = "BatchNorm1d"

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
    ) -> None:
        if not track_running_stats:
            raise UnsupportedError(
                "track_running_stats: expected True, got False; statistics of a batch are not used"
            )
        super().__init__({"num_features": num_features}, {"eps": (eps, 1e-5), "affine": (affine, True)})
        self._state = _initial((num_features,), affine, affine, True)


class InstanceNorm1D(Module):
    """Normalises each channel of each item over its length.

    Weights when affine: `weight`, `bias` [num_features].
    """

    __slots__ = ()
    torch_name = "InstanceNorm1d"

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
    ) -> None:
        super().__init__(
            {"num_features": num_features},
            {
                "eps": (eps, 1e-5),
                "affine": (affine, False),
                "track_running_stats": (track_running_stats, False),
            },
        )
        self._state = _initial((num_features,), affine, affine, track_running_stats)


class GroupNorm(Module):
    """Normalises groups of channels. Weights when affine: `weight`, `bias` [num_channels]."""

    __slots__ = ()
    torch_name = "GroupNorm"

    def __init__(self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True) -> None:
        super().__init__(
            {"num_groups": num_groups, "num_channels": num_channels},
            {"eps": (eps, 1e-5), "affine": (affine, True)},
        )
        self._state = _initial((num_channels,), affine, affine)


class LayerNorm(Module):
    """Normalises over the last axes. Weights: `weight`, `bias`, shaped `normalized_shape`."""

    __slots__ = ()
    torch_name = "LayerNorm"

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
    ) -> None:
        super().__init__(
            {"normalized_shape": _shape(normalized_shape)},
            {"eps": (eps, 1e-5), "elementwise_affine": (elementwise_affine, True), "bias": (bias, True)},
        )
        self._state = _initial(_shape(normalized_shape), elementwise_affine, elementwise_affine and bias)


class RMSNorm(Module):
    """Divides by the root mean square over the last axes. Weights: `weight`, shaped `normalized_shape`.

    `eps` None is float32's machine epsilon, as in PyTorch.
    """

    __slots__ = ()
    torch_name = "RMSNorm"

    def __init__(
        self, normalized_shape: int | Sequence[int], eps: float | None = None, elementwise_affine: bool = True
    ) -> None:
        super().__init__(
            {"normalized_shape": _shape(normalized_shape)},
            {"eps": (eps, None), "elementwise_affine": (elementwise_affine, True)},
        )
        self._state = _initial(_shape(normalized_shape), elementwise_affine, False)


def _initial(
    shape: Sequence[int], weight: bool, bias: bool, statistics: bool = False
) -> dict[str, NDArray[Any]]:
    """PyTorch's weights before training."""
    names = ["weight"] * weight + ["bias"] * bias + ["running_mean", "running_var"] * statistics
    return {name: np.full(shape, name in ("weight", "running_var"), np.float32) for name in names}


def _shape(value: int | Sequence[int]) -> list[int]:
    number = one(value)
    return [number] if not isinstance(number, Sequence) else list(number)
