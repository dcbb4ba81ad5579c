"""Recurrent layers."""

import torch.nn as nn

from .writing import R, emit


class Rnn(nn.Module):
    def __init__(s, r, h, o):
        super().__init__()
        s.r = r
        s.o = nn.Linear(h, o)

    def forward(s, x):
        y, _ = s.r(x)
        return s.o(y)


emit(
    "lstm_uni_1layer_fp32", Rnn(nn.LSTM(6, 16, batch_first=True), 16, 2), {"x": R(1, 20, 6)}, out_names=["y"]
)
emit(
    "lstm_bi_2layer_fp32",
    Rnn(nn.LSTM(6, 12, num_layers=2, bidirectional=True, batch_first=True), 24, 3),
    {"x": R(1, 15, 6)},
    out_names=["y"],
)
emit("gru_uni_1layer_fp32", Rnn(nn.GRU(6, 16, batch_first=True), 16, 2), {"x": R(1, 20, 6)}, out_names=["y"])
