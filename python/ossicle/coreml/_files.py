"""Which paths are Core ML models."""

from __future__ import annotations

import os


def is_coreml(path: str | os.PathLike[str]) -> bool:
    """Whether a path is for the Core ML readers: a directory, or a `.mlmodel` file.

    No other format is a directory, so a wrong one gets its error from there.
    """
    return os.path.isdir(path) or os.fspath(path).rstrip("/").endswith(
        (".mlmodel", ".mlpackage", ".mlmodelc")
    )
