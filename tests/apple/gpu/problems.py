"""Convolution problems with their float64 answers, and the activations, for run_shaders.py."""

import math
import struct

import torch
import torch.nn.functional as F
from ptx_driver import parameters

BIAS, BEFORE, AFTER = 1, 2, 4
ALPHA, BETA = struct.unpack("2f", struct.pack("2f", 0.3, 0.8))  # the floats that the kernels get
SOFTPLUS_SCALE, SOFTPLUS_THRESHOLD = 1.5, 20.0


def nam_fast_tanh(x):
    """NeuralAmpModelerCore's fast_tanh."""
    a, s = x.abs(), x * x
    n = x * (2.45550750702956 + 2.45550750702956 * a + (0.893229853513558 + 0.821226666969744 * a) * s)
    return n / (2.44506634652299 + (2.44506634652299 + s) * (x + 0.814642734961073 * x * a).abs())


# In the order of their numbers, ok_unary_kind, of which 30 to 42 have no shader.
ACTIVATIONS = {
    "identity": lambda x: x,
    "relu": F.relu,
    "leaky_relu": lambda x: F.leaky_relu(x, ALPHA),
    "elu": lambda x: F.elu(x, ALPHA),
    "selu": F.selu,
    "gelu": lambda x: 0.5 * x * torch.special.erfc(-x / math.sqrt(2)),
    "gelu_tanh": lambda x: x * torch.sigmoid(2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)),
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "silu": F.silu,
    "softplus": lambda x: F.softplus(x, SOFTPLUS_SCALE, SOFTPLUS_THRESHOLD),
    "softsign": F.softsign,
    "mish": F.mish,
    "hardtanh": lambda x: x.clamp(ALPHA, BETA),
    "hardsigmoid": F.hardsigmoid,
    "hardswish": F.hardswish,
    "exp": torch.exp,
    "log": torch.log,
    "sqrt": torch.sqrt,
    "abs": torch.abs,
    "negate": torch.neg,
    "fast_tanh": torch.tanh,
    "nam_fast_tanh": nam_fast_tanh,
    "square": torch.square,
    "sign": torch.sign,
    "floor": torch.floor,
    "ceil": torch.ceil,
    "round": torch.round,
    "rsqrt": lambda x: torch.rsqrt(x + ALPHA),
    "reciprocal": lambda x: torch.reciprocal(x + ALPHA),
    "gelu_sigmoid": lambda x: x * torch.sigmoid(1.702 * x),
    "scaled_tanh": lambda x: ALPHA * torch.tanh(BETA * x),
    "linear": lambda x: ALPHA * x + BETA,
    "clamped_linear": lambda x: (ALPHA * x + BETA).clamp(0, 1),
    "clamped_relu": lambda x: F.leaky_relu(x, ALPHA).clamp(max=BETA),
    "thresholded_relu": lambda x: torch.where(x < ALPHA, 0, x),
}
KINDS = {name: i if i < 30 else i + 13 for i, name in enumerate(ACTIVATIONS)}


def divide_up(a, b):
    return -(-a // b)


class Conv:
    """One convolution problem: inputs, the float64 answer, and the launch of each kernel."""

    GAP = 3  # NaN behind every row, neither to be read nor written

    def __init__(
        self,
        transposed,
        ic,
        oc,
        groups,
        length,
        k,
        stride=1,
        dilation=1,
        padding=0,
        act="identity",
        flags=BIAS,
        extra=0,
    ):
        self.transposed, self.ic, self.oc, self.groups, self.length, self.k = (
            transposed,
            ic,
            oc,
            groups,
            length,
            k,
        )
        self.stride, self.dilation, self.padding, self.act, self.flags = stride, dilation, padding, act, flags
        generator = torch.Generator().manual_seed(length * 31 + k)

        def random(*shape):
            return (torch.rand(*shape, generator=generator) * 2 - 1).cuda()

        self.x = random(ic, length)
        self.w = random(ic, oc // groups, k) if transposed else random(oc, ic // groups, k)
        self.b = random(oc)
        self.options = {"stride": stride, "dilation": dilation, "padding": padding, "groups": groups}
        self.call = F.conv1d
        if transposed:
            self.call, self.options["output_padding"] = F.conv_transpose1d, extra
        bias = self.b.double() if flags & BIAS else None
        sums = self.call(self.x.double()[None], self.w.double(), bias, **self.options)[0]
        self.out_length = sums.shape[1]
        self.residual = random(oc, self.out_length)
        if flags & BEFORE:
            sums = sums + self.residual.double()
        self.expected = ACTIVATIONS[act](sums)
        if flags & AFTER:
            self.expected = self.expected + self.residual.double()
        magnitude = self.call(self.x.double().abs()[None], self.w.double().abs(), None, **self.options)[0] + 2
        self.allowed = magnitude * 2**-24 * (4 + 2 * math.sqrt(ic / groups * k))

    def kernels(self):
        if self.transposed:
            return ["conv_transpose1d_forward", "conv_transpose1d_forward_vec4"]
        names = ["conv1d_forward", "conv1d_forward_vec4"]
        if self.k <= 128 and 127 * self.stride + (self.k - 1) * self.dilation + 1 <= 2048:
            names.append("conv1d_forward_tiled")
        return names

    def prepare(self, driver, name, gap=GAP):
        """(launch, output rows)"""
        pitch, out_pitch = self.length + gap, self.out_length + gap
        x = torch.full((self.ic, pitch), math.nan, device="cuda")
        x[:, : self.length] = self.x
        out = torch.full((self.oc, out_pitch), math.nan, device="cuda")
        step = self.stride // math.gcd(self.stride, self.dilation)
        p = parameters(
            "15I2f",
            self.ic,
            self.oc,
            self.length,
            self.out_length,
            pitch,
            out_pitch,
            self.out_length,
            self.k,
            self.stride,
            self.dilation,
            self.padding,
            self.groups,
            step,
            self.flags,
            KINDS[self.act],
            ALPHA,
            BETA,
        )
        blocks = self.groups * divide_up(self.oc // self.groups, 4)
        if name == "conv1d_forward_tiled":
            grid, block = (divide_up(self.out_length, 128), blocks), (64, 1)
        else:
            width = divide_up(self.out_length, 4) if name == "conv1d_forward_vec4" else self.out_length
            height = blocks if name.endswith("vec4") else self.oc
            block = (32, 2)
            grid = (divide_up(width, block[0]), divide_up(height, block[1]))
        tensors = [x, self.w.contiguous(), self.b, self.residual.contiguous(), out, p]
        return driver.launcher(name, grid, block, tensors), out

    def describe(self):
        arrow = "ConvTranspose1d" if self.transposed else "Conv1d"
        return (
            f"{arrow} {self.ic}->{self.oc}/{self.groups} L{self.length} K{self.k} s{self.stride} "
            f"d{self.dilation} "
            f"p{self.padding} {self.act} flags{self.flags}"
        )


def numerics_cases():
    yield Conv(False, 1, 1, 1, 1, 1)
    yield Conv(False, 1, 1, 1, 3, 7, padding=5)
    # Continuous and with slopes below 2, as the error bound assumes.
    steep = {"softplus", "exp", "log", "sqrt", "negate", "square", "sign", "floor", "ceil", "round", "rsqrt"}
    kinds = [kind for kind in ACTIVATIONS if kind not in steep | {"reciprocal", "thresholded_relu"}]
    count = 0
    for k in (1, 2, 3, 5, 8, 16, 17, 31, 64, 127, 128, 129):
        for stride, dilation, padding in (
            (1, 1, 0),
            (1, 1, k // 2),
            (2, 1, k - 1),
            (3, 2, 1),
            (1, 8, 8 * (k - 1)),
            (4, 6, 3),
        ):
            for ic, oc, groups in ((1, 1, 1), (3, 5, 1), (4, 6, 2), (6, 6, 6), (16, 16, 1)):
                for length in (129, 1023):
                    if length + 2 * padding <= (k - 1) * dilation:
                        continue
                    count += 1
                    yield Conv(
                        False,
                        ic,
                        oc,
                        groups,
                        length,
                        k,
                        stride,
                        dilation,
                        padding,
                        kinds[count % len(kinds)],
                        (BIAS, BIAS | AFTER, BIAS | BEFORE, 0)[count % 4],
                    )
    for k in (1, 3, 4, 7, 16):
        for stride, dilation, padding, extra in (
            (1, 1, 0, 0),
            (2, 1, 1, 1),
            (3, 2, 0, 2),
            (4, 6, 3, 1),
            (8, 1, 2, 0),
        ):
            for ic, oc, groups in ((1, 1, 1), (3, 5, 1), (4, 6, 2), (5, 5, 5), (16, 9, 1)):
                if (36 * stride + (k - 1) * dilation + 1 + extra - 2 * padding) < 1 or extra >= max(
                    stride, dilation
                ):
                    continue
                count += 1
                yield Conv(
                    True,
                    ic,
                    oc,
                    groups,
                    37,
                    k,
                    stride,
                    dilation,
                    padding,
                    kinds[count % len(kinds)],
                    (BIAS, BIAS | AFTER, BIAS | BEFORE, 0)[count % 4],
                    extra,
                )
