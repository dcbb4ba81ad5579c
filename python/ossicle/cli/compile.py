"""`ossicle compile`: a Core ML package into the form that Apple's systems load."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..coreml import compile
from . import Failure

HELP = """\
Compile a Core ML package (.mlpackage) into a .mlmodelc, on any machine.

The result appears whole or not at all. It is what Apple's compiler writes for the models compared, byte for
byte, but no Apple system has loaded one made here yet. Models with loops or conditions, or with enumerated
shapes, are refused."""
EXAMPLES = """\
examples:
  ossicle compile model.mlpackage                     model.mlmodelc beside it
  ossicle compile model.mlpackage -o App/amp.mlmodelc
  ossicle compile --force model.mlpackage             replaces an older model.mlmodelc"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("package", metavar="MODEL.mlpackage", help="or a .mlmodel that holds an ML Program")
    parser.add_argument("-o", "--output", metavar="OUT.mlmodelc", help="the directory to make")
    parser.add_argument("--force", action="store_true", help="replace a compiled model that is there")


def run(options: argparse.Namespace) -> None:
    source = Path(options.package)
    target = Path(options.output) if options.output else source.with_suffix(".mlmodelc")
    if target.exists() and not options.force:
        raise Failure(f"{target}: exists already; --force replaces a compiled model")
    compile(source, target, options.force)
    print(f"{source} → {target}", file=sys.stderr)
