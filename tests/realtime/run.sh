#!/usr/bin/env bash
# The real-time contract: nothing is allocated, locked or asked of the system while audio is processed.
#
#   tests/realtime/run.sh [symbols] [interposer] [swift] [rtsan] [denormals]     all of them without an argument
# $PYTHON runs scripts/build.py; $CALLBACKS (10000) is how often each block size is played.
set -euo pipefail
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
cd "$root"
python="${PYTHON:-python3}"
swift="$("$python" scripts/build.py --swift)"
tools="$(dirname "$swift")"
callbacks="${CALLBACKS:-10000}"
work=".build/realtime" # relative: LD_PRELOAD splits its paths at spaces
mkdir -p "$work"
shopt -s nullglob
models=(tests/data/models/nam/*.nam)
for file in tests/data/models/rtneural/*.json; do
    # Not models: one that a loader must refuse, and the weights of single PyTorch layers.
    case "$file" in */bad_* | *_torch*) ;; *) models+=("$file") ;; esac
done
# Core ML models; a bundle is the same program as the package beside it.
models+=(tests/data/coreml/{generated,real/*}/*.mlpackage tests/data/coreml/real/coremltools_add_model/*.mlmodelc)
flags=(-std=gnu11 -Wall -Wextra -Werror -O2 -g -ISources/COssicle/include)
sources=(tests/realtime/driver.c tests/realtime/subjects.c tests/realtime/hybrid.c tests/realtime/inferences.c)
links=(-lm -ldl -lpthread)

build_watched() { # LIBRARY
    "$tools/clang" "${flags[@]}" -shared -fPIC tests/realtime/interposer.c -Wl,-z,initfirst -ldl -o "$work/interposer.so"
    "$tools/clang" "${flags[@]}" "${sources[@]}" "$1" "${links[@]}" -o "$work/driver"
    library_path="$(dirname "$1")"
}
watched() {
    LD_LIBRARY_PATH="$library_path" LD_PRELOAD="$work/interposer.so" "$work/driver" --watch interposer "$@"
}

# Kernels and real-time entry points may call nothing but each other and a few functions of libc's that do no more
# than arithmetic and copying.
symbols() {
    "$python" scripts/build.py --variant release >/dev/null
    "$python" tests/realtime/symbols.py "$tools/llvm-objdump" "$tools/llvm-nm" .build/library-release/release
}

interposer() {
    local library what
    library="$("$python" scripts/build.py --variant release | tail -1)"
    build_watched "$library"
    for what in malloc pthread_mutex_lock write "system call" load; do watched --control "$what" "${models[0]}"; done
    watched --callbacks "$callbacks" "${models[@]}"
}

# The same with Swift's runtime as shared libraries: retain, release, allocation and metadata are seen, too.
swift() {
    local library
    library="$("$python" scripts/build.py --variant dynamic | tail -1)"
    build_watched "$library"
    library_path="$library_path:$("$tools/swift" -print-target-info | sed -n 's/.*"\(.*lib\/swift\/linux\)".*/\1/p' | head -1)"
    watched --control swift_retain "${models[0]}"
    watched --callbacks "$((callbacks / 20 + 1))" "${models[@]}"
}

rtsan() {
    local library what
    library="$("$python" scripts/build.py --variant release | tail -1)"
    "$tools/clang" "${flags[@]}" -fsanitize=realtime "${sources[@]}" "$library" -rdynamic "${links[@]}" -o "$work/driver-rtsan"
    LD_LIBRARY_PATH="$(dirname "$library")"
    export LD_LIBRARY_PATH
    for what in malloc pthread_mutex_lock write load; do
        if "$work/driver-rtsan" --watch rtsan --control "$what" "${models[0]}" >"$work/control.txt" 2>&1; then
            echo "RealtimeSanitizer does not see $what" >&2; return 1
        fi
        grep -q 'RealtimeSanitizer: unsafe-library-call' "$work/control.txt"
    done
    "$work/driver-rtsan" --watch rtsan --callbacks "$((callbacks / 20 + 1))" "${models[@]}"
    unset LD_LIBRARY_PATH
}

denormals() {
    local library
    library="$("$python" scripts/build.py --variant release | tail -1)"
    "$tools/clang" "${flags[@]}" "${sources[@]}" "$library" "${links[@]}" -o "$work/driver"
    LD_LIBRARY_PATH="$(dirname "$library")" "$work/driver" --denormals "${models[@]}"
}

for part in "${@:-symbols interposer swift rtsan denormals}"; do
    for one in $part; do printf -- '-- %s\n' "$one"; "$one"; done
done
