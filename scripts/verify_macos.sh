#!/usr/bin/env bash
# What the first person with a Mac runs: builds everything with Apple's compilers and runs all tests on the real
# frameworks and the GPU. Goes on after a failure, so that one run tells everything.
#
#   scripts/verify_macos.sh [OUT]     logs, shader library and XCFramework go to OUT (build/macos)
#
# Written on Linux and never run on a Mac; docs/apple.md says what has been verified there and how.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
[ "$(uname -s)" = Darwin ] || die "This runs on a Mac. On Linux: scripts/test"
xcrun --find swift >/dev/null 2>&1 || die "Xcode's tools are missing: install Xcode 26.4 or newer."
python="$(find_python)" || exit 1
swift="$("$python" scripts/build.py --swift)" || exit 1
export PYTHON="$python"
out="${1:-build/macos}"
mkdir -p "$out" && out="$(cd "$out" && pwd)" || exit 1

passed=0 failures=()
stage() { # NAME COMMAND…
    local name="$1"; shift
    printf '\n== %s: %s\n' "$name" "$*"
    if "$@" >"$out/$name.log" 2>&1; then
        passed=$((passed + 1))
    else
        failures+=("$name")
        tail -40 "$out/$name.log"
    fi
}

machine() {
    sw_vers
    sysctl -n machdep.cpu.brand_string hw.memsize
    "$swift" --version
    "$python" --version
    system_profiler SPDisplaysDataType
}

# The shaders through Apple's compiler, as a library that MetalDevice takes instead of the source.
shaders() {
    local shaders=Sources/Ossicle/Backends/Metal/Shaders
    xcrun -sdk macosx metal --version ||
        { echo "Metal's compiler is missing, a part of Xcode by itself: xcodebuild -downloadComponent MetalToolchain"; return 1; }
    xcrun -sdk macosx metal -std=metal3.0 -fno-fast-math -Wall -Werror "$shaders"/*.metal -o "$out/ossicle.metallib"
}

python_package() {
    "$python" -m venv "$out/venv" &&
        "$out/venv/bin/python" -m pip install -q -r scripts/requirements.txt -r scripts/requirements-test.txt &&
        "$out/venv/bin/python" -m pip wheel -q --no-deps --no-build-isolation -w "$out/wheel" . &&
        "$out/venv/bin/python" -m pip install -q --no-deps "$out"/wheel/ossicle-*.whl &&
        (cd tests/python && "$out/venv/bin/python" -m pytest -q -p no:cacheprovider -c ../../pyproject.toml .)
}

stage machine machine
stage shaders shaders
stage build "$swift" build -c release -Xswiftc -enable-testing --scratch-path "$out/tests"
stage tests "$swift" test -c release -Xswiftc -enable-testing --scratch-path "$out/tests"
# Where Accelerate draws level with the engine's kernels: AccelerateRule's two thresholds are guesses until then.
stage thresholds env OSSICLE_MEASURE=1 "$swift" test -c release -Xswiftc -enable-testing --scratch-path "$out/tests" \
    --skip-build --filter AccelerateMeasurements
grep '^|' "$out/thresholds.log"
# The sanitizers of either are left to Linux: Apple's clang lacks LeakSanitizer and RealtimeSanitizer.
stage kernels env BUILD_DIR="$out/kernels" tests/kernels/run.sh plain
stage c-headers tests/c/run.sh headers
stage c-interface tests/c/run.sh interface
stage c-example tests/c/run.sh example
stage swift-example "$python" scripts/build.py --example
stage xcframework scripts/build_xcframework.sh "$out/xcframework"
stage python python_package

printf '\n%d passed, %d failed' "$passed" "${#failures[@]}"
[ ${#failures[@]} -eq 0 ] && printf '\n' || printf ': %s (logs in %s)\n' "${failures[*]}" "$out"
[ ${#failures[@]} -eq 0 ]
