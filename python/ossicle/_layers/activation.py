"""Activations: the shape of the input is the shape of the output, except for GLU, which halves its axis.

`inplace` is taken where PyTorch takes it and changes nothing: use `out=` to choose where the result goes.
"""

from __future__ import annotations

import numpy as np

from .module import Module


class _Plain(Module):
    """No arguments."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__({})


class _Inplace(Module):
    """No arguments but `inplace`."""

    __slots__ = ()

    def __init__(self, inplace: bool = False) -> None:
        super().__init__({})


class ReLU(_Inplace):
    """`max(x, 0)`."""

    __slots__ = ()
    torch_name = "ReLU"


class ReLU6(_Inplace):
    """`min(max(x, 0), 6)`."""

    __slots__ = ()
    torch_name = "ReLU6"


class SELU(_Inplace):
    """The self-normalising ELU with its two published constants."""

    __slots__ = ()
    torch_name = "SELU"


class SiLU(_Inplace):
    """`x · sigmoid(x)`."""

    __slots__ = ()
    torch_name = "SiLU"


class Mish(_Inplace):
    """`x · tanh(softplus(x))`."""

    __slots__ = ()
    torch_name = "Mish"


class Hardsigmoid(_Inplace):
    """`min(max(x + 3, 0), 6) / 6`."""

    __slots__ = ()
    torch_name = "Hardsigmoid"


class Hardswish(_Inplace):
    """`x · hardsigmoid(x)`."""

    __slots__ = ()
    torch_name = "Hardswish"


class Sigmoid(_Plain):
    """`1 / (1 + exp(-x))`."""

    __slots__ = ()
    torch_name = "Sigmoid"


class Tanh(_Plain):
    """The hyperbolic tangent."""

    __slots__ = ()
    torch_name = "Tanh"


class Softsign(_Plain):
    """`x / (1 + |x|)`."""

    __slots__ = ()
    torch_name = "Softsign"


class LeakyReLU(Module):
    """`x` where positive, `negative_slope · x` elsewhere."""

    __slots__ = ()
    torch_name = "LeakyReLU"

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__({}, {"negative_slope": (negative_slope, 0.01)})


class ELU(Module):
    """`x` where positive, `alpha · (exp(x) - 1)` elsewhere."""

    __slots__ = ()
    torch_name = "ELU"

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__({}, {"alpha": (alpha, 1.0)})


class GELU(Module):
    """`x · Φ(x)`; `approximate="tanh"` for the tanh formula."""

    __slots__ = ()
    torch_name = "GELU"

    def __init__(self, approximate: str = "none") -> None:
        super().__init__({}, {"approximate": (approximate, "none")})


class Softplus(Module):
    """`log(1 + exp(beta · x)) / beta`, and `x` where `beta · x` is above the threshold."""

    __slots__ = ()
    torch_name = "Softplus"

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__({}, {"beta": (beta, 1.0), "threshold": (threshold, 20.0)})


class Hardtanh(Module):
    """`min(max(x, min_val), max_val)`."""

    __slots__ = ()
    torch_name = "Hardtanh"

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        super().__init__({}, {"min_val": (min_val, -1.0), "max_val": (max_val, 1.0)})


class PReLU(Module):
    """LeakyReLU with a learnt slope for each channel, or one. Weights: `weight` [num_parameters], all `init`
    unless given.
    """

    __slots__ = ()
    torch_name = "PReLU"

    def __init__(self, num_parameters: int = 1, init: float = 0.25) -> None:
        super().__init__({}, {"num_parameters": (num_parameters, 1)})
        self._state = {"weight": np.full(num_parameters, init, np.float32)}


class Softmax(Module):
    """`exp(x) / sum(exp(x))` over the axis `dim`."""

    __slots__ = ()
    torch_name = "Softmax"

    def __init__(self, dim: int) -> None:
        super().__init__({"dim": dim})


class LogSoftmax(Module):
    """The logarithm of Softmax over the axis `dim`."""

    __slots__ = ()
    torch_name = "LogSoftmax"

    def __init__(self, dim: int) -> None:
        super().__init__({"dim": dim})


class GLU(Module):
    """`a · sigmoid(b)` for the two halves of the axis `dim`."""

    __slots__ = ()
    torch_name = "GLU"

    def __init__(self, dim: int = -1) -> None:
        super().__init__({}, {"dim": (dim, -1)})
