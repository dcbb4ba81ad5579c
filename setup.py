"""Hooks that let setuptools build the engine: everything else is in pyproject.toml.

The work is scripts/build.py's; here it is only put where wheels, installs and editable installs expect it.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import zipfile
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).resolve().parent
_spec = importlib.util.spec_from_file_location("ossicle_build", ROOT / "scripts" / "build.py")
build = importlib.util.module_from_spec(_spec)
sys.modules["ossicle_build"] = build
_spec.loader.exec_module(build)


class BuildEngine(build_ext):
    """Builds libossicle and the cffi extension instead of compiling listed sources."""

    def build_extension(self, ext: Extension) -> None:
        try:
            build.python_objects(Path(self.get_ext_fullpath(ext.name)).parent)
        except build.BuildError as error:
            sys.exit(f"\n{error}\n")

    def copy_extensions_to_source(self) -> None:
        """For editable installs: both objects go beside the Python sources."""
        for name in (build.LIBRARY, build.EXTENSION):
            build.replace(Path(self.build_lib) / "ossicle" / name, ROOT / "python" / "ossicle" / name)

    def get_outputs(self) -> list[str]:
        return [str(Path(self.build_lib) / "ossicle" / name) for name in (build.LIBRARY, build.EXTENSION)]


class Wheel(bdist_wheel):
    """States the oldest C library the objects really run with, and packs as tightly as zip can."""

    def get_tag(self) -> tuple[str, str, str]:
        if build.MAC:
            return f"cp3{build.PYTHON_FLOOR}", "abi3", build.mac_tag(super().get_tag()[2])
        elf = build.load("ossicle_elf", ROOT / "scripts" / "elf.py")
        objects = [elf.read(path) for path in sorted(Path(self.bdist_dir).rglob("*.so"))]
        if not objects:  # an editable install: its wheel holds no objects and goes to no other machine
            return super().get_tag()
        return f"cp3{build.PYTHON_FLOOR}", "abi3", elf.platform_tag(objects)

    def run(self) -> None:
        super().run()
        for _, _, wheel in self.distribution.dist_files:
            if wheel.endswith(".whl"):
                repack(Path(wheel))


def repack(wheel: Path) -> None:
    """The same archive at the highest compression level."""
    tight = wheel.with_suffix(".tight")
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(tight, "w") as target:
        for entry in source.infolist():
            target.writestr(entry, source.read(entry), zipfile.ZIP_DEFLATED, 9)
    shutil.copymode(wheel, tight)
    os.replace(tight, wheel)


setup(
    ext_modules=[Extension("ossicle._ffi", [], py_limited_api=True)],
    cmdclass={"build_ext": BuildEngine, "bdist_wheel": Wheel},
)
