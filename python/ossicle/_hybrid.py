"""Hybrid pipelines: convolutional encoder, recurrent bottleneck, convolutional decoder."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._arrays import FLOAT32, as_input
from ._builder import as_weight
from ._errors import ArgumentError, NotReadyError, check
from ._ffi import ffi, lib
from ._hybrid_facts import HybridMemory, HybridTimings, ReconstructionError
from ._hybrid_native import (
    USUAL,
    Bottleneck,
    create_hybrid,
    floats,
    handle_of,
    parameters,
    read_hybrid,
)
from ._hybrid_stream import HybridStream
from ._info import Described
from ._native import Shape, compute_number, create, new_struct, text
from ._ports import read_ports
from ._runnable import Built


class HybridPipeline(Described):
    """Conv1D stages down, an LSTM over the steps, ConvTranspose1D stages up: `y = pipeline(x)`.

    Input and output are `[channels, frames]` or `[batch, channels, frames]`, or a plain vector where there is
    one channel, and of equal length. A length that `total_stride` does not divide is filled up with zeros at
    its end, and what they become is cut off.

    Weights have the names of a PyTorch module with lists `encoder` and `decoder`, an LSTM `bottleneck` and a
    Linear `projection`: `encoder.0.weight`, `bottleneck.weight_ih_l0`, `projection.bias`, `decoder.2.bias` …
    `parameter_shapes` has them all; `examples/python/hybrid_pytorch_twin.py` is that module.

    Args:
        in_channels, out_channels: of the signal; as many out as in by default.
        channels: after each encoder stage, and in reverse before each decoder stage.
        kernel_size, stride: of every stage; `kernel_size` is at least `stride`, and odd where that is 1. The
            padding is `(kernel_size - stride + 1) // 2`, with an `output_padding` of
            `(kernel_size - stride) % 2` on the way up.
        hidden_size, num_layers, bidirectional: of the LSTM. With both directions it needs its whole buffer
            and streams with a window only.
        activation: PyTorch's name of what follows every convolution but the last.
        skip_connections: adds each encoder stage's output to the input of the decoder stage of that length.
        projection: a Linear from the LSTM's features to `channels[-1]`.
        input_length: frames to prepare for.
        sample_rate: Hz that the network was made for.
        bottleneck: a model or layer from `[steps, channels[-1]]` to `[steps, features]` in place of the LSTM;
            a `BNNSInference`, too.
        compute: what runs whole buffers and windowed streams. "cpu": the engine's own kernels. "automatic",
            the default: on Apple's systems also a GPU where that should be faster, and BNNS Graph for a
            Core ML bottleneck; what is refused or fails gives way to the CPU, with a line on standard error.
            "gpu": the same, but an error (UnsupportedError, when weights are taken) where there is no GPU.
            `uses_gpu` and `uses_bnns` tell what came of it.

    Raises:
        ArgumentError, ShapeError: naming the argument.

    """

    __slots__ = (
        "_arguments",
        "_bottleneck",
        "_compute",
        "_file",
        "_handle",
        "_model",
        "_parameters",
        "_state",
    )

    def __init__(
        self,
        in_channels: int = 1,
        out_channels: int | None = None,
        channels: Sequence[int] = (32, 64, 128),
        kernel_size: int = 8,
        stride: int = 4,
        hidden_size: int = 128,
        num_layers: int = 1,
        *,
        bidirectional: bool = False,
        activation: str = "ReLU",
        skip_connections: bool = False,
        projection: bool = True,
        input_length: int = 4096,
        sample_rate: float | None = None,
        bottleneck: Bottleneck | None = None,
        compute: str = "automatic",
    ) -> None:
        arguments: dict[str, Any] = {
            "in_channels": in_channels,
            "out_channels": in_channels if out_channels is None else out_channels,
            "channels": list(channels),
            "kernel_size": kernel_size,
            "stride": stride,
            "hidden_size": hidden_size,
            "num_layers": num_layers,
            "bidirectional": bidirectional,
            "activation": activation,
            "skip_connections": skip_connections,
            "projection": projection,
            "input_length": input_length,
        }
        if sample_rate is not None:
            arguments["sample_rate"] = sample_rate
        self._set_up(arguments, bottleneck, compute)

    def _set_up(self, arguments: dict[str, Any], bottleneck: Bottleneck | None, compute: str) -> None:
        super().__init__()
        if bottleneck is not None and not isinstance(bottleneck, Bottleneck):
            raise ArgumentError(f"bottleneck: expected a model or layer, got {type(bottleneck).__name__}")
        compute_number(compute)
        self._arguments, self._bottleneck, self._compute = arguments, bottleneck, compute
        self._handle: Any = None
        self._model: Built | None = None
        self._state: dict[str, NDArray[Any]] | None = None
        self._file: str | None = None
        self._parameters = parameters(self._json(), handle_of(bottleneck))

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], bottleneck: Bottleneck | None = None, *, compute: str = "automatic"
    ) -> HybridPipeline:
        """A pipeline from one file with its configuration, as `save` writes it.

        Args:
            path: a safetensors file.
            bottleneck: in place of the LSTM, whose weights the file then has not.
            compute: what runs it, as in the constructor.

        Raises:
            FileError, FormatError, WeightsError, UnsupportedError: naming the file and what is wrong in it.
            UnsupportedError: compute is "gpu", and there is none.

        """
        handle = read_hybrid(path, ffi.NULL, handle_of(bottleneck), compute)
        pipeline = cls.__new__(cls)
        pipeline._set_up(
            json.loads(text(lib.ossicle_hybrid_text, handle, lib.OSSICLE_HYBRID_CONFIGURATION)),
            bottleneck,
            compute,
        )
        pipeline._adopt(handle)
        pipeline._file = os.fspath(path)
        return pipeline

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> HybridPipeline:
        """Takes all weights under PyTorch's names. On failure nothing changes.

        Raises:
            WeightsError: naming the tensor that is missing, left over, wrongly shaped, NaN or infinite.

        """
        state = {name: as_weight(name, value) for name, value in state_dict.items()}
        handle = create_hybrid(self._json(), state, handle_of(self._bottleneck), self._compute)
        with self._lock:
            self._adopt(handle)
            self._state, self._file = state, None
        return self

    def load_weights(self, path: str | os.PathLike[str]) -> HybridPipeline:
        """Takes all weights from a safetensors file with state_dict names. On failure nothing changes."""
        handle = read_hybrid(path, self._json(), handle_of(self._bottleneck), self._compute)
        with self._lock:
            self._adopt(handle)
            self._state, self._file = None, os.fspath(path)
        return self

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes weights and configuration into one safetensors file, which `load` and `ossicle.load` take.

        Raises:
            FileError: the file cannot be written.
            UnsupportedError: the bottleneck is a model of its own.

        """
        handle = self._ready()
        check(lib.ossicle_hybrid_save(handle, os.fsencode(path)), handle)

    def state_dict(self) -> dict[str, NDArray[Any]]:
        """Copies of the weights under PyTorch's names.

        Raises:
            NotReadyError: there are none yet, or they were read from a file straight into the engine.

        """
        if self._state is None:
            self._ready()
            raise NotReadyError(
                f"the weights are in {self._file!r}; use load_state_dict to keep them in Python too"
            )
        return {name: value.copy() for name, value in self._state.items()}

    @property
    def parameter_shapes(self) -> dict[str, Shape]:
        """Name and shape of every weight; needs no weights."""
        return dict(self._parameters)

    @property
    def config(self) -> dict[str, Any]:
        """Every argument, as `save` writes it."""
        return {**self._arguments, "channels": list(self._arguments["channels"])}

    def forward(self, x: Any, out: Any = None) -> Any:
        """The same as calling the object."""
        return self(x, out=out)

    def stream(  # type: ignore[override]  # chunks take the place of max_block and prewarm
        self, chunk: int | None = None, window: str | None = None, overlap: int | None = None
    ) -> HybridStream:
        """Opens a stream for blocks of any size.

        Args:
            chunk: frames of one run, a multiple of `total_stride`; that itself by default, or `input_length`
                with a window.
            window: None carries the state from chunk to chunk; "hann" cross-fades independent chunks.
            overlap: frames that neighbours share, a multiple of `total_stride` up to half a chunk, which is
                the default with a window.

        Raises:
            UnsupportedError: the network cannot run on without a window.
            ArgumentError: naming the argument.

        """
        return HybridStream(self._ready(), chunk, window, overlap, self._title())

    def reconstruction_error(
        self, x: ArrayLike, chunk: int | None = None, window: str | None = None, overlap: int | None = None
    ) -> ReconstructionError:
        """How far a stream of these arguments is from `pipeline(x)`, both ends of `x` included.

        Args:
            x: `[channels, frames]`, or a vector where there is one channel.
            chunk: as for `stream`.
            window: as for `stream`.
            overlap: as for `stream`.

        """
        signal = np.atleast_2d(as_input(x))
        whole = self(signal)
        with self.stream(chunk, window, overlap) as stream:
            late = stream.process(np.pad(signal, ((0, 0), (0, stream.latency))))[:, stream.latency :]
        difference, level = late - whole, float(np.sqrt(np.mean(np.square(whole))))
        rms = float(np.sqrt(np.mean(np.square(difference))))
        with np.errstate(divide="ignore"):
            decibels = float(20 * np.log10(np.float64(rms) / level)) if level else float("nan")
        return ReconstructionError(float(np.abs(difference).max()), rms, decibels)

    def timings(self, x: ArrayLike | None = None, runs: int = 20) -> HybridTimings:
        """Medians over some runs on a buffer of `input_length` frames: `x`, or noise."""
        shape = (self._arguments["in_channels"], self.input_length)
        if x is None:
            x = 0.1 * np.random.default_rng(0).standard_normal(shape)
        array, handle = as_input(x), self._ready()
        out = np.empty((self._arguments["out_channels"], self.input_length), FLOAT32)
        found = new_struct("ossicle_hybrid_times")
        source, target = floats(array, False), floats(out, True)
        rows = []
        with self._lock:
            for _ in range(max(runs, 1)):
                check(lib.ossicle_hybrid_time(handle, source, array.size, target, out.size, found), handle)
                rows.append((found.encoder, found.bottleneck, found.decoder))
        return HybridTimings(*(float(value) / 1e9 for value in np.median(rows, axis=0)))

    def summary(self) -> str:
        """A page: stages with shapes and parameters, memory, where it runs, how it streams."""
        return text(lib.ossicle_hybrid_text, self._ready(), lib.OSSICLE_HYBRID_SUMMARY)

    def plan(self, *shapes: Shape) -> str:
        """The steps of one buffer of `input_length` frames, or of inputs of these shapes, as for a model."""
        if shapes:
            return super().plan(*shapes)
        return text(lib.ossicle_hybrid_text, self._ready(), lib.OSSICLE_HYBRID_PLAN)

    @property
    def memory(self) -> HybridMemory:
        """Bytes held for buffers of `input_length` frames."""
        info = self._hybrid_info()
        return HybridMemory(int(info.weight_bytes), int(info.packed_bytes), int(info.workspace_bytes))

    @property
    def compute(self) -> str:
        """What may run it, as it was asked for."""
        return self._compute

    @property
    def uses_gpu(self) -> bool:
        """Whether a GPU runs any of it; no longer after it has failed."""
        return bool(self._hybrid_info().uses_gpu)

    @property
    def uses_bnns(self) -> bool:
        """Whether the system's BNNS Graph runs any of it; no longer after it has failed."""
        return bool(self._hybrid_info().uses_bnns)

    @property
    def device_failure(self) -> str | None:
        """Why the GPU or BNNS Graph gave way to the engine's own kernels; None while it did not."""
        return text(lib.ossicle_hybrid_text, self._ready(), lib.OSSICLE_HYBRID_DEVICE_FAILURE) or None

    @property
    def total_stride(self) -> int:
        """Frames of input for one step of the bottleneck."""
        return prod([int(self._arguments["stride"])] * len(self._arguments["channels"]))

    @property
    def input_length(self) -> int:
        """Frames of the buffer that is prepared."""
        return int(self._arguments["input_length"])

    def __repr__(self) -> str:
        usual = USUAL | {"out_channels": self._arguments["in_channels"]}
        given = {name: value for name, value in self._arguments.items() if value != usual.get(name)}
        if self._bottleneck is not None:
            given["bottleneck"] = self._bottleneck
        if self._compute != "automatic":
            given["compute"] = self._compute
        return f"HybridPipeline({', '.join(f'{name}={value!r}' for name, value in given.items())})"

    def __reduce__(self) -> tuple[Any, ...]:
        if self._file:
            raise TypeError(
                f"weights loaded from {self._file!r} are not pickled; use load_state_dict instead"
            )
        return _restore, (self._arguments, self._bottleneck, self._compute, self._state)

    def _title(self) -> str:
        return "HybridPipeline"

    def _json(self) -> bytes:
        return json.dumps(self._arguments).encode()

    def _ready(self) -> Any:
        if self._handle is None:
            raise NotReadyError("a HybridPipeline needs weights: load_state_dict or load_weights")
        return self._handle

    def _hybrid_info(self) -> Any:
        handle, info = self._ready(), new_struct("ossicle_hybrid_info")
        check(lib.ossicle_hybrid_info_get(handle, info), handle)
        return info

    def _adopt(self, handle: Any) -> None:
        model = create("model", lib.ossicle_hybrid_model, handle, blame=handle)
        inputs = read_ports(model, lib.OSSICLE_INPUT, 1)
        self._handle, self._model = handle, Built(model, inputs, read_ports(model, lib.OSSICLE_OUTPUT, 1))
        self._forget_plans()

    # For Runnable: one channel may come as a vector.

    def _built(self) -> Built:
        self._ready()
        assert self._model is not None
        return self._model

    def _native_inputs(self, shapes: Sequence[Shape]) -> Sequence[Shape]:
        return [(1, *shape) if len(shape) == 1 else shape for shape in shapes]

    def _user_outputs(self, shapes: Sequence[Shape], native: Sequence[Shape]) -> Sequence[Shape]:
        if len(shapes[0]) > 1:
            return native
        return [shape[1:] if shape[0] == 1 else shape for shape in native]


def _restore(
    arguments: dict[str, Any],
    bottleneck: Bottleneck | None,
    compute: str,
    state: dict[str, NDArray[Any]] | None,
) -> HybridPipeline:
    pipeline = HybridPipeline.__new__(HybridPipeline)
    pipeline._set_up(arguments, bottleneck, compute)
    return pipeline if state is None else pipeline.load_state_dict(state)
