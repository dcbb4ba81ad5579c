"""The Core ML examples, as separate processes, on the recordings they come with."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_example(name: str, *arguments: object) -> str:
    command = [sys.executable, ROOT / "examples" / "python" / name, *arguments]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_speech_is_found(tmp_path: Path) -> None:
    """Two sentences at 0.8 s and 5.2 s (scripts/make_speech.py); the knock between them is no speech."""
    text = run_example("find_speech.py", ROOT / "examples/audio/speech.wav", tmp_path / "speech.png")
    spans = re.findall(r"speech from +([\d.]+) s to +([\d.]+) s", text)
    (a, b), (c, d) = [(float(begin), float(end)) for begin, end in spans]
    assert 0.7 < a < 1.0
    assert 3.4 < b < 3.9
    assert 5.0 < c < 5.4
    assert 7.6 < d < 8.1
    assert (tmp_path / "speech.png").read_bytes().startswith(b"\x89PNG")


def test_notes_are_written_down(tmp_path: Path) -> None:
    """The riff of scripts/make_phrase.py: every note of it, within 60 ms; overtones may come on top."""
    text = run_example(
        "transcribe.py",
        ROOT / "examples/audio/phrase.wav",
        tmp_path / "notes.png",
        "--midi",
        tmp_path / "notes.mid",
    )
    found = [(float(at), name) for at, name in re.findall(r"^ +([\d.]+) s +[\d.]+ s +(\S+)", text, re.M)]
    played = [(0.0, "E2"), (0.25, "E2"), (0.5, "G2"), (0.75, "A2"), (1.0, "E2"), (1.0, "B2"), (1.5, "A♯2")]
    played += [(1.75, "A2"), (2.0, "G2"), (2.25, "E2"), (2.5, "E2"), (2.5, "B2"), (2.5, "E3"), (2.5, "G3")]
    for at, name in played:
        assert any(name == other and abs(at - when) < 0.06 for when, other in found), (at, name)
    assert len(found) < len(played) + 6
    assert (tmp_path / "notes.mid").read_bytes().startswith(b"MThd")
    assert (tmp_path / "notes.png").read_bytes().startswith(b"\x89PNG")
