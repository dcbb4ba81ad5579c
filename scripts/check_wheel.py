#!/usr/bin/env python3
"""Installs the wheel into a bare environment without Swift or a compiler in reach, and uses it.

check_wheel.py WHEEL
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 4_000_000

USE = """
import pathlib, sys
import ossicle
assert "site-packages" in ossicle.__file__, ossicle.__file__
missing = [name for name in ("torch", "matplotlib", "soundfile") if name in sys.modules]
assert not missing, missing
import numpy
x = numpy.fromfile(sys.argv[2], dtype="<f4")
model = ossicle.load(sys.argv[1])
with model.stream(max_block=64) as stream:
    y = numpy.concatenate([stream.process(x[at : at + 64]) for at in range(0, x.size, 64)])
assert y.shape == x.shape and numpy.isfinite(y).all() and numpy.abs(y).max() > 1e-3
print(f"ossicle {ossicle.__version__}, {ossicle.isa()}: {x.size} samples streamed")
"""


def inspect(wheel: Path) -> None:
    """Size, name and contents."""
    size = wheel.stat().st_size
    assert size <= LIMIT, f"{wheel.name} has {size} bytes, more than {LIMIT}"
    assert re.fullmatch(r"ossicle-[\d.]+-cp310-abi3-manylinux_2_\d+_(x86_64|aarch64)\.whl", wheel.name), (
        wheel.name
    )
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        foreign = [name for name in names if not name.startswith(("ossicle/", "ossicle-"))]
        assert not foreign, foreign
        assert {"ossicle/libossicle.so", "ossicle/_ffi.abi3.so", "ossicle/py.typed"} <= names, names
        for name in names:
            content = archive.read(name)
            assert str(ROOT).encode() not in content, f"{name} tells where it was built"
    print(f"{wheel.name}: {size / 1e6:.2f} MB")


def use(wheel: Path) -> None:
    """A fresh environment with the wheel and its two dependencies only."""
    with tempfile.TemporaryDirectory(prefix="ossicle wheel ") as folder:
        venv.create(folder, with_pip=False)
        python = Path(folder) / "bin" / "python"
        target = subprocess.run(
            [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        cache = Path(os.environ.get("OSSICLE_CACHE") or base / "ossicle")
        subprocess.run(
            [
                sys.executable,
                "-m",
                "pip",
                "install",
                "-q",
                "--no-index",
                "--find-links",
                cache / "wheels",
                "--target",
                target,
                wheel,
            ],
            check=True,
        )
        models = ROOT / "tests" / "data" / "models" / "nam"
        # No PATH at all: neither Swift nor a compiler, and no library path either.
        subprocess.run(
            [python, "-I", "-c", USE, models / "BossWN-nano.nam", models / "input.f32"],
            check=True,
            cwd=folder,
            env={"PATH": ""},
        )


if __name__ == "__main__":
    inspect(Path(sys.argv[1]))
    use(Path(sys.argv[1]))
