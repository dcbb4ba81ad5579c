#!/usr/bin/env python3
"""Plants each bug of mutants.toml in a copy of the shaders; every one must be caught, in the way it says.

usage: mutate.py SHADER_FOLDER BUILD_FOLDER [NAME...]
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys

import tomllib

HERE = pathlib.Path(__file__).resolve().parent


def plant(mutant, shaders, folder):
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(shaders, folder)
    path = folder / mutant["file"]
    text = path.read_text()
    start = -1
    for _ in range(mutant.get("nth", 1)):
        start = text.find(mutant["old"], start + 1)
        if start < 0:
            raise SystemExit(f"mutant {mutant['name']}: its text is no longer in {mutant['file']}")
    path.write_text(text[:start] + mutant["new"] + text[start + len(mutant["old"]) :])


def attempt(mode, folder, program):
    """Output of one way to find the bug, and whether it was found (a failure to build is not a find)."""
    if mode == "static":
        done = subprocess.run([HERE / "check.sh", folder], check=False, capture_output=True, text=True)
        return done.stdout + done.stderr, done.returncode != 0
    built = subprocess.run(
        [HERE / "build.sh", mode, folder, program], check=False, capture_output=True, text=True
    )
    if built.returncode:
        return "does not build: " + built.stderr, False
    done = subprocess.run([program, "quick"], check=False, capture_output=True, text=True, timeout=120)
    return done.stdout + done.stderr, done.returncode != 0


def judge(mutant, shaders, build):
    folder = build / f"mutant-{mutant['name']}"
    plant(mutant, shaders, folder)
    lines, good = [], True
    for mode, wanted in mutant["caught"].items():
        output, failed = attempt(mode, folder, build / f"mutant-{mutant['name']}-{mode}")
        match = re.search(wanted, output) if failed else None
        good &= match is not None
        told = match.group()[:60] if match else "NOT CAUGHT: " + " ".join(output.split())[-200:]
        lines.append(f"{'ok  ' if match else 'FAIL'} {mutant['name']:26} {mode:6} {told}")
    return good, lines


def main():
    shaders, build = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    mutants = tomllib.loads((HERE / "mutants.toml").read_text())["mutant"]
    if len(sys.argv) > 3:
        mutants = [m for m in mutants if m["name"] in sys.argv[3:]]
    with concurrent.futures.ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:
        results = list(pool.map(lambda m: judge(m, shaders, build), mutants))
    for _, lines in results:
        print("\n".join(lines))
    caught = sum(good for good, _ in results)
    print(f"mutants: {caught} of {len(results)} caught")
    return 0 if caught == len(results) and results else 1


if __name__ == "__main__":
    sys.exit(main())
