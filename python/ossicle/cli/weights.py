"""`ossicle weights`: what weights a Core ML model holds."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
from pathlib import Path

from .._text import byte_size
from ..coreml import CoreMLWeight, CoreMLWeightLoader

HELP = """\
List the weights of a Core ML model, and save them.

Reads .mlpackage, .mlmodelc (ML Program and the older Espresso form) and .mlmodel. Compressed weights are
listed with the shape they expand to and the bytes they take."""
EXAMPLES = """\
examples:
  ossicle weights model.mlpackage
  ossicle weights model.mlmodelc --save weights.safetensors     expanded to float32
  ossicle weights model.mlpackage --json | jq '.[].name'"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a .mlpackage, .mlmodelc or .mlmodel")
    parser.add_argument("--function", metavar="NAME", help="of a model with several (default: its default)")
    parser.add_argument("--save", metavar="OUT.safetensors", help="write all weights as float32")
    parser.add_argument("--json", action="store_true", help="print one JSON array")


def run(options: argparse.Namespace) -> None:
    weights = CoreMLWeightLoader(options.model, options.function)
    if options.json:
        print(json.dumps([weight._asdict() for weight in weights.available_weights], indent=2))
    else:
        print(table(weights.available_weights, options.model))
    if options.save:
        save(weights, Path(options.save))


def table(weights: tuple[CoreMLWeight, ...], model: str) -> str:
    """One line each, then the sum."""
    rows = [("name", "shape", "stored as", "bytes", "where")]
    for weight in weights:
        stored = f"{weight.dtype} ({weight.compression})" if weight.compression else weight.dtype
        place = os.path.relpath(weight.file, model) if os.path.isdir(model) else os.path.basename(weight.file)
        where = "in the program" if weight.offset is None else f"{place} at {weight.offset}"
        shape = " × ".join(map(str, weight.shape)) or "scalar"
        rows.append((weight.name, shape, stored, str(weight.nbytes), where))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for name, shape, stored, size, where in rows:
        cells = f"{name:<{widths[0]}}  {shape:<{widths[1]}}  {stored:<{widths[2]}}  {size:>{widths[3]}}"
        lines.append(f"{cells}  {where}")
    total = byte_size(sum(weight.nbytes for weight in weights))
    return "\n".join([*lines, f"\n{len(weights)} weights, {total}"])


def save(weights: CoreMLWeightLoader, target: Path) -> None:
    """The file appears under its name only when complete."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        weights.save(part)
        os.replace(part, target)
    finally:
        with contextlib.suppress(OSError):  # gone already when all went well
            part.unlink()
