"""scripts/build.py: what cannot be seen by building on this machine."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def build() -> ModuleType:
    spec = importlib.util.spec_from_file_location("ossicle_build_under_test", ROOT / "scripts" / "build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_versions_are_those_of_the_packages(build: ModuleType) -> None:
    floor = ".".join(map(str, build.SWIFT_FLOOR))
    packages = [ROOT / "Package.swift", ROOT / "examples" / "swift" / "Package.swift"]
    for package in packages:
        text = package.read_text()
        assert re.findall(r"swift-tools-version: (.*)", text) == [floor]
        # An example without it is for the oldest macOS that Swift knows, and refused.
        assert re.findall(r'\.macOS\("(.*?)"\)', text) == [build.MAC_FLOOR]
    assert f"Swift {floor}" in (ROOT / "README.md").read_text()


@pytest.mark.parametrize("mac", [False, True])
@pytest.mark.parametrize("answer", ["Swift version 6.2 (swift-6.2-RELEASE)", "no such toolchain"])
def test_a_swift_that_is_too_old(
    build: ModuleType, mac: bool, answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swift = tmp_path / "swift"
    swift.write_text(f"#!/bin/sh\necho '{answer}'\n")
    swift.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(build, "MAC", mac)
    monkeypatch.setattr(build, "SWIFT_FLOOR", (77, 3))  # this machine's own Swift will not do either
    with pytest.raises(build.BuildError) as error:
        build.find_swift()
    message = str(error.value)
    assert "Swift 77.3 or newer is needed" in message
    assert f"{swift} is " + ("Swift 6.2" if "6.2" in answer else "not working") in message
    assert ("Xcode" in message) == mac
    assert ("swift.org" in message) != mac
    assert message.count("\n") == 0 or not mac


@pytest.mark.parametrize("machine", ["arm64", "x86_64"])
@pytest.mark.parametrize("tag", ["macosx_13_0_universal2", "macosx_13_0_x86_64", "macosx_13_0_arm64"])
def test_a_wheel_for_a_mac_names_one_processor(
    build: ModuleType, tag: str, machine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "MACHINE", machine)
    assert build.mac_tag(tag) == f"macosx_13_0_{machine}"
