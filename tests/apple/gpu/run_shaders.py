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
import sys

import torch
import torch.nn.functional as F
from problems import (
    ACTIVATIONS,
    ALPHA,
    BETA,
    KINDS,
    SOFTPLUS_SCALE,
    SOFTPLUS_THRESHOLD,
    Conv,
    divide_up,
    numerics_cases,
)
from ptx_driver import Driver, parameters


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
    """Worst error of each activation in ulp of the float64 answer: [-30, 30], halves, many magnitudes."""
    magnitudes = torch.logspace(-30, 30, 20001, dtype=torch.float64)
    halves = torch.arange(-8, 8.5, 0.5, dtype=torch.float64)
    line = torch.linspace(-30, 30, 200001, dtype=torch.float64)
    x = torch.cat([line, halves, magnitudes, -magnitudes]).float().cuda()
    worst, failures = {}, []
    for kind, function in ACTIVATIONS.items():
        out = torch.full_like(x, math.nan)
        alpha, beta = (SOFTPLUS_SCALE, SOFTPLUS_THRESHOLD) if kind == "softplus" else (ALPHA, BETA)
        p = parameters("6I2f", 1, len(x), len(x), len(x), len(x), KINDS[kind], alpha, beta)
        driver.launcher("elementwise_activation", (divide_up(len(x), 64), 1), (64, 1), [x, out, p])()
        torch.cuda.synchronize()
        expected = function(x.double())
        # Below 2^-119 a factor may be subnormal. gelu_tanh, gelu_sigmoid and softplus round the argument of
        # an exponential.
        unit = torch.exp2(torch.floor(torch.log2(expected.abs().clamp(min=2.0**-103))) - 23)
        same = (out == expected.float()) | (out.isnan() & expected.isnan())
        error = torch.where(same, torch.zeros_like(expected), (out.double() - expected).abs() / unit)
        finite = (expected.abs() < 3.4e38) | (out.isnan() != expected.isnan())
        worst[kind] = most = error[finite].max().item()
        allowed = {"gelu_tanh": 200, "softplus": 100, "gelu_sigmoid": 200}.get(kind, 8)
        if not most <= allowed:
            failures.append(
                f"activation {kind}: {most:.3g} ulp at {x[finite][error[finite].argmax()].item():.9g}"
            )
    a, b = torch.randn(3, 47, device="cuda"), torch.randn(3, 46, device="cuda")
    out = torch.full_like(a, math.nan)
    p = parameters("6I2f", 3, 45, 47, 46, 47, KINDS["relu"], 0.0, 0.0)
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
