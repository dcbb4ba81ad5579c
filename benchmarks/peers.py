"""Other engines behind one small interface: `run()` does one call, `reset()` forgets carried state.

Each uses the fastest public way of its package on one thread: bound buffers in onnxruntime, shared tensors in
openvino (in float32: its default on newer machines is bfloat16).
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np


class Peer:
    """`x` and `y` are the buffers that every call reads and writes."""

    x: np.ndarray
    y: np.ndarray

    def run(self) -> None:
        raise NotImplementedError

    def reset(self) -> None:
        """Nothing is carried unless a subclass says so."""


class _Stateful(Peer):
    """State lives in two sets of buffers that take turns as input and output."""

    def __init__(self, x: np.ndarray, shape: tuple[int, ...], states: list[Any]) -> None:
        self.x, self.y = np.ascontiguousarray(x), np.zeros(shape, np.float32)
        self.states = [[np.zeros(size, np.float32) for _, _, size in states] for _ in range(2)]
        self.turn = 0

    def reset(self) -> None:
        self.turn = 0
        for buffers in self.states:
            for buffer in buffers:
                buffer[:] = 0


class OnnxRuntime(_Stateful):
    """`names` are those of input and output; `more` has shapes of further outputs, which are computed too;
    `constants` are further inputs.
    """

    def __init__(
        self,
        model: bytes,
        x: np.ndarray,
        shape: tuple[int, ...],
        states: list[Any],
        names: tuple[str, str] = ("x", "y"),
        more: dict[str, tuple[int, ...]] | None = None,
        constants: dict[str, np.ndarray] | None = None,
    ) -> None:
        import onnxruntime

        super().__init__(x, shape, states)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        value = onnxruntime.OrtValue.ortvalue_from_numpy
        self.values = [value(self.x), value(self.y), [[value(b) for b in group] for group in self.states]]
        self.bindings = []
        for turn in range(2):
            binding = self.session.io_binding()
            binding.bind_ortvalue_input(names[0], self.values[0])
            binding.bind_ortvalue_output(names[1], self.values[1])
            for name, size in (more or {}).items():
                self.values.append(value(np.zeros(size, np.float32)))
                binding.bind_ortvalue_output(name, self.values[-1])
            for name, constant in (constants or {}).items():
                self.values.append(value(constant))
                binding.bind_ortvalue_input(name, self.values[-1])
            for index, (before, after, _) in enumerate(states):
                binding.bind_ortvalue_input(before, self.values[2][turn][index])
                binding.bind_ortvalue_output(after, self.values[2][1 - turn][index])
            self.bindings.append(binding)

    def run(self) -> None:
        self.session.run_with_iobinding(self.bindings[self.turn])
        self.turn ^= 1


class OpenVino(_Stateful):
    def __init__(self, model: bytes, x: np.ndarray, shape: tuple[int, ...], states: list[Any]) -> None:
        import openvino

        super().__init__(x, shape, states)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.onnx"
            path.write_bytes(model)
            settings = {
                "INFERENCE_PRECISION_HINT": "f32",
                "PERFORMANCE_HINT": "LATENCY",
                "INFERENCE_NUM_THREADS": 1,
                "NUM_STREAMS": 1,
            }
            core = openvino.Core()
            compiled = core.compile_model(core.read_model(path), "CPU", settings)
        self.requests = []
        for turn in range(2):
            request = compiled.create_infer_request()
            request.set_tensor("x", openvino.Tensor(self.x, shared_memory=True))
            request.set_tensor("y", openvino.Tensor(self.y, shared_memory=True))
            for index, (before, after, _) in enumerate(states):
                request.set_tensor(before, openvino.Tensor(self.states[turn][index], shared_memory=True))
                request.set_tensor(after, openvino.Tensor(self.states[1 - turn][index], shared_memory=True))
            self.requests.append(request)

    def run(self) -> None:
        self.requests[self.turn].infer()
        self.turn ^= 1


class NumpyDense(Peer):
    """`x @ weight.T + bias`, both into place, with the weights laid out as suits numpy."""

    def __init__(self, weight: np.ndarray, bias: np.ndarray, x: np.ndarray) -> None:
        self.x, self.y = x, np.zeros((len(x), len(bias)), np.float32)
        self.weight, self.bias = np.ascontiguousarray(weight.T), bias

    def run(self) -> None:
        np.dot(self.x, self.weight, out=self.y)
        np.add(self.y, self.bias, out=self.y)


class MlxRecurrent(Peer):
    """Stacked mlx LSTM layers over a whole sequence."""

    def __init__(self, hidden: int, layers: int, weights: dict[str, np.ndarray], x: np.ndarray) -> None:
        import mlx.core as mx
        import mlx.nn as nn

        self.mx, self.x, self.y = mx, x, np.zeros((*x.shape[:-1], hidden), np.float32)
        self.layers = []
        for index in range(layers):
            layer = nn.LSTM(x.shape[-1] if index == 0 else hidden, hidden)
            layer.Wx, layer.Wh = (
                mx.array(weights[f"weight_ih_l{index}"]),
                mx.array(weights[f"weight_hh_l{index}"]),
            )
            layer.bias = mx.array(weights[f"bias_ih_l{index}"] + weights[f"bias_hh_l{index}"])
            self.layers.append(layer)

    def run(self) -> None:
        value = self.mx.array(self.x)[None]
        for layer in self.layers:
            value, _ = layer(value)
        self.mx.eval(value)
        self.y[:] = np.array(value, copy=False)[0]


class OssicleCall(Peer):
    """A model or layer called with `out=`."""

    def __init__(self, model: Any, x: np.ndarray, shape: tuple[int, ...]) -> None:
        self.model, self.x, self.y = model, x, np.zeros(shape, np.float32)

    def run(self) -> None:
        self.model(self.x, out=self.y)


class OssicleInference(_Stateful):
    """A Core ML model with `out=`; outputs that are no state and not asked for are computed too."""

    def __init__(self, model: Any, names: tuple[str, str], x: np.ndarray, states: Any = ()) -> None:
        shapes = {port.name: port.shape for port in model.outputs}
        super().__init__(x, shapes[names[1]], states)
        self.model = model
        rest = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
        self.calls = []
        for turn in range(2):
            inputs, outputs = {names[0]: self.x}, {**rest, names[1]: self.y}
            for index, (before, after, _) in enumerate(states):
                inputs[before], outputs[after] = self.states[turn][index], self.states[1 - turn][index]
            self.calls.append((inputs, outputs))

    def run(self) -> None:
        inputs, outputs = self.calls[self.turn]
        self.model.predict(inputs, out=outputs)
        self.turn ^= 1


class OssicleStream(Peer):
    """A stream fed block by block."""

    def __init__(self, model: Any, x: np.ndarray) -> None:
        self.x, self.y = x, np.zeros(x.shape, np.float32)
        self.stream = model.stream(x.size)

    def run(self) -> None:
        self.stream.process(self.x, self.y)

    def reset(self) -> None:
        self.stream.reset()
