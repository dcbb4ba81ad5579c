"""Convolution and its transpose over time."""

from __future__ import annotations

from .module import Module, one

Ints = int | tuple[int]


class Conv1D(Module):
    """Convolution of `[channels, length]` or `[batch, channels, length]`.

    Weights: `weight` [out_channels, in_channels / groups, kernel_size], `bias` [out_channels].
    `padding` is a number, "valid", "same", or "causal": zeros on the left only, so that nothing depends on
    the future. `padding_mode` is "zeros", "reflect", "replicate" or "circular".
    """

    __slots__ = ()
    torch_name = "Conv1d"

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Ints,
        stride: Ints = 1,
        padding: str | Ints = 0,
        dilation: Ints = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
    ) -> None:
        super().__init__(
            {"in_channels": in_channels, "out_channels": out_channels, "kernel_size": one(kernel_size)},
            {
                "stride": (one(stride), 1),
                "padding": (one(padding), 0),
                "dilation": (one(dilation), 1),
                "groups": (groups, 1),
                "bias": (bias, True),
                "padding_mode": (padding_mode, "zeros"),
            },
        )


class ConvTranspose1D(Module):
    """Transposed convolution of `[channels, length]` or `[batch, channels, length]`.

    Weights: `weight` [in_channels, out_channels / groups, kernel_size], `bias` [out_channels].
    """

    __slots__ = ()
    torch_name = "ConvTranspose1d"

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Ints,
        stride: Ints = 1,
        padding: Ints = 0,
        output_padding: Ints = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Ints = 1,
        padding_mode: str = "zeros",
    ) -> None:
        super().__init__(
            {"in_channels": in_channels, "out_channels": out_channels, "kernel_size": one(kernel_size)},
            {
                "stride": (one(stride), 1),
                "padding": (one(padding), 0),
                "output_padding": (one(output_padding), 0),
                "groups": (groups, 1),
                "bias": (bias, True),
                "dilation": (one(dilation), 1),
                "padding_mode": (padding_mode, "zeros"),
            },
        )
