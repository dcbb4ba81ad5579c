"""The command line on Core ML models, as a separate process."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import ossicle
import pytest
import safetensors.numpy
from commands import ossicle_command

COREML = Path(__file__).parents[1] / "data" / "coreml"
SILERO = COREML / "real" / "silero_vad_v6" / "unified_int8.mlpackage"
FLEXIBLE = COREML / "generated" / "flexible_range_fp32.mlpackage"
LSTM = COREML / "generated" / "lstm_uni_1layer_fp32.mlpackage"


# --- info


def test_info() -> None:
    done = ossicle_command("info", SILERO)
    assert done.returncode == 0, done.stderr
    for part in ("ML Program", "iOS 16", "audio_input [1, 576] float32", "new_cell_state", "14, ", "Float16"):
        assert part in done.stdout
    assert "     1  lstm" in done.stdout.splitlines()
    assert "x [1, 1, 16…4096 (default 96)] float32" in ossicle_command("info", FLEXIBLE).stdout


def test_info_of_several_functions() -> None:
    text = ossicle_command("info", COREML / "generated" / "multifunction_ios18.mlmodelc").stdout
    assert "relu_fn, tanh_fn; default tanh_fn" in text
    assert "operations of relu_fn (ios18)" in text


def test_info_of_older_networks() -> None:
    folder = COREML / "real" / "espresso_cardscan"
    assert "batch norm is folded" in ossicle_command("info", folder / "FourRecognize.mlmodelc").stdout
    assert "neural network" in ossicle_command("info", folder / "FourRecognize.mlmodel").stdout


def test_info_json() -> None:
    found = json.loads(ossicle_command("info", "--json", SILERO).stdout)
    assert found["format"] == "coreml"
    assert found["weights"]["count"] == 14
    assert found["functions"][0]["inputs"][0]["name"] == "audio_input"
    assert found["functions"][0]["operations"]["lstm"] == 1


# --- weights


def test_weights() -> None:
    done = ossicle_command("weights", SILERO)
    assert done.returncode == 0, done.stderr
    row = next(line for line in done.stdout.splitlines() if line.startswith("encoder_layers_0_weight"))
    assert "128 × 129 × 3" in row
    assert "int8 (constexpr_affine_dequantize)" in row
    assert "weights/weight.bin at " in row
    assert "14 weights" in done.stdout


def test_weights_json() -> None:
    found = json.loads(ossicle_command("weights", "--json", SILERO).stdout)
    loader = ossicle.CoreMLWeightLoader(SILERO)
    assert [row["name"] for row in found] == list(loader)
    assert found[0]["shape"] == list(loader.available_weights[0].shape)


def test_weights_save(tmp_path: Path) -> None:
    done = ossicle_command("weights", LSTM, "--save", tmp_path / "w.safetensors")
    assert done.returncode == 0, done.stderr
    assert "ossicle: warning: " in done.stderr  # initial states are all zero
    assert "Traceback" not in done.stderr
    found = safetensors.numpy.load_file(tmp_path / "w.safetensors")
    loader = ossicle.CoreMLWeightLoader(LSTM)
    assert set(found) == set(loader)
    np.testing.assert_array_equal(found["o_weight"], loader["o_weight"])
    assert [path.name for path in tmp_path.iterdir()] == ["w.safetensors"]
    done = ossicle_command("weights", LSTM, "--save", tmp_path / "no" / "w.safetensors")
    assert done.returncode == 1
    assert "cannot write" in done.stderr


# --- usage


@pytest.mark.parametrize("command", ["info", "weights"])
def test_errors_name_the_file(tmp_path: Path, command: str) -> None:
    (tmp_path / "broken.mlpackage").mkdir()
    (tmp_path / "broken.mlpackage" / "Manifest.json").write_text("{")
    for path, words in (
        (tmp_path / "broken.mlpackage", "Manifest.json"),
        (tmp_path / "none.mlmodelc", "none.mlmodelc"),
        (tmp_path, "Manifest.json, model.mil or model.espresso.net"),
    ):
        done = ossicle_command(command, path)
        assert done.returncode == 1
        assert words in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["weights", "compile"])
def test_help_has_examples(command: str) -> None:
    done = ossicle_command(command, "--help")
    assert done.returncode == 0
    assert "examples:" in done.stdout
    assert ossicle_command(command).returncode == 2
