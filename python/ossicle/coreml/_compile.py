"""From a package to the compiled form."""

from __future__ import annotations

import os

from .._errors import check
from .._ffi import lib


def compile(
    source: str | os.PathLike[str], destination: str | os.PathLike[str], overwrite: bool = False
) -> None:
    """Compiles a Core ML package into the directory form that Apple's systems load, on any machine.

    The destination appears whole or not at all. `model.mil`, weights and analytics are byte-equal to those of
    Apple's compiler for the models compared; no Apple system has loaded a bundle written here yet.

    Args:
        source: a `.mlpackage`, or a `.mlmodel` that holds an ML Program.
        destination: the `.mlmodelc` directory to make.
        overwrite: replace a compiled model that is there; anything else is never replaced.

    Raises:
        FileError: something cannot be read or written.
        FormatError: the package is not what it should be.
        ArgumentError: the destination exists.
        UnsupportedError: an older network, loops and conditions, enumerated shapes, or features other than
            arrays and images of one size, whose compiled spelling is not known.

    """
    check(lib.ossicle_coreml_compile(os.fsencode(source), os.fsencode(destination), int(overwrite)))
