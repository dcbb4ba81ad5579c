"""Model files in RTNeural's format, which as AIDA-X writes it states a sample rate."""

from __future__ import annotations

from typing import Any

import numpy as np


def from_guitarml(model: dict[str, Any], samplerate: int) -> dict[str, Any]:
    """The same LSTM in Keras' layout: kernels transposed, gates i f g o, one bias."""
    state = {name: np.asarray(value, np.float64) for name, value in model["state_dict"].items()}
    hidden = model["model_data"]["hidden_size"]
    recurrent = {
        "type": "lstm",
        "activation": "",
        "shape": [None, None, hidden],
        "weights": [
            state["rec.weight_ih_l0"].T.tolist(),
            state["rec.weight_hh_l0"].T.tolist(),
            (state["rec.bias_ih_l0"] + state["rec.bias_hh_l0"]).tolist(),
        ],
    }
    head = {
        "type": "dense",
        "activation": "",
        "shape": [None, None, 1],
        "weights": [state["lin.weight"].T.tolist(), state["lin.bias"].tolist()],
    }
    return {"in_shape": [None, None, 1], "samplerate": samplerate, "layers": [recurrent, head]}


def through(samplerate: int, offset: float = 0.0) -> dict[str, Any]:
    """Hands its input on, plus an offset."""
    layer = {"type": "dense", "activation": "", "shape": [None, None, 1], "weights": [[[1.0]], [offset]]}
    return {"in_shape": [None, None, 1], "samplerate": samplerate, "layers": [layer]}
