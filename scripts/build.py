#!/usr/bin/env python3
"""Builds the engine through `swift build`: the one place that does.

    scripts/build.py --prefix DIR   lib/libossicle.so, include/ with a module map, lib/pkgconfig/ossicle.pc
    scripts/build.py --python       libossicle.so and the cffi extension beside the Python sources
    scripts/build.py --variant V    another build of the library: its path is printed
    scripts/build.py --test         builds and runs the Swift tests; further arguments go to `swift test`
    scripts/build.py --example      builds and runs the Swift example
    scripts/build.py --swift        prints where Swift is, or says how to get it

`pip install .` and `pip wheel .` come here through setup.py. Nothing but the standard library is needed,
except for --python, which needs cffi.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
HEADERS = ROOT / "Sources" / "COssicle" / "include"
#: On a Mac the library and the Python package are built too; none of that has been run (docs/apple.md).
MAC = sys.platform.startswith("darwin")
LIBRARY = "libossicle.dylib" if MAC else "libossicle.so"
EXTENSION = "_ffi.abi3.so"
PYTHON_FLOOR = 10  # of the limited API: Python 3.10
SWIFT_FLOOR = (6, 3)  # the exports are `@c @implementation` (SE-0495)

#: What the library may need of the system. The loader is part of libc (thread-local storage lives in it).
ALLOWED = {
    "libc.so.6",
    "libm.so.6",
    "libstdc++.so.6",
    "libgcc_s.so.1",
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
}

STATIC = ["-Xswiftc", "-static-stdlib"]
SHIPPED = [*STATIC, "-Xlinker", f"--version-script={ROOT / 'scripts' / 'exports.map'}"]
CHECKED = ["-c", "debug", "-Xcc", "-O1", *STATIC]
UNDEFINED = ["-Xcc", "-fsanitize=undefined", "-Xcc", "-fno-sanitize-recover=all"]
#: Builds of the library, each in a folder of its own under .build so that none undoes another.
VARIANTS: dict[str, list[str]] = {
    # Swift for size: what runs on an audio thread is C.
    "release": ["-c", "release", "-Xswiftc", "-Osize", *SHIPPED]
    + [part for flag in ("--gc-sections", "--icf=safe", "--strip-all") for part in ("-Xlinker", flag)],
    # Swift's runtime as shared libraries, so that an interposer sees retain, release and allocation.
    "dynamic": ["-c", "release"],
    # Sanitizers judge every line the same at any level: built quickly, with C just fast enough to run.
    "address": [*CHECKED, "--sanitize", "address", *UNDEFINED],
    "thread": [*CHECKED, "--sanitize", "thread"],
}
#: A universal Python would make wheels and extensions for both processors of a Mac; the library is for one.
MACHINE = platform.machine()
MAC_FLOOR = "13.3"  # as in Package.swift
#: Swift's runtime is part of the system there.
MAC_SHIPPED = ["-c", "release", "--arch", MACHINE] + [
    part
    for flag in ("-install_name", f"@rpath/{LIBRARY}", "-exported_symbol", "_ossicle_*", "-dead_strip")
    for part in ("-Xlinker", flag)
]

HOW_TO_GET_SWIFT = """\
Swift {floor} or newer is needed to build Ossicle, and none was found on PATH, in $SWIFT_HOME/usr/bin, in
/opt/swift*/usr/bin, /usr/share/swift/usr/bin, /usr/libexec/swift/bin, ~/.local/share/swiftly/bin or
~/swift*/usr/bin. Found: {found}.

How to get it:
  1. Open https://www.swift.org/install/linux/ and take the toolchain for your distribution, or run the
     swiftly installer described there.
  2. From the archive: tar xzf swift-*.tar.gz && sudo mv swift-*/ /opt/swift
  3. Either add /opt/swift/usr/bin to PATH or run this again: it looks there by itself.
A ready wheel needs no Swift: pip install ossicle-*.whl"""
HOW_TO_GET_XCODE = "Swift {floor} or newer is needed, which comes with Xcode 26.4; found: {found}."


class BuildError(Exception):
    """What went wrong, in words for the person at the terminal."""


# --- tools -----------------------------------------------------------------------------------------


def swift_version(swift: Path) -> tuple[int, int] | None:
    answer = subprocess.run([swift, "--version"], capture_output=True, text=True, check=False)
    match = re.search(r"Swift version (\d+)\.(\d+)", answer.stdout + answer.stderr)
    return (int(match[1]), int(match[2])) if match else None


def find_swift() -> Path:
    """The `swift` command: on PATH, else in the usual places."""
    home = Path.home()
    places = [Path(found) for found in [shutil.which("swift")] if found]
    if "SWIFT_HOME" in os.environ:
        places.append(Path(os.environ["SWIFT_HOME"]) / "usr/bin/swift")
    places += sorted(Path("/opt").glob("swift*/usr/bin/swift"), reverse=True)
    places += [Path("/usr/share/swift/usr/bin/swift"), Path("/usr/libexec/swift/bin/swift")]
    places += [home / ".local/share/swiftly/bin/swift"]
    places += sorted(home.glob(".local/share/swiftly/toolchains/*/usr/bin/swift"), reverse=True)
    places += sorted(home.glob("swift*/usr/bin/swift"), reverse=True)
    unfit = []
    for swift in places:
        if os.access(swift, os.X_OK):
            version = swift_version(swift)
            if version and version >= SWIFT_FLOOR:
                return swift
            unfit.append(f"{swift} is " + (f"Swift {version[0]}.{version[1]}" if version else "not working"))
    message = HOW_TO_GET_XCODE if MAC else HOW_TO_GET_SWIFT
    raise BuildError(
        message.format(floor=".".join(map(str, SWIFT_FLOOR)), found=", ".join(unfit) or "none at all")
    )


def find_compiler(swift: Path | None = None) -> str:
    """A C compiler: $CC, the system's, else the clang that comes with Swift."""
    for name in (os.environ.get("CC"), "cc", "gcc", "clang"):
        if name and shutil.which(name):
            return name
    clang = (swift or find_swift()).parent / "clang"
    if clang.exists():
        return str(clang)
    raise BuildError("A C compiler is needed for the Python extension: apt-get install gcc libc6-dev")


def run(command: list[str], **options: object) -> None:
    """Runs a command in the root of the repository; its output is shown, its failure is ours."""
    print("+", " ".join(command), file=sys.stderr, flush=True)
    done = subprocess.run(command, cwd=ROOT, check=False, stdout=sys.stderr, **options)  # type: ignore[call-overload]
    if done.returncode != 0:
        raise BuildError(f"{command[0]} {command[1]} failed with exit status {done.returncode}")


def load(name: str, path: Path) -> ModuleType:
    """Imports one file of ours by its path: scripts/ is not on anyone's module path."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def release_number() -> str:
    match = re.search(r'^version = "([^"]+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    if not match:
        raise BuildError("pyproject.toml: no version")
    return match[1]


# --- the library -----------------------------------------------------------------------------------


def engine(variant: str = "release") -> Path:
    """Builds the library and returns its path. The release build is checked before it is handed out."""
    if not MAC and not sys.platform.startswith("linux"):
        raise BuildError(f"This script builds on Linux and on a Mac, not on {sys.platform}.")
    if MAC and variant != "release":
        raise BuildError(f"There is no {variant} variant on a Mac.")
    swift = find_swift()
    scratch = ROOT / ".build" / f"library-{variant}"
    options = MAC_SHIPPED if MAC else [*VARIANTS[variant], "-Xlinker", f"-soname={LIBRARY}"]
    where = ["--product", "ossicle", "--scratch-path", str(scratch)]
    run([str(swift), "build", *where, *options])
    library = scratch / options[1] / LIBRARY
    if variant == "release":
        check(library, set())
    return library


def check(path: Path, more: set[str]) -> None:
    """Refuses an object that needs libraries a plain system lacks, or that shows other names than ours."""
    if MAC:  # the linker has been told which names to show
        return
    elf = load("ossicle_elf", ROOT / "scripts" / "elf.py").read(path)
    if foreign := set(elf.needed) - ALLOWED - more:
        raise BuildError(f"{path.name} needs {sorted(foreign)}; only {sorted(ALLOWED | more)} are allowed")
    if path.name == LIBRARY:
        if elf.soname != LIBRARY:
            raise BuildError(f"{path.name} has SONAME {elf.soname!r}, expected {LIBRARY!r}")
        if odd := [name for name in elf.exported if not name.startswith("ossicle_")]:
            raise BuildError(f"{path.name} exports {odd[:5]}; only ossicle_* may be visible")
        if not elf.exported:
            raise BuildError(f"{path.name} exports nothing")


PKG_CONFIG = """\
prefix=${{pcfiledir}}/../..
includedir=${{prefix}}/include
libdir=${{prefix}}/lib

Name: ossicle
Description: Real-time neural audio inference
Version: {version}
Cflags: -I${{includedir}}
Libs: -L${{libdir}} -lossicle
"""

#: In include/ossicle: Swift and clang look into the folders of a search path, too, and a module.modulemap in
#: a shared include/ would be overwritten by the next library's. The framework's module has the same name.
MODULE_MAP = """\
module OssicleC {
    header "../ossicle.h"
    export *
    link "ossicle"
}
"""


def install(prefix: Path) -> None:
    """Library, headers, module map and pkg-config file under `prefix`. All of them can be moved together."""
    library = engine()
    (prefix / "lib" / "pkgconfig").mkdir(parents=True, exist_ok=True)
    replace(library, prefix / "lib" / LIBRARY)
    for header in [HEADERS / "ossicle.h", *sorted((HEADERS / "ossicle").glob("*.h"))]:
        target = prefix / "include" / header.relative_to(HEADERS)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(header, target)
    (prefix / "include" / "ossicle" / "module.modulemap").write_text(MODULE_MAP)
    (prefix / "lib" / "pkgconfig" / "ossicle.pc").write_text(PKG_CONFIG.format(version=release_number()))


def replace(source: Path, target: Path) -> None:
    """Copies over a library that a running program may have mapped: a new file, never a rewritten one."""
    fresh = target.with_name(target.name + ".new")
    shutil.copy2(source, fresh)
    os.replace(fresh, target)


# --- Swift -----------------------------------------------------------------------------------------


def test(more: list[str]) -> None:
    """The Swift tests, optimised: the kernels' C at -O0 would take minutes."""
    options = [
        "-c",
        "release",
        "-Xswiftc",
        "-enable-testing",
        "--scratch-path",
        str(ROOT / ".build" / "tests"),
    ]
    run([str(find_swift()), "test", *options, *more])


def example() -> None:
    """The Swift example is a package of its own that depends on this one, as a user's would."""
    folders = [
        "--package-path",
        str(ROOT / "examples" / "swift"),
        "--scratch-path",
        str(ROOT / ".build" / "example"),
    ]
    sounds = [ROOT / "tests/data/models/nam/BossWN-nano.nam", ROOT / "examples/audio/phrase.wav"]
    output = ROOT / ".build" / "example.wav"
    run([str(find_swift()), "run", "-c", "release", *folders, "stream-wav", *map(str, [*sounds, output])])


# --- Python ----------------------------------------------------------------------------------------


def mac_tag(platform_tag: str) -> str:
    """The platform of a wheel that setuptools names by Python's own build, which may be universal."""
    return re.sub(r"^(macosx_\d+_\d+)_\w+$", rf"\1_{MACHINE}", platform_tag)


def python_objects(folder: Path) -> None:
    """The library and the cffi extension in `folder`, which finds the library beside itself."""
    folder.mkdir(parents=True, exist_ok=True)
    replace(engine(), folder / LIBRARY)
    extension(folder)


def extension(folder: Path) -> None:
    include = Path(sysconfig.get_paths()["include"])
    if not (include / "Python.h").exists():
        raise BuildError(f"Python.h is missing in {include}: apt-get install python3-dev")
    work = ROOT / ".build" / "cffi"
    work.mkdir(parents=True, exist_ok=True)
    source = work / "_ffi.c"
    load("ossicle_build_ffi", ROOT / "python" / "ossicle" / "_build_ffi.py").ffibuilder.emit_c_code(
        str(source)
    )
    built = work / EXTENSION
    # Forward declarations that cffi writes need no warnings; ours come from the compiler of the header tests.
    # The source's path is relative, and asserts are off: the object does not tell where it was built.
    shared = ["-shared", "-fPIC"]
    if MAC:
        shared = [
            "-bundle",
            "-undefined",
            "dynamic_lookup",
            "-arch",
            MACHINE,
            f"-mmacosx-version-min={MAC_FLOOR}",
        ]
    compile = [find_compiler(), *shared, "-O2", "-fvisibility=hidden", "-DNDEBUG"]
    compile += [f"-DPy_LIMITED_API=0x03{PYTHON_FLOOR:02x}0000", f"-I{include}", f"-I{HEADERS}"]
    link = [f"-L{folder}", "-lossicle"]
    link += ["-Wl,-rpath,@loader_path"] if MAC else ["-Wl,-rpath,$ORIGIN", "-Wl,--strip-all"]
    run([*compile, str(source.relative_to(ROOT)), "-o", str(built), *link])
    check(built, {LIBRARY})
    replace(built, folder / EXTENSION)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--prefix", type=Path, help="install library, headers and pkg-config file here")
    parser.add_argument("--python", action="store_true", help="build into python/ossicle")
    parser.add_argument("--variant", choices=VARIANTS, help="build this variant and print the library's path")
    parser.add_argument(
        "--test", nargs=argparse.REMAINDER, help="run the Swift tests with these further arguments"
    )
    parser.add_argument("--example", action="store_true", help="build and run the Swift example")
    parser.add_argument("--swift", action="store_true", help="print the path of the swift command")
    arguments = parser.parse_args()
    if not any(value or value == [] for value in vars(arguments).values()):
        parser.error("say what to do: see --help")
    try:
        if arguments.swift:
            print(find_swift())
        if arguments.variant:
            print(engine(arguments.variant))
        if arguments.prefix:
            install(arguments.prefix.resolve())
        if arguments.test is not None:
            test(arguments.test)
        if arguments.example:
            example()
        if arguments.python:
            python_objects(ROOT / "python" / "ossicle")
    except BuildError as error:
        print(f"build.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
