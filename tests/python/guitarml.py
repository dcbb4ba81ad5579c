"""Model files in GuitarML's format with random weights, and what they compute, in float64.

The format: a recurrent layer and a Linear layer under PyTorch's names, `rec.` and `lin.`; with `skip` the
input is added to the output.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import reference


def make(unit: str, hidden: int, seed: int, skip: int = 1, **more: Any) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    gates = {"LSTM": 4, "GRU": 3}[unit]
    bound = 1 / np.sqrt(hidden)

    def weights(*shape: int) -> list[Any]:
        return rng.uniform(-bound, bound, shape).astype(np.float32).tolist()

    return {
        "model_data": {
            "model": "SimpleRNN",
            "input_size": 1,
            "skip": skip,
            "output_size": 1,
            "unit_type": unit,
            "num_layers": 1,
            "hidden_size": hidden,
            "bias_fl": True,
        },
        "state_dict": {
            "rec.weight_ih_l0": weights(gates * hidden, 1),
            "rec.weight_hh_l0": weights(gates * hidden, hidden),
            "rec.bias_ih_l0": weights(gates * hidden),
            "rec.bias_hh_l0": weights(gates * hidden),
            "lin.weight": weights(1, hidden),
            "lin.bias": weights(1),
        },
        **more,
    }


def run(model: dict[str, Any], signal: np.ndarray) -> np.ndarray:
    """The model's output for a mono signal from zero state."""
    data, state = model["model_data"], model["state_dict"]
    inner = {name[4:]: value for name, value in state.items() if name.startswith("rec.")}
    x = np.asarray(signal, np.float64)[:, None]
    hidden = reference.run(data["unit_type"], {"hidden_size": data["hidden_size"]}, inner, x)[0]
    y = hidden @ np.asarray(state["lin.weight"]).T + np.asarray(state["lin.bias"])
    return (y + data["skip"] * x)[:, 0]
