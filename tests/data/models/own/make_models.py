"""Makes the models of this folder: random weights in every shape that the formats allow.

`python3 make_models.py` writes the files (needs NumPy). The `.nam` files' expected output comes from another program,
see ../README.md; that of the `.json` files is computed here in float64.
"""

import json
import pathlib

import numpy as np

HERE = pathlib.Path(__file__).parent
rng = np.random.default_rng(7)


def floats(values):
    return np.asarray(values, np.float32).astype(float).tolist()


def save_nam(name, architecture, config, count, scale=0.4, fix=None, version="0.5.4"):
    weights = rng.standard_normal(count) * scale
    if fix:
        fix(weights)
    metadata = {
        "loudness": -20.5,
        "gain": 0.25,
        "name": f"Random {name}",
        "modeled_by": "generated",
        "input_level_dbu": 12.5,
        "output_level_dbu": None,
    }
    model = {
        "version": version,
        "metadata": metadata,
        "architecture": architecture,
        "config": config,
        "weights": floats(weights),
        "sample_rate": 48000,
    }
    (HERE / f"{name}.nam").write_text(json.dumps(model))


save_nam("linear", "Linear", {"receptive_field": 33, "bias": True}, 34)


def positive_variances(weights):
    at = 0
    for block in range(4):
        at += 6 * (1 if block == 0 else 6) * 2
        weights[at + 6 : at + 12] = np.abs(weights[at + 6 : at + 12]) + 0.5
        at += 24
        weights[at] = 1e-3
        at += 1


save_nam(
    "convnet_batchnorm",
    "ConvNet",
    {"channels": 6, "dilations": [1, 2, 4, 8], "batchnorm": True, "activation": "Tanh"},
    12 + 3 * 72 + 4 * 25 + 7,
    scale=1.0,
    fix=positive_variances,
)
save_nam(
    "convnet_groups",
    "ConvNet",
    {
        "channels": 6,
        "dilations": [1, 3, 9],
        "batchnorm": False,
        "groups": 2,
        "in_channels": 2,
        "out_channels": 2,
        "activation": {"type": "LeakyReLU", "negative_slope": 0.2},
    },
    12 + 2 * 36 + 3 * 6 + 14,
)
save_nam(
    "lstm_2x5", "LSTM", {"input_size": 1, "hidden_size": 5, "num_layers": 2}, 20 * 6 + 20 * 10 + 2 * 30 + 6
)
gated = [
    {
        "input_size": 1,
        "condition_size": 1,
        "head_size": 3,
        "channels": 4,
        "kernel_size": 3,
        "dilations": [1, 2, 4],
        "activation": "Tanh",
        "gated": True,
        "head_bias": False,
    },
    {
        "input_size": 4,
        "condition_size": 1,
        "head_size": 1,
        "channels": 3,
        "kernel_size": 2,
        "dilations": [1, 8],
        "activation": "ReLU",
        "gated": False,
        "head_bias": True,
    },
]
save_nam(
    "wavenet_gated",
    "WaveNet",
    {"layers": gated, "head": None, "head_scale": 0.02},
    4 + 3 * (96 + 8 + 8 + 20) + 12 + 12 + 2 * (18 + 3 + 3 + 12) + 4 + 1,
)
kernels = [3, 2, 4, 1, 3, 2, 2, 5, 2]
activations = [
    "Softsign",
    "Hardswish",
    {"type": "PReLU", "negative_slopes": [0.1, 0.2, 0.3]},
    {"type": "LeakyHardtanh", "min_val": -0.4, "max_val": 0.5, "min_slope": 0.1, "max_slope": 0.2},
    "SiLU",
    "Hardtanh",
    "Sigmoid",
    "Fasttanh",
    {"type": "PReLU", "negative_slope": 0.3},
]
layer = {
    "input_size": 1,
    "condition_size": 1,
    "channels": 4,
    "bottleneck": 3,
    "kernel_sizes": kernels,
    "dilations": list(range(1, 10)),
    "activation": activations,
    "gating_mode": "none",
    "head": {"out_channels": 2, "kernel_size": 3, "bias": True, "head_dilation": 2},
}
head = {"channels": 5, "out_channels": 1, "kernel_sizes": [2, 3], "activation": "Tanh"}
save_nam(
    "wavenet_posthead",
    "WaveNet",
    {"layers": [layer], "head": head, "head_scale": 0.02},
    4 + sum(12 * k + 3 + 3 + 16 for k in kernels) + 20 + 25 + 16 + 1,
    version="0.7.0",
)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def run_lstm(x, w, u, b):
    """Gates i f g o in rows; float64, from zero state."""
    size = u.shape[1]
    h, c, out = np.zeros(size), np.zeros(size), []
    for frame in x:
        i, f, g, o = np.split(w @ frame + u @ h + b, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        out.append(h)
    return np.array(out)


def random(*shape):
    return (rng.standard_normal(shape) * 0.4).astype(np.float32)


# AIDA-X: Keras's layouts ([inputs, 4 H], one bias), a skip connection, gains in dB, a self-test without them.
w, u, b, d, db = random(1, 32), random(8, 32), random(32), random(8, 1), random(1)
x = np.sin(np.arange(256) * 0.07) * np.linspace(0, 1, 256)
x = x.astype(np.float32).astype(float)[:, None]
y = run_lstm(x, w.T.astype(float), u.T.astype(float), b.astype(float)) @ d.astype(float) + db + x
(HERE / "aidax.json").write_text(
    json.dumps(
        {
            "in_shape": [None, None, 1],
            "in_skip": 1,
            "in_gain": -6.0,
            "out_gain": 3.5,
            "layers": [
                {
                    "type": "lstm",
                    "activation": "",
                    "shape": [None, None, 8],
                    "weights": [floats(w), floats(u), floats(b)],
                },
                {
                    "type": "dense",
                    "activation": "",
                    "shape": [None, None, 1],
                    "weights": [floats(d), floats(db)],
                },
            ],
            "input_batch": floats(x[:, 0]),
            "output_batch": y[:, 0].tolist(),
            "metadata": {"name": "random", "samplerate": "48000", "esr": 0.1},
        }
    )
)

# GuitarML: PyTorch's layouts, two biases, two layers.
state = {}
for index, inputs in enumerate([1, 6]):
    state[f"rec.weight_ih_l{index}"] = random(24, inputs)
    state[f"rec.weight_hh_l{index}"] = random(24, 6)
    state[f"rec.bias_ih_l{index}"] = random(24)
    state[f"rec.bias_hh_l{index}"] = random(24)
state["lin.weight"], state["lin.bias"] = random(1, 6), random(1)
wide = {key: value.astype(float) for key, value in state.items()}
h = x
for index in range(2):
    h = run_lstm(
        h,
        wide[f"rec.weight_ih_l{index}"],
        wide[f"rec.weight_hh_l{index}"],
        wide[f"rec.bias_ih_l{index}"] + wide[f"rec.bias_hh_l{index}"],
    )
y = h @ wide["lin.weight"].T + wide["lin.bias"] + x
(HERE / "guitarml.json").write_text(
    json.dumps(
        {
            "model_data": {
                "model": "SimpleRNN",
                "input_size": 1,
                "skip": 1,
                "output_size": 1,
                "unit_type": "LSTM",
                "num_layers": 2,
                "hidden_size": 6,
                "bias_fl": True,
            },
            "state_dict": {key: floats(value) for key, value in state.items()},
        }
    )
)
x[:, 0].astype(np.float32).tofile(HERE / "guitarml.input.f32")
y[:, 0].astype(np.float32).tofile(HERE / "guitarml.expected.f32")
