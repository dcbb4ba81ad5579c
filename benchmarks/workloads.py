"""The work to be measured: the same weights and inputs for every engine, and the answer in float64."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import native_peers
import numpy as np
import ossicle
import peers
from onnx_graph import Graph

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "python"))

import reference  # noqa: E402

Weights = dict[str, np.ndarray]
BLOCKS = 4  # streamed for the check


@dataclass
class Work:
    """One line of the table: a factory for each engine, and a signal to stream in blocks for the check."""

    name: str
    make: dict[str, Callable[[], peers.Peer]]
    expected: np.ndarray
    signal: np.ndarray | None = None
    prewarm: int = 0
    #: Of engines that run other weights than the expected output's.
    tolerances: dict[str, float] = field(default_factory=dict)

    def answer(self, peer: peers.Peer) -> np.ndarray:
        """The peer's output for the checked input; NaN where it wrote nothing."""
        peer.y.fill(np.nan)
        if self.signal is None:
            peer.run()
            return peer.y.copy()
        block, kept = peer.x.size, peer.x.copy()
        peer.reset()
        parts = []
        if not isinstance(peer, peers.OssicleStream):  # ours prewarms by itself
            peer.x[...] = 0
            for _ in range(-(-self.prewarm // block)):
                peer.run()
        for part in self.signal.reshape(-1, block):
            peer.x[...] = part.reshape(peer.x.shape)
            peer.run()
            parts.append(peer.y.ravel().copy())
        peer.x[...] = kept
        return np.concatenate(parts)


def uniform(rng: np.random.Generator, *shape: int, bound: float = 1.0) -> np.ndarray:
    return rng.uniform(-bound, bound, shape).astype(np.float32)


def recurrent_weights(rng: np.random.Generator, kind: str, inputs: int, hidden: int, layers: int) -> Weights:
    rows, bound = (4 if kind == "LSTM" else 3) * hidden, hidden**-0.5
    weights = {}
    for layer in range(layers):
        weights[f"weight_ih_l{layer}"] = uniform(rng, rows, inputs if layer == 0 else hidden, bound=bound)
        weights[f"weight_hh_l{layer}"] = uniform(rng, rows, hidden, bound=bound)
        weights[f"bias_ih_l{layer}"] = uniform(rng, rows, bound=bound)
        weights[f"bias_hh_l{layer}"] = uniform(rng, rows, bound=bound)
    return weights


def prefixed(index: int, weights: Weights) -> Weights:
    return {f"{index}.{name}": value for name, value in weights.items()}


def onnx_peers(graph: Graph, x: np.ndarray, shape: tuple[int, ...]) -> dict[str, Callable[[], peers.Peer]]:
    model, states = graph.bytes(), graph.states
    return {
        "onnxruntime": lambda: peers.OnnxRuntime(model, x.copy(), shape, states),
        "openvino": lambda: peers.OpenVino(model, x.copy(), shape, states),
    }


# --- streams ---


def recurrent_stream(kind: str, hidden: int, block: int) -> Work:
    """A recurrent layer and Linear to one output: the usual amplifier model."""
    rng = np.random.default_rng(1)
    weights = recurrent_weights(rng, kind, 1, hidden, 1)
    head = {"weight": uniform(rng, 1, hidden, bound=hidden**-0.5), "bias": uniform(rng, 1, bound=0.1)}
    signal = uniform(rng, BLOCKS * block)
    states = reference.run(kind, {"hidden_size": hidden}, weights, signal[:, None])[0]
    graph = Graph()
    y = graph.recurrent(kind, graph.input("x", (block, 1, 1)), hidden, weights, 0, carry=True)
    graph.dense(y, head["weight"], head["bias"], output="y")
    graph.output("y", (block, 1, 1))

    def ours() -> peers.Peer:
        model = ossicle.Sequential(getattr(ossicle, kind)(1, hidden), ossicle.Linear(hidden, 1))
        return peers.OssicleStream(
            model.load_state_dict(prefixed(0, weights) | prefixed(1, head)), signal[:block].copy()
        )

    return Work(
        f"{kind} {hidden} + Linear, block {block}",
        {
            "ossicle": ours,
            **onnx_peers(graph, signal[:block].reshape(block, 1, 1), (block, 1, 1)),
            **native_peers.recurrent(kind, hidden, [*weights.values(), *head.values()], signal[:block]),
        },
        (states @ head["weight"].T + head["bias"])[:, 0],
        signal,
    )


class WaveNet:
    """The layer arrays of a plain .nam WaveNet, as a list of weights in the file's order."""

    def __init__(self, path: Path) -> None:
        data = json.loads(path.read_text())
        self._left = np.array(data["weights"], np.float32)
        self.arrays, self.field = [], 1
        for config in data["config"]["layers"]:
            channels, kernel = config["channels"], config["kernel_size"]
            array: dict[str, Any] = {"inputs": self._take(channels, config["input_size"], 1), "layers": []}
            for dilation in config["dilations"]:
                self.field += dilation * (kernel - 1)
                array["layers"].append(
                    {
                        "dilation": dilation,
                        "weight": self._take(channels, channels, kernel),
                        "bias": self._take(channels),
                        "mix": self._take(channels, config["condition_size"], 1),
                        "weight1": self._take(channels, channels, 1),
                        "bias1": self._take(channels),
                    }
                )
            array["head"] = self._take(config["head_size"], channels, 1)
            array["head_bias"] = self._take(config["head_size"]) if config["head_bias"] else None
            self.arrays.append(array)
        self.scale = self._take(1)[0]
        assert self._left.size == 0

    def _take(self, *shape: int) -> np.ndarray:
        size = int(np.prod(shape))
        taken, self._left = self._left[:size], self._left[size:]
        return taken.reshape(shape)

    def run(self, signal: np.ndarray) -> np.ndarray:
        """In float64, after silence of the receptive field."""
        x = np.concatenate([np.zeros(self.field), signal])[None]
        value, head = x, 0.0
        for array in self.arrays:
            value = _conv(value, array["inputs"])
            for layer in array["layers"]:
                gate = _conv(value, layer["weight"], layer["bias"], layer["dilation"]) + _conv(
                    x, layer["mix"]
                )
                head = head + np.tanh(gate)
                value = value + _conv(np.tanh(gate), layer["weight1"], layer["bias1"])
            head = _conv(head, array["head"], array["head_bias"])
        return (head * self.scale)[0, self.field :]

    def graph(self, block: int) -> Graph:
        graph = Graph()
        x = graph.input("x", (1, 1, block))
        value, head = x, ""
        for array in self.arrays:
            value = graph.add("Conv", value, graph.constant(array["inputs"]))
            for layer in array["layers"]:
                channels, _, kernel = layer["weight"].shape
                past = (1, channels, layer["dilation"] * (kernel - 1))
                before, after = graph.state(past)
                window = graph.add("Concat", before, value, axis=2)
                bounds = (graph.constant(np.array([at], np.int64)) for at in (block, block + past[2], 2))
                graph.add("Slice", window, *bounds, output=after)
                weight, bias = graph.constant(layer["weight"]), graph.constant(layer["bias"])
                gate = graph.add("Conv", window, weight, bias, dilations=[layer["dilation"]])
                gate = graph.add(
                    "Tanh", graph.add("Add", gate, graph.add("Conv", x, graph.constant(layer["mix"])))
                )
                head = graph.add("Add", head, gate) if head else gate
                weight, bias = graph.constant(layer["weight1"]), graph.constant(layer["bias1"])
                value = graph.add("Add", value, graph.add("Conv", gate, weight, bias))
            biases = [] if array["head_bias"] is None else [graph.constant(array["head_bias"])]
            head = graph.add("Conv", head, graph.constant(array["head"]), *biases)
        graph.add("Mul", head, graph.constant(np.array(self.scale)), output="y")
        graph.output("y", (1, 1, block))
        return graph


def _conv(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | None = None, dilation: int = 1) -> np.ndarray:
    outputs, inputs, kernel = weight.shape
    weights = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
    arguments = {"in_channels": inputs, "out_channels": outputs, "kernel_size": kernel, "dilation": dilation}
    return reference.run("Conv1d", {**arguments, "padding": "causal", "bias": bias is not None}, weights, x)


def wavenet(block: int) -> Work:
    path = ROOT / "tests" / "data" / "models" / "nam" / "wavenet_a1_standard.nam"
    net, rng = WaveNet(path), np.random.default_rng(3)
    signal = uniform(rng, BLOCKS * block, bound=0.3)
    x = signal[:block]
    return Work(
        f"NAM WaveNet standard, block {block}",
        {
            "ossicle": lambda: peers.OssicleStream(ossicle.load(path), x.copy()),
            **onnx_peers(net.graph(block), x.reshape(1, 1, block), (1, 1, block)),
            **native_peers.nam(path, x),
        },
        net.run(signal),
        signal,
        prewarm=net.field,
    )


# --- whole arrays ---


def linear(inputs: int, outputs: int, batch: int) -> Work:
    rng = np.random.default_rng(4)
    weight, bias = uniform(rng, outputs, inputs, bound=inputs**-0.5), uniform(rng, outputs, bound=0.1)
    x = uniform(rng, batch, inputs)
    graph = Graph()
    graph.add(
        "Gemm", graph.input("x", x.shape), graph.constant(weight), graph.constant(bias), output="y", transB=1
    )
    graph.output("y", (batch, outputs))

    def ours() -> peers.Peer:
        layer = ossicle.Linear(inputs, outputs).load_state_dict({"weight": weight, "bias": bias})
        return peers.OssicleCall(layer, x, (batch, outputs))

    return Work(
        f"Linear {inputs} → {outputs}, batch {batch}",
        {
            "ossicle": ours,
            **onnx_peers(graph, x, (batch, outputs)),
            "numpy": lambda: peers.NumpyDense(weight, bias, x),
        },
        x.astype(np.float64) @ weight.T.astype(np.float64) + bias,
    )


def lstm_stack(hidden: int, steps: int = 100, inputs: int = 128) -> Work:
    rng = np.random.default_rng(5)
    weights = recurrent_weights(rng, "LSTM", inputs, hidden, 2)
    x = uniform(rng, steps, inputs)
    graph = Graph()
    y = graph.input("x", (steps, 1, inputs))
    for layer in range(2):
        y = graph.recurrent("LSTM", y, hidden, weights, layer, carry=False)
    graph.add("Identity", y, output="y")
    graph.output("y", (steps, 1, hidden))

    def ours() -> peers.Peer:
        layer = ossicle.LSTM(inputs, hidden, 2).load_state_dict(weights)
        return peers.OssicleCall(ossicle.Sequential(layer, ossicle.Identity()), x, (steps, hidden))

    return Work(
        f"LSTM 2×{hidden}, {steps} steps",
        {
            "ossicle": ours,
            **onnx_peers(graph, x[:, None], (steps, 1, hidden)),
            "mlx": lambda: peers.MlxRecurrent(hidden, 2, weights, x),
        },
        reference.run("LSTM", {"hidden_size": hidden, "num_layers": 2}, weights, x)[0],
    )


def convolution(
    kind: str, inputs: int, outputs: int, kernel: int, stride: int, dilation: int, length: int
) -> Work:
    rng = np.random.default_rng(6)
    bound = (inputs * kernel) ** -0.5
    shape = (outputs, inputs) if kind == "Conv1d" else (inputs, outputs)
    weights = {
        "weight": uniform(rng, *shape, kernel, bound=bound),
        "bias": uniform(rng, outputs, bound=bound),
    }
    x = uniform(rng, inputs, length)
    arguments = {"in_channels": inputs, "out_channels": outputs, "kernel_size": kernel, "stride": stride,
                 "dilation": dilation}  # fmt: skip
    expected = reference.run(kind, arguments, weights, x)
    graph, name = Graph(), {"Conv1d": "Conv", "ConvTranspose1d": "ConvTranspose"}[kind]
    constants = [graph.constant(weights["weight"]), graph.constant(weights["bias"])]
    graph.add(
        name, graph.input("x", (1, *x.shape)), *constants, output="y", strides=[stride], dilations=[dilation]
    )
    graph.output("y", (1, *expected.shape))

    def ours() -> peers.Peer:
        layer = getattr(ossicle, kind.replace("1d", "1D"))(**arguments)
        return peers.OssicleCall(layer.load_state_dict(weights), x, expected.shape)

    steps = f", stride {stride}" * (stride > 1) + f", dilation {dilation}" * (dilation > 1)
    return Work(
        f"{kind} {inputs} → {outputs}, kernel {kernel}{steps}, length {length}",
        {"ossicle": ours, **onnx_peers(graph, x[None], (1, *expected.shape))},
        expected,
    )


def hybrid(length: int = 4096, hidden: int = 256) -> Work:
    """Convolutional encoder, two LSTM layers, Linear, transposed-convolution decoder."""
    rng, channels = np.random.default_rng(7), [1, 32, 64, 128]
    layers: list[Any] = []
    state: Weights = {}
    graph = Graph()
    x = uniform(rng, 1, length)
    value, y = x.astype(np.float64), graph.input("x", (1, 1, length))

    def add(layer: Any, weights: Weights) -> None:
        state.update(prefixed(len(layers), weights))
        layers.append(layer)

    sizes = {"kernel_size": 8, "stride": 4, "padding": 2}
    pairs = [*pairwise(channels), *pairwise(channels[::-1])]
    for index, (inputs, outputs) in enumerate(pairs):
        if index == 3:  # the bottleneck
            y, value = graph.add("Transpose", y, perm=[2, 0, 1]), value.T
            lstm = recurrent_weights(rng, "LSTM", 128, hidden, 2)
            head = {
                "weight": uniform(rng, 128, hidden, bound=hidden**-0.5),
                "bias": uniform(rng, 128, bound=0.1),
            }
            for layer in range(2):
                y = graph.recurrent("LSTM", y, hidden, lstm, layer, carry=False)
            y = graph.add("Transpose", graph.dense(y, head["weight"], head["bias"]), perm=[1, 2, 0])
            value = reference.run("LSTM", {"hidden_size": hidden, "num_layers": 2}, lstm, value)[0]
            value = (value @ head["weight"].T + head["bias"]).T
            add(ossicle.Permute((1, 0)), {})
            add(ossicle.LSTM(128, hidden, 2), lstm)
            add(ossicle.Linear(hidden, 128), head)
            add(ossicle.Permute((1, 0)), {})
        kind, shape = ("Conv1D", (outputs, inputs)) if index < 3 else ("ConvTranspose1D", (inputs, outputs))
        bound = (inputs * (8 if index < 3 else 2)) ** -0.5
        weights = {"weight": uniform(rng, *shape, 8, bound=bound), "bias": uniform(rng, outputs, bound=0.1)}
        arguments = {"in_channels": inputs, "out_channels": outputs, **sizes}
        add(getattr(ossicle, kind)(**arguments), weights)
        constants = [graph.constant(weights["weight"]), graph.constant(weights["bias"])]
        last = index == 5
        y = graph.add(kind[:-2], y, *constants, strides=[4], pads=[2, 2], output="y" if last else None)
        value = reference.run(kind.replace("1D", "1d"), arguments, weights, value)
        if not last:
            add(ossicle.ReLU(), {})
            y, value = graph.add("Relu", y), np.maximum(value, 0)
    graph.output("y", (1, 1, length))

    def ours() -> peers.Peer:
        return peers.OssicleCall(ossicle.Sequential(*layers).load_state_dict(state), x, (1, length))

    return Work(
        f"encoder → 2×LSTM {hidden} → decoder, {length} samples",
        {"ossicle": ours, **onnx_peers(graph, x[None], (1, 1, length))},
        value,
    )


CONVOLUTIONS = [
    (1, 32, 8, 4, 1),
    (32, 64, 8, 4, 1),
    (64, 128, 8, 4, 1),
    (64, 64, 3, 1, 8),
    (64, 64, 65, 1, 1),
]


def everything() -> Iterator[tuple[str, Callable[[], Work]]]:
    """Group name and factory of each line, in the order of the table."""
    for kind, hidden in (("LSTM", 20), ("LSTM", 40), ("GRU", 64)):
        for block in (64, 512):
            yield "recurrent", lambda k=kind, h=hidden, b=block: recurrent_stream(k, h, b)
    for block in (64, 2048):
        yield "nam", lambda b=block: wavenet(b)
    for inputs, outputs in ((64, 32), (512, 512), (2048, 2048)):
        for batch in (1, 4, 32, 256):
            yield "linear", lambda i=inputs, o=outputs, b=batch: linear(i, o, b)
    for hidden in (256, 512):
        yield "lstm", lambda h=hidden: lstm_stack(h)
    for inputs, outputs, kernel, stride, dilation in CONVOLUTIONS:
        yield "conv", lambda a=(inputs, outputs, kernel, stride, dilation): convolution("Conv1d", *a, 4096)
    for inputs, outputs, kernel, stride, dilation in CONVOLUTIONS:
        length = (4096 - dilation * (kernel - 1) - 1) // stride + 1
        yield (
            "conv",
            lambda a=(outputs, inputs, kernel, stride, dilation, length): convolution("ConvTranspose1d", *a),
        )
    yield "hybrid", hybrid
    import workloads_coreml as coreml  # which needs the names of this file

    for make in (coreml.silero_vad, coreml.silero_vad_authors, coreml.basic_pitch):
        yield "coreml", make
    yield "overhead", lambda: linear(4, 4, 1)
