"""`ossicle run`: a Core ML model on arrays."""

from __future__ import annotations

import argparse
import contextlib
import os
from pathlib import Path
from typing import Any

import numpy as np

from ..coreml import BNNSInference, CoreMLWeightLoader
from . import Failure

HELP = """\
Run a Core ML model once on arrays from .npy files.

Flexible inputs take the shape of their array. Without --output, the results' shapes and ranges are shown."""
EXAMPLES = """\
examples:
  ossicle run model.mlpackage --input x.npy --output y.npy
  ossicle run vad.mlmodelc --input audio=a.npy --input state=s.npy --output probability=p.npy
  ossicle run model.mlpackage --input x.npy --output all.npz      every output in one file"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a .mlpackage, .mlmodelc or .mlmodel")
    parser.add_argument(
        "--input",
        action="append",
        default=[],
        metavar="[NAME=]X.npy",
        help="an input; the name may be left out when there is only one",
    )
    parser.add_argument(
        "--output",
        action="append",
        default=[],
        metavar="[NAME=]Y.npy",
        help="where an output goes; a .npz takes all of them",
    )
    parser.add_argument("--function", metavar="NAME", help="of a model with several (default: its default)")


def run(options: argparse.Namespace) -> None:
    bundles, single = _split(options.output)
    features = _input_features(options.model, options.function)
    given = _assign(options.input, [feature["name"] for feature in features], "input")
    needed = [feature["name"] for feature in features if "default" not in feature]
    if missing := [name for name in needed if name not in given]:
        raise Failure(f"the model also needs --input for {', '.join(missing)}")
    inputs = {name: _load(path) for name, path in given.items()}
    shapes = {name: array.shape for name, array in inputs.items()}
    with BNNSInference(options.model, function=options.function, shapes=shapes) as model:
        found = model.predict(inputs)
    targets = _assign(single, list(found), "output")
    for bundle in bundles:
        _write(Path(bundle), found)
    for name, path in targets.items():
        _write(Path(path), found[name])
    if not options.output:
        for name, array in found.items():
            print(_line(name, array))


def _input_features(path: str, function: str | None) -> list[dict[str, Any]]:
    description = CoreMLWeightLoader(path, function).description
    wanted = function or description["default_function"]
    for each in description["functions"]:
        if each["name"] == wanted:
            return list(each["inputs"])
    return []


def _split(outputs: list[str]) -> tuple[list[str], list[str]]:
    """Bundles that take every output, and files of one."""
    bundles = [path for path in outputs if path.endswith(".npz") and "=" not in path]
    single = [path for path in outputs if path not in bundles]
    for argument in single:
        if argument.endswith(".npz"):
            path = argument.partition("=")[2]
            raise Failure(f"--output {argument}: a .npz takes every output: --output {path}")
        if not argument.endswith(".npy"):
            raise Failure(f"--output {argument}: expected a file that ends in .npy or .npz")
    return bundles, single


def _assign(arguments: list[str], names: list[str], what: str) -> dict[str, str]:
    """`NAME=PATH` arguments by name; a bare path belongs to the only name."""
    found: dict[str, str] = {}
    for argument in arguments:
        name, equals, path = argument.partition("=")
        if not equals:
            if len(names) != 1:
                raise Failure(f"--{what} {argument}: say which one, as in --{what} {names[0]}={argument}")
            name, path = names[0], argument
        if name not in names:
            raise Failure(f"--{what} {argument}: there is no {what} {name!r}; there are {', '.join(names)}")
        if name in found:
            raise Failure(f"--{what} {argument}: {name!r} is there twice")
        found[name] = path
    return found


def _load(path: str) -> Any:
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise Failure(f"{path}: not an array that can be read: {error}") from None
    if not isinstance(array, np.ndarray):
        raise Failure(f"{path}: expected one array (.npy), found a bundle of several")
    return array


def _write(target: Path, value: Any) -> None:
    """The file appears under its name only when complete."""
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            if isinstance(value, dict):
                np.savez(file, **value)
            else:
                np.save(file, value)
        os.replace(part, target)
    except OSError as error:
        raise Failure(f"{target}: cannot be written: {error}") from None
    finally:
        with contextlib.suppress(OSError):  # gone already when all went well
            part.unlink()


def _line(name: str, array: Any) -> str:
    text = f"{name} {list(array.shape)} {array.dtype}"
    if array.size == 1:
        return f"{text}: {array.item():g}"
    return f"{text}: {array.min():g} … {array.max():g}, mean {array.mean():g}" if array.size else text
