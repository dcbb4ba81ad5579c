"""Compiling Core ML packages, against what Apple's compiler made of the same ones."""

from __future__ import annotations

import re
from pathlib import Path

import ossicle
import pytest
from commands import ossicle_command

COREML = Path(__file__).parents[1] / "data" / "coreml"
SILERO = COREML / "real" / "silero_vad_v6"
LINEAR = COREML / "generated" / "linear_fp32.mlpackage"


def without_versions(text: bytes) -> bytes:
    """The text without what tells which compiler wrote it."""
    return re.sub(rb'\{"coremlc-(component-MIL|version)", "[^"]*"\}', rb"{}", text)


@pytest.mark.parametrize("name", ["silero-vad-unified-v6.0.0", "unified_palette_2bit", "unified_pruned_int8"])
def test_bytes_are_those_of_apples_compiler(tmp_path: Path, name: str) -> None:
    target = tmp_path / "out.mlmodelc"
    ossicle.coreml.compile(SILERO / f"{name}.mlpackage", target)
    apple = SILERO / f"{name}.mlmodelc"
    ours, theirs = (folder.joinpath("model.mil").read_bytes() for folder in (target, apple))
    assert without_versions(theirs) != theirs
    assert without_versions(ours) == without_versions(theirs)
    for file in ("weights/weight.bin", "analytics/coremldata.bin"):
        assert target.joinpath(file).read_bytes() == apple.joinpath(file).read_bytes(), file
    assert list(ossicle.CoreMLWeightLoader(target)) == list(ossicle.CoreMLWeightLoader(apple))


def test_overwrite(tmp_path: Path) -> None:
    target = tmp_path / "out.mlmodelc"
    ossicle.coreml.compile(LINEAR, target)
    with pytest.raises(ossicle.ArgumentError, match="exists"):
        ossicle.coreml.compile(LINEAR, target)
    (target / "model.mil").write_text("older")
    ossicle.coreml.compile(LINEAR, target, overwrite=True)
    assert (target / "model.mil").read_text().startswith("program")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ossicle.ArgumentError, match="no compiled model"):
        ossicle.coreml.compile(LINEAR, tmp_path / "folder", overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "out.mlmodelc"]


@pytest.mark.parametrize(
    ("package", "error"),
    [
        ("generated/control_flow_fp32.mlpackage", ossicle.UnsupportedError),
        ("generated/enumerated_shapes_fp32.mlpackage", ossicle.UnsupportedError),
        ("real/espresso_cardscan/FourRecognize.mlmodel", ossicle.UnsupportedError),
        ("generated/nothing.mlpackage", ossicle.FileError),
    ],
)
def test_refusals_leave_nothing(tmp_path: Path, package: str, error: type[Exception]) -> None:
    with pytest.raises(error, match=Path(package).name):
        ossicle.coreml.compile(COREML / package, tmp_path / "out.mlmodelc")
    assert not list(tmp_path.iterdir())


def test_command(tmp_path: Path) -> None:
    target = tmp_path / "out.mlmodelc"
    done = ossicle_command("compile", LINEAR, "-o", target)
    assert done.returncode == 0, done.stderr
    assert str(target) in done.stderr
    assert (target / "coremldata.bin").exists()
    done = ossicle_command("compile", LINEAR, "-o", target)
    assert done.returncode == 1
    assert "exists" in done.stderr
    assert "--force" in done.stderr
    assert ossicle_command("compile", LINEAR, "-o", target, "--force").returncode == 0


def test_command_puts_the_result_beside_the_package(tmp_path: Path) -> None:
    package = tmp_path / "linear.mlpackage"
    package.symlink_to(LINEAR)
    assert ossicle_command("compile", f"{package}/").returncode == 0
    assert (tmp_path / "linear.mlmodelc" / "model.mil").exists()
