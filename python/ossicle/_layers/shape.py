"""Layers that move numbers without changing them."""

from __future__ import annotations

from .module import Module


class Identity(Module):
    """Hands its input on."""

    __slots__ = ()
    torch_name = "Identity"

    def __init__(self) -> None:
        super().__init__({})


class Dropout(Module):
    """Hands its input on: dropout concerns training only. It keeps a trained `Sequential`'s numbering."""

    __slots__ = ()
    torch_name = "Dropout"

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__({})


class Flatten(Module):
    """Makes one axis of the axes `start_dim` to `end_dim`."""

    __slots__ = ()
    torch_name = "Flatten"

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__({}, {"start_dim": (start_dim, 1), "end_dim": (end_dim, -1)})


class Permute(Module):
    """Reorders axes as `torch.permute` does.

    `Permute((1, 0))` joins convolutions (`[channels, length]`) and recurrent layers (`[steps, features]`) in
    one `Sequential`; with a leading batch axis it is `Permute((0, 2, 1))`.
    """

    __slots__ = ()
    torch_name = "Permute"

    def __init__(self, dims: tuple[int, ...]) -> None:
        super().__init__({"dims": list(dims)})
