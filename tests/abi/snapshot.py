#!/usr/bin/env python3
"""Compares the binary interface with the committed snapshot: names, types, numbers, sizes and offsets.

    snapshot.py LIBRARY            compares; what is gone or changed breaks programs built before
    snapshot.py LIBRARY --write    writes the snapshot anew, after a decision to change the interface

Runs with the interpreter where the package is installed: the layouts are those the C compiler gave the
extension.
"""

from __future__ import annotations

import difflib
import importlib.util
import sys
from pathlib import Path
from typing import Any

from ossicle._ffi import ffi, lib

HERE = Path(__file__).resolve().parent
SNAPSHOT = HERE / "ossicle.txt"


def exported(library: Path) -> list[str]:
    """The names the library shows."""
    spec = importlib.util.spec_from_file_location("ossicle_elf", HERE.parent.parent / "scripts" / "elf.py")
    assert spec
    assert spec.loader
    elf = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = elf
    spec.loader.exec_module(elf)
    return list(elf.read(library).exported)


def layout(name: str, kind: Any) -> list[str]:
    """One type: an enum with its numbers, a struct with its offsets, anything else by its spelling."""
    if kind.kind == "enum":
        return [f"enum {name}", *(f"  {text} = {number}" for number, text in sorted(kind.elements.items()))]
    if kind.kind == "struct":
        try:
            size = ffi.sizeof(kind)  # also completes the type: cffi reads fields lazily
        except ffi.error:
            return [f"opaque {name}"]
        lines = [f"struct {name}, {size} bytes, aligned to {ffi.alignof(kind)}"]
        return lines + [f"  {field.offset:4} {text}: {field.type.cname}" for text, field in kind.fields]
    return [f"type {name}: {kind.cname}"]


def describe(library: Path) -> list[str]:
    """The whole interface, one line a fact."""
    typedefs, structs, unions = ffi.list_types()
    lines = ["# The binary interface of libossicle on 64-bit machines; written by tests/abi/snapshot.py"]
    for name in typedefs:
        lines += layout(name, ffi.typeof(name))
    assert not unions, unions
    assert set(structs) <= set(typedefs), structs
    declared = [
        name for name in dir(lib) if name.startswith(("ossicle_", "OSSICLE_")) and "python" not in name
    ]
    for name in declared:
        value = getattr(lib, name)
        if isinstance(value, int):
            lines.append(f"constant {name} = {value}")
        else:
            lines.append(f"function {name}: {ffi.typeof(value).cname}")
    names = exported(library)
    functions = {name for name in declared if name.startswith("ossicle_")}
    assert functions == set(names), f"declared and exported differ: {sorted(functions ^ set(names))}"
    return [*lines, *(f"exported {name}" for name in names)]


def main() -> int:
    """0 when nothing changed."""
    found = describe(Path(sys.argv[1]))
    if "--write" in sys.argv:
        SNAPSHOT.write_text("\n".join(found) + "\n")
        return 0
    wanted = SNAPSHOT.read_text().splitlines()
    changes = list(difflib.unified_diff(wanted, found, "committed", "built", lineterm="", n=1))
    print("\n".join(changes) or f"binary interface: {len(found)} facts as committed")
    return 1 if changes else 0


if __name__ == "__main__":
    sys.exit(main())
