#!/usr/bin/env python3
"""Ossicle against other engines on this machine: writes the table of docs/performance.md.

    python benchmarks/compare.py                       everything, some minutes
    python benchmarks/compare.py --only nam,recurrent  groups: recurrent nam linear lstm conv hybrid coreml
                                                       overhead
    python benchmarks/compare.py --scale 0.1           a quick look

All engines run in this process on one thread, one after the other in shuffled rounds, so that what
disturbs the machine disturbs them alike. An engine counts only when its output agrees with float64 to 1e-4
of the largest value; Ossicle must agree or the program fails. Times are of one call from Python with
buffers made beforehand.

    pip install "ossicle[test]" onnx onnxruntime openvino threadpoolctl    and mlx where it exists
    pip install --no-deps silero-vad==6.0.0    its authors' ONNX file of Silero VAD, for one more line

The C++ peers (RTNeural, NeuralAmpModelerCore) take part when native/build.sh has built them.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import random
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import ossicle
import peers
import workloads
from threadpoolctl import threadpool_limits

PAGE = Path(__file__).resolve().parents[1] / "docs" / "performance.md"
BEGIN, END = "<!-- compare.py writes from here -->", "<!-- to here -->"
ENGINES = ("ossicle", "onnxruntime", "openvino", "numpy", "mlx", "C++")
TOLERANCE = 1e-4
ROUNDS = 8
SECONDS = 0.6  # for each engine and line, over all rounds


def prepare(work: workloads.Work) -> dict[str, peers.Peer]:
    """The engines that exist here and give the right answer."""
    ready = {}
    for name, make in work.make.items():
        try:
            peer = make()
        except ImportError:
            continue
        error = _error(work, peer)
        if error < work.tolerances.get(name, TOLERANCE):
            ready[name] = peer
            continue
        if name == "ossicle":
            sys.exit(f"{work.name}: ossicle is off by {error:.1e} of the largest value")
        print(f"{work.name}: {name} left out, off by {error:.1e}", file=sys.stderr)
    return ready


def _error(work: workloads.Work, peer: peers.Peer) -> float:
    """The largest error, as a share of the largest value; NaN where the engine wrote nothing."""
    scale = max(1.0, float(np.abs(work.expected).max()))
    return float(np.abs(work.answer(peer).ravel() - work.expected.ravel()).max()) / scale


def check_again(work: workloads.Work, ready: dict[str, peers.Peer]) -> None:
    """What was timed must still give the right answer afterwards: no figure without a checked output."""
    for name, peer in ready.items():
        if not (error := _error(work, peer)) < work.tolerances.get(name, TOLERANCE):
            sys.exit(f"{work.name}: {name} is off by {error:.1e} after it was timed")


def measure(ready: dict[str, peers.Peer], scale: float) -> dict[str, np.ndarray]:
    """Microseconds of each call."""
    clock = time.perf_counter_ns
    times: dict[str, list[float]] = {name: [] for name in ready}
    gc.collect()
    gc.disable()
    for round_number in range(ROUNDS):
        order = list(ready)
        random.Random(round_number).shuffle(order)
        for name in order:
            run, found = ready[name].run, times[name]
            run()
            run()  # caches are warm for everyone
            end = clock() + int(SECONDS / ROUNDS * scale * 1e9)
            enough = len(found) + 3
            while (start := clock()) < end or len(found) < enough:
                run()
                found.append((clock() - start) / 1e3)
    gc.enable()
    return {name: np.asarray(found) for name, found in times.items()}


def row(name: str, times: dict[str, np.ndarray]) -> str:
    cells = []
    if native := [engine for engine in times if engine not in ENGINES]:
        best = min(native, key=lambda engine: float(np.median(times[engine])))
        times = {**times, "C++": times[best]}
    for engine in ENGINES:
        if engine in times:
            median, tail = np.percentile(times[engine], (50, 99))
            label = f" {best}" if engine == "C++" else ""
            cells.append(f"{_short(median)} ({_short(tail)}){label}")
        else:
            cells.append("")
    ratio = ""
    if "onnxruntime" in times:
        ratio = f"{np.median(times['ossicle']) / np.median(times['onnxruntime']):.2f}"
    return f"| {name} | " + " | ".join(cells) + f" | {ratio} |"


def _short(microseconds: float) -> str:
    return (
        f"{microseconds:.2f}"
        if microseconds < 10
        else f"{microseconds:.1f}"
        if microseconds < 100
        else f"{microseconds:.0f}"
    )


def header() -> list[str]:
    versions = [f"ossicle {ossicle.__version__} ({ossicle.isa()})"]
    for package in ("onnxruntime", "openvino", "numpy", "mlx"):
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            versions.append(f"{package} absent")
    machine = (
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    )
    return [
        f"Measured on {time.strftime('%Y-%m-%d')}: {machine}; {', '.join(versions)}. One thread, float32. "
        "Microseconds per call: median (99th percentile). The last column is Ossicle's median over ONNX "
        "Runtime's: below 1 Ossicle is faster.",
        "",
        "| work | " + " | ".join(ENGINES) + " | ratio |",
        "|---|" + "---:|" * (len(ENGINES) + 1),
    ]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(": ")[2] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def write(lines: list[str]) -> None:
    """Puts the table between its marks, or at the end of the page."""
    page = PAGE.read_text() if PAGE.exists() else f"# Performance\n\n{BEGIN}\n{END}\n"
    if BEGIN not in page:
        page += f"\n{BEGIN}\n{END}\n"
    before, _, rest = page.partition(BEGIN)
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(before + "\n".join([BEGIN, "", *lines, "", END]) + rest.partition(END)[2])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").splitlines()[0], formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", default="", help="groups, with commas; the table then goes to the terminal alone"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="multiplies the measuring time")
    options = parser.parse_args()
    chosen = {name for name in options.only.split(",") if name}
    if unknown := chosen - {group for group, _ in workloads.everything()}:
        parser.error(f"no such group: {', '.join(sorted(unknown))}")
    threadpool_limits(1, user_api="blas")
    lines = header()
    print("\n".join(lines))
    for group, make in workloads.everything():
        if chosen and group not in chosen:
            continue
        try:
            work = make()
        except ImportError as error:
            print(f"{make.__name__} left out; it needs: {error}", file=sys.stderr)
            continue
        ready = prepare(work)
        lines.append(row(work.name, measure(ready, options.scale)))
        check_again(work, ready)
        print(lines[-1], flush=True)
    if not chosen:
        write(lines)
        print(f"\n{PAGE}")


if __name__ == "__main__":
    main()
