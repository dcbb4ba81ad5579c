"""Core ML models: real ones, against ONNX Runtime on the same network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import ossicle
import peers
import reference
import safetensors.numpy
from onnx_graph import Graph
from workloads import BLOCKS, Work, onnx_peers, uniform

REAL = Path(__file__).resolve().parents[1] / "tests" / "data" / "coreml" / "real"


def convolve(weights: dict[str, np.ndarray], x: np.ndarray, stride: int, padding: int) -> np.ndarray:
    """In float64."""
    outputs, inputs, kernel = weights["weight"].shape
    sizes = {"in_channels": inputs, "out_channels": outputs, "kernel_size": kernel, "bias": "bias" in weights}
    return np.asarray(reference.run("Conv1d", {**sizes, "stride": stride, "padding": padding}, weights, x))


def silero_vad() -> Work:
    """Silero VAD 6, 32 ms of sound a call, with the state of its LSTM carried from call to call.

    The twin is built from the Core ML model's own weights (float16, widened), so both compute the same
    network in float32. (`silero_vad.onnx` has the branch for 8 kHz and a choice between them on top.)
    """
    path = REAL / "silero_vad_v6" / "silero-vad-unified-v6.0.0.mlmodelc"
    weights = ossicle.CoreMLWeightLoader(path)
    lstm = weights.load_lstm_weights()
    basis = weights["stft_forward_basis_to_fp16"]
    layers = [weights.load_conv1d_weights(f"encoder.layers.{index}") for index in (0, 2, 4, 6)]
    last = weights.load_conv1d_weights("decoder.final_conv")
    strides = (1, 2, 2, 1)
    signal = uniform(np.random.default_rng(11), BLOCKS * 576)
    first = signal[None, :576]

    graph = Graph()
    x = graph.input("x", (1, 576))
    padded = graph.add("Pad", x, graph.constant(np.array([0, 0, 0, 64], np.int64)), mode="reflect")
    wave = graph.add("Unsqueeze", padded, graph.constant(np.array([1], np.int64)))
    spectrum = graph.add("Conv", wave, graph.constant(basis), strides=[128])
    parts = []
    for begin in (0, 129):
        bounds = [graph.constant(np.array([at], np.int64)) for at in (begin, begin + 129, 1)]
        part = graph.add("Slice", spectrum, *bounds)
        parts.append(graph.add("Mul", part, part))
    power = graph.add("Add", graph.add("Add", *parts), graph.constant(np.float32(2**-24)))
    y = graph.add("Sqrt", power)
    for layer, stride in zip(layers, strides, strict=True):
        constants = [graph.constant(layer["weight"]), graph.constant(layer["bias"])]
        y = graph.add("Relu", graph.add("Conv", y, *constants, strides=[stride], pads=[1, 1]))
    y = graph.recurrent("LSTM", graph.add("Transpose", y, perm=[2, 0, 1]), 128, lstm, 0, carry=True)
    y = graph.add("Relu", graph.add("Transpose", y, perm=[1, 2, 0]))
    y = graph.add("Conv", y, graph.constant(last["weight"]), graph.constant(last["bias"]))
    graph.add("Sigmoid", y, output="y")
    graph.output("y", (1, 1, 1))

    def expected() -> np.ndarray:
        features = []
        for block in signal.reshape(-1, 576).astype(np.float64):
            wave = np.concatenate([block, block[-2:-66:-1]])
            spectrum = convolve({"weight": basis}, wave[None], 128, 0)
            value = np.sqrt(spectrum[:129] ** 2 + spectrum[129:] ** 2 + 2**-24)
            for layer, stride in zip(layers, strides, strict=True):
                value = np.maximum(convolve(layer, value, stride, 1), 0)
            features.append(value[:, 0])
        hidden = reference.run("LSTM", {"hidden_size": 128}, lstm, np.stack(features))[0]
        logits = np.maximum(hidden, 0) @ last["weight"][:, :, 0].T.astype(np.float64) + last["bias"]
        return np.asarray(1 / (1 + np.exp(-logits)))

    def ours() -> peers.Peer:
        states = [
            ("hidden_state", "new_hidden_state", (1, 128)),
            ("cell_state", "new_cell_state", (1, 128)),
        ]
        model = ossicle.BNNSInference(path)
        return peers.OssicleInference(model, ("audio_input", "vad_output"), first.copy(), states)

    return Work(
        "Silero VAD, 32 ms of sound",
        {"ossicle": ours, **onnx_peers(graph, first, (1, 1, 1))},
        expected(),
        signal,
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
