#!/usr/bin/env python3
"""Checks what the hot object files call: each other, and a short list of functions that only compute or copy.

symbols.py NM BUILD_FOLDER
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

#: libc and libm functions without allocation, lock, system call or errno-dependent slow path.
ALLOWED = {
    "memcpy",
    "memmove",
    "memset",
    "memcmp",
    "expf",
    "logf",
    "powf",
    "tanhf",
    "sinf",
    "cosf",
    "sqrtf",
    "floorf",
    "ceilf",
    "roundf",
    "nearbyintf",
    "fmodf",
    "erff",
    "exp",
    "log",
    "pow",
    "tanh",
    "log1pf",
    "log2f",
    "exp2f",
    "_GLOBAL_OFFSET_TABLE_",
}
#: Files of the C targets that run once, before any audio.
COLD = {"dispatch.c.o"}


def undefined(nm: str, path: Path) -> set[str]:
    """Names an object file needs from elsewhere."""
    output = subprocess.run([nm, "-u", path], check=True, capture_output=True, text=True).stdout
    return {line.split()[-1] for line in output.splitlines() if line.strip()}


def defined(nm: str, path: Path) -> set[str]:
    """Names an object file offers."""
    output = subprocess.run([nm, "--defined-only", path], check=True, capture_output=True, text=True).stdout
    return {line.split()[-1] for line in output.splitlines() if len(line.split()) >= 3}


def main() -> int:
    """0 when only allowed names are undefined."""
    nm, folder = sys.argv[1], Path(sys.argv[2])
    objects = sorted(
        path for target in ("CKernels", "COssicle") for path in (folder / f"{target}.build").rglob("*.o")
    )
    hot = [path for path in objects if path.name not in COLD]
    own = set().union(*(defined(nm, path) for path in hot)) if hot else set()
    if not any(name == "ok_run" for name in own):
        print(f"no object files with the executor under {folder}", file=sys.stderr)
        return 1
    wrong = {path.name: sorted(undefined(nm, path) - ALLOWED - own) for path in hot}
    for name, names in wrong.items():
        if names:
            print(f"{name} calls {', '.join(names)}", file=sys.stderr)
    # Positive control: the file that reads the environment is no real-time code, and shows as such.
    cold = set().union(*(undefined(nm, path) for path in objects if path.name in COLD))
    if "getenv" not in cold:
        print("control: getenv was not found in dispatch.c", file=sys.stderr)
        return 1
    print(f"{len(hot)} hot object files: only {len(ALLOWED)} names of libc and libm are allowed")
    return 1 if any(wrong.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
