"""Layer classes: PyTorch's names with `1D` for `1d`."""

from .activation import (
    ELU,
    GELU,
    GLU,
    SELU,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    LeakyReLU,
    LogSoftmax,
    Mish,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Softsign,
    Tanh,
)
from .convolution import Conv1D, ConvTranspose1D
from .linear import Linear
from .module import Module
from .normalization import BatchNorm1D, GroupNorm, InstanceNorm1D, LayerNorm, RMSNorm
from .pooling import AdaptiveAvgPool1D, AvgPool1D, MaxPool1D, Upsample
from .recurrent import GRU, LSTM
from .shape import Dropout, Flatten, Identity, Permute

__all__ = [
    "ELU",
    "GELU",
    "GLU",
    "GRU",
    "LSTM",
    "SELU",
    "AdaptiveAvgPool1D",
    "AvgPool1D",
    "BatchNorm1D",
    "Conv1D",
    "ConvTranspose1D",
    "Dropout",
    "Flatten",
    "GroupNorm",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "Identity",
    "InstanceNorm1D",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSoftmax",
    "MaxPool1D",
    "Mish",
    "Module",
    "PReLU",
    "Permute",
    "RMSNorm",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Softsign",
    "Tanh",
    "Upsample",
]
