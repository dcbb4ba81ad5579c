"""A HybridPipeline in float64 NumPy, from the layers of `reference`."""

from __future__ import annotations

from typing import Any

import numpy as np
import reference

State = dict[str, np.ndarray]


def random_state(shapes: dict[str, tuple[int, ...]], seed: int = 0, scale: float = 0.4) -> State:
    rng = np.random.default_rng(seed)
    return {name: (scale * rng.uniform(-1, 1, shape)).astype(np.float32) for name, shape in shapes.items()}


def run(config: dict[str, Any], state: State, x: np.ndarray) -> np.ndarray:
    """`[batch, channels, frames]` in and out."""

    def part(prefix: str) -> State:
        return {
            name[len(prefix) + 1 :]: value for name, value in state.items() if name.startswith(prefix + ".")
        }

    kernel, stride, stages = config["kernel_size"], config["stride"], len(config["channels"])
    sizes = {"kernel_size": kernel, "stride": stride, "padding": (kernel - stride + 1) // 2}
    frames = x.shape[-1]
    y = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (0, -frames % stride**stages)))
    skips = []

    def activate(y: np.ndarray) -> np.ndarray:
        return y if config["activation"] == "Identity" else reference.run(config["activation"], {}, {}, y)

    for index in range(stages):
        weights = part(f"encoder.{index}")
        outputs, inputs = weights["weight"].shape[:2]
        y = activate(
            reference.run("Conv1d", {"in_channels": inputs, "out_channels": outputs, **sizes}, weights, y)
        )
        skips.append(y)
    lstm = {name: config[name] for name in ("hidden_size", "num_layers", "bidirectional")}
    y = reference.run("LSTM", lstm, part("bottleneck"), y.transpose(0, 2, 1))[0]
    if config["projection"]:
        weights = part("projection")
        outputs, inputs = weights["weight"].shape
        y = reference.run("Linear", {"in_features": inputs, "out_features": outputs}, weights, y)
    y = y.transpose(0, 2, 1)
    for index in range(stages):
        if config["skip_connections"]:
            y = y + skips.pop()
        weights = part(f"decoder.{index}")
        inputs, outputs = weights["weight"].shape[:2]
        arguments = {"in_channels": inputs, "out_channels": outputs, **sizes}
        arguments["output_padding"] = (kernel - stride) % 2
        y = reference.run("ConvTranspose1d", arguments, weights, y)
        y = activate(y) if index < stages - 1 else y
    return y[..., :frames]
