"""RTNeural's files beyond its amplifier models: strides, and the layers it stores as PyTorch names them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import ossicle
import pytest

RTNEURAL = Path(__file__).parents[1] / "data/models/rtneural"


def strided(kernel: int, dilation: int, strides: int, rng: np.random.Generator) -> tuple[bytes, np.ndarray]:
    """A causal convolution from 1 to 2 channels, then a dense layer to 1, and the taps `[kernel, 1, 2]`."""
    taps = rng.standard_normal((kernel, 1, 2))
    layers = [
        {
            "type": "conv1d",
            "kernel_size": [kernel],
            "dilation": [dilation],
            "strides": [strides],
            "shape": [None, None, 2],
            "activation": "",
            "weights": [taps.tolist(), [0.5, -0.25]],
        },
        {"type": "dense", "shape": [None, None, 1], "activation": "", "weights": [[[1.0], [2.0]], [0.0]]},
    ]
    return json.dumps({"in_shape": [None, None, 1], "layers": layers}).encode(), taps


@pytest.mark.parametrize(("kernel", "dilation", "strides"), [(3, 1, 2), (5, 2, 3), (2, 1, 4), (4, 3, 1)])
def test_strides(kernel: int, dilation: int, strides: int, rng: np.random.Generator) -> None:
    """Keras's causal padding: output i reads the frames up to i · strides."""
    data, taps = strided(kernel, dilation, strides, rng)
    model = ossicle.load(data)
    x = rng.standard_normal(12 * strides).astype(np.float32)
    padded = np.concatenate([np.zeros((kernel - 1) * dilation), x])
    windows = np.stack([padded[i * strides :][: (kernel - 1) * dilation + 1 : dilation] for i in range(12)])
    expected = (windows @ taps[:, 0] + [0.5, -0.25]) @ [1, 2]
    np.testing.assert_allclose(model(x), expected, atol=1e-5)
    assert model.receptive_field == (kernel - 1) * dilation
    with model.stream(3 * strides) as stream:
        assert stream.granularity == strides
        assert stream.rate == (1, strides)
        found = np.concatenate([stream.process(part) for part in np.split(x, 4)], axis=-1)
    np.testing.assert_array_equal(found.reshape(-1), model(x))


@pytest.mark.parametrize(
    ("name", "make", "x", "y"),
    [
        ("conv1d_torch", lambda: ossicle.Conv1D(1, 12, 5), "conv1d_torch_x_python", "conv1d_torch_y_python"),
        (
            "conv1d_torch_group_6_3_3_1_3",
            lambda: ossicle.Conv1D(6, 3, 3, groups=3),
            "conv1d_torch_group_x_python",
            "conv1d_torch_group_y_python_6_3_3_1_3",
        ),
        (
            "convtranspose1d_torch",
            lambda: ossicle.ConvTranspose1D(4, 15, 5, stride=3, padding=3),
            "convtranspose1d_torch_x_python",
            "convtranspose1d_torch_y_python",
        ),
    ],
)
def test_layers_of_pytorch(name: str, make, x: str, y: str) -> None:
    layer = make().load_state_dict(json.loads((RTNEURAL / f"{name}.json").read_text()))

    def table(file: str) -> np.ndarray:
        return np.loadtxt(RTNEURAL / f"{file}.csv", np.float32, delimiter=",", ndmin=2)

    signal = table(x)
    signal = signal if signal.shape[0] == layer.arguments["in_channels"] else signal.T
    np.testing.assert_allclose(layer(signal), table(y), atol=2e-7)
