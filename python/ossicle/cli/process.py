"""`ossicle process`: audio files through a model."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from .._hybrid import HybridPipeline
from .._model import Model
from .._stream import Stream
from . import Failure
from .audio import Source, load_audio_model, open_source, write_whole
from .progress import Progress
from .render import render

HELP = """\
Run audio files through a model.

Several inputs need a folder as the last argument; each result gets its input's name there. The result has the
input's length, rate and sample format, and lines up with it: the model's latency is taken out. A model with
one
channel runs on each channel of the file by itself. Output appears only when it is whole."""
EXAMPLES = """\
examples:
  ossicle process amp.nam guitar.wav out.wav
  ossicle process amp.nam takes/*.wav rendered/
  ossicle process --resample amp.nam at44k1.wav out.wav
  ossicle process --float amp.nam guitar.wav out.wav    never clips
  ossicle process --window hann --chunk 16384 hybrid.safetensors noisy.wav clean.wav"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "model", metavar="MODEL", help="a .nam, RTNeural, AIDA-X or GuitarML .json, or a hybrid .safetensors"
    )
    parser.add_argument("inputs", metavar="IN.wav", nargs="+", help="audio files")
    parser.add_argument("output", metavar="OUT.wav", help="the result, or a folder for several")
    parser.add_argument(
        "--block", type=_block, default=4096, metavar="FRAMES", help="frames per step (default: %(default)s)"
    )
    parser.add_argument(
        "--window",
        choices=["hann"],
        help="hybrid: independent chunks, cross-faded; otherwise the state is carried through the whole file",
    )
    parser.add_argument(
        "--chunk", type=int, metavar="FRAMES", help="hybrid, with --window (default: its input length)"
    )
    parser.add_argument(
        "--overlap", type=int, metavar="FRAMES", help="hybrid, with --window (default: half a chunk)"
    )
    parser.add_argument(
        "--resample",
        action="store_true",
        help="convert files of another rate to the model's rate and back; otherwise that is an error",
    )
    parser.add_argument("--float", action="store_true", help="write 32-bit float samples")
    parser.add_argument("--quiet", action="store_true", help="no progress, no messages")


def _block(text: str) -> int:
    frames = int(text)
    if not 1 <= frames <= 2**20:
        raise argparse.ArgumentTypeError(f"expected 1 … {2**20}, got {frames}")
    return frames


def run(options: argparse.Namespace) -> None:
    model = load_audio_model(options.model)
    open_stream = _opener(model, options)
    jobs = _jobs([Path(path) for path in options.inputs], options.output)
    for number, (source, target) in enumerate(jobs, 1):
        label = source.name if len(jobs) == 1 else f"[{number}/{len(jobs)}] {source.name}"
        with open_source(source) as audio:
            _check_rate(model, audio, options)
            progress = Progress(label, audio.frames, quiet=options.quiet)
            blocks = render(open_stream, audio, options.block, progress)
            clipped = write_whole(target, blocks, audio, float_samples=options.float)
            progress.done(f"{target}, {audio.frames / audio.rate:.1f} s")
        if clipped and not options.quiet:
            message = f"{clipped} samples of {target} were clipped; lower the input or use --float"
            print(f"ossicle: warning: {message}", file=sys.stderr)


def _opener(model: Model, options: argparse.Namespace) -> Callable[[int], Stream]:
    """What opens a stream for blocks of a size."""
    if options.window is None:
        if options.chunk is not None or options.overlap is not None:
            raise Failure("--chunk and --overlap go with --window")
        if model.format == "hybrid" and not model.streamable:
            raise Failure(f"{options.model} needs its whole buffer; use --window hann to work in chunks")
        return model.stream
    if model.format != "hybrid":
        raise Failure(f"{options.model} is no hybrid pipeline; --window is for those")
    pipeline = HybridPipeline.load(options.model)
    return lambda block: pipeline.stream(options.chunk, options.window, options.overlap)


def _jobs(inputs: list[Path], output: str) -> list[tuple[Path, Path]]:
    target = Path(output)
    if not (target.is_dir() or output.endswith("/")):
        if len(inputs) > 1:
            raise Failure(
                f"{output}: several inputs need a folder as the last argument (mkdir it, or end it with /)"
            )
        return [(inputs[0], target)]
    target.mkdir(parents=True, exist_ok=True)
    jobs = [(path, target / path.with_suffix(".wav").name) for path in inputs]
    if len({result for _, result in jobs}) < len(jobs):
        raise Failure("two inputs have the same file name; process them into different folders")
    return jobs


def _check_rate(model: Model, audio: Source, options: argparse.Namespace) -> None:
    if options.resample and not model.sample_rate and not options.quiet:
        message = f"{options.model} states no rate; {audio.path} is taken as it is, at {audio.rate} Hz"
        print(f"ossicle: warning: {message}", file=sys.stderr)
    if model.sample_rate and model.sample_rate != audio.rate and not options.resample:
        raise Failure(
            f"{audio.path}: its rate is {audio.rate} Hz, the model was made for {model.sample_rate:g} Hz; "
            "use --resample to convert there and back"
        )
