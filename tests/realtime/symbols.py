#!/usr/bin/env python3
"""Follows every call from the real-time functions through the object files and checks where it can end.

symbols.py OBJDUMP NM BUILD_FOLDER

Roots are the functions that the C headers mark [real-time] and every function of the kernels' files. From
there, each symbol that the machine code refers to must be one of ours, and is followed, or stand on a short
list of functions of libc and libm that only compute or copy. Swift's runtime, the allocator or a lock would
show up by name.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COPYING = ["memcpy", "memmove", "memset", "memcmp"]
COMPUTING = [
    "exp",
    "exp2",
    "log",
    "log2",
    "log1p",
    "pow",
    "tanh",
    "sin",
    "cos",
    "sqrt",
    "erf",
    "floor",
    "ceil",
]
COMPUTING += ["tan", "asin", "acos", "atan", "sinh", "cosh", "asinh", "acosh", "atanh"]
COMPUTING += ["round", "rint", "nearbyint", "trunc", "fmod", "fma"]
ALLOWED = {*COPYING, *COMPUTING, *(f"{name}f" for name in COMPUTING), "_GLOBAL_OFFSET_TABLE_"}
HOT_FILES = re.compile(r"isa_\w+\.c\.o")

FUNCTION = re.compile(r"^[0-9a-f]+ <([^>]+)>:$")
RELOCATION = re.compile(r"\sR_\w+\s+(\S+)")
TARGET = re.compile(r"<([A-Za-z_.$][\w.$]*)(?:\+0x[0-9a-f]+)?>\s*$")


class Calls:
    """What each function of an object file refers to."""

    def __init__(self, objdump: str, nm: str, path: Path) -> None:
        self.name = path.name
        self.references: dict[str, set[str]] = defaultdict(set)
        listing = subprocess.run(
            [nm, "--defined-only", path], check=True, capture_output=True, text=True
        ).stdout
        #: Name to kind: upper case is visible to other files, t and T are code.
        self.defined = {
            line.split()[2]: line.split()[1] for line in listing.splitlines() if len(line.split()) == 3
        }
        code = subprocess.run([objdump, "-d", "-r", "--no-show-raw-insn", path],
                              check=True, capture_output=True, text=True).stdout  # fmt: skip
        function = ""
        for line in code.splitlines():
            if match := FUNCTION.match(line):
                function = match[1]
                self.references[function] = set()
            elif match := RELOCATION.search(line) or TARGET.search(line):
                self.references[function].add(re.sub(r"[-+]0x[0-9a-f]+$", "", match[1]))


def real_time_functions() -> set[str]:
    """Names whose doc comment says [real-time], and those the kernels' headers declare OK_REALTIME.

    The latter are also called through pointers, which a walk along names does not follow.
    """
    found: set[str] = set()
    for header in (ROOT / "Sources" / "CKernels" / "include").glob("*.h"):
        found.update(re.findall(r"\b(ok_\w+)\([^;{}]*\)\s*OK_REALTIME;", header.read_text()))
    for header in (ROOT / "Sources" / "COssicle" / "include" / "ossicle").glob("*.h"):
        for comment, name in re.findall(
            r"((?:^///.*\n)+)OSSICLE_API [^;(]*?(\w+)\(", header.read_text(), re.MULTILINE
        ):
            if "[real-time]" in comment:
                found.add(name)
    return found


def ends(files: list[Calls], roots: set[tuple[str, str]]) -> dict[str, set[str]]:
    """Names that nobody of ours defines, each with the functions that were seen to refer to it."""
    by_name = {calls.name: calls for calls in files}
    public = {name: calls for calls in files for name, kind in calls.defined.items() if kind.isupper()}
    outside: dict[str, set[str]] = defaultdict(set)
    todo, seen = list(roots), set(roots)
    while todo:
        file, function = todo.pop()
        for name in by_name[file].references.get(function, ()):
            owner = by_name[file] if name in by_name[file].defined else public.get(name)
            if owner is None:
                if not name.startswith("."):  # a section: constants
                    outside[name].add(function)
            elif (step := (owner.name, name)) not in seen and owner.defined[name] in "tTwW":
                seen.add(step)
                todo.append(step)
    return outside


def main() -> int:
    """0 when every way ends where it may."""
    objdump, nm, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    paths = [
        path for target in ("CKernels", "COssicle") for path in (folder / f"{target}.build").rglob("*.o")
    ]
    files = [Calls(objdump, nm, path) for path in sorted(paths)]
    marked = real_time_functions()
    roots = {
        (calls.name, name)
        for calls in files
        for name in calls.references
        if name in marked or HOT_FILES.fullmatch(calls.name)
    }
    lost = marked - {name for _, name in roots}
    wrong = {name: users for name, users in ends(files, roots).items() if name not in ALLOWED}
    for name, users in sorted(wrong.items()):
        print(f"{name} is reached from {', '.join(sorted(users))}", file=sys.stderr)
    if lost:
        print(f"marked [real-time] but not in C: {', '.join(sorted(lost))}", file=sys.stderr)
    # Positive control: creating a handle is no real-time call; the walk must find its allocator and lock.
    control = {
        (calls.name, name) for calls in files for name in calls.references if name == "ok_handle_create"
    }
    found = set(ends(files, control))
    blind = not {"pthread_mutex_lock", "calloc"} <= found
    if blind:
        print(f"control: the walk from ok_handle_create found only {sorted(found)}", file=sys.stderr)
    print(f"{len(files)} object files, {len(roots)} functions and kernels: {len(wrong)} ways out")
    return 1 if wrong or lost or blind or not marked else 0


if __name__ == "__main__":
    sys.exit(main())
