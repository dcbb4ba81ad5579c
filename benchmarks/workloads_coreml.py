"""Core ML models: real ones, against ONNX Runtime on the same network."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import ossicle
import peers
import reference
import safetensors.numpy
from onnx_graph import Graph
from workloads import BLOCKS, Work, onnx_peers, uniform

#: How far float32 weights may be from the Core ML model's float16 ones, in the probability of speech.
ROUNDED_WEIGHTS = 2e-3
REAL = Path(__file__).resolve().parents[1] / "tests" / "data" / "coreml" / "real"


def convolve(weights: dict[str, np.ndarray], x: np.ndarray, stride: int, padding: int) -> np.ndarray:
    """In float64."""
    outputs, inputs, kernel = weights["weight"].shape
    sizes = {"in_channels": inputs, "out_channels": outputs, "kernel_size": kernel, "bias": "bias" in weights}
    return np.asarray(reference.run("Conv1d", {**sizes, "stride": stride, "padding": padding}, weights, x))


class SileroVad:
    """Silero VAD 6, 32 ms of sound a call, with the state of its LSTM carried from call to call."""

    path = REAL / "silero_vad_v6" / "silero-vad-unified-v6.0.0.mlmodelc"
    strides = (1, 2, 2, 1)

    def __init__(self) -> None:
        weights = ossicle.CoreMLWeightLoader(self.path)
        self.lstm = weights.load_lstm_weights()
        self.basis = weights["stft_forward_basis_to_fp16"]
        self.layers = [weights.load_conv1d_weights(f"encoder.layers.{index}") for index in (0, 2, 4, 6)]
        self.last = weights.load_conv1d_weights("decoder.final_conv")
        self.signal = uniform(np.random.default_rng(11), BLOCKS * 576)
        self.first = self.signal[None, :576]

    def graph(self) -> Graph:
        """The same network from the same weights (float16, widened)."""
        graph = Graph()
        x = graph.input("x", (1, 576))
        padded = graph.add("Pad", x, graph.constant(np.array([0, 0, 0, 64], np.int64)), mode="reflect")
        wave = graph.add("Unsqueeze", padded, graph.constant(np.array([1], np.int64)))
        spectrum = graph.add("Conv", wave, graph.constant(self.basis), strides=[128])
        parts = []
        for begin in (0, 129):
            bounds = [graph.constant(np.array([at], np.int64)) for at in (begin, begin + 129, 1)]
            part = graph.add("Slice", spectrum, *bounds)
            parts.append(graph.add("Mul", part, part))
        power = graph.add("Add", graph.add("Add", *parts), graph.constant(np.float32(2**-24)))
        y = graph.add("Sqrt", power)
        for layer, stride in zip(self.layers, self.strides, strict=True):
            constants = [graph.constant(layer["weight"]), graph.constant(layer["bias"])]
            y = graph.add("Relu", graph.add("Conv", y, *constants, strides=[stride], pads=[1, 1]))
        y = graph.recurrent("LSTM", graph.add("Transpose", y, perm=[2, 0, 1]), 128, self.lstm, 0, carry=True)
        y = graph.add("Relu", graph.add("Transpose", y, perm=[1, 2, 0]))
        y = graph.add("Conv", y, graph.constant(self.last["weight"]), graph.constant(self.last["bias"]))
        graph.add("Sigmoid", y, output="y")
        graph.output("y", (1, 1, 1))
        return graph

    def expected(self) -> np.ndarray:
        features = []
        for block in self.signal.reshape(-1, 576).astype(np.float64):
            wave = np.concatenate([block, block[-2:-66:-1]])
            spectrum = convolve({"weight": self.basis}, wave[None], 128, 0)
            value = np.sqrt(spectrum[:129] ** 2 + spectrum[129:] ** 2 + 2**-24)
            for layer, stride in zip(self.layers, self.strides, strict=True):
                value = np.maximum(convolve(layer, value, stride, 1), 0)
            features.append(value[:, 0])
        hidden = reference.run("LSTM", {"hidden_size": 128}, self.lstm, np.stack(features))[0]
        logits = np.maximum(hidden, 0) @ self.last["weight"][:, :, 0].T.astype(np.float64) + self.last["bias"]
        return np.asarray(1 / (1 + np.exp(-logits)))

    def ours(self) -> peers.Peer:
        states = [
            ("hidden_state", "new_hidden_state", (1, 128)),
            ("cell_state", "new_cell_state", (1, 128)),
        ]
        model = ossicle.BNNSInference(self.path)
        return peers.OssicleInference(model, ("audio_input", "vad_output"), self.first.copy(), states)

    def authors(self) -> peers.Peer:
        """The authors' own ONNX file for 16 kHz, whose weights are float32 and whose sizes are not fixed."""
        states = [("state", "stateN", (2, 1, 128))]
        constants = {"sr": np.array(16000, np.int64)}
        names = ("input", "output")
        model = silero_file().read_bytes()
        return peers.OnnxRuntime(model, self.first.copy(), (1, 1), states, names, constants=constants)


def silero_file() -> Path:
    """Inside the package `silero-vad`, which is not imported: that would need PyTorch.

    Raises:
        ImportError: it is not there, or not the version of the Core ML model; others have other weights.

    """
    hint = "pip install --no-deps silero-vad==6.0.0"
    try:
        package = distribution("silero-vad")
    except PackageNotFoundError:
        raise ImportError(hint) from None
    if package.version != "6.0.0":
        raise ImportError(f"{hint} (found {package.version}, which has other weights)")
    return Path(str(package.locate_file("silero_vad/data/silero_vad_16k_op15.onnx")))


def silero_vad() -> Work:
    """Against the same graph from the same weights."""
    silero = SileroVad()
    return Work(
        "Silero VAD, 32 ms of sound",
        {"ossicle": silero.ours, **onnx_peers(silero.graph(), silero.first, (1, 1, 1))},
        silero.expected(),
        silero.signal,
    )


def silero_vad_authors() -> Work:
    """Against the authors' own file."""
    silero_file()
    silero = SileroVad()
    return Work(
        "Silero VAD, 32 ms of sound, its authors' ONNX file",
        {"ossicle": silero.ours, "onnxruntime": silero.authors},
        silero.expected(),
        silero.signal,
        tolerances={"onnxruntime": ROUNDED_WEIGHTS},
    )


def basic_pitch() -> Work:
    """Spotify's basic-pitch on a window of two seconds; the twin is its authors' own ONNX file."""
    folder = REAL / "basic_pitch"
    stored = safetensors.numpy.load_file(folder / "nmp.oracle.safetensors")
    case = next(iter(sorted(stored))).partition("/")[0]
    x, expected = stored[f"{case}/in/input_2"], stored[f"{case}/out/Identity_1"]

    def ours() -> peers.Peer:
        model = ossicle.BNNSInference(folder / "nmp.mlpackage")
        return peers.OssicleInference(model, ("input_2", "Identity_1"), x.copy())

    def twin() -> peers.Peer:
        names = ("serving_default_input_2:0", "StatefulPartitionedCall:1")
        more = {"StatefulPartitionedCall:0": (1, 172, 264), "StatefulPartitionedCall:2": (1, 172, 88)}
        model = (folder / "nmp.onnx").read_bytes()
        return peers.OnnxRuntime(model, x.copy(), expected.shape, [], names, more)

    return Work("basic-pitch, 2 s of sound", {"ossicle": ours, "onnxruntime": twin}, expected)
