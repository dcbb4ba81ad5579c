"""`ossicle bench`: how long each block takes."""

from __future__ import annotations

import argparse
import gc
import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .._model import Model
from .._version import isa
from . import Failure
from .audio import load_audio_model

HELP = """\
Measure a model block by block, as an audio callback would call it.

A deadline miss is a block that took longer to compute than to play. Times include the call from Python."""
EXAMPLES = """\
examples:
  ossicle bench amp.nam
  ossicle bench amp.nam --blocks 32,64 --seconds 10
  ossicle bench amp.nam --plot latency.png"""


class Result(NamedTuple):
    """Times of all blocks of one size, in microseconds."""

    block: int
    deadline: float
    times: NDArray[np.float64]

    @property
    def misses(self) -> int:
        return int(np.count_nonzero(self.times > self.deadline))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", metavar="MODEL", help="a .nam, RTNeural, AIDA-X or GuitarML .json, or a hybrid .safetensors"
    )
    parser.add_argument(
        "--blocks",
        type=_blocks,
        default=(16, 64, 256, 1024),
        metavar="N,N,…",
        help="frames per block (default: 16,64,256,1024)",
    )
    parser.add_argument(
        "--seconds", type=_positive, default=2.0, help="time per block size (default: %(default)s)"
    )
    parser.add_argument(
        "--rate", type=_positive, help="rate in Hz for deadlines (default: the model's, else 48000)"
    )
    parser.add_argument("--plot", metavar="FILE.png", help="draw a histogram of the times")


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e15:
        raise argparse.ArgumentTypeError(f"expected a positive number, got {text}")
    return number


def _blocks(text: str) -> tuple[int, ...]:
    blocks = tuple(int(part) for part in text.split(","))
    if not all(1 <= block <= 2**20 for block in blocks):
        raise argparse.ArgumentTypeError(f"expected block sizes from 1 to {2**20}, got {text}")
    return blocks


def run(options: argparse.Namespace) -> None:
    model = load_audio_model(options.model)
    rate = options.rate or model.sample_rate or 48000.0
    print(f"{options.model}: {rate:g} Hz, {isa()}, one thread; microseconds per block")
    heads = ("deadline", "p50", "p99", "p99.9", "max")
    print(f"{'block':>6} " + " ".join(f"{head:>9}" for head in heads) + f" {'misses':>13} {'load':>7}")
    results = []
    for block in options.blocks:
        result = measure(model, block, rate, options.seconds)
        results.append(result)
        p50, p99, p999 = np.percentile(result.times, (50, 99, 99.9))
        numbers = " ".join(
            f"{number:>9.1f}" for number in (result.deadline, p50, p99, p999, result.times.max())
        )
        misses = f"{result.misses}/{len(result.times)}"
        print(f"{block:>6} {numbers} {misses:>13} {p50 / result.deadline:>7.1%}", flush=True)
    if options.plot:
        plot(results, options.model, options.plot)


def measure(model: Model, block: int, rate: float, seconds: float) -> Result:
    """Streams noise for `seconds` and times every block."""
    with model.stream(block) as stream:
        if block % stream.granularity:
            raise Failure(f"block {block}: the model needs multiples of {stream.granularity} frames")
        shape = (block, stream.input_channels) if stream.channels_last else (stream.input_channels, block)
        noise = np.random.default_rng(0).standard_normal((16, *shape)).astype(np.float32) * np.float32(0.1)
        out = stream.process(noise[0])
        times: list[int] = []
        clock, process = time.perf_counter_ns, stream.process
        end = clock() + int(seconds * 1e9)
        collecting = gc.isenabled()
        gc.disable()
        try:
            at = 0
            while (start := clock()) < end or not times:
                process(noise[at], out)
                times.append(clock() - start)
                at = (at + 1) % 16
        finally:
            if collecting:
                gc.enable()
    return Result(block, block / rate * 1e6, np.asarray(times, np.float64) / 1e3)


def plot(results: list[Result], title: str, path: str) -> None:
    try:
        import matplotlib
    except ImportError:
        raise Failure("matplotlib is needed for --plot: pip install 'ossicle[plot]'") from None
    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(len(results), 1, figsize=(8, 2.2 * len(results)), squeeze=False)
    for axis, result in zip(axes[:, 0], results, strict=True):
        low, high = result.times.min(), max(result.times.max(), result.deadline)
        axis.hist(result.times, bins=np.geomspace(low * 0.9, high * 1.1, 80), log=True)
        axis.axvline(result.deadline, color="tab:red", label=f"deadline {result.deadline:.0f} µs")
        axis.axvline(np.percentile(result.times, 99.9), color="tab:orange", linestyle="--", label="p99.9")
        axis.set(xscale="log", ylabel="blocks", title=f"block {result.block}")
        axis.legend(loc="upper right", fontsize="small")
    axes[-1, 0].set_xlabel("microseconds per block")
    figure.suptitle(title)
    figure.tight_layout()
    try:
        figure.savefig(path, dpi=120)
    except (OSError, ValueError) as error:
        raise Failure(f"{path}: cannot be written: {error}") from None
    print(f"histogram: {path}")
