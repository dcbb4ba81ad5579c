"""The command line on Core ML models, as a separate process."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import ossicle
import pytest
import safetensors.numpy
from commands import ossicle_command
from coreml_data import with_default, with_mask

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
    assert "yes, engine ossicle" in done.stdout
    assert "     1  lstm" in done.stdout.splitlines()
    assert "computes in    Mixed (Float16, Float32, Int32); here floats are float32" in done.stdout
    assert "plan" not in done.stdout
    assert "x [1, 1, 16…4096 (default 96)] float32" in ossicle_command("info", FLEXIBLE).stdout
    enumerated = ossicle_command("info", COREML / "generated" / "enumerated_shapes_fp32.mlpackage").stdout
    assert "x [1, 8] float32, also [1, 4], [1, 16]\n" in enumerated


def test_info_plan() -> None:
    path = COREML / "generated" / "multifunction_ios18.mlpackage"
    text = ossicle_command("info", "--plan", path).stdout
    for name in ("relu_fn", "tanh_fn"):
        plan = ossicle.BNNSInference(path, function=name).plan().rstrip()
        assert f"\nplan of {name}\n{plan}\n" in text


def test_info_of_several_functions() -> None:
    text = ossicle_command("info", COREML / "generated" / "multifunction_ios18.mlmodelc").stdout
    assert "relu_fn, tanh_fn; default tanh_fn" in text
    assert "operations of relu_fn (ios18)" in text
    assert "weights of tanh_fn " in text


def test_an_input_may_be_left_out_of_a_run(tmp_path: Path) -> None:
    model = with_default(tmp_path)
    assert "b [2] float32, 7.5 when left out" in ossicle_command("info", model).stdout
    np.save(tmp_path / "a.npy", np.array([1, 2], np.float32))
    done = ossicle_command("run", model, "--input", f"a={tmp_path / 'a.npy'}", "--output", tmp_path / "y.npy")
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), [8.5, 9.5])
    done = ossicle_command("run", model, "--input", f"b={tmp_path / 'a.npy'}")
    assert "also needs --input for a" in done.stderr


def test_info_of_older_networks() -> None:
    folder = COREML / "real" / "espresso_cardscan"
    assert "batch norm is folded" in ossicle_command("info", folder / "FourRecognize.mlmodelc").stdout
    source = ossicle_command("info", folder / "FourRecognize.mlmodel").stdout
    assert "neural network" in source
    assert "no: an older neural network" in source


def test_info_json() -> None:
    found = json.loads(ossicle_command("info", "--json", SILERO).stdout)
    assert found["format"] == "coreml"
    assert found["weights"]["count"] == 14
    assert found["functions"][0]["inputs"][0]["name"] == "audio_input"
    assert found["functions"][0]["operations"]["lstm"] == 1
    assert found["functions"][0]["runs"]["supported"]


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


def test_a_mask_is_saved_with_a_warning(tmp_path: Path) -> None:
    done = ossicle_command("weights", with_mask(tmp_path), "--save", tmp_path / "w.safetensors")
    assert done.returncode == 0, done.stderr
    assert "ossicle: warning: " in done.stderr
    assert '"mask"' in done.stderr
    np.testing.assert_array_equal(
        safetensors.numpy.load_file(tmp_path / "w.safetensors")["mask"], [0, -np.inf]
    )


def test_weights_save(tmp_path: Path) -> None:
    done = ossicle_command("weights", LSTM, "--save", tmp_path / "w.safetensors")
    assert done.returncode == 0, done.stderr
    assert not done.stderr  # initial states are all zero, as they should be
    assert "Traceback" not in done.stderr
    found = safetensors.numpy.load_file(tmp_path / "w.safetensors")
    loader = ossicle.CoreMLWeightLoader(LSTM)
    assert set(found) == set(loader)
    np.testing.assert_array_equal(found["o_weight"], loader["o_weight"])
    assert [path.name for path in tmp_path.iterdir()] == ["w.safetensors"]
    done = ossicle_command("weights", LSTM, "--save", tmp_path / "no" / "w.safetensors")
    assert done.returncode == 1
    assert "cannot write" in done.stderr


# --- run


def save(path: Path, array: np.ndarray) -> Path:
    np.save(path, array)
    return path


def test_run(tmp_path: Path, rng: np.random.Generator) -> None:
    x = rng.standard_normal((1, 1, 500)).astype(np.float32)
    source = save(tmp_path / "x.npy", x.astype(np.float64))
    done = ossicle_command("run", FLEXIBLE, "--input", source, "--output", tmp_path / "y.npy")
    assert done.returncode == 0, done.stderr
    expected = ossicle.BNNSInference(FLEXIBLE, shapes={"x": x.shape}).predict(x)
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), expected)
    shown = ossicle_command("run", FLEXIBLE, "--input", f"x={source}")
    assert shown.stdout.startswith("y [1, 1, 500] float32: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.npy", "y.npy"]


def test_run_several(tmp_path: Path, rng: np.random.Generator) -> None:
    model = ossicle.BNNSInference(SILERO)
    inputs = {each.name: rng.standard_normal(each.shape).astype(np.float32) for each in model.inputs}
    arguments: list[object] = ["run", SILERO, "--output", tmp_path / "all.npz"]
    arguments += ["--output", f"vad_output={tmp_path}/p.npy"]
    for name, array in inputs.items():
        arguments += ["--input", f"{name}={save(tmp_path / f'{name}.npy', array)}"]
    done = ossicle_command(*arguments)
    assert done.returncode == 0, done.stderr
    expected = model.predict(inputs)
    with np.load(tmp_path / "all.npz") as found:
        assert set(found) == set(expected)
        for name in found:
            np.testing.assert_array_equal(found[name], expected[name])
    np.testing.assert_array_equal(np.load(tmp_path / "p.npy"), expected["vad_output"])


def test_run_function(tmp_path: Path) -> None:
    path = COREML / "generated" / "multifunction_ios18.mlpackage"
    source = save(tmp_path / "x.npy", np.linspace(-1, 1, 32, dtype=np.float32).reshape(2, 16))
    arguments = ("run", path, "--input", source, "--output", tmp_path / "y.npy", "--function", "relu_fn")
    assert ossicle_command(*arguments).returncode == 0
    assert (np.load(tmp_path / "y.npy") >= 0).all()


def test_run_with_wrong_arguments(tmp_path: Path) -> None:
    x = save(tmp_path / "x.npy", np.zeros((1, 1, 96), np.float32))
    (tmp_path / "text.npy").write_text("no array")
    (tmp_path / "w.npy").write_bytes(b"")
    np.savez(tmp_path / "several.npz", a=np.zeros(3))
    output = f"y={tmp_path}/no/y.npy"
    for arguments, words in (
        ((FLEXIBLE,), "also needs --input for x"),
        ((FLEXIBLE, "--input", f"z={x}"), "no input 'z'; there are x"),
        ((FLEXIBLE, "--input", x, "--input", f"x={x}"), "twice"),
        ((FLEXIBLE, "--input", tmp_path / "text.npy"), "text.npy"),
        ((FLEXIBLE, "--input", tmp_path / "w.npy"), "w.npy"),
        ((FLEXIBLE, "--input", tmp_path / "none.npy"), "none.npy"),
        ((FLEXIBLE, "--input", tmp_path / "several.npz"), "expected one array"),
        ((FLEXIBLE, "--input", save(tmp_path / "long.npy", np.zeros((1, 1, 9000)))), "16…4096"),
        ((FLEXIBLE, "--input", save(tmp_path / "int.npy", np.zeros((1, 1, 96), int))), "int64"),
        ((FLEXIBLE, "--input", x, "--output", output), "y.npy"),
        ((FLEXIBLE, "--input", x, "--output", tmp_path / "y.txt"), "ends in .npy or .npz"),
        ((FLEXIBLE, "--input", x, "--output", f"y={tmp_path}/y.npz"), f"--output {tmp_path}/y.npz"),
        ((SILERO, "--input", x), "audio_input="),
        ((FLEXIBLE, "--input", x, "--function", "none"), "none"),
    ):
        done = ossicle_command("run", *arguments)
        assert done.returncode == 1, arguments
        assert words in done.stderr
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["run", "weights", "compile"])
def test_other_files_are_refused(command: str) -> None:
    path = COREML.parent / "models" / "nam" / "BossWN-nano.nam"
    done = ossicle_command(command, path)
    assert done.returncode == 1
    assert f"{path}: expected a Core ML model, found other bytes" in done.stderr


def test_compile_refuses_what_is_compiled(tmp_path: Path) -> None:
    done = ossicle_command("compile", LSTM.with_suffix(".mlmodelc"), "-o", tmp_path / "m.mlmodelc")
    assert done.returncode == 1
    assert "is compiled already" in done.stderr
    done = ossicle_command("compile", tmp_path, "-o", tmp_path / "m.mlmodelc")
    assert "expected Manifest.json" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["bench", "process"])
def test_audio_commands_refuse_core_ml(tmp_path: Path, command: str) -> None:
    more = (tmp_path / "in.wav", tmp_path / "out.wav") if command == "process" else ()
    done = ossicle_command(command, SILERO, *more)
    assert done.returncode == 1
    assert "ossicle run" in done.stderr


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


@pytest.mark.parametrize("command", ["weights", "compile", "run"])
def test_help_has_examples(command: str) -> None:
    done = ossicle_command(command, "--help")
    assert done.returncode == 0
    assert "examples:" in done.stdout
    assert ossicle_command(command).returncode == 2
