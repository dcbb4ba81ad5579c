"""Ossicle: real-time neural audio inference from NumPy.

    import ossicle

    model = ossicle.load("amp.nam")
    y = model(x)                                  # a whole signal
    with model.stream(max_block=512) as stream:   # or block by block
        stream.process(block, out=block)

Layers have PyTorch's names (`1D` for `1d`), arguments, weight names and shapes: `Linear`, `LSTM`, `Conv1D`, …
and `Sequential`; `HybridPipeline` is an LSTM between convolutions. Everything that goes wrong is an
`OssicleError`.
"""

from . import coreml
from ._errors import (
    ArgumentError,
    BlockTooLongError,
    ClosedError,
    DTypeError,
    FileError,
    FormatError,
    InternalError,
    NotReadyError,
    OssicleError,
    OssicleWarning,
    OutOfMemoryError,
    ShapeError,
    UnsupportedError,
    WeightsError,
)
from ._hybrid import HybridPipeline
from ._hybrid_facts import HybridMemory, HybridTimings, ReconstructionError
from ._hybrid_stream import HybridStream
from ._layers import *  # noqa: F403
from ._layers import __all__ as _layer_names
from ._model import Model, load
from ._ports import Port
from ._sequential import BufferStats, Sequential
from ._stream import Stream
from ._version import __version__, abi_version, isa
from .coreml import BNNSInference, CoreMLWeight, CoreMLWeightLoader, MemoryPressure, MemoryPressureObserver

__all__ = [
    "ArgumentError",
    "BNNSInference",
    "BlockTooLongError",
    "BufferStats",
    "ClosedError",
    "CoreMLWeight",
    "CoreMLWeightLoader",
    "DTypeError",
    "FileError",
    "FormatError",
    "HybridMemory",
    "HybridPipeline",
    "HybridStream",
    "HybridTimings",
    "InternalError",
    "MemoryPressure",
    "MemoryPressureObserver",
    "Model",
    "NotReadyError",
    "OssicleError",
    "OssicleWarning",
    "OutOfMemoryError",
    "Port",
    "ReconstructionError",
    "Sequential",
    "ShapeError",
    "Stream",
    "UnsupportedError",
    "WeightsError",
    "__version__",
    "abi_version",
    "coreml",
    "isa",
    "load",
]
__all__ += _layer_names
