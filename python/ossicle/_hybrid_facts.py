"""What a hybrid pipeline reports about itself."""

from __future__ import annotations

from typing import NamedTuple


class HybridMemory(NamedTuple):
    """Bytes that a pipeline holds for buffers of `input_length` frames."""

    #: The weights as they were given.
    weights: int
    #: Weights laid out for this machine, and tables.
    packed: int
    #: Values between layers and working space.
    workspace: int

    @property
    def total(self) -> int:
        return self.weights + self.packed + self.workspace


class HybridTimings(NamedTuple):
    """Seconds that the stages of one buffer took; the projection counts as bottleneck."""

    encoder: float
    bottleneck: float
    decoder: float

    @property
    def total(self) -> float:
        return sum(self)


class ReconstructionError(NamedTuple):
    """The difference between a stream and one whole buffer."""

    #: The largest difference.
    peak: float
    #: The root of the mean square of the difference.
    rms: float
    #: The latter in dB, relative to the whole buffer's.
    decibels: float
