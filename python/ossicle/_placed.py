"""What layers and Sequentials share: they are built when first called, for what may run them."""

from __future__ import annotations

from ._info import Described
from ._native import compute_number
from ._runnable import Built


class Placed(Described):
    """An object whose model is made from its weights, and made again when something about it changes."""

    __slots__ = ("_compute", "_model")

    def __init__(self) -> None:
        super().__init__()
        self._compute = "automatic"
        self._model: Built | None = None

    @property
    def compute(self) -> str:
        """What may run a call, for setting: streams are always the engine's own kernels.

        "automatic", the usual: on Apple's systems also a GPU where that should be faster (convolutions that
        are large enough, `Linear` from `Linear.mps_batch_threshold` rows on) and the system's libraries;
        what fails there gives way to the CPU, with a line on standard error. "cpu": the engine's own
        kernels, the same numbers on every machine. "gpu": every layer that has GPU kernels runs there;
        whatever builds the model next, such as a call, raises UnsupportedError where there is no GPU. In a
        `Sequential` its own counts, not its layers'. A call that is under way goes on as it was.

        The GPU takes a `Linear` by its rows alone, as `mps_batch_threshold` says, and a submission costs
        0.1 to 0.2 ms: for small layers set "cpu", or a higher threshold.

        Raises:
            ArgumentError: another value.

        """
        return self._compute

    @compute.setter
    def compute(self, compute: str) -> None:
        compute_number(compute)
        with self._lock:
            self._compute, self._model = compute, None
            self._forget_plans()
