"""The command line `ossicle`: info, process, bench, and weights, run and compile for Core ML.

Exit codes: 0 done; 1 failed, with the reason on stderr; 2 wrong usage; 130 interrupted, 143 terminated.
"""

from __future__ import annotations

import argparse
import signal
import sys
import warnings
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from .._errors import OssicleError
from .._version import __version__, isa


class Failure(Exception):
    """A reason to stop, in words for the person at the terminal."""


_EXAMPLES = """\
examples:
  ossicle info amp.nam
  ossicle process amp.nam guitar.wav out.wav
  ossicle process --resample amp.nam takes/*.wav rendered/
  ossicle bench amp.nam --plot latency.png
  ossicle weights vad.mlpackage --save vad.safetensors
  ossicle run model.mlpackage --input x.npy --output y.npy
  ossicle compile vad.mlpackage

`ossicle COMMAND --help` says more about each."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    options = _parser().parse_args(arguments)
    for name in ("SIGTERM", "SIGHUP"):  # there is no SIGHUP on Windows
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _terminate)
    warnings.showwarning = _show_warning
    try:
        return int(options.run(options) or 0)
    except (OssicleError, Failure) as error:
        print(f"ossicle: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")  # a progress bar may stand there
        print("ossicle: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `ossicle info … | head`
        sys.stderr.close()
        return 141


def _show_warning(message: Warning | str, *where: object, **more: object) -> None:
    print(f"ossicle: warning: {message}", file=sys.stderr)


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    """Lets a plain kill clean up as Ctrl-C does."""
    sys.exit(128 + number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ossicle",
        description="Real-time neural audio inference: look at a model, run audio through it, measure it.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"ossicle {__version__} ({isa()})")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    from . import bench, compile, info, process, run, weights

    for command in (info, process, bench, weights, run, compile):
        name = command.__name__.rpartition(".")[2]
        text = command.HELP
        sub = commands.add_parser(
            name,
            help=text.splitlines()[0],
            description=text,
            epilog=command.EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        command.add_arguments(sub)
        sub.set_defaults(run=command.run)
    return parser
