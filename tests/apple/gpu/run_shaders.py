#!/usr/bin/env python3
"""The Metal kernels, as PTX made from the unchanged .metal files, on an NVIDIA GPU.

Every kernel against float64, and the three Conv1d variants timed beside torch.nn.functional.conv1d.

usage: run_shaders.py [--ptx shaders.ptx] [--out FOLDER]
Needs torch, the NVIDIA driver and ptx_driver.py beside it. Writes FOLDER/shaders.json and FOLDER/shaders.md;
exit status 1 on any failure. Times say nothing about Apple GPUs: what carries over is that the kernels
are right on a real GPU.
"""

import argparse
import json
import math
import pathlib
import statistics
import struct
import sys

import torch
import torch.nn.functional as F
from ptx_driver import Driver, parameters

BIAS, BEFORE, AFTER = 1, 2, 4
ALPHA, BETA = struct.unpack("2f", struct.pack("2f", 0.3, 0.8))  # the floats that the kernels get
SOFTPLUS_SCALE, SOFTPLUS_THRESHOLD = 1.5, 20.0

# In the order of their numbers, ok_unary_kind.
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
}
KINDS = list(ACTIVATIONS)


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
            KINDS.index(self.act),
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
    # Slopes below 2, as the error bound assumes.
    kinds = [kind for kind in ACTIVATIONS if kind not in ("softplus", "exp", "log", "sqrt", "negate")]
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


def check_convolutions(driver):
    worst, failures, runs = {}, [], 0
    for case in numerics_cases():
        for name in case.kernels():
            launch, out = case.prepare(driver, name)
            launch()
            torch.cuda.synchronize()
            ratio = ((out[:, : case.out_length].double() - case.expected).abs() / case.allowed).max().item()
            stray = not out[:, case.out_length :].isnan().all().item()
            runs += 1
            if not ratio <= 1 or stray:
                failures.append(
                    f"{name}: {case.describe()}: {ratio:.3g} of the bound"
                    f"{', wrote outside a row' if stray else ''}"
                )
            if not ratio <= worst.get(name, 0):
                worst[name] = ratio
    return worst, failures, runs


def check_activations(driver):
    """Worst error of each activation in ulp of the float64 answer, over [-30, 30] and many magnitudes."""
    magnitudes = torch.logspace(-30, 30, 20001, dtype=torch.float64)
    x = (
        torch.cat([torch.linspace(-30, 30, 200001, dtype=torch.float64), magnitudes, -magnitudes])
        .float()
        .cuda()
    )
    worst, failures = {}, []
    for kind, function in ACTIVATIONS.items():
        out = torch.full_like(x, math.nan)
        alpha, beta = (SOFTPLUS_SCALE, SOFTPLUS_THRESHOLD) if kind == "softplus" else (ALPHA, BETA)
        p = parameters("6I2f", 1, len(x), len(x), len(x), len(x), KINDS.index(kind), alpha, beta)
        driver.launcher("elementwise_activation", (divide_up(len(x), 64), 1), (64, 1), [x, out, p])()
        torch.cuda.synchronize()
        expected = function(x.double())
        # Below 2^-119 a factor may be subnormal. gelu_tanh and softplus round the argument of an exponential.
        unit = torch.exp2(torch.floor(torch.log2(expected.abs().clamp(min=2.0**-103))) - 23)
        same = (out == expected.float()) | (out.isnan() & expected.isnan())
        error = torch.where(same, torch.zeros_like(expected), (out.double() - expected).abs() / unit)
        finite = (expected.abs() < 3.4e38) | (out.isnan() != expected.isnan())
        worst[kind] = most = error[finite].max().item()
        allowed = 200 if kind == "gelu_tanh" else 100 if kind == "softplus" else 8
        if not most <= allowed:
            failures.append(
                f"activation {kind}: {most:.3g} ulp at {x[finite][error[finite].argmax()].item():.9g}"
            )
    a, b = torch.randn(3, 47, device="cuda"), torch.randn(3, 46, device="cuda")
    out = torch.full_like(a, math.nan)
    p = parameters("6I2f", 3, 45, 47, 46, 47, KINDS.index("relu"), 0.0, 0.0)
    driver.launcher("elementwise_add", (2, 2), (32, 2), [a, b, out, p])()
    torch.cuda.synchronize()
    if not torch.equal(out[:, :45], F.relu(a[:, :45] + b[:, :45])) or not out[:, 45:].isnan().all():
        failures.append("elementwise_add: wrong result")
    return worst, failures


def microseconds(call, inner=1):
    for _ in range(3):
        call()
    times = []
    for _ in range(21):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        call()
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end) * 1e3 / inner)
    return statistics.median(times)


def in_graph(call, inner=20):
    """The call without launch overhead: 20 of them replayed as one CUDA graph."""
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        call()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(inner):
            call()
    return microseconds(graph.replay, inner)


TIMED = [
    # in, out, groups, length, kernel, dilation
    (1, 16, 1, 2048, 3, 1),
    (16, 16, 1, 2048, 3, 1),
    (16, 16, 1, 2048, 3, 512),
    (16, 16, 1, 64, 3, 1),
    (8, 8, 1, 2048, 16, 1),
    (8, 8, 1, 2048, 17, 1),
    (16, 16, 1, 4096, 31, 1),
    (64, 64, 1, 4096, 31, 1),
    (64, 64, 1, 4096, 7, 1),
    (2, 2, 1, 48000, 128, 1),
    (32, 32, 1, 48000, 7, 1),
    (64, 64, 64, 48000, 9, 1),
]


def timings(driver):
    torch.backends.cudnn.benchmark = True
    rows, failures = [], []
    for ic, oc, groups, length, k, dilation in TIMED:
        case = Conv(False, ic, oc, groups, length, k, dilation=dilation, padding=(k - 1) * dilation // 2)
        row = {
            "case": case.describe(),
            "torch": in_graph(lambda c=case: F.conv1d(c.x[None], c.w, c.b, **c.options)),
        }
        for name in case.kernels():
            launch, out = case.prepare(driver, name, gap=0)
            row[name] = in_graph(launch)
            # A time counts only with its output checked.
            if not ((out.double() - case.expected).abs() <= case.allowed).all().item():
                failures.append(f"timed {name}: {case.describe()}: wrong result")
        rows.append(row)
    return rows, failures


def markdown(report):
    lines = [
        f"# Metal kernels as PTX on {report['device']}",
        "",
        f"torch {report['torch']}; {report['runs']} convolution runs, {len(report['failures'])} failures.",
        "",
    ]
    lines += [f"- FAIL {failure}" for failure in report["failures"]] + [""] * bool(report["failures"])
    lines += ["| kernel | worst error / bound |", "|---|---|"]
    lines += [f"| `{name}` | {ratio:.2f} |" for name, ratio in sorted(report["worst"].items())]
    lines += ["", "| activation | worst ulp |", "|---|---|"]
    lines += [f"| {kind} | {ulp:.2f} |" for kind, ulp in report["activations"].items()]
    names = ["conv1d_forward", "conv1d_forward_tiled", "conv1d_forward_vec4"]
    lines += [
        "",
        "Microseconds a call, in a CUDA graph (median of 21):",
        "",
        "| case | " + " | ".join(names) + " | torch (TF32 off) |",
        "|---|---|---|---|---|",
    ]
    for row in report["timings"]:
        cells = [f"{row[n]:.1f}" if n in row else "-" for n in [*names, "torch"]]
        lines.append(f"| {row['case']} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ptx", default=here / "shaders.ptx")
    parser.add_argument("--out", default=".")
    options = parser.parse_args()
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    driver = Driver(options.ptx)
    worst, failures, runs = check_convolutions(driver)
    activations, more = check_activations(driver)
    rows, wrong = timings(driver)
    report = {
        "device": torch.cuda.get_device_name(),
        "torch": torch.__version__,
        "runs": runs,
        "worst": worst,
        "activations": activations,
        "failures": failures + more + wrong,
        "timings": rows,
    }
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "shaders.json").write_text(json.dumps(report, indent=1))
    (out / "shaders.md").write_text(markdown(report))
    print(markdown(report))
    return 1 if report["failures"] or not runs else 0


if __name__ == "__main__":
    sys.exit(main())
