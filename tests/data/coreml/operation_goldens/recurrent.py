"""Recurrent layers: gates i, f, o, z of an LSTM; r, o, z of a GRU, the reset before the product."""

import numpy as np

from .activations import sigmoid
from .writing import case, d, noise


def lstm(
    v: np.ndarray,
    h: np.ndarray,
    c_: np.ndarray,
    wi: np.ndarray,
    wh: np.ndarray,
    b_: np.ndarray,
    peephole: np.ndarray | float = 0.0,
    clip: float = np.inf,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Peepholes i, f, o and the clip of a cell are those of `LSTMParams` in `NeuralNetwork.proto`."""
    hidden, outs = wh.shape[1], []
    h, c_ = d(h), d(c_)
    p_i, p_f, p_o = np.broadcast_to(d(peephole), 3 * hidden).reshape(3, hidden)
    for step in d(v):
        z = step @ d(wi).T + h @ d(wh).T + d(b_)
        i, f, o, g = (z[:, n * hidden : (n + 1) * hidden] for n in range(4))
        c_ = np.clip(sigmoid(f + p_f * c_) * c_ + sigmoid(i + p_i * c_) * np.tanh(g), -clip, clip)
        h = sigmoid(o + p_o * c_) * np.tanh(c_)
        outs.append(h)
    return np.stack(outs), h, c_


def gru(
    v: np.ndarray,
    h: np.ndarray,
    wi: np.ndarray,
    wh: np.ndarray,
    input_bias: np.ndarray | float,
    bias: np.ndarray | float = 0.0,
    reset_after: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    hidden, outs = wh.shape[1], []
    h = d(h)
    w_r, w_n, w_z = d(wh).reshape(3, hidden, hidden)
    b_r, b_n, b_z = np.broadcast_to(d(bias), 3 * hidden).reshape(3, hidden)
    for step in d(v):
        u = step @ d(wi).T + d(input_bias)
        r = sigmoid(u[:, :hidden] + h @ w_r.T + b_r)
        z = sigmoid(u[:, 2 * hidden :] + h @ w_z.T + b_z)
        product = r * (h @ w_n.T + b_n) if reset_after else (r * h) @ w_n.T + b_n
        h = (1 - z) * np.tanh(u[:, hidden : 2 * hidden] + product) + z * h
        outs.append(h)
    return np.stack(outs), h


T, B, I, H = 6, 2, 3, 4
for batch in (1, B):
    seq = noise(T, batch, I)
    h0, c0 = noise(batch, H), noise(batch, H)
    wi, wh, lbias = noise(4 * H, I), noise(4 * H, H), noise(4 * H)
    outs, hn, cn = lstm(seq, h0, c0, wi, wh, lbias)
    case(
        f"lstm_forward_{batch}",
        "lstm",
        {"x": seq, "initial_h": h0, "initial_c": c0},
        [outs, hn, cn],
        weight_ih=wi,
        weight_hh=wh,
        bias=lbias,
        output_sequence=True,
    )
    case(
        f"lstm_last_{batch}",
        "lstm",
        {"x": seq},
        [
            lstm(seq, 0 * h0, 0 * c0, wi, wh, 0 * lbias)[1][None],
            *lstm(seq, 0 * h0, 0 * c0, wi, wh, 0 * lbias)[1:],
        ],
        weight_ih=wi,
        weight_hh=wh,
        initial_h=0 * h0,
        initial_c=0 * c0,
    )
    outs, hn, cn = lstm(seq[::-1], h0, c0, wi, wh, lbias)
    case(
        f"lstm_reverse_{batch}",
        "lstm",
        {"x": seq, "initial_h": h0, "initial_c": c0},
        [outs, hn, cn],
        weight_ih=wi,
        weight_hh=wh,
        bias=lbias,
        direction="reverse",
        output_sequence=True,
    )
    wi2, wh2, lbias2 = noise(4 * H, I), noise(4 * H, H), noise(4 * H)
    h2, c2 = noise(batch, H), noise(batch, H)
    back = lstm(seq[::-1], h2, c2, wi2, wh2, lbias2)
    fore = lstm(seq, h0, c0, wi, wh, lbias)
    for all_steps in (True, False):
        both_h, both_c = np.concatenate([fore[1], back[1]], 1), np.concatenate([fore[2], back[2]], 1)
        both = np.concatenate([fore[0], back[0][::-1]], 2) if all_steps else both_h[None]
        case(
            f"lstm_bidirectional_{batch}_{'all' if all_steps else 'last'}",
            "lstm",
            {"x": seq, "initial_h": np.concatenate([h0, h2], 1), "initial_c": np.concatenate([c0, c2], 1)},
            [both, both_h, both_c],
            weight_ih=wi,
            weight_hh=wh,
            bias=lbias,
            weight_ih_back=wi2,
            weight_hh_back=wh2,
            bias_back=lbias2,
            direction="bidirectional",
            output_sequence=all_steps,
        )
    gi, gh, gb = noise(3 * H, I), noise(3 * H, H), noise(3 * H)
    for direction in ("forward", "reverse"):
        case(
            f"gru_{direction}_{batch}",
            "gru",
            {"x": seq, "initial_h": h0},
            list(gru(seq if direction == "forward" else seq[::-1], h0, gi, gh, gb)),
            weight_ih=gi,
            weight_hh=gh,
            bias=gb,
            direction=direction,
            output_sequence=True,
        )
    h, outs_ = d(h0), []
    for step in d(seq):
        h = np.maximum(step @ d(gi[:H]).T + h @ d(gh[:H] / 4).T + d(gb[:H]), 0)
        outs_.append(h)
    case(
        f"rnn_relu_{batch}",
        "rnn",
        {"x": seq, "initial_h": h0},
        [outs_[-1][None], h],
        weight_ih=gi[:H],
        weight_hh=gh[:H] / 4,
        bias=gb[:H],
        activation="relu",
    )

seq, h0 = noise(1, 2, I), noise(2, H)
case(
    "rnn_one_step",
    "rnn",
    {"x": seq, "initial_h": h0},
    [
        np.tanh(d(seq) @ d(gi[:H]).T + d(h0) @ d(gh[:H]).T),
        np.tanh(d(seq[0]) @ d(gi[:H]).T + d(h0) @ d(gh[:H]).T),
    ],
    weight_ih=gi[:H],
    weight_hh=gh[:H],
)
seq, c0 = noise(T, 2, I), noise(2, H)
h, c_, outs_ = d(h0), d(c0), []
for step in d(seq):
    z = step @ d(wi).T + h @ d(wh / 4).T + d(lbias)
    gates = [np.clip(0.2 * z[:, n * H : (n + 1) * H] + 0.5, 0, 1) for n in range(3)]
    c_ = gates[1] * c_ + gates[0] * np.maximum(z[:, 3 * H :], 0)
    h = gates[2] * np.tanh(c_)
    outs_.append(h)
case(
    "lstm_activations",
    "lstm",
    {"x": seq, "initial_h": h0, "initial_c": c0},
    [np.stack(outs_), h, c_],
    weight_ih=wi,
    weight_hh=wh / 4,
    bias=lbias,
    recurrent_activation="sigmoid_hard",
    cell_activation="relu",
    output_sequence=True,
)
