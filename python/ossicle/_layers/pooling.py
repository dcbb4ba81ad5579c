"""Pooling and resampling over time: `[channels, length]` or `[batch, channels, length]`."""

from __future__ import annotations

from .._errors import UnsupportedError
from .convolution import Ints
from .module import Module, one


class MaxPool1D(Module):
    """The largest value in each window."""

    __slots__ = ()
    torch_name = "MaxPool1d"

    def __init__(
        self,
        kernel_size: Ints,
        stride: Ints | None = None,
        padding: Ints = 0,
        dilation: Ints = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        if return_indices:
            raise UnsupportedError("return_indices: expected False, got True")
        super().__init__(
            {"kernel_size": one(kernel_size)},
            {
                "stride": (one(stride), None),
                "padding": (one(padding), 0),
                "dilation": (one(dilation), 1),
                "ceil_mode": (ceil_mode, False),
            },
        )


class AvgPool1D(Module):
    """The mean of each window."""

    __slots__ = ()
    torch_name = "AvgPool1d"

    def __init__(
        self,
        kernel_size: Ints,
        stride: Ints | None = None,
        padding: Ints = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__(
            {"kernel_size": one(kernel_size)},
            {
                "stride": (one(stride), None),
                "padding": (one(padding), 0),
                "ceil_mode": (ceil_mode, False),
                "count_include_pad": (count_include_pad, True),
            },
        )


class AdaptiveAvgPool1D(Module):
    """The mean of `output_size` windows that cover the whole length."""

    __slots__ = ()
    torch_name = "AdaptiveAvgPool1d"

    def __init__(self, output_size: Ints) -> None:
        super().__init__({"output_size": one(output_size)})


class Upsample(Module):
    """Stretches the length to `size` or by `scale_factor`; `mode` is "nearest" or "linear"."""

    __slots__ = ()
    torch_name = "Upsample"

    def __init__(
        self,
        size: Ints | None = None,
        scale_factor: float | tuple[float] | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__(
            {},
            {
                "size": (one(size), None),
                "scale_factor": (one(scale_factor), None),
                "mode": (mode, "nearest"),
                "align_corners": (align_corners, None),
                "recompute_scale_factor": (recompute_scale_factor, None),
            },
        )
