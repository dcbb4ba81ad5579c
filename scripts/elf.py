#!/usr/bin/env python3
"""What a shared object needs and what it offers, read from its ELF dynamic section.

A machine that builds Ossicle need not have binutils, so the build and the tests read the few tables they
check themselves. 64-bit little-endian objects only. Source of the layout: the System V ABI, chapters 4 and 5,
and the Linux Standard Base for the version tables.

    scripts/elf.py FILE    prints needed libraries, run path, versions and exported symbols
"""

from __future__ import annotations

import struct
import sys
from dataclasses import dataclass, field
from pathlib import Path

_SHT_DYNAMIC, _SHT_DYNSYM, _SHT_GNU_VERNEED = 6, 11, 0x6FFFFFFE
_DT_NEEDED, _DT_SONAME, _DT_RPATH, _DT_RUNPATH = 1, 14, 15, 29
_MACHINES = {62: "x86_64", 183: "aarch64"}


@dataclass
class SharedObject:
    machine: str
    soname: str = ""
    run_path: str = ""
    needed: list[str] = field(default_factory=list)
    #: Versions that the object asks of the libraries it needs, such as "GLIBC_2.34".
    versions: set[str] = field(default_factory=set)
    exported: list[str] = field(default_factory=list)


@dataclass
class _Section:
    kind: int
    offset: int
    size: int
    link: int
    info: int


def _sections(data: bytes) -> list[_Section]:
    table, size, count = (*struct.unpack_from("<Q", data, 40), *struct.unpack_from("<2H", data, 58))
    found = []
    for index in range(count):
        _, kind, _, _, offset, length, link, info, _, _ = struct.unpack_from(
            "<2I4Q2I2Q", data, table + index * size
        )
        found.append(_Section(kind, offset, length, link, info))
    return found


def read(path: Path) -> SharedObject:
    """Reads one shared object; ValueError when it is not a 64-bit little-endian ELF file."""
    data = path.read_bytes()
    if data[:6] != b"\x7fELF\x02\x01":
        raise ValueError(f"{path}: not a 64-bit little-endian ELF file")
    machine = struct.unpack_from("<H", data, 18)[0]
    result = SharedObject(_MACHINES.get(machine, f"machine-{machine}"))
    sections = _sections(data)

    def text(strings: _Section, at: int) -> str:
        start = strings.offset + at
        return data[start : data.index(b"\0", start)].decode()

    for section in sections:
        strings = sections[section.link] if section.link < len(sections) else section
        if section.kind == _SHT_DYNAMIC:
            for at in range(section.offset, section.offset + section.size, 16):
                tag, value = struct.unpack_from("<2Q", data, at)
                if tag == _DT_NEEDED:
                    result.needed.append(text(strings, value))
                elif tag == _DT_SONAME:
                    result.soname = text(strings, value)
                elif tag in (_DT_RPATH, _DT_RUNPATH):
                    result.run_path = text(strings, value)
        elif section.kind == _SHT_DYNSYM:
            for at in range(section.offset, section.offset + section.size, 24):
                name, info, _, index = struct.unpack_from("<I2BH", data, at)
                if index != 0 and info >> 4 in (1, 2):  # defined here, global or weak
                    result.exported.append(text(strings, name))
        elif section.kind == _SHT_GNU_VERNEED:
            at = section.offset
            for _ in range(section.info):
                _, count, _, first, following = struct.unpack_from("<2H3I", data, at)
                entry = at + first
                for _ in range(count):
                    _, _, _, name, after = struct.unpack_from("<I2H2I", data, entry)
                    result.versions.add(text(strings, name))
                    entry += after
                at += following
    result.exported.sort()
    return result


#: The oldest manylinux platform (its glibc minor version) whose libstdc++ has a GLIBCXX version.
#: Source: the policy table of the auditwheel project, after PEP 600.
_GLIBCXX = [(19, 17), (24, 27), (28, 31), (29, 34), (30, 35), (33, 39)]


def platform_tag(objects: list[SharedObject]) -> str:
    """The PEP 600 platform tag of a wheel with these objects: the oldest C library they run with."""
    glibc, machine = 17, {described.machine for described in objects}
    if len(machine) != 1:
        raise ValueError(f"a wheel needs objects of one machine, found {sorted(machine)}")
    for version in set().union(*(described.versions for described in objects)):
        family, _, number = version.rpartition("_")
        minor = int(number.split(".")[1]) if "." in number else 0
        if family == "GLIBC":
            glibc = max(glibc, minor)
        elif family == "GLIBCXX":
            patch = int(number.split(".")[2]) if number.count(".") == 2 else 0
            glibc = max(glibc, next((floor for newest, floor in _GLIBCXX if patch <= newest), 40))
    return f"manylinux_2_{glibc}_{machine.pop()}"


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        described = read(Path(argument))
        print(f"{argument}: {described.machine}")
        print("soname:", described.soname or "-")
        print("run path:", described.run_path or "-")
        print("needed:", *described.needed)
        print("versions:", *sorted(described.versions))
        print("exported:", *described.exported, sep="\n  ")
